"""Signals to listen to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.signal import butter, sosfiltfilt

PEAK = 0.7
"""Largest magnitude; a lossy codec adds up to some 15 % at the peaks of what sounds like noise."""
LOWEST_HZ = 50


def audible(signal: np.ndarray, fs_hz: int) -> np.ndarray:
    """Return a signal without what lies too low to be heard; relevance has much of it, as most of it has one sign."""
    return sosfiltfilt(butter(2, LOWEST_HZ, "highpass", fs=fs_hz, output="sos"), signal)


def match_loudness(signals: Sequence[np.ndarray], fs_hz: int) -> list[np.ndarray]:
    """Scale what is `audible` of signals to one root mean square, as loud as it can be while nothing clips.

    Parameters
    ----------
    signals : sequence of arrays, shape (sample,)
        Silence stays silent.
    fs_hz : int

    Returns
    -------
    list of float32 arrays
        The largest magnitude of all is `PEAK`.
    """
    levelled = []
    for signal in signals:
        signal = audible(np.asarray(signal, np.float64), fs_hz)
        rms = np.sqrt(np.mean(np.square(signal)))
        levelled.append(signal / (rms or 1.0))
    loudest = max(np.abs(signal).max() for signal in levelled)
    return [(signal * (PEAK / (loudest or 1.0))).astype(np.float32) for signal in levelled]
