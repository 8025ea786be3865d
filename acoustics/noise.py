"""Sounds that are added to others: tones of a band, or white noise at times."""

from __future__ import annotations

import numpy as np
from scipy.signal import czt

from running.errors import InputError

TONES = 300


def tones(
    shape: tuple[int, int], low_hz: float, high_hz: float, rms: float, fs_hz: int, rng: np.random.Generator
) -> np.ndarray:
    """Return tones evenly spread over a band, with random phases, in channels of their own.

    Parameters
    ----------
    shape : (channels, samples)
    low_hz, high_hz : float
        The lowest and the highest of the `TONES` tones.
    rms : float
        Root mean square amplitude of each channel.
    fs_hz : int
    rng : numpy.random.Generator

    Raises
    ------
    InputError
        When the rate is too low for the band.
    """
    if high_hz > fs_hz / 2:
        raise InputError(f"tones up to {high_hz:g} Hz can't be heard at {fs_hz} Hz; end at {fs_hz / 2:g} Hz")
    phases = rng.uniform(0, 2 * np.pi, (shape[0], TONES))
    n = np.arange(shape[1])
    between_hz = (high_hz - low_hz) / (TONES - 1)
    made = czt(np.exp(1j * phases), shape[1], np.exp(2j * np.pi * between_hz / fs_hz))  # sum over k of a_k w^(k n)
    made = (made * np.exp(2j * np.pi * low_hz / fs_hz * n)).real
    return made * (rms / np.sqrt(np.square(made).mean(axis=1, keepdims=True)))


def white_between(
    shape: tuple[int, int],
    from_s: float,
    to_s: float,
    rms: float,
    fs_hz: int,
    window_samples: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return white Gaussian noise from one time to another of every window, silence elsewhere.

    Parameters
    ----------
    shape : (channels, samples)
    from_s, to_s : float
        In seconds from the start of every window.
    rms : float
        Where the noise is.
    fs_hz : int
    window_samples : int
    rng : numpy.random.Generator

    Raises
    ------
    InputError
        When the noise would end after the window.
    """
    lasts_s = window_samples / fs_hz
    if to_s > lasts_s:
        raise InputError(f"noise can't end {to_s:g} s after a window's start: it lasts {lasts_s:g} s")
    noise = rng.standard_normal(shape)
    time_s = np.arange(shape[1]) % window_samples / fs_hz
    return noise * (rms * ((time_s >= from_s) & (time_s < to_s)))
