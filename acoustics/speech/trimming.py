"""Cut off what is before and after speech."""

from __future__ import annotations

import numpy as np


def trim(samples: np.ndarray, level_db: float, margin_samples: int = 0) -> np.ndarray:
    """Return a recording from the first to the last sample above a level.

    Parameters
    ----------
    samples : ndarray, shape (sample,)
    level_db : float
        Relative to the peak, in decibels.
    margin_samples : int
        What is left before and after, as far as there is anything.
    """
    loud = np.flatnonzero(np.abs(samples) > 10 ** (level_db / 20) * np.abs(samples).max())
    return samples[max(loud[0] - margin_samples, 0) : loud[-1] + 1 + margin_samples]
