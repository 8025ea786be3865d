"""Whether attributions are faithful to a network that answers with numbers: what happens when inputs are changed.

Features are replaced in the order of what they were given: the largest value first ("most"), the smallest first
("least"), the largest magnitude first, the smallest magnitude first. Areas under the curves over the share replaced say
how much an order hurts (AOPC: W. Samek et al., IEEE TNNLS 28(11), 2017); areas between two opposite orders (ABPC) say
whether signs, or magnitudes, mean something. Putting the most relevant back into nothing is replacing the least
relevant first, read from its end: the area of insertion is that of "least".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from captum.metrics import infidelity as captum_infidelity
from captum.metrics import sensitivity_max
from torch import nn

from explain.grains import Blocks, Grain
from explain.lrp.canonizers import MergeBatchNorm
from explain.lrp.hooks import EPSILON
from explain.methods.noise import generator_of, noise_below
from explain.removal import places_by, removed_count
from explain.zennit_import import zennit
from models.inference import BATCH_SIZES, evaluating

MOST, LEAST, LARGEST, SMALLEST = "most", "least", "largest", "smallest"
ORDERS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    MOST: lambda scores: scores,
    LEAST: lambda scores: -scores,
    LARGEST: torch.abs,
    SMALLEST: lambda scores: -scores.abs(),
}
"""By its name what an order sorts by, the largest first."""
OPPOSITES = {"signs": (MOST, LEAST), "magnitudes": (LARGEST, SMALLEST)}
"""Which orders are compared by the area between them."""
PERCENTS = (10, 30, 60)
"""Shares of the features that are replaced; what all or none of them does is the same in every order."""
TENTH = 0.1


def answers_after(
    model: nn.Module,
    inputs: np.ndarray,
    others: Mapping[str, np.ndarray],
    grain: Grain,
    scores: torch.Tensor,
    percents: Sequence[float] = PERCENTS,
    device: str | torch.device = "cpu",
    orders: Sequence[str] = tuple(ORDERS),
) -> np.ndarray:
    """Let a network answer to inputs of which features are replaced, in several orders and by every replacement.

    Parameters
    ----------
    model : torch.nn.Module
        Taken in evaluation mode.
    inputs : float32 array, shape (input, ..., sample)
    others : dict of str to float32 array
        What features are replaced by: inputs of the same shape.
    grain : Grain
    scores : tensor, shape (input, feature)
        What each feature of the grain was given.
    percents : sequence of float
        Shares of the features that are replaced, rounded down to whole features.
    device : str or torch.device
    orders : sequence of str
        Keys of `ORDERS`, by default all.

    Returns
    -------
    float32 array, shape (input, replacement, order, percent, output)
        In the order of `others` and `orders`.
    """
    size = BATCH_SIZES[torch.device(device).type]
    values, scores = torch.tensor(inputs, dtype=torch.float32, device=device), scores.float().to(device)
    counts = torch.tensor([removed_count(percent, scores.shape[1]) for percent in percents], device=device)
    found = []
    with answering(model.to(device)):
        for row, value in enumerate(values):
            places = torch.cat([places_by(ORDERS[key](scores[row : row + 1])) for key in orders])  # (order, feature)
            replaced = (places[:, None] < counts[:, None]).flatten(0, 1)
            for other in others.values():
                instead = torch.tensor(other[row], dtype=torch.float32, device=device)
                for part in replaced.split(size):
                    heard, kept = (each.expand(len(part), *value.shape) for each in (instead, value))
                    found.append(model(grain.mixed(kept, heard, part)))
    answers = torch.cat(found).cpu().numpy()
    return answers.reshape(len(values), len(others), len(orders), len(counts), -1)


@contextmanager
def answering(model: nn.Module) -> Iterator[None]:
    """Let a network answer alone for the length of a block: in evaluation mode, batch norms merged, no gradients."""
    with evaluating(model, zennit.core.Composite(canonizers=[MergeBatchNorm()])), torch.inference_mode():
        yield


def areas(curves: np.ndarray, whole: np.ndarray, nothing: np.ndarray, percents: Sequence[float]) -> np.ndarray:
    """Return the areas under curves over the share replaced, from 0 to 1, by the trapezoidal rule.

    Parameters
    ----------
    curves : array, shape (..., order, percent)
        Scores, such as how far the answer moved.
    whole, nothing : arrays, shape (...)
        Scores where nothing is replaced, and everything.
    percents : sequence of float
        Rising, those of the curves.

    Returns
    -------
    array, shape (..., order)
    """
    ends = [np.broadcast_to(each[..., None, None], (*curves.shape[:-1], 1)) for each in (whole, nothing)]
    joined = np.concatenate([ends[0], curves, ends[1]], axis=-1)
    return np.trapezoid(joined, np.array([0, *percents, 100]) / 100, axis=-1)


def between(found: np.ndarray, kind: str) -> np.ndarray:
    """Return the area between two opposite orders, shape (...), of `areas`, shape (..., order); see `OPPOSITES`."""
    first, second = (list(ORDERS).index(order) for order in OPPOSITES[kind])
    return found[..., first] - found[..., second]


def normalised(found: np.ndarray, axes: int | tuple[int, ...]) -> np.ndarray:
    """Return areas between that of the worst order found, 0, and of the best, 1, along some axes.

    So curves of networks that react differently to whatever is replaced can be compared: "Normalized AOPC: Fixing
    Misleading Faithfulness Metrics for Feature Attribution Explainability", arXiv 2408.08137, 2024, where the two are
    searched for.
    """
    worst, best = found.min(axis=axes, keepdims=True), found.max(axis=axes, keepdims=True)
    return np.divide(found - worst, best - worst, out=np.zeros_like(found), where=best > worst)


def infidelity(
    model: nn.Module,
    inputs: np.ndarray,
    start: np.ndarray,
    attributions: np.ndarray,
    others: np.ndarray,
    block_samples: int,
    draws: int = 10,
    device: str | torch.device = "cpu",
) -> np.ndarray:
    """Return how much of the changes of the answer attributions don't foresee, 0 to 1, shape (input,).

    A tenth of the blocks, drawn, is replaced; foreseen is the sum of their attributions. By captum, up to the scale of
    the attributions, over the mean square of the real changes: C.-K. Yeh, C.-Y. Hsieh, A. Suggala, D. I. Inouye,
    P. Ravikumar, "On the (In)fidelity and Sensitivity of Explanations", NeurIPS 2019.

    Parameters
    ----------
    model, inputs, device
        As of `answers_after`.
    attributions : float32 array, of the shape of `inputs`
    start : array, shape (input, output)
        What was explained; outputs count by it over themselves.
    others : float32 array, of the shape of `inputs`
        What blocks are replaced by.
    block_samples, draws : int
    """
    grain, found = Blocks(block_samples), []
    arrays = (torch.tensor(each, dtype=torch.float32, device=device) for each in (inputs, start, attributions, others))
    with answering(model.to(device)):
        for value, put_in, given, other in zip(*arrays, strict=True):
            weights = put_in / zennit.core.stabilize(model(value[None])[0], EPSILON)

            def missed(given: torch.Tensor, value=value, other=other, weights=weights, **how) -> torch.Tensor:
                drawn = generator_of(value, 0)

                def replace(heard: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
                    blocks = torch.rand(len(heard), grain.count(heard), generator=drawn).to(heard.device) < TENTH
                    chosen = grain.mixed(torch.zeros_like(heard), torch.ones_like(heard), blocks)
                    return chosen, torch.where(chosen > 0, other, heard)

                return captum_infidelity(
                    lambda heard: model(heard) @ weights, replace, value[None], given[None],
                    n_perturb_samples=draws, max_examples_per_batch=BATCH_SIZES[value.device.type], **how,
                )  # fmt: skip

            found.append(missed(given, normalize=True) / missed(torch.zeros_like(given)))
    return torch.cat(found).cpu().numpy()


def max_sensitivity(
    explain: Callable[[np.ndarray], np.ndarray], inputs: np.ndarray, snr_db: float, draws: int = 2
) -> np.ndarray:
    """Return how far attributions go, relative to their length, when a little noise is added, shape (input,).

    By captum, after Yeh et al. 2019, see `infidelity`; the largest of some draws.

    Parameters
    ----------
    explain : callable
        From inputs to attributions.
    inputs : float32 array, shape (input, ..., sample)
    snr_db : float
        How far the noise is below each input.
    """
    values = torch.tensor(inputs)

    def add_noise(heard: torch.Tensor) -> torch.Tensor:
        return heard + torch.cat([noise_below(each, snr_db, 1, place) for place, each in enumerate(heard)])

    @torch.enable_grad()
    def explanation(heard: torch.Tensor | tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        heard = heard[0] if isinstance(heard, tuple) else heard
        return (torch.tensor(explain(heard.numpy())),)

    return sensitivity_max(explanation, values, add_noise, n_perturb_samples=draws).numpy()
