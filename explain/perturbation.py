"""What happens to a network's estimates when the most relevant part of the input is removed (experiment 1).

W. Samek et al., "Evaluating the Visualization of What a Deep Neural Network Has Learned", IEEE Transactions on Neural
Networks and Learning Systems 28(11), 2017, applied to sources as in the paper.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn

from explain.canonizers import MergeBatchNorm
from explain.relevance import default_batch_size, evaluating
from explain.statistics import interval_over_sources
from explain.zennit_import import zennit

CURVES = ("relevance", "energy", "random")
PERCENTS = tuple(range(0, 80, 10))


def perturb_source(
    model: nn.Module,
    windows: np.ndarray,
    relevance: np.ndarray,
    percents: Sequence[float] = PERCENTS,
    draws: int = 1,
    seed: int = 0,
    source: int = 0,
    batch_size: int | None = None,
    device: str | torch.device = "cpu",
) -> dict[str, np.ndarray]:
    """Estimate positions from windows of which the first values in three orders are set to zero.

    All values of a window, of all microphones together, are ranked by signed relevance (largest first), by magnitude
    ("energy") and at random; equal values in the order of microphone and sample.

    Parameters
    ----------
    model : torch.nn.Module
        A network of `models`, taken in evaluation mode.
    windows, relevance : float32 arrays, shape (window, microphone, sample)
        All windows of one source, and the relevance of their samples.
    percents : sequence of float
        Shares that are removed, 0 to 100; with the random order a larger share contains the smaller ones.
    draws : int
        Number of random orders.
    seed, source : int
        The random orders depend on (seed, source, draw) alone.
    batch_size : int, optional
        Windows computed at once, by default as many as the device is fast with.
    device : str or torch.device

    Returns
    -------
    dict of float32 arrays, shape (draw, window, percent, 3)
        Estimated positions in metres for each of `CURVES`; the first two have one draw.
    """
    batch_size = batch_size or default_batch_size(device)
    values = torch.tensor(windows, dtype=torch.float32, device=device)
    relevance = torch.as_tensor(relevance, device=device)
    places = {
        "relevance": [places_by(relevance)],
        "energy": [places_by(values.abs())],
        "random": (random_places(values.shape, seed, source, draw).to(device) for draw in range(draws)),
    }
    counts = torch.tensor([removed_count(percent, values[0].numel()) for percent in percents], device=device)
    with torch.inference_mode(), evaluating(model.to(device), zennit.core.Composite(canonizers=[MergeBatchNorm()])):
        whole = torch.cat([model(part) for part in values.split(batch_size)])
        return {
            curve: np.stack([_estimates_m(model, values, whole, order, counts, batch_size) for order in orders])
            for curve, orders in places.items()
        }


def places_by(values: torch.Tensor) -> torch.Tensor:
    """Return each value's place in its window's order, the largest first; int32, of the shape of `values`, float32.

    Sorted are whole numbers of which the upper half follows the value and the lower half is the index, in place of a
    stable sort of the values: the same order in half the time.
    """
    bits = (values.flatten(1) + 0.0).view(torch.int32)  # adding 0 leaves only one kind of zero
    falling = ~(bits ^ (bits >> 31 & 0x7FFFFFFF))
    places = torch.arange(bits.shape[1], dtype=torch.int32, device=values.device).expand_as(bits)
    order = torch.sort(falling.long() << 32 | places, dim=1).values & 0xFFFFFFFF
    return torch.empty_like(bits).scatter_(1, order, places).view(values.shape)


def random_places(shape: Sequence[int], seed: int, source: int, draw: int) -> torch.Tensor:
    """Return each value's place in a random order of its window, shape (window, microphone, sample)."""
    rng = np.random.default_rng([seed, source, draw])
    in_order = np.arange(np.prod(shape[1:]), dtype=np.int32)
    return torch.from_numpy(np.stack([rng.permutation(in_order) for _ in range(shape[0])])).view(*shape)


def removed_count(percent: float, total: int) -> int:
    """Return how many of `total` values are removed, rounded down, as published."""
    return int(percent / 100 * total)


def _estimates_m(
    model: nn.Module,
    values: torch.Tensor,
    whole_m: torch.Tensor,
    places: torch.Tensor,
    counts: torch.Tensor,
    batch_size: int,
) -> np.ndarray:
    """Return estimates from windows without the first values of an order, shape (window, percent, 3), in metres."""
    estimates_m = whole_m[:, None].repeat(1, len(counts), 1)
    removing = counts > 0
    counts = counts[removing, None, None]
    at_once = max(1, batch_size // max(1, len(counts)))
    for first in range(0, len(values) if len(counts) else 0, at_once):
        part = slice(first, first + at_once)
        kept = places[part, None] >= counts  # (window, percent, microphone, sample)
        perturbed = (values[part, None] * kept).flatten(0, 1).split(batch_size)
        estimates_m[part, removing] = torch.cat([model(each) for each in perturbed]).view(-1, len(counts), 3)
    return estimates_m.cpu().numpy()


def mae_curves(
    estimates_m: Sequence[dict[str, np.ndarray]],
    positions_m: np.ndarray,
    numbers: Sequence[int],
    percents: Sequence[float] = PERCENTS,
    seed: int = 0,
) -> pd.DataFrame:
    """Mean absolute error over windows and coordinates against the share of input removed.

    Parameters
    ----------
    estimates_m : sequence of dict
        What `perturb_source` returned for each source; of several conditions one after the other to pool them.
    positions_m : array, shape (source, 3)
        True positions in metres.
    numbers : sequence of int, length (source,)
        Numbers of the sources. Those of one number - a place and an utterance in several conditions - belong together.
    percents : sequence of float
        As given to `perturb_source`.
    seed : int
        Seed of the confidence intervals (95 %, over numbers).

    Returns
    -------
    pandas.DataFrame
        One row for each curve and percent: curve, percent, mae_m, low_m, high_m, relevance_above_m (MAE of the
        relevance curve less this one's, on the same windows), relevance_above_low_m, relevance_above_high_m, sources,
        windows, draws.
    """
    counts = np.array([source["relevance"].shape[1] for source in estimates_m])
    apart, groups = np.unique(numbers, return_inverse=True)
    sums_m = {
        curve: np.array(
            [
                np.abs(source[curve] - position_m).mean(axis=(0, 3)).sum(axis=0)  # (draw, window, percent, 3)
                for source, position_m in zip(estimates_m, positions_m, strict=True)
            ]
        )
        for curve in CURVES
    }

    def mean_low_high(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        grouped = [np.stack([values[groups == group].sum(axis=0) for group in range(len(apart))])
                   for values in (sums, counts[:, None])]  # fmt: skip
        return sums.sum(axis=0) / counts.sum(), *interval_over_sources(*grouped, seed)

    above = "relevance_above_m", "relevance_above_low_m", "relevance_above_high_m"
    tables = []
    for curve, sums in sums_m.items():
        table = {"curve": curve, "percent": percents}
        table |= zip(("mae_m", "low_m", "high_m"), mean_low_high(sums), strict=True)
        table |= zip(above, mean_low_high(sums_m["relevance"] - sums), strict=True)
        table |= {"sources": len(apart), "windows": counts.sum(), "draws": len(estimates_m[0][curve])}
        tables.append(pd.DataFrame(table))
    return pd.concat(tables, ignore_index=True)
