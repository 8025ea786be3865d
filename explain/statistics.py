"""How sure a mean is: intervals over voices, comparisons on the same inputs, and nulls of several networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from running.seeds import generator

RESAMPLES = 1000
LEVEL = 0.95


@dataclass(frozen=True)
class Draws:
    """How often each item counts in each resample of a nested bootstrap: voices are drawn, then items of each voice.

    Items of one voice have much in common, so voices are drawn first, with replacement, and then, for every time that a
    voice was drawn, as many of its items as there are. With few voices such intervals are rather too narrow than too
    wide: they can't know how voices differ that were not heard.

    A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application", Cambridge University Press, 1997, section
    3.8.

    Parameters
    ----------
    counts : int array, shape (resample, item)
    """

    counts: np.ndarray

    @classmethod
    def of(cls, voices, seed: int = 0, resamples: int = RESAMPLES) -> Draws:
        """Draw; `voices` names the voice of each item."""
        rng = generator(seed, "bootstrap")
        of_voice = [np.flatnonzero(np.asarray(list(voices)) == voice) for voice in dict.fromkeys(voices)]
        drawn = rng.multinomial(len(of_voice), np.full(len(of_voice), 1 / len(of_voice)), size=resamples)
        counts = np.zeros((resamples, sum(map(len, of_voice))), dtype=int)
        for items, times in zip(of_voice, drawn.T, strict=True):
            counts[:, items] = rng.multinomial(times * len(items), np.full(len(items), 1 / len(items)))
        return cls(counts)

    def means(self, sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Return the mean in every resample, shape (resample, ...); NaN where nothing was drawn.

        Parameters
        ----------
        sums : array, shape (item, ...)
            Sum of the values of each item.
        counts : array, shape (item, ...)
            Number of values of each item.
        """
        drawn_sums = np.tensordot(self.counts, sums, axes=1)
        drawn_counts = np.tensordot(self.counts, np.broadcast_to(counts, np.shape(sums)), axes=1)
        missing = np.full(drawn_sums.shape, np.nan)
        return np.divide(drawn_sums, drawn_counts, out=missing, where=drawn_counts > 0)


def interval(resampled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return low and high end of the middle 95 % of resampled values, shape (resample, ...); NaN without values."""
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    empty = np.isnan(resampled).all(axis=0)
    low, high = np.nanquantile(np.where(empty, 0.0, resampled), tails, axis=0)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def mean_over_voices(
    values: pd.Series, voices: pd.Series, items: pd.Series, seed: int = 0
) -> tuple[float, float, float]:
    """Return a mean, and low and high end of its 95 % interval over voices and their items.

    Parameters
    ----------
    values, voices, items : Series, one row a value
        Values, such as the errors of windows; name of the voice and of the item (a source, a clip) each belongs to. An
        item of one name counts once, in however many conditions it was heard.
    seed : int

    Returns
    -------
    mean, low, high : float
        NaN without values.
    """
    if values.empty:
        return np.nan, np.nan, np.nan
    by_item = values.groupby([voices, items]).agg(["sum", "count"])
    draws = Draws.of(by_item.index.get_level_values(0), seed)
    low, high = interval(draws.means(by_item["sum"].to_numpy(), by_item["count"].to_numpy()))
    return float(values.mean()), float(low), float(high)


def above_null(
    values: pd.DataFrame, null: pd.DataFrame, score: str, seed: int = 0
) -> tuple[float, float, float, float]:
    """Compare a mean with those of several networks that know nothing, on the same items.

    Each resample draws the items once for all, and one of the networks: the interval holds what the choice of voices
    and items does as well as what the chance of an initialisation does.

    Parameters
    ----------
    values : DataFrame
        Columns `voice`, `item` and `score`, a row a value.
    null : DataFrame
        The same and `network`, which tells the networks apart; of the same items.
    score : str
        Name of the column.
    seed : int

    Returns
    -------
    difference, low, high, null_mean : float
        Mean less the mean over all networks of the null, its 95 % interval, and the latter; NaN without values.
    """
    if values.empty or null.empty:
        return np.nan, np.nan, np.nan, np.nan
    by_item = values.groupby(["voice", "item"])[score].agg(["sum", "count"])
    draws = Draws.of(by_item.index.get_level_values(0), seed)
    trained = draws.means(by_item["sum"].to_numpy(), by_item["count"].to_numpy())
    of_network = null.groupby(["voice", "item", "network"])[score].agg(["sum", "count"]).unstack("network")
    of_network = of_network.reindex(by_item.index).fillna(0)
    untrained = draws.means(of_network["sum"].to_numpy(), of_network["count"].to_numpy())
    chosen = generator(seed, "null").integers(untrained.shape[1], size=len(untrained))
    low, high = interval(trained - untrained[np.arange(len(untrained)), chosen])
    null_mean = float(null.groupby("network")[score].mean().mean())
    return float(values[score].mean()) - null_mean, float(low), float(high), null_mean


def verdict(low: float, high: float, reference: float = 0.0) -> str:
    """Tell whether an interval lies "below" or "above" a reference; "level" where it holds it, "" where there is none.

    A zero-width interval on the reference is level.
    """
    if np.isnan(low) or np.isnan(high):
        return ""
    if high < reference:
        return "below"
    return "above" if low > reference else "level"
