"""What inputs are compared with: noise as far below a signal as the condition's is, or the floor that levels stand on.

Draws are seeded by the input itself, so that batches, ranks and interruptions change nothing.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import torch

SNR_DB = 20.0


def generator_of(values: torch.Tensor, seed: int) -> torch.Generator:
    """Return a generator on the processor that depends on a seed and on one input alone."""
    return torch.Generator().manual_seed(seed_of(values, seed))


def seed_of(values: torch.Tensor, seed: int) -> int:
    """Return a whole number that depends on a seed and on one input alone."""
    return zlib.crc32(values.detach().cpu().contiguous().numpy(), seed)


def noise_below(values: torch.Tensor, snr_db: float, draws: int, seed: int) -> torch.Tensor:
    """Return white Gaussian noise so many decibels below one input's root mean square, shape (draw, ...)."""
    noise = torch.randn(draws, *values.shape, generator=generator_of(values, seed)).to(values)
    return noise * (values.square().mean().sqrt() * 10 ** (-snr_db / 20))


@dataclass(frozen=True)
class Floor:
    """Where inputs that are levels, such as decibels, hold nothing.

    Parameters
    ----------
    level : float
        In the unit of the inputs.
    jitter : float
        Standard deviation of draws around it: baselines that are all the same would have no variance.
    """

    level: float
    jitter: float

    def draws(self, values: torch.Tensor, draws: int, seed: int) -> torch.Tensor:
        """Return draws of nothing in the place of one input, shape (draw, ...)."""
        noise = torch.randn(draws, *values.shape, generator=generator_of(values, seed)).to(values)
        return self.level + self.jitter * noise
