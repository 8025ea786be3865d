"""Tuning of filters to delay: how active they are when waves cross the array, and when talkers speak.

A filter that compares microphones answers one delay more than others, as neurons of the auditory brainstem do: L. A.
Jeffress, "A Place Theory of Sound Localization", Journal of Comparative and Physiological Psychology 41, 1948.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

import params
from acoustics.delay import MARGIN_SAMPLES, delayed
from explain.statistics import Draws, interval
from running.seeds import generator

STEP_SAMPLES = 0.5
CORNER_HZ = 500.0
"""Above it the power of the waves' noise falls by 6 dB an octave, about as that of speech."""
SILENT_SHARE = 0.01
POINT, PLANE = WAVES = ("point", "plane")
POINTS = 29
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


def arrivals_samples(setup: params.Setup, wave: str) -> tuple[np.ndarray, np.ndarray]:
    """Return when each of several waves reaches each microphone, and its mean delay from microphone to microphone.

    Parameters
    ----------
    setup : params.Setup
        For plane waves its microphones stand on a line, equally far apart.
    wave : str
        One of `WAVES`: from a point that moves through the middle of the source area along x, as talkers are heard; or
        plane, from farther than any talker, by half samples up to what the distance of neighbours allows.

    Returns
    -------
    arrivals : array, shape (wave, microphone)
        Less their mean over the microphones.
    delays : array, shape (wave,)
        As `mean_delay_samples`, falling with x.
    """
    microphones_m = setup.array.as_array()
    if wave == POINT:
        middle_m = np.mean([setup.grid.x_m, setup.grid.y_m, setup.grid.z_m], axis=1)
        positions_m = np.tile(middle_m, (POINTS, 1))
        positions_m[:, 0] = np.linspace(*setup.grid.x_m, POINTS)
        distances_m = np.linalg.norm(positions_m[:, None] - microphones_m, axis=-1)
        arrivals = distances_m / setup.c_m_s * setup.fs_hz
        return arrivals - arrivals.mean(axis=1, keepdims=True), mean_delay_samples(positions_m, setup)
    count = len(microphones_m)
    spacing_m = np.linalg.norm(microphones_m[-1] - microphones_m[0]) / (count - 1)
    steps = int(spacing_m / setup.c_m_s * setup.fs_hz / STEP_SAMPLES)
    delays = np.arange(steps, -steps - 1, -1) * STEP_SAMPLES
    return delays[:, None] * (np.arange(count) - (count - 1) / 2), delays


def wave_windows(setup: params.Setup, arrivals: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return windows in which noise as coloured as speech arrives equally loud at all microphones.

    The noise is the same whatever the arrivals.

    Parameters
    ----------
    setup : params.Setup
    arrivals : array, shape (microphone,)
        In samples.
    count : int
        Number of windows.
    seed : int

    Returns
    -------
    float32 array, shape (window, microphone, sample)
    """
    length = setup.window_samples + 2 * MARGIN_SAMPLES
    spectra = fft.rfft(generator(seed, "waves").standard_normal((count, length)))
    spectra /= np.sqrt(1 + np.square(fft.rfftfreq(length, 1 / setup.fs_hz) / CORNER_HZ))
    noise = fft.irfft(spectra, length)
    heard = np.stack([delayed(noise, samples) for samples in arrivals], axis=1)
    return heard[..., MARGIN_SAMPLES:-MARGIN_SAMPLES].astype(np.float32)


def tuning_of(curves: np.ndarray, delays_samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the depth and the best delay of the tuning curves of a layer.

    Parameters
    ----------
    curves : array, shape (delay, filter)
        Mean activations, not negative.
    delays_samples : array, shape (delay,)

    Returns
    -------
    depth : array, shape (filter,)
        (max - min) / (max + min); NaN for a silent filter, one that never reaches a hundredth of the layer's largest.
    best_samples : array, shape (filter,)
        Delay of the largest activation; NaN likewise.
    """
    most, least = curves.max(axis=0), curves.min(axis=0)
    active = most > SILENT_SHARE * most.max()
    depth = np.divide(most - least, most + least, out=np.full(most.shape, np.nan), where=active)
    return depth, np.where(active, delays_samples[curves.argmax(axis=0)], np.nan)


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
    delay, delay_squared = (np.broadcast_to(each, values.shape) for each in (delays, delays**2))
    terms = [each.mean(axis=1) for each in (values, values**2, values * delays, delay, delay_squared)]
    value, squared, product, delay, delay_squared = (
        each.mean(axis=0) if draws is None else draws.means(each, np.ones_like(each)) for each in terms
    )
    spread = np.sqrt(np.maximum((squared - value**2) * (delay_squared - delay**2), 0))
    return np.divide(product - value * delay, spread, out=np.full(spread.shape, np.nan), where=spread > 0)


def agreement(
    curves: np.ndarray,
    curve_delays_samples: np.ndarray,
    values: np.ndarray,
    delays_samples: np.ndarray,
    voices: list[str],
    seed: int,
) -> dict[str, float]:
    """Tell whether filters do with talkers what their tuning curves say: the correlation, over filters, of two slopes.

    How a filter's curve goes with the delay, between the delays that talkers have, and how its values over windows do,
    both as of `followed`.

    Parameters
    ----------
    curves : array, shape (delay, filter)
    curve_delays_samples : array, shape (delay,)
    values : array, shape (source, window, filter)
        Such as activations, or relevance.
    delays_samples : array, shape (source,)
    voices : list of str
        Who speaks each source.
    seed : int
        Of the interval (95 %, over voices and their sources).

    Returns
    -------
    dict of str to float
        r, low, high; NaN with fewer than three filters.
    """
    near = np.abs(curve_delays_samples) <= max(np.abs(delays_samples).max(), 2 * STEP_SAMPLES)
    curved = followed(curves[near][:, None], curve_delays_samples[near])
    found = followed(values, delays_samples)
    known = np.isfinite(tuning_of(curves, curve_delays_samples)[0]) & np.isfinite(curved) & np.isfinite(found)
    if known.sum() < 3:
        return dict.fromkeys(("r", "low", "high"), np.nan)
    resampled = np.nan_to_num(followed(values[..., known], delays_samples, Draws.of(voices, seed)))
    slopes = _standardised(curved[known])
    low, high = interval((_standardised(resampled) * slopes).mean(axis=-1))
    return {"r": float((_standardised(found[known]) * slopes).mean()), "low": float(low), "high": float(high)}


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
        filters, active_share; depth, the median of the active ones, and its quartiles depth_25 and depth_75; deep;
        tuned_share, of the active ones; best_spread_samples, the standard deviation of the best delays of
        the tuned, of three at least.
    """
    active = np.isfinite(depth)
    low, middle, high = np.quantile(depth[active], [0.25, 0.5, 0.75]) if active.any() else [np.nan] * 3
    tuned = depth[active] > deep
    return {
        "filters": len(depth),
        "active_share": active.mean(),
        "depth": middle,
        "depth_25": low,
        "depth_75": high,
        "deep": deep,
        "tuned_share": tuned.mean() if active.any() else np.nan,
        "best_spread_samples": best_samples[active][tuned].std() if tuned.sum() > 2 else np.nan,
    }


def _standardised(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(axis=-1, keepdims=True)
    spread = values.std(axis=-1, keepdims=True)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
