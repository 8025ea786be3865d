"""How finely an input is taken apart: single samples, blocks of time of a microphone, whole microphones."""

from __future__ import annotations

from collections.abc import Sequence

import torch


def block_numbers(shape: Sequence[int], block_samples: int) -> torch.Tensor:
    """Return the number of the block that each value belongs to, shape `shape`; time is the last axis."""
    *places, n_samples = shape
    per_row = -(-n_samples // block_samples)
    rows = torch.arange(torch.Size(places).numel()).view(*places, 1)
    return rows * per_row + torch.arange(n_samples) // block_samples
