"""How finely an input is taken apart: samples, blocks of time of a microphone, microphones, frequencies, bins."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from explain.spectral import cross_spectrum, level_half
from explain.time_frequency import FRAMES, Frames, halves, multipliers


class Grain(ABC):
    """A way to take inputs apart into features that can be replaced one by one."""

    @abstractmethod
    def scores(self, inputs: torch.Tensor, attributions: torch.Tensor) -> torch.Tensor:
        """Return what each feature was given, shape (input, feature), of attributions of shape (input, ..., sample)."""

    @abstractmethod
    def mixed(self, inputs: torch.Tensor, others: torch.Tensor, replaced: torch.Tensor) -> torch.Tensor:
        """Return inputs with some features of others, given which, shape (input, feature)."""


@dataclass(frozen=True)
class Blocks(Grain):
    """Blocks of so many samples of a microphone; None for the whole of it. Each gets the sum over its samples.

    Parameters
    ----------
    samples : int, optional
    """

    samples: int | None = None

    def count(self, inputs: torch.Tensor) -> int:
        """Return how many blocks each input has."""
        return int(self._numbers(inputs)[-1]) + 1

    def scores(self, inputs: torch.Tensor, attributions: torch.Tensor) -> torch.Tensor:
        numbers = self._numbers(inputs)
        sums = attributions.new_zeros(len(inputs), self.count(inputs))
        return sums.index_add_(1, numbers, attributions.flatten(1))

    def mixed(self, inputs: torch.Tensor, others: torch.Tensor, replaced: torch.Tensor) -> torch.Tensor:
        return torch.where(replaced[:, self._numbers(inputs)].view_as(inputs), others, inputs)

    def _numbers(self, inputs: torch.Tensor) -> torch.Tensor:
        shape = inputs.shape[1:]
        return block_numbers(shape, self.samples or shape[-1]).flatten().to(inputs.device)


@dataclass(frozen=True)
class Bins(Grain):
    """Time-frequency bins of a microphone; each gets its level half, see `explain.time_frequency`.

    Parameters
    ----------
    frames : Frames
    """

    frames: Frames = FRAMES

    def scores(self, inputs: torch.Tensor, attributions: torch.Tensor) -> torch.Tensor:
        level, _ = halves(inputs, attributions, self.frames)
        return level.flatten(1)

    def mixed(self, inputs: torch.Tensor, others: torch.Tensor, replaced: torch.Tensor) -> torch.Tensor:
        spectra, of_others = (self.frames.spectrogram(each) for each in (inputs, others))
        chosen = torch.where(replaced.view_as(spectra), of_others, spectra)
        return self.frames.signals(chosen, inputs.shape[-1])


@dataclass(frozen=True)
class Frequencies(Grain):
    """Frequencies of a microphone over the whole input; each gets its level half, see `explain.spectral`."""

    def scores(self, inputs: torch.Tensor, attributions: torch.Tensor) -> torch.Tensor:
        return level_half(cross_spectrum(inputs, multipliers(inputs, attributions))).flatten(1)

    def mixed(self, inputs: torch.Tensor, others: torch.Tensor, replaced: torch.Tensor) -> torch.Tensor:
        spectra, of_others = (torch.fft.rfft(each) for each in (inputs, others))
        return torch.fft.irfft(torch.where(replaced.view_as(spectra), of_others, spectra), inputs.shape[-1])


def grains(block_samples: int) -> dict[str, Grain]:
    """Return the grains by their names, with blocks of so many samples."""
    return {"sample": Blocks(1), "block": Blocks(block_samples), "microphone": Blocks(), "bin": Bins()}


def block_numbers(shape: Sequence[int], block_samples: int) -> torch.Tensor:
    """Return the number of the block that each value belongs to, shape `shape`; time is the last axis."""
    *places, n_samples = shape
    per_row = -(-n_samples // block_samples)
    rows = torch.arange(torch.Size(places).numel()).view(*places, 1)
    return rows * per_row + torch.arange(n_samples) // block_samples
