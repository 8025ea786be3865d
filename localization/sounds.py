"""Whether what relevance keeps of a recording is cleaner than the recording: relevance listened to, and scored.

Three ways to listen to the relevance R of an input x: R itself as a signal, as published; the input times what is
positive, max(R, 0) x; and the input through a mask of its short-time spectra, which keeps of each microphone the bins
with the largest magnitude of `explain.time_frequency`'s level half. What is heard then is scored against the direct
sound d, which is known exactly.

- SI-SDR: 10 lg(|a d|^2 / |a d - y|^2) of a result y, with a = <y, d> / |d|^2. J. Le Roux, S. Wisdom, H. Erdogan,
  J. R. Hershey, "SDR - half-baked or well done?", ICASSP 2019.
- DRR and DNR: energy of the direct sound over that of all reflections, and over that of the noise, in what is kept. The
  second and third way are linear in the input once the weights are there, so each part of the recording goes through
  the same weights. R itself is not a part of the recording, and has neither.

As controls the same weights at each microphone in another order: the largest where the input is strongest (energy); by
chance, among all or only among what is equally loud; or where they make <y, d> largest, by who knows d (ideal). And R
of networks that were never trained. In a room that reverberates what is loudest is mostly reflections on top of each
other, and what leaves it out has more direct sound: whether relevance knows more, what is equally loud tells.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from explain.removal import removed_count
from explain.statistics import Draws, interval, verdict
from explain.time_frequency import FRAMES, halves
from localization.shares import PARTS
from running.seeds import generator

RELEVANCE, ENERGY, CHANCE, EQUALLY_LOUD, IDEAL, UNTRAINED, UNTOUCHED = CONTROLS = (
    "relevance", "energy", "chance", "equally_loud", "ideal", "untrained", "untouched"
)  # fmt: skip
SCORES = ("si_sdr_db", "drr_db", "dnr_db")
REFERENCES = (UNTOUCHED, ENERGY, EQUALLY_LOUD, UNTRAINED)
"""What the other rows of a table are compared with."""
DIRECT, NOISE = PARTS.index("direct"), PARTS.index("noise")
PERCENT = 20
EQUALS = 16
"""Neighbours in the order of their energy that count as equally loud."""
VERSION = 2
"""Raised when scores are computed otherwise, so that kept ones are computed anew."""


class Way(ABC):
    """A way to listen to relevance: weights of something, samples or bins, that the input has.

    All signals have the shape (..., window, microphone, sample), weights (window, microphone, ...).

    Attributes
    ----------
    name, title : str
        In tables, and for readers.
    """

    name: str
    title: str

    @abstractmethod
    def weights(self, inputs: np.ndarray, relevance: np.ndarray) -> np.ndarray:
        """Return the weights that relevance gives."""

    @abstractmethod
    def heard(self, weights: np.ndarray, signals: np.ndarray) -> np.ndarray:
        """Return what is heard of signals by some weights."""

    def products(self, inputs: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return what each weight counts for, where it adds the input to a result, in <result, others>."""
        return inputs * others

    def energy(self, inputs: np.ndarray) -> np.ndarray:
        """Return the energy of the input wherever there is a weight."""
        return inputs**2


class Itself(Way):
    """The relevance as a signal: there the weights are what is heard."""

    name, title = "signal", "relevance itself"

    def weights(self, inputs: np.ndarray, relevance: np.ndarray) -> np.ndarray:
        return relevance

    def heard(self, weights: np.ndarray, signals: np.ndarray) -> np.ndarray:
        return weights

    def products(self, inputs: np.ndarray, others: np.ndarray) -> np.ndarray:
        return others


class Product(Way):
    """The input times what of the relevance is positive."""

    name, title = "product", "input times positive relevance"

    def weights(self, inputs: np.ndarray, relevance: np.ndarray) -> np.ndarray:
        return np.maximum(relevance, 0)

    def heard(self, weights: np.ndarray, signals: np.ndarray) -> np.ndarray:
        return weights * signals


@dataclass(frozen=True)
class Mask(Way):
    """The input through a mask of its short-time spectra.

    Parameters
    ----------
    percent : float
        Share of the bins of each microphone that is kept.
    """

    percent: float = PERCENT
    frames = FRAMES
    name, title = "mask", "input through mask of relevance"

    def weights(self, inputs: np.ndarray, relevance: np.ndarray) -> np.ndarray:
        level, _ = halves(torch.from_numpy(inputs), torch.from_numpy(relevance), self.frames)
        magnitudes = level.abs().numpy()
        bins = magnitudes[0, 0]
        kept = np.arange(bins.size) < removed_count(self.percent, bins.size)
        return reordered(np.broadcast_to(kept.reshape(bins.shape), magnitudes.shape), magnitudes)

    def heard(self, weights: np.ndarray, signals: np.ndarray) -> np.ndarray:
        spectra = self.frames.spectrogram(torch.from_numpy(signals)) * torch.from_numpy(weights)
        return self.frames.signals(spectra, signals.shape[-1]).numpy()

    def products(self, inputs: np.ndarray, others: np.ndarray) -> np.ndarray:
        first, second = (self.frames.spectrogram(torch.from_numpy(each)) for each in (inputs, others))
        return (first * second.conj()).real.numpy()

    def energy(self, inputs: np.ndarray) -> np.ndarray:
        return self.products(inputs, inputs)


def ways(percent: float = PERCENT) -> list[Way]:
    """Return all ways to listen; a mask keeps so much of the bins."""
    return [Itself(), Product(), Mask(percent)]


