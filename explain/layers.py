"""What single layers and filters do: their activations, the relevance that passes them, and what passes one alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from explain.methods.method import Method
from models.inference import BATCH_SIZES, outputs


def heard_layers(model: nn.Module) -> list[str]:
    """Return the names of the layers whose outputs say what a network hears: every ReLU, and the last layer."""
    leaves = [(name, layer) for name, layer in model.named_modules() if not any(layer.children())]
    return [*(name for name, layer in leaves if isinstance(layer, nn.ReLU)), leaves[-1][0]]


def mean_activations(model: nn.Module, inputs: np.ndarray, device: str | torch.device = "cpu") -> dict[str, np.ndarray]:
    """Return the outputs of `heard_layers`, means over time (of maps over space), float32, shape (input, channel).

    Parameters
    ----------
    model : torch.nn.Module
        Heard in evaluation mode.
    inputs : float32 array, shape (input, ...)
    device : str or torch.device
    """
    means = {name: [] for name in heard_layers(model)}
    with _listening(model, means, lambda name, output: means[name].append(_over_time(output))):
        outputs(model, inputs, device)
    return {name: torch.cat(each).cpu().numpy() for name, each in means.items()}


def filter_layers(model: nn.Module, inputs: np.ndarray, device: str | torch.device = "cpu") -> list[str]:
    """Return those of `heard_layers` that have filters: a channel each, whose output is a signal over time."""
    heard = {}
    with _listening(model, heard_layers(model), heard.__setitem__):
        outputs(model, inputs[:1], device)
    return [name for name, output in heard.items() if output.ndim == 3]


def relevance_of_filters(
    model: nn.Module,
    inputs: np.ndarray,
    start: np.ndarray,
    layers: Sequence[str],
    method: Method,
    device: str | torch.device = "cpu",
) -> dict[str, np.ndarray]:
    """Return the relevance at the outputs of layers, by layer: the sums over time of R and of |R|.

    Parameters
    ----------
    model, inputs, start, device
        See `explain.methods.method.Method.attribute`.
    layers : sequence of str
        Names of layers whose outputs are (input, channel, sample).
    method : Method
        One whose relevance is the gradient while it is in force: LRP.

    Returns
    -------
    dict of str to float32 array, shape (2, input, channel)
    """
    sums = {name: [] for name in layers}
    size = BATCH_SIZES[torch.device(device).type]
    with method.prepared(model.to(device)):
        for first in range(0, len(inputs), size):
            part = slice(first, first + size)
            batch, put_in = _tensors(device, inputs[part], start[part])
            arrived = _arrived(model, batch, put_in, layers)[0]
            for name, relevance in arrived.items():
                sums[name].append(torch.stack([relevance.sum(-1), relevance.abs().sum(-1)]).cpu())
    return {name: torch.cat(each, dim=1).numpy() for name, each in sums.items()}


def conditioned_on_filters(
    model: nn.Module,
    inputs: np.ndarray,
    start: np.ndarray,
    layer: str,
    filters: Sequence[int],
    method: Method,
    device: str | torch.device = "cpu",
) -> np.ndarray:
    """Hand down what passes one filter alone: relevance at a layer's output, masked to a channel, to the input.

    Relevance is linear in what is put in, so what passes the filters of a layer adds up to all that passes the layer.
    R. Achtibat, M. Dreyer, I. Eisenbraun, S. Bosse, T. Wiegand, W. Samek, S. Lapuschkin, "From Attribution Maps to
    Human-Understandable Explanations through Concept Relevance Propagation", Nature Machine Intelligence 5, 2023.

    Parameters
    ----------
    model, inputs, start, device
        See `explain.methods.method.Method.attribute`.
    layer : str
    filters : sequence of int
        Channels of the layer's output.
    method : Method
        What is in force: LRP for relevance; gradient x input for the plain gradient, not times the input.

    Returns
    -------
    float32 array, shape (filter, input, ...)
    """
    found = np.empty((len(filters), *inputs.shape), dtype=np.float32)
    size = BATCH_SIZES[torch.device(device).type]
    numbers = np.tile(np.asarray(filters)[:, None], len(inputs)).ravel()
    repeated, starts = (np.concatenate([each] * len(filters)) for each in (inputs, start))
    flat = found.reshape(-1, *inputs.shape[1:])
    with method.prepared(model.to(device)):
        for first in range(0, len(flat), size):
            part = slice(first, first + size)
            batch, put_in = _tensors(device, repeated[part], starts[part])
            arrived, outputs_of = _arrived(model, batch, put_in, [layer])
            masked = torch.zeros_like(arrived[layer])
            rows = torch.arange(len(masked)), torch.from_numpy(numbers[part])
            masked[rows] = arrived[layer][rows]
            (handed_down,) = torch.autograd.grad(outputs_of[layer], batch, masked)
            flat[part] = handed_down.cpu().numpy()
    return found


@contextmanager
def _listening(model: nn.Module, names: Iterable[str], listen: Callable) -> Iterator[None]:
    """Call `listen` with the name and the output of each of some layers whenever it has run."""

    def hook(name: str) -> Callable:
        def heard(layer: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
            listen(name, output)

        return heard

    handles = [model.get_submodule(name).register_forward_hook(hook(name)) for name in names]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _arrived(model: nn.Module, batch: torch.Tensor, put_in: torch.Tensor, layers: Sequence[str]) -> tuple[dict, dict]:
    """Return what arrives at the outputs of layers of what is put in at the network's, and these outputs."""
    heard = {}
    with _listening(model, layers, heard.__setitem__):
        answer = model(batch.requires_grad_())
    arrived = torch.autograd.grad(answer, [heard[name] for name in layers], put_in)
    return dict(zip(layers, arrived, strict=True)), heard


def _tensors(device: str | torch.device, *arrays: np.ndarray) -> Iterator[torch.Tensor]:
    return (torch.tensor(each, dtype=torch.float32, device=device) for each in arrays)


def _over_time(output: torch.Tensor) -> torch.Tensor:
    return output.flatten(2).mean(2) if output.ndim > 2 else output
