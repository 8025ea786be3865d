"""What many attributions of masks have in common: which bins and frames they lead from, and to.

Attributions of a clip come output bin by output bin, shape (t_out, f_in, t_in) each, and are summed at once, see
`explain.map_summaries`: so those of all clips need not be held. Magnitudes are summed over what is not shown;
correlations are of signed values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from enhancement.spectra import FRAMES, FS_HZ
from explain.map_summaries import agreement, clusters, summary
from running.seeds import generator

WITHIN_HZ = 150.0
CONTROLS = ("energy", "random")
LATER = 0.1
STATISTICS = {
    "near": f"share within {WITHIN_HZ:g} Hz of the output, over that of the bins",
    "same_frame": "share of the output's own frame",
    "median_ms": "half of it is later than so many ms before the output",
    "most_ms": f"all but {LATER:.0%} of it is",
    "opens": "share of what opens the mask",
    "future": "largest magnitude after the output's frame",
}
"""What is said of the magnitudes of a clip's attributions; it is of shares of each output bin, or frame, in turn."""
Places = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Explained:
    """Places of the mask that are explained, and how far those of the input are from them.

    Parameters
    ----------
    f_out, t_out : mapping
        Bins and frames by name, see `enhancement.places`.
    bins, frames : int
        Of the input.
    """

    f_out: Places
    t_out: Places
    bins: int
    frames: int

    @property
    def distances_bins(self) -> np.ndarray:
        """How many bins lie between each input bin and the nearest one of each output, shape (f_out, f_in)."""
        every = np.arange(self.bins)[:, None]
        return np.stack([np.abs(every - np.asarray(own)).min(axis=1) for own in self.f_out.values()])

    @property
    def lags(self) -> np.ndarray:
        """How many frames each input frame lies before the last one of each output, shape (t_out, t_in)."""
        return np.array([max(own) for own in self.t_out.values()])[:, None] - np.arange(self.frames)

    @property
    def centres_hz(self) -> np.ndarray:
        """Middle of each output's bins."""
        hz = np.array(FRAMES.centres_hz(FS_HZ))
        return np.array([hz[own].mean() for own in map(list, self.f_out.values())])


def control(kind: str, above: np.ndarray, explained: Explained, seed: int, number: int) -> Iterator[np.ndarray]:
    """Yield for each output bin what stands in the place of its attributions, shape (t_out, f_in, t_in).

    Nothing is after an output: attributions of a causal network can't be there either.

    Parameters
    ----------
    kind : {"energy", "random"}
        How far what is heard is above the floor, or uniform numbers between -1 and 1.
    above : array, shape (f_in, t_in)
    explained : Explained
    seed, number : int
        The draw depends on them alone.
    """
    heard = explained.lags[:, None] >= 0  # (t_out, 1, t_in)
    rng = generator(seed, "random attributions", number)
    for _ in explained.f_out:
        values = above if kind == "energy" else rng.uniform(-1, 1, (len(heard), *above.shape))
        yield values * heard


def clip_summary(attributions: Iterable[np.ndarray], lags: np.ndarray) -> dict[str, np.ndarray]:
    """Return the sums over a clip's attributions that `explain.map_summaries` reads, and those from place to place.

    Parameters
    ----------
    attributions : iterable of arrays, shape (t_out, f_in, t_in)
        An entry an output bin.
    lags : int array, shape (t_out, t_in)
        See `Explained.lags`.

    Returns
    -------
    dict of str to array
        Those of `explain.map_summaries.summary`, of one output; "frequencies" (f_out, f_in) and "times" (t_out, t_in),
        sums of magnitudes; "future", the largest magnitude that lies after its output.
    """
    total, frequencies, times, future = {}, [], 0.0, 0.0
    for values in attributions:
        part = summary(values[:, None, None])
        total = {name: total.get(name, 0) + part[name] for name in part}
        size = np.abs(values, dtype=np.float64)
        frequencies.append(size.sum(axis=(0, 2)))
        times = times + size.sum(axis=1)
        future = max(future, float((size * (lags < 0)[:, None]).max()))
    return total | {"frequencies": np.stack(frequencies), "times": times, "future": np.array(future)}


def statistics(found: Mapping[str, np.ndarray], explained: Explained) -> dict[str, float]:
    """Return the `STATISTICS` of a clip's sums."""
    near = explained.distances_bins * FS_HZ / FRAMES.length_samples <= WITHIN_HZ
    rows = shares(found["frequencies"])
    by_lag = lag_shares(found["times"], explained.lags)
    reached = np.cumsum(by_lag)
    step_ms = 1e3 * FRAMES.hop_samples / FS_HZ
    opens, closes = found["positive"].sum(), -found["negative"].sum()
    return {
        "near": (rows * near).sum(axis=1).mean() / near.mean(),
        "same_frame": by_lag[0],
        "median_ms": step_ms * np.searchsorted(reached, 0.5),
        "most_ms": step_ms * np.searchsorted(reached, 1 - LATER),
        "opens": opens / max(opens + closes, np.finfo(float).tiny),
        "future": float(found["future"]),
    }


def shares(sums: np.ndarray) -> np.ndarray:
    """Return each row's sums as shares of its total; a row of nothing stays so."""
    return sums / sums.sum(axis=1, keepdims=True).clip(min=np.finfo(float).tiny)


def lag_shares(times: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Return the mean share of each lag from 0 up, over the outputs that so many frames come before, shape (lag,).

    They are normalised to add up to one.

    Parameters
    ----------
    times : array, shape (t_out, t_in)
        Sums of magnitudes.
    lags : int array, of the same shape
    """
    past, rows = lags >= 0, shares(times)
    sums = np.bincount(lags[past], rows[past], minlength=lags.max() + 1)
    mean = sums / np.bincount(lags[past], minlength=len(sums)).clip(min=1)
    return mean / max(mean.sum(), np.finfo(float).tiny)


def bin_clusters(sums: np.ndarray, centres_hz: np.ndarray, seed: int) -> tuple[np.ndarray, dict[str, float]]:
    """Return the cluster of each output bin by what it listens to, and what can be said of all.

    Parameters
    ----------
    sums : array, shape (f_out, f_in)
        Sums of magnitudes.
    centres_hz : array, shape (f_out,)
    seed : int

    Returns
    -------
    labels : int array, shape (f_out,)
    found : dict
        clusters, silhouette, and the adjusted mutual information with the octaves of the bins: ami, null_ami, p.
    """
    profiles = sums / np.linalg.norm(sums, axis=1, keepdims=True).clip(min=np.finfo(float).tiny)
    labels, silhouette = clusters(profiles, seed)
    octaves = np.log2(centres_hz.clip(min=FS_HZ / FRAMES.length_samples)).astype(int)
    found = agreement(labels, octaves, np.arange(len(labels)), seed)
    return labels, {"clusters": len(np.unique(labels)), "silhouette": silhouette} | found


def lag_table(of_clips: Mapping[str, np.ndarray], voices: Mapping[str, str]) -> pd.DataFrame:
    """Return a row a clip and lag: clip, voice, lag_ms, share."""
    step_ms = 1e3 * FRAMES.hop_samples / FS_HZ
    return pd.concat(
        [pd.DataFrame({"clip": clip, "voice": voices[clip], "lag_ms": step_ms * np.arange(len(found)), "share": found})
         for clip, found in of_clips.items()], ignore_index=True,
    )  # fmt: skip
