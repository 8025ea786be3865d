"""Octave bands."""

from __future__ import annotations

import numpy as np

CENTRES_HZ = (125, 250, 500, 1000, 2000, 4000)
"""Bands that hold speech."""


def in_octave(frequencies_hz: np.ndarray, centre_hz: float) -> np.ndarray:
    """Tell which frequencies lie from half an octave below a centre to less than half an octave above it."""
    return (frequencies_hz >= centre_hz / np.sqrt(2)) & (frequencies_hz < centre_hz * np.sqrt(2))
