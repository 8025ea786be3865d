"""Small localizers that show which cues can be heard in recordings of cue conflicts, and which can't.

Each is a ridge regression that was shown where one cue came from, whatever the others said: what it gives a weight can
be found. One hears levels alone, the others correlations between microphones alone.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy import fft
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import params
from acoustics.gcc import gcc_phat
from acoustics.octaves import CENTRES_HZ, in_octave

MICROPHONES = 6
"""As many, evenly spread over the array, are correlated in pairs."""
PENALTIES = np.logspace(-2, 6, 17)
VERSION = 1
"""Raised when features are computed otherwise, so that kept ones are computed anew."""


def relative_levels_db(windows: np.ndarray, fs_hz: int) -> np.ndarray:
    """Return the level of each microphone less the mean level of all, in octave bands, averaged over windows.

    Parameters
    ----------
    windows : array, shape (window, microphone, sample)
        What is silent counts as the quietest that float32 can tell from silence.
    fs_hz : int

    Returns
    -------
    float64 array, shape (band * microphone,)
    """
    powers = np.abs(fft.rfft(windows.astype(np.float64))) ** 2
    frequencies_hz = fft.rfftfreq(windows.shape[-1], 1 / fs_hz)
    bands = [powers[..., in_octave(frequencies_hz, centre_hz)].sum(axis=-1) for centre_hz in CENTRES_HZ]
    levels_db = 10 * np.log10(np.maximum(bands, np.finfo(np.float32).tiny))
    return (levels_db - levels_db.mean(axis=-1, keepdims=True)).mean(axis=1).ravel()


def correlations(windows: np.ndarray, setup: params.Setup) -> np.ndarray:
    """Return the GCC-PHAT of pairs at the lags that their distance allows, averaged over windows, shape (feature,).

    Parameters
    ----------
    windows : array, shape (window, microphone, sample)
    setup : params.Setup
    """
    microphones_m = setup.array.as_array()
    count = len(microphones_m)
    chosen = np.linspace(0, count - 1, min(count, MICROPHONES)).round().astype(int)
    features = []
    for first, second in combinations(chosen, 2):
        lags_samples, correlation = gcc_phat(windows[:, first], windows[:, second])
        distance_m = np.linalg.norm(microphones_m[first] - microphones_m[second])
        possible = np.abs(lags_samples) <= np.ceil(distance_m / setup.c_m_s * setup.fs_hz)
        features.append(correlation[:, possible].mean(axis=0))
    return np.concatenate(features)


def answers_to_unheard_voices(features: np.ndarray, targets_m: np.ndarray, voices: np.ndarray) -> np.ndarray:
    """Answer to the trials of each voice by a ridge regression on those of all other voices.

    The penalty of each coordinate is the one of `PENALTIES` that predicts best when single trials are left out.

    A. E. Hoerl, R. W. Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal Problems", Technometrics 12(1),
    1970.

    Parameters
    ----------
    features : array, shape (trial, feature)
    targets_m : array, shape (trial, 3)
        What is to be answered.
    voices : array, shape (trial,)
        Two or more.

    Returns
    -------
    float64 array, shape (trial, 3)
    """
    answers_m = np.empty(np.shape(targets_m))
    for voice in np.unique(voices):
        unheard = voices == voice
        ridge = make_pipeline(StandardScaler(), RidgeCV(PENALTIES, alpha_per_target=True))
        answers_m[unheard] = ridge.fit(features[~unheard], targets_m[~unheard]).predict(features[unheard])
    return answers_m
