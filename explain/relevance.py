"""Relevance of every input sample for a network's answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import torch
from torch import nn

from explain.rules import build_composite
from explain.zennit_import import zennit
from running.errors import InputError

COORDINATES = ("x", "y", "z")
STARTS = ("ground_truth", "prediction", *COORDINATES)
BATCH_SIZES = {"cpu": 8, "cuda": 64}  # larger ones leave the caches of a processor


def compute_relevance(
    model: nn.Module,
    windows: np.ndarray,
    positions_m: np.ndarray | None = None,
    start: str = "ground_truth",
    gate: str = "published",
    batch_size: int | None = None,
    device: str | torch.device = "cpu",
    fast: bool = True,
) -> np.ndarray:
    """Layer-wise relevance of each input sample; the model is the same afterwards.

    Relevance is linear in what is put in at the output, so every other start is a weighted sum of "x", "y" and "z".

    Parameters
    ----------
    model : torch.nn.Module
        A network of `models`; it is explained in evaluation mode.
    windows : float32 array, shape (window, microphone, sample)
    positions_m : array, shape (3,) or (window, 3), optional
        True positions in metres; only the start "ground_truth" needs them.
    start : {"ground_truth", "prediction", "x", "y", "z"}
        Relevance put in at the three outputs: the true position (published), the network's estimate, or one
        coordinate of its estimate and zero for the other two.
    gate : {"published", "signal"}
        See `explain.rules.build_composite`.
    batch_size : int, optional
        Windows computed at once, by default as many as the device is fast with; results depend on it by rounding only.
    device : str or torch.device
        Where to compute; the model is moved there.
    fast : bool
        See `explain.rules.build_composite`.

    Returns
    -------
    float32 array, shape (window, microphone, sample)
        In metres, as the start.

    Raises
    ------
    InputError
        For an unknown start or gate, or when the true positions are missing.
    """
    true_m = true_positions_m(start, positions_m, len(windows))
    batch_size = batch_size or default_batch_size(device)
    relevance = np.empty(windows.shape, dtype=np.float32)
    with ruled(model.to(device), gate, fast):
        for first in range(0, len(windows), batch_size):
            part = slice(first, first + batch_size)
            relevance[part] = relevance_of_batch(model, windows[part], true_m[part], start, device)[0].cpu().numpy()
    return relevance


def default_batch_size(device: str | torch.device) -> int:
    """Return how many windows a kind of device computes fastest at once."""
    return BATCH_SIZES[torch.device(device).type]


@contextmanager
def evaluating(model: nn.Module, composite: zennit.core.Composite) -> Iterator[None]:
    """Put a composite in force, in evaluation mode and full float32 precision, for the length of a block.

    By default cuDNN rounds what convolutions multiply to TF32's ten bits, which moves relevance by a thousandth.
    """
    was_training = model.training
    with composite.context(model.eval()), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        try:
            yield
        finally:
            model.train(was_training)


def ruled(model: nn.Module, gate: str = "published", fast: bool = True) -> AbstractContextManager[None]:
    """Let gradients of `model` be relevance for the length of a block."""
    return evaluating(model, build_composite(model, gate, fast))


def relevance_of_batch(
    model: nn.Module, windows: np.ndarray, true_m: np.ndarray, start: str, device: str | torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the relevance of the input and that put in at the output, (window, 3), of a `ruled` network."""
    window = torch.tensor(windows, dtype=torch.float32, device=device, requires_grad=True)
    estimate_m = model(window)
    start_m = _start_relevance(estimate_m.detach(), true_m, start)
    (relevance,) = torch.autograd.grad(estimate_m, window, start_m)
    return relevance, start_m


def _start_relevance(estimate_m: torch.Tensor, true_m: np.ndarray, start: str) -> torch.Tensor:
    if start == "ground_truth":
        return torch.tensor(true_m, dtype=estimate_m.dtype, device=estimate_m.device)
    if start == "prediction":
        return estimate_m
    return estimate_m * torch.tensor([start == axis for axis in COORDINATES], device=estimate_m.device)


def true_positions_m(start: str, positions_m: np.ndarray | None, windows: int) -> np.ndarray:
    """Return one true position a window, (window, 3); of no value where the start doesn't need it."""
    if start not in STARTS:
        raise InputError(f"start {start!r} is none of {', '.join(STARTS)}")
    if start == "ground_truth" and positions_m is None:
        raise InputError("relevance that starts from the true position needs it; give positions_m or another start")
    return np.broadcast_to(np.nan if positions_m is None else positions_m, (windows, 3))
