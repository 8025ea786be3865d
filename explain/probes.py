"""Linear probes: what can be read from features by a ridge regression, in voices that it was not fitted on.

G. Alain, Y. Bengio, "Understanding Intermediate Layers Using Linear Classifier Probes", arXiv 1610.01644, 2016.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneGroupOut

from explain.statistics import Draws

STRENGTHS = np.logspace(-2, 4, 7)
LEAST_VOICES = 3
"""One that is left out, and two of which each is left out in turn to choose the strength."""


def read_out(
    features: np.ndarray, targets: Sequence[np.ndarray], voices: Sequence[str] | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Read targets from features in each voice by a ridge regression that was fitted on all other voices.

    Features are centred and divided by one number, their common standard deviation: divided by its own, a feature that
    is nearly always 0 would outweigh all others wherever it is not. The ridge's strength is chosen for each target
    among the voices that the probe is fitted on, each left out in turn.

    Parameters
    ----------
    features : array, shape (input, feature)
    targets : sequence of array, shape (input, value)
    voices : sequence of str
        Who speaks each input; `LEAST_VOICES` or more.

    Returns
    -------
    errors, spreads : float64 arrays, shape (target, input)
        Squared errors, and squared deviations from the mean of the voices that were fitted, summed over the values of a
        target.
    """
    features, voices = np.asarray(features, dtype=np.float64), np.asarray(voices)
    values, ends = np.concatenate(targets, axis=1), np.cumsum([target.shape[1] for target in targets])[:-1]
    errors, spreads = np.empty((2, len(targets), len(features)))
    for fitted, left_out in LeaveOneGroupOut().split(features, groups=voices):
        middle, scale = features[fitted].mean(axis=0), np.sqrt(features[fitted].var(axis=0).mean())
        scaled = (features - middle) / (scale or 1)
        strengths = _chosen_strengths(scaled[fitted], values[fitted], voices[fitted], ends)
        read = Ridge(strengths, solver="svd").fit(scaled[fitted], values[fitted]).predict(scaled[left_out])
        errors[:, left_out] = list(_sums_of_squares(read - values[left_out], ends))
        spreads[:, left_out] = list(_sums_of_squares(values[left_out] - values[fitted].mean(axis=0), ends))
    return errors, spreads


def explained(errors: np.ndarray, spreads: np.ndarray, draws: Draws | None = None) -> np.ndarray:
    """Return R2: 1 less the squared errors over the squared deviations from the mean that was known, each summed.

    All values of a target are in the sums, so that each counts by its variance. A probe that knows less than the mean
    has an R2 below 0.

    Parameters
    ----------
    errors, spreads : array, shape (item, ...)
        Sums of squares of each item.
    draws : Draws, optional
        Of the items.

    Returns
    -------
    array, shape (...); with draws in every resample, shape (resample, ...)
    """
    if draws is None:
        return 1 - errors.sum(axis=0) / spreads.sum(axis=0)
    return 1 - draws.means(errors, spreads)


def _chosen_strengths(features: np.ndarray, values: np.ndarray, voices: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the strength for each value, the same for all of a target: that of the least error in voices left out."""
    every = np.repeat(STRENGTHS, values.shape[1])
    errors = np.zeros((len(STRENGTHS), len(ends) + 1))
    for fitted, left_out in LeaveOneGroupOut().split(features, groups=voices):
        probes = Ridge(every, solver="svd").fit(features[fitted], np.tile(values[fitted], len(STRENGTHS)))
        read = np.split(probes.predict(features[left_out]), len(STRENGTHS), axis=1)
        errors += [[sums.sum() for sums in _sums_of_squares(each - values[left_out], ends)] for each in read]
    counts = np.diff([0, *ends, values.shape[1]])
    return np.repeat(STRENGTHS[errors.argmin(axis=0)], counts)


def _sums_of_squares(values: np.ndarray, ends: np.ndarray) -> Iterator[np.ndarray]:
    return (np.square(part).sum(axis=1) for part in np.split(values, ends, axis=1))
