"""What happens to a network's answers when a part of its input is removed, the most relevant or any other.

W. Samek et al., "Evaluating the Visualization of What a Deep Neural Network Has Learned", IEEE Transactions on Neural
Networks and Learning Systems 28(11), 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from explain.lrp.canonizers import MergeBatchNorm
from explain.statistics import Draws, interval, verdict
from explain.zennit_import import zennit
from models.inference import BATCH_SIZES, evaluating

RELEVANCE, ENERGY, RANDOM = "relevance", "energy", "random"
CURVES = (RELEVANCE, ENERGY, RANDOM)
PERCENTS = tuple(range(0, 80, 10))
VERSION = 1
"""Raised when the same call gives other answers, so that kept ones are computed anew."""

Order = Callable[[int, np.ndarray], Sequence[torch.Tensor]]
"""From an item's row and its inputs to the place of each value in one or several orders, what goes first being 0."""


def by_attribution(attributions: Callable[[int, np.ndarray], np.ndarray]) -> Order:
    """Return the order of signed attributions, largest first; `attributions` gives those of an item's inputs."""
    return lambda row, inputs: [places_by(torch.as_tensor(attributions(row, inputs)))]


def by_energy(row: int, inputs: np.ndarray) -> Sequence[torch.Tensor]:
    """Return the order of magnitudes, largest first."""
    return [places_by(torch.tensor(inputs, dtype=torch.float32).abs())]


def at_random(numbers: Sequence[int], seed: int, draws: int) -> Order:
    """Return so many random orders; they depend on seed, number of the item and draw alone."""
    return lambda row, inputs: [random_places(inputs.shape, seed, numbers[row], draw) for draw in range(draws)]


def answers_without(
    model: nn.Module,
    inputs: np.ndarray,
    orders: Sequence[torch.Tensor],
    percents: Sequence[float] = PERCENTS,
    device: str | torch.device = "cpu",
    batch_size: int | None = None,
) -> np.ndarray:
    """Let a network answer to inputs of which the first values of an order are set to zero.

    Parameters
    ----------
    model : torch.nn.Module
        Taken in evaluation mode.
    inputs : float32 array, shape (input, ...)
    orders : sequence of int tensors, of the shape of `inputs`
        Place of each value among all of its input.
    percents : sequence of float
        Shares that are removed, 0 to 100; a larger share contains the smaller ones.
    device : str or torch.device
    batch_size : int, optional
        Inputs computed at once, by default as many as the device is fast with.

    Returns
    -------
    float32 array, shape (order, input, percent, output)
    """
    batch_size = batch_size or BATCH_SIZES[torch.device(device).type]
    values = torch.tensor(inputs, dtype=torch.float32, device=device)
    counts = torch.tensor([removed_count(percent, values[0].numel()) for percent in percents], device=device)
    with evaluating(model.to(device), zennit.core.Composite(canonizers=[MergeBatchNorm()])), torch.inference_mode():
        whole = torch.cat([model(part) for part in values.split(batch_size)])
        return np.stack([_answers(model, values, whole, places.to(device), counts, batch_size) for places in orders])


def places_by(values: torch.Tensor) -> torch.Tensor:
    """Return each value's place in its input's order, the largest first; int32, of the shape of `values`, float32.

    Equal values are in the order of their axes. Sorted are whole numbers of which the upper half follows the value and
    the lower half is the index, in place of a stable sort of the values: the same order in half the time.
    """
    bits = (values.flatten(1) + 0.0).view(torch.int32)  # adding 0 leaves only one kind of zero
    falling = ~(bits ^ (bits >> 31 & 0x7FFFFFFF))
    places = torch.arange(bits.shape[1], dtype=torch.int32, device=values.device).expand_as(bits)
    order = torch.sort(falling.long() << 32 | places, dim=1).values & 0xFFFFFFFF
    return torch.empty_like(bits).scatter_(1, order, places).view(values.shape)


def random_places(shape: Sequence[int], seed: int, number: int, draw: int) -> torch.Tensor:
    """Return each value's place in a random order of its input, of the given shape."""
    rng = np.random.default_rng([seed, number, draw])
    in_order = np.arange(np.prod(shape[1:]), dtype=np.int32)
    return torch.from_numpy(np.stack([rng.permutation(in_order) for _ in range(shape[0])])).view(*shape)


def removed_count(percent: float, total: int) -> int:
    """Return how many of `total` values are removed, rounded down, as published."""
    return int(percent / 100 * total)


def _answers(
    model: nn.Module,
    values: torch.Tensor,
    whole: torch.Tensor,
    places: torch.Tensor,
    counts: torch.Tensor,
    batch_size: int,
) -> np.ndarray:
    """Return answers to inputs without the first values of an order, shape (input, percent, output)."""
    answers = whole[:, None].repeat(1, len(counts), 1)
    removing = counts > 0
    counts = counts[removing].view(-1, *[1] * (values.ndim - 1))
    at_once = max(1, batch_size // max(1, len(counts)))
    for first in range(0, len(values) if len(counts) else 0, at_once):
        part = slice(first, first + at_once)
        kept = places[part, None] >= counts  # (input, percent, ...)
        removed = (values[part, None] * kept).flatten(0, 1).split(batch_size)
        answers[part, removing] = torch.cat([model(each) for each in removed]).unflatten(0, (-1, len(counts)))
    return answers.cpu().numpy()


class Removal:
    """Scores of several curves on the same inputs, such as those of relevance, of energy and at random.

    Parameters
    ----------
    scores : mapping of names to lists of arrays, shape (input, percent)
        For each curve the scores of each item's inputs, such as the error of the answers.
    voices, items : sequences, one entry an item
        Its voice and its name; items of one name, such as a source in several conditions, belong together.
    percents : sequence of float
    seed : int
        Seed of the intervals.
    """

    def __init__(
        self,
        scores: Mapping[Any, list[np.ndarray]],
        voices: Iterable,
        items: Iterable,
        percents: Sequence[float] | np.ndarray,
        seed: int,
    ):
        self.percents = percents
        names = list(zip(voices, items, strict=True))
        apart = list(dict.fromkeys(names))
        places = np.array([apart.index(name) for name in names])
        gathered = np.equal.outer(np.arange(len(apart)), places).astype(float)  # (name, item)
        self.counts = gathered @ np.array([len(each) for each in next(iter(scores.values()))])
        self.sums = {
            curve: gathered @ np.array([each.sum(axis=0, dtype=np.float64) for each in of_items])
            for curve, of_items in scores.items()
        }
        self.draws = Draws.of([voice for voice, _ in apart], seed)

    def curve(self, name: Hashable) -> pd.DataFrame:
        """Return a curve: a row a percent; percent, mean, low, high (95 %, over voices and items), items, inputs."""
        return pd.DataFrame(
            {"percent": self.percents}
            | self._scores(self.sums[name])
            | {"items": len(self.counts), "inputs": int(self.counts.sum())}
        )

    def difference(self, name: Hashable, other: Hashable) -> pd.DataFrame:
        """Return how much a curve is above another on the same inputs: percent, mean, low, high, verdict."""
        table = pd.DataFrame({"percent": self.percents} | self._scores(self.sums[name] - self.sums[other]))
        return table.assign(verdict=[verdict(*each) for each in zip(table["low"], table["high"], strict=True)])

    def _scores(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        low, high = interval(self.draws.means(sums, self.counts[:, None]))
        return {"mean": sums.sum(axis=0) / self.counts.sum(), "low": low, "high": high}