def reordered(weights: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Return the weights of each microphone in another order: the largest where `by`, of their shape, is largest."""
    apart = weights.shape[0], weights.shape[1], -1
    moved = np.empty_like(weights.reshape(apart))
    order = np.argsort(by.reshape(apart), axis=-1, kind="stable")
    np.put_along_axis(moved, order, np.sort(weights.reshape(apart), axis=-1), axis=-1)
    return moved.reshape(weights.shape)


def among_equals(weights: np.ndarray, by: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the weights of each microphone, moved by chance among `EQUALS` neighbours in the order of `by`."""
    apart = weights.shape[0], weights.shape[1], -1
    order = np.argsort(by.reshape(apart), axis=-1, kind="stable")
    mixed = np.argsort(np.arange(order.shape[-1]) // EQUALS + rng.random(order.shape), axis=-1)
    moved = np.empty_like(weights.reshape(apart))
    rising = np.take_along_axis(weights.reshape(apart), order, axis=-1)
    np.put_along_axis(moved, order, np.take_along_axis(rising, mixed, axis=-1), axis=-1)
    return moved.reshape(weights.shape)


def control_weights(
    way: Way, weights: np.ndarray, direct: np.ndarray, inputs: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return the weights of each control that has those of the relevance in another order."""
    energy = way.energy(inputs)
    return {
        ENERGY: reordered(weights, energy),
        CHANCE: reordered(weights, rng.random(weights.shape)),
        EQUALLY_LOUD: among_equals(weights, energy, rng),
        IDEAL: reordered(weights, way.products(inputs, direct)),
    }


def si_sdr_db(results: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the scale-invariant signal-to-distortion ratio along the last axis, in dB; NaN where one is silent."""
    target_energy = (targets**2).sum(axis=-1, keepdims=True)
    scaled = _over((results * targets).sum(axis=-1, keepdims=True), target_energy) * targets
    silent = (target_energy[..., 0] == 0) | ~results.any(axis=-1)
    return np.where(silent, np.nan, _ratio_db(scaled, scaled - results))


def scores(way: Way, weights: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Return the mean of each of `SCORES` over windows and microphones, shape (score,); NaN where there is none.

    Parameters
    ----------
    way : Way
    weights : array, shape (window, microphone, ...)
    parts : float64 array, shape (part, window, microphone, sample)
        Direct sound, early and late reflections, and noise.
    """
    kept = way.heard(weights, parts)
    if kept.ndim < parts.ndim:
        return np.array([_mean(si_sdr_db(kept, parts[DIRECT])), np.nan, np.nan])
    return _scores(kept, parts[DIRECT])


def untouched_scores(parts: np.ndarray) -> np.ndarray:
    """Return what `scores` would be if all were kept."""
    return _scores(parts, parts[DIRECT])


def loudest(windows: np.ndarray, count: int) -> np.ndarray:
    """Return the places of the windows, (window, microphone, sample), with most energy, at most so many, in order."""
    return np.sort(np.argsort(-np.square(windows, dtype=np.float64).sum(axis=(1, 2)), kind="stable")[:count])


def score_rows(found: Mapping[str, np.ndarray], voices: Sequence[str], seed: int) -> pd.DataFrame:
    """Return the mean of each score, and how far it is above that of each of `REFERENCES`.

    Parameters
    ----------
    found : mapping from `CONTROLS` to arrays, shape (network, source, score)
        Only the untrained networks are several.
    voices : sequence of str
        Who speaks each source.
    seed : int
        Seed of the intervals (95 %, over voices and their sources, and over the untrained networks).

    Returns
    -------
    DataFrame
        A row a control and score: control, score, value, low, high; and of each reference above_NAME, above_NAME_low,
        above_NAME_high, NAME_verdict.
    """
    draws = Draws.of(voices, seed)
    drawn, tables = {}, []
    for control, values in found.items():
        chosen = generator(seed, "null").integers(len(values), size=len(draws.counts))
        of_network = np.stack([draws.means(np.nan_to_num(each), np.isfinite(each)) for each in values])
        drawn[control] = of_network[chosen, np.arange(len(chosen))]  # (resample, score)
    means = {control: np.array([_mean(values[..., score]) for score in range(len(SCORES))])
             for control, values in found.items()}  # fmt: skip
    for control in found:
        table = pd.DataFrame({"control": control, "score": SCORES, "value": means[control]})
        table["low"], table["high"] = interval(drawn[control])
        for name in REFERENCES:
            same = np.where(control == name, np.nan, 1)
            table[f"above_{name}"] = (means[control] - means[name]) * same
            ends = interval((drawn[control] - drawn[name]) * same)
            table[f"above_{name}_low"], table[f"above_{name}_high"] = ends
            table[f"{name}_verdict"] = [verdict(*each) for each in zip(*ends, strict=True)]
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _scores(kept: np.ndarray, direct: np.ndarray) -> np.ndarray:
    reflections = sum(part for place, part in enumerate(kept) if place not in (DIRECT, NOISE))
    ratios = (_ratio_db(kept[DIRECT], other) for other in (reflections, kept[NOISE]))
    return np.array([_mean(si_sdr_db(kept.sum(axis=0), direct)), *map(_mean, ratios)])


def _ratio_db(signals: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the energy of signals over that of others, NaN where one of them is silent."""
    ratio = _over((signals**2).sum(axis=-1), (others**2).sum(axis=-1))
    return 10 * np.log10(ratio, out=np.full(ratio.shape, np.nan), where=ratio > 0)


def _over(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    return np.divide(values, by, out=np.zeros_like(values), where=by != 0)


def _mean(values: np.ndarray) -> float:
    """Return the mean of what there is; NaN where there is nothing."""
    there = values[np.isfinite(values)]
    return float(there.mean()) if there.size else np.nan
