"""Which part of what is heard gets the relevance: direct sound, early or late reflections, or noise.

The input is the sum of its parts, x = sum_p x_p. Three scores say how much of the relevance R goes to each; of each the
parts' scores add up to 1.

- exact: gradient x input is linear in the input, so part p gets c_p = sum_i x_pi g_i in each window, g being the
  gradient. The score is the sum of c_p^2 over windows, over that of all parts. A gradient that knows nothing of the
  parts gives each its share of the energy.
- split: each sample's |R| is divided among the parts as x_p^2 over the sum of all x_q^2.
- dominated: |R| of the samples that a part dominates, |x_p| > sum_{q != p} |x_q|, over that of all dominated samples.

They are compared with the same score where relevance is the energy, and, as relevance is more evenly spread than energy
in any network, with those of networks that were never trained.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from acoustics.parts import Parts, render
from acoustics.recordings import Recordings, cut_windows
from explain.statistics import Draws, interval, verdict
from running.seeds import generator

PARTS = Parts._fields
EXACT, SPLIT, DOMINATED = SCORES = ("exact", "split", "dominated")
VERSION = 1
"""Raised when scores are computed otherwise, so that kept ones are computed anew."""


def part_windows(recordings: Recordings, row: int) -> np.ndarray:
    """Return the windows of each part of a recording, float32, shape (part, window, microphone, sample)."""
    length = recordings.setup.window_samples
    return np.stack([cut_windows(part, length) for part in render(recordings, row)])


def relevance_sums(parts: np.ndarray, relevance: np.ndarray, linear: bool) -> dict[str, np.ndarray]:
    """Return what each part gets by every score before it is divided by what all get, shape (part,) each.

    Parameters
    ----------
    parts : array, shape (part, window, microphone, sample)
    relevance : array, shape (window, microphone, sample)
        Of the sum of the parts.
    linear : bool
        Whether the relevance is the input times something that part by part can be multiplied with as well; otherwise
        there is no "exact" score.
    """
    parts, relevance = parts.astype(np.float64), relevance.astype(np.float64)
    dominated = _dominated(parts)
    sums = {
        SPLIT: _summed(_divided(parts**2, (parts**2).sum(axis=0)) * np.abs(relevance)),
        DOMINATED: _summed(dominated * np.abs(relevance)),
    }
    if linear:
        gradient = _divided(relevance, parts.sum(axis=0))
        sums[EXACT] = np.square((parts * gradient).sum(axis=(2, 3))).sum(axis=1)
    return sums


def energy_sums(parts: np.ndarray) -> dict[str, np.ndarray]:
    """Return what `relevance_sums` would be if the energy were the relevance, shape (part,) each."""
    parts = parts.astype(np.float64)
    energy = _summed(parts**2)
    return {EXACT: energy, SPLIT: energy, DOMINATED: _summed(_dominated(parts) * parts.sum(axis=0) ** 2)}


def share_rows(
    relevance: np.ndarray,
    energy: np.ndarray,
    null: np.ndarray,
    null_rows: Sequence[int],
    voices: Sequence[str],
    seed: int,
) -> pd.DataFrame:
    """Return the share of each part, and how far it is above that of the energy and that in untrained networks.

    Parameters
    ----------
    relevance, energy : array, shape (source, part)
        Sums of one score.
    null : array, shape (network, source, part)
        Those of untrained networks, for some of the sources.
    null_rows : sequence of int
        Which these are.
    voices : sequence of str
        Who speaks each source.
    seed : int
        Seed of the intervals (95 %, over voices and their sources; against untrained networks over these, too).

    Returns
    -------
    DataFrame
        A row a part: part, share, low, high, energy_share; above_energy, above_energy_low, above_energy_high,
        energy_verdict; untrained_share, above_untrained, above_untrained_low, above_untrained_high, untrained_verdict
        (on the sources that the untrained networks heard).
    """
    draws = Draws.of(voices, seed)
    found = _shares(draws, relevance)
    more = found - _shares(draws, energy)
    few = Draws.of([voices[row] for row in null_rows], seed)
    of_null = np.stack([_shares(few, each) for each in null])
    chosen = generator(seed, "null").integers(len(null), size=len(few.counts))
    trained = relevance[list(null_rows)]
    beyond = _shares(few, trained) - of_null[chosen, np.arange(len(chosen))]
    share, energy_share = _share(relevance), _share(energy)
    untrained_share = np.mean([_share(each) for each in null], axis=0)
    table = pd.DataFrame({"part": PARTS, "share": share})
    table["low"], table["high"] = interval(found)
    table["energy_share"] = energy_share
    table["above_energy"] = share - energy_share
    table["above_energy_low"], table["above_energy_high"] = interval(more)
    table["untrained_share"] = untrained_share
    table["above_untrained"] = _share(trained) - untrained_share
    table["above_untrained_low"], table["above_untrained_high"] = interval(beyond)
    for name in ("energy", "untrained"):
        ends = zip(table[f"above_{name}_low"], table[f"above_{name}_high"], strict=True)
        table[f"{name}_verdict"] = [verdict(*each) for each in ends]
    return table


def _dominated(parts: np.ndarray) -> np.ndarray:
    magnitudes = np.abs(parts)
    return magnitudes > magnitudes.sum(axis=0) - magnitudes


def _divided(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    return np.divide(values, by, out=np.zeros_like(values), where=by != 0)


def _summed(values: np.ndarray) -> np.ndarray:
    return values.sum(axis=tuple(range(1, values.ndim)))


def _share(sums: np.ndarray) -> np.ndarray:
    return sums.sum(axis=0) / sums.sum()


def _shares(draws: Draws, sums: np.ndarray) -> np.ndarray:
    """Return the share of each part in every resample, shape (resample, part)."""
    return draws.means(sums, sums.sum(axis=1, keepdims=True))
