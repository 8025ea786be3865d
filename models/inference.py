"""What a network answers to many inputs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
import torch
from torch import nn

BATCH_SIZES = {"cpu": 8, "cuda": 64}
"""Inputs that a kind of device hears at once. On a processor 4 to 16 windows are equally fast; 32 and more take up to
twice the time where the memory of a batch is given back to the system after each layer."""


@contextmanager
def evaluating(model: nn.Module, composite=None) -> Iterator[None]:
    """Take a network in evaluation mode and full float32 precision for the length of a block.

    By default cuDNN rounds what convolutions multiply to TF32's ten bits, which moves relevance by a thousandth.

    Parameters
    ----------
    model : torch.nn.Module
        Afterwards it is in the mode that it was in.
    composite : zennit.core.Composite, optional
        Put in force meanwhile.
    """
    was_training = model.training
    model.eval()
    try:
        with (
            composite.context(model) if composite else nullcontext(),
            torch.backends.cudnn.flags(enabled=True, allow_tf32=False),
        ):
            yield
    finally:
        model.train(was_training)


def outputs(
    model: nn.Module,
    inputs: np.ndarray | torch.Tensor,
    device: str | torch.device = "cpu",
    batch_size: int | None = None,
) -> np.ndarray:
    """Let a network answer in evaluation mode and full float32.

    Parameters
    ----------
    model : torch.nn.Module
        It is moved to the device; afterwards it is in the mode that it was in.
    inputs : array or tensor, shape (n, ...)
    device : str or torch.device
        Where to compute.
    batch_size : int, optional
        Inputs heard at once, by default as many as the device is fast with; answers depend on it by rounding only.

    Returns
    -------
    float32 array, shape (n, ...)
        The answers in order, for a network of `models` (n, output).
    """
    batch_size = batch_size or BATCH_SIZES[torch.device(device).type]
    batches = [inputs[first : first + batch_size] for first in range(0, max(len(inputs), 1), batch_size)]
    with evaluating(model.to(device)), torch.inference_mode():
        answers = [model(_as_tensor(batch, device)).float().cpu() for batch in batches]
    return torch.cat(answers).numpy()


def _as_tensor(batch: np.ndarray | torch.Tensor, device: str | torch.device) -> torch.Tensor:
    if not isinstance(batch, torch.Tensor):
        batch = torch.tensor(batch)  # a copy: arrays may be read-only
    return batch.to(device, torch.float32)
