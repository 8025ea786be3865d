"""What layers may hold of delays: correlations of pairs of microphones, what controls know of them, and the scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import fft, signal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

import params
from acoustics.gcc import gcc_phat
from acoustics.octaves import CENTRES_HZ, in_octave
from explain.probes import explained
from explain.statistics import Draws, interval, verdict
from running.seeds import generator

PHAT, CROSS_POWER = TARGETS = ("PHAT", "cross-power")
LEVELS, POSITION = CONTROLS = ("levels alone", "true position")
NO_NETWORK = "none"
"""Localizer of the rows of controls."""
ALL_PAIRS = "mean"
BANDS = 64
VERSION = 1
"""Raised when probes or their targets are made otherwise, so that kept ones are computed anew."""


def middle_pairs(setup: params.Setup) -> list[tuple[int, int]]:
    """Return pairs of microphones around the array's middle, each once: neighbours, some apart, the outermost.

    Of the published array: 7-8, 5-10 and 0-15.
    """
    count = len(setup.array)
    half = count // 2
    return [(half - 1 - out, count - half + out) for out in dict.fromkeys((0, half // 4, half - 1))]


def pair_correlations(windows: np.ndarray, pair: tuple[int, int], setup: params.Setup) -> dict[str, np.ndarray]:
    """Return the correlations of two microphones at the lags that their distance allows, by `TARGETS`.

    PHAT keeps nothing but the phase of every frequency; cross-power is the plain correlation, divided by the geometric
    mean of the two energies, so that loudness is no part of it. Layers of delay estimators are probed for both in "What
    Do Neural Networks Learn for TDOA Estimation?", arXiv 2606.22020, Interspeech 2026.

    Parameters
    ----------
    windows : array, shape (window, microphone, sample)
    pair : (first, second)
    setup : params.Setup

    Returns
    -------
    dict of str to float64 array, shape (window, lag)
        Lags are positive where the second microphone hears later. Zero for a silent pair.
    """
    first, second = (windows[:, microphone].astype(np.float64) for microphone in pair)
    distance_m = np.linalg.norm(np.subtract(*setup.array.as_array()[list(pair)]))
    most = int(distance_m / setup.c_m_s * setup.fs_hz)
    lags_samples, phat = gcc_phat(first, second)
    cross = signal.fftconvolve(second, first[:, ::-1], axes=-1)
    possible = cross[:, first.shape[-1] - 1 - most : first.shape[-1] + most]
    energy = np.sqrt((first**2).sum(axis=-1) * (second**2).sum(axis=-1))[:, None]
    return {PHAT: phat[:, np.abs(lags_samples) <= most], CROSS_POWER: _divided(possible, energy)}


def levels(windows: np.ndarray, fs_hz: int) -> np.ndarray:
    """Return what can be heard without comparing phases: square roots of shares of a window's power, (window, feature).

    Of 64 equally wide bands, all microphones together, and of each microphone's octaves.

    Parameters
    ----------
    windows : array, shape (window, microphone, sample)
    fs_hz : int
    """
    powers = np.square(np.abs(fft.rfft(windows.astype(np.float64))))
    frequencies_hz = fft.rfftfreq(windows.shape[-1], 1 / fs_hz)
    octaves = [powers[..., in_octave(frequencies_hz, centre_hz)].sum(axis=-1) for centre_hz in CENTRES_HZ]
    bands = [band.sum(axis=(1, 2))[:, None] for band in np.array_split(powers, BANDS, axis=-1)]
    return np.sqrt(_divided(np.concatenate([*octaves, *bands], axis=1), powers.sum(axis=(1, 2))[:, None]))


def position_features(positions_m: np.ndarray) -> np.ndarray:
    """Return a cubic polynomial of positions, shape (n, feature): what is read from it is all that position tells.

    Parameters
    ----------
    positions_m : array, shape (n, 3)
    """
    return make_pipeline(StandardScaler(), PolynomialFeatures(3, include_bias=False)).fit_transform(positions_m)


def probe_rows(
    errors: np.ndarray,
    spreads: np.ndarray,
    null: np.ndarray,
    control: np.ndarray,
    pairs: list[tuple[int, int]],
    voices: list[str],
    seed: int,
) -> pd.DataFrame:
    """Return how well targets are read from a layer, from that of untrained networks, and from a control.

    Parameters
    ----------
    errors, spreads, control : array, shape (source, target, pair)
        Sums of squares, see `explain.probes.read_out`.
    null : array, shape (network, source, target, pair)
    pairs : list of (first, second)
    voices : list of str
        Who speaks each source.
    seed : int
        Seed of the intervals (95 %, over voices and their sources; against untrained networks over these, too).

    Returns
    -------
    DataFrame
        A row a target and pair, and one for their mean over the pairs: target, pair; R2, low, high; untrained_R2 and
        control_R2, and of the differences from both above_..., above_..._low, above_..._high and ..._verdict; of PHAT
        likewise above_cross_power.
    """
    draws = Draws.of(voices, seed)

    def scored(each: np.ndarray, drawn: Draws | None = None) -> np.ndarray:
        by_pair = explained(each, spreads, drawn)
        return np.concatenate([by_pair, by_pair.mean(axis=-1, keepdims=True)], axis=-1)

    R2, resampled = scored(errors), scored(errors, draws)
    chosen = generator(seed, "null").integers(len(null), size=len(resampled))
    of_null = np.stack([scored(each, draws) for each in null])[chosen, np.arange(len(chosen))]
    names = [*(f"{first}-{second}" for first, second in pairs), ALL_PAIRS]
    table = pd.DataFrame([(target, name) for target in TARGETS for name in names], columns=["target", "pair"])
    table["R2"] = R2.ravel()
    table["low"], table["high"] = (end.ravel() for end in interval(resampled))
    others = {
        "untrained": (np.mean([scored(each) for each in null], axis=0), of_null),
        "control": (scored(control), scored(control, draws)),
        "cross_power": (R2[[1, 1]], resampled[:, [1, 1]]),
    }
    for name, (other, resampled_other) in others.items():
        low, high = (end.ravel() for end in interval(resampled - resampled_other))
        table[f"{name}_R2"], table[f"above_{name}"] = other.ravel(), (R2 - other).ravel()
        table[f"above_{name}_low"], table[f"above_{name}_high"] = low, high
        table[f"{name}_verdict"] = [verdict(*ends) for ends in zip(low, high, strict=True)]
    return table


def _divided(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    return np.divide(values, by, out=np.zeros_like(values), where=by > 0)
