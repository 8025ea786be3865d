"""Tuning of filters to delay: how active they are when plane waves cross the array, and when talkers stand here or there.

A filter that compares microphones answers one delay more than others, as neurons of the auditory brainstem do: L. A.
Jeffress, "A Place Theory of Sound Localization", Journal of Comparative and Physiological Psychology 41, 1948.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import fft

import params
from acoustics.delay import MARGIN_SAMPLES, delayed
from explain.statistics import Draws, interval
from running.seeds import generator

STEP_SAMPLES = 0.5
CORNER_HZ = 500.0
"""Above it the power of the plane waves' noise falls by 6 dB an octave, about as that of speech."""
FAR_SAMPLES = 1.5
"""More delay from microphone to microphone than any test talker has in the published set-up."""
VERSION = 1
"""Raised when tuning is measured otherwise, so that what is kept is computed anew."""


def mean_delay_samples(positions_m: np.ndarray, setup: params.Setup) -> np.ndarray:
    """Return by how much each microphone hears later than the one before, mean over the array, shape (...).

    Parameters
    ----------
    positions_m : array, shape (..., 3)
    setup : params.Setup
    """
    first_m, last_m = setup.array.as_array()[[0, -1]]
    later_m = np.linalg.norm(positions_m - last_m, axis=-1) - np.linalg.norm(positions_m - first_m, axis=-1)
    return later_m / setup.c_m_s * setup.fs_hz / (len(setup.array) - 1)


def wave_delays_samples(setup: params.Setup) -> np.ndarray:
    """Return the delays from microphone to microphone that plane waves are heard with, shape (delay,).

    Half samples, up to what the mean distance of neighbours allows.
    """
    first_m, last_m = setup.array.as_array()[[0, -1]]
    most = np.linalg.norm(last_m - first_m) / (len(setup.array) - 1) / setup.c_m_s * setup.fs_hz
    steps = int(most / STEP_SAMPLES)
    return np.arange(-steps, steps + 1) * STEP_SAMPLES


def plane_waves(setup: params.Setup, delay_samples: float, count: int, seed: int) -> np.ndarray:
    """Return windows in which noise as coloured as speech crosses the array from one end to the other.

    The noise is the same whatever the delay.

    Parameters
    ----------
    setup : params.Setup
        Its microphones stand on a line, equally far apart.
    delay_samples : float
        By which each microphone hears later than the one before; negative for waves from the other end.
    count : int
        Number of windows.
    seed : int

    Returns
    -------
    float32 array, shape (window, microphone, sample)
    """
    length = setup.window_samples + 2 * MARGIN_SAMPLES
    spectra = fft.rfft(generator(seed, "plane waves").standard_normal((count, length)))
    spectra /= np.sqrt(1 + np.square(fft.rfftfreq(length, 1 / setup.fs_hz) / CORNER_HZ))
    noise = fft.irfft(spectra, length)
    offsets = np.arange(len(setup.array)) - (len(setup.array) - 1) / 2
    heard = np.stack([delayed(noise, delay_samples * offset) for offset in offsets], axis=1)
    return heard[..., MARGIN_SAMPLES:-MARGIN_SAMPLES].astype(np.float32)


def tuning_of(activations: np.ndarray, delays_samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the depth and the best delay of tuning curves.

    Parameters
    ----------
    activations : array, shape (delay, ...)
        Not negative.
    delays_samples : array, shape (delay,)

    Returns
    -------
    depth : array, shape (...)
        (max - min) / (max + min); NaN for a filter that is never active.
    best_samples : array, shape (...)
        Delay of the largest activation; NaN likewise.
    """
    most, least = activations.max(axis=0), activations.min(axis=0)
    active = most > 0
    depth = np.divide(most - least, most + least, out=np.full(most.shape, np.nan), where=active)
    return depth, np.where(active, delays_samples[activations.argmax(axis=0)], np.nan)


def followed(values: np.ndarray, delays_samples: np.ndarray, draws: Draws | None = None) -> np.ndarray:
    """Return the correlation of values with delays over windows, shape (...); NaN where values do not change.

    Parameters
    ----------
    values : array, shape (source, window, ...)
    delays_samples : array, shape (source,)
    draws : Draws, optional
        Of the sources; the correlation is then that in every resample, shape (resample, ...).
    """
    values = values.astype(np.float64) - values.mean(axis=(0, 1), dtype=np.float64)
    delays = (delays_samples - delays_samples.mean()).reshape(-1, *[1] * (values.ndim - 1))
    products = values, values**2, values * delays, *(np.broadcast_to(each, values.shape) for each in (delays, delays**2))
    by_source = [each.mean(axis=1) for each in products]
    value, squared, product, delay, delay_squared = (
        each.mean(axis=0) if draws is None else draws.means(each, np.ones_like(each)) for each in by_source
    )
    spread = np.sqrt(np.maximum((squared - value**2) * (delay_squared - delay**2), 0))
    return np.divide(product - value * delay, spread, out=np.full(spread.shape, np.nan), where=spread > 0)


def agreement(
    best_samples: np.ndarray, values: np.ndarray, delays_samples: np.ndarray, voices: list[str], seed: int
) -> dict[str, float]:
    """Tell whether filters are the more active (or relevant) the closer a talker's delay is to their best one.

    Parameters
    ----------
    best_samples : array, shape (filter,)
    values : array, shape (source, window, filter)
    delays_samples : array, shape (source,)
    voices : list of str
        Who speaks each source.
    seed : int
        Of the interval (95 %, over voices and their sources).

    Returns
    -------
    dict of str to float
        r, low, high: the correlation, over filters, of the best delay with `followed`; NaN with fewer than three.
    """
    found = followed(values, delays_samples)
    known = np.isfinite(best_samples) & np.isfinite(found)
    if known.sum() < 3:
        return dict.fromkeys(("r", "low", "high"), np.nan)
    resampled = np.nan_to_num(followed(values[..., known], delays_samples, Draws.of(voices, seed)))
    best = _standardised(best_samples[known])
    low, high = interval((_standardised(resampled) * best).mean(axis=-1))
    return {"r": float((_standardised(found[known]) * best).mean()), "low": float(low), "high": float(high)}


def tuning_row(depth: np.ndarray, best_samples: np.ndarray, deep: float) -> dict[str, float]:
    """Summarise the tuning of a layer's filters.

    Parameters
    ----------
    depth, best_samples : array, shape (filter,)
        Of `tuning_of`.
    deep : float
        Depth above which a filter counts as tuned.

    Returns
    -------
    dict of str to float
        filters, active_share; depth: median of the active ones; deep; tuned_share: of all filters; best_spread_samples:
        standard deviation of the best delays of the tuned ones; best_far_share: share of these whose best delay is more
        than 1.5 samples.
    """
    tuned = depth > deep
    best = pd.Series(best_samples[tuned])
    return {
        "filters": len(depth),
        "active_share": np.isfinite(depth).mean(),
        "depth": np.nanmedian(depth) if np.isfinite(depth).any() else np.nan,
        "deep": deep,
        "tuned_share": tuned.mean(),
        "best_spread_samples": best.std(ddof=0),
        "best_far_share": (best.abs() > FAR_SAMPLES).mean(),
    }


def _standardised(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(axis=-1, keepdims=True)
    spread = values.std(axis=-1, keepdims=True)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
