"""How sure a mean over windows is: confidence intervals over sources."""

from __future__ import annotations

import numpy as np


def interval_over_sources(
    sums: np.ndarray, counts: np.ndarray, seed: int = 0, resamples: int = 1000, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile bootstrap interval of a mean over windows; sources, whose windows belong together, are drawn.

    B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall, 1993, chapters 8 and 13.

    Parameters
    ----------
    sums : array, shape (source, ...)
        Sum of the values of each source.
    counts : array, shape (source, ...)
        Number of values of each source.
    seed : int
        Seed of the resampling.
    resamples : int
    level : float
        Share of the resampled means inside the interval.

    Returns
    -------
    low, high : arrays, shape (...)
        NaN where a mean has no values.
    """
    n_sources = len(sums)
    draws = np.random.default_rng(seed).multinomial(n_sources, np.full(n_sources, 1 / n_sources), size=resamples)
    resampled_sums = np.tensordot(draws, sums, axes=1)
    resampled_counts = np.tensordot(draws, np.broadcast_to(counts, np.shape(sums)), axes=1)
    means = np.divide(
        resampled_sums, resampled_counts, out=np.full(resampled_sums.shape, np.nan), where=resampled_counts > 0
    )
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.nanquantile(np.where(resampled_counts.any(axis=0), means, 0.0), tails, axis=0)
    empty = ~resampled_counts.any(axis=0)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)
