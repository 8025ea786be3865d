"""How sure a mean over windows is: confidence intervals over sources."""

from __future__ import annotations

import numpy as np
import pandas as pd


def mean_over_sources(values: pd.Series, sources: pd.Series, seed: int = 0) -> tuple[float, float, float]:
    """Return the mean of the values of windows, and low and high end of its `interval_over_sources`.

    Parameters
    ----------
    values, sources : Series, one row a window
        Number of the source that a value belongs to.
    seed : int
        Seed of the resampling.

    Returns
    -------
    mean, low, high : float
        NaN without values.
    """
    if values.empty:
        return np.nan, np.nan, np.nan
    by_source = values.groupby(sources).agg(["sum", "count"])
    low, high = interval_over_sources(by_source["sum"].to_numpy(), by_source["count"].to_numpy(), seed)
    return float(values.mean()), float(low), float(high)


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
