"""What methods share that compare an input with others: one scalar answer, and baselines that are noise."""

from __future__ import annotations

import copy
import warnings
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from explain.lrp.hooks import EPSILON
from explain.methods.method import Method
from explain.methods.noise import SNR_DB, Floor, noise_below, seed_of
from explain.zennit_import import zennit
from models.layers import WindowScale


class WeighedOutputs(nn.Module):
    """A network whose one answer is its outputs, each times a weight.

    Parameters
    ----------
    model : torch.nn.Module
    weights : tensor, shape (output,)
    """

    def __init__(self, model: nn.Module, weights: torch.Tensor):
        super().__init__()
        self.model, self.weights = model, weights

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.model(inputs) @ self.weights  # (input,)


@dataclass(frozen=True)
class Compared(Method):
    """A method of captum that explains how far sum_k (s_k / f_k) f_k is from its mean over baselines.

    Baselines are noise, `snr_db` below the input. Silence would be none: a network that divides its input by its
    standard deviation hears no loudness, and has no answer to nothing. Inputs that are levels are compared with their
    floor.

    Parameters
    ----------
    baselines : int
        Draws of noise.
    snr_db : float
        How far they are below the input.
    seed : int
    floor : Floor, optional
        In place of noise.

    Attributes
    ----------
    is_complete : bool
        Whether attributions promise to add up to the difference. Such methods explain a network behind its
        `models.layers.WindowScale`, where input and baselines are as it hears them: through the division the gradient
        of what is scaled sums to zero, whatever the difference is.
    """

    baselines: int = 1
    snr_db: float = SNR_DB
    seed: int = 0
    floor: Floor | None = None

    is_complete: ClassVar[bool] = True

    def at_snr(self, snr_db: float) -> Compared:
        return replace(self, snr_db=snr_db)

    def above(self, floor: Floor) -> Compared:
        return replace(self, floor=floor)

    @abstractmethod
    def of_one(self, answer: WeighedOutputs, value: torch.Tensor, baselines: torch.Tensor) -> torch.Tensor:
        """Return the attributions of one input, (1, ...), beside its baselines, (draw, ...)."""

    def attribute_batch(self, model: nn.Module, inputs: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        found = []
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="captum")
            for value, compared in self._each(model, inputs, start):
                with _seeded(seed_of(value, self.seed)):
                    found.append(self.of_one(*compared).detach())
        return torch.cat(found)

    def promised(
        self, model: nn.Module, inputs: np.ndarray, start: np.ndarray, device: str | torch.device = "cpu"
    ) -> np.ndarray | None:
        if not self.is_complete:
            return None
        values, starts = (torch.tensor(each, dtype=torch.float32, device=device) for each in (inputs, start))
        with self.prepared(model.to(device)), torch.no_grad():
            if is_one(values):
                weights = starts / zennit.core.stabilize(model(values[:1]), EPSILON)
                for _, (answer, value, baselines) in self._each(model, values[:1], starts[:1]):
                    difference = answer.model(value)[0] - answer.model(baselines).mean(dim=0)
                return (weights @ difference).cpu().numpy()
            differences = [
                answer(value).squeeze() - answer(baselines).mean()
                for _, (answer, value, baselines) in self._each(model, values, starts)
            ]
        return torch.stack(differences).cpu().numpy()

    def _each(self, model: nn.Module, inputs: torch.Tensor, start: torch.Tensor) -> Iterator[tuple]:
        """Yield every input with what explains it: answer, the input as it is explained, baselines."""
        with torch.no_grad():
            weights = start / zennit.core.stabilize(model(inputs), EPSILON)
        scale = nn.Identity()
        scales = [layer for layer in model.modules() if isinstance(layer, WindowScale)] if self.is_complete else []
        if scales:
            scale = copy.copy(scales[0])
        with _bypassed(scales):
            for value, weight in zip(inputs, weights, strict=True):
                yield value, (WeighedOutputs(model, weight), scale(value[None]), scale(self._baselines(value)))

    def _baselines(self, value: torch.Tensor) -> torch.Tensor:
        if self.floor:
            return self.floor.draws(value, self.baselines, self.seed)
        return noise_below(value, self.snr_db, self.baselines, self.seed)


def is_one(inputs: torch.Tensor) -> bool:
    """Tell whether several inputs are one and the same, to be explained from several starts."""
    return len(inputs) > 1 and torch.equal(inputs, inputs[:1].expand_as(inputs))


@contextmanager
def _bypassed(scales: list[WindowScale]) -> Iterator[None]:
    """Let scalings pass on what they get for the length of a block."""
    kinds = [scale.kind for scale in scales]
    for scale in scales:
        scale.kind = "none"
    try:
        yield
    finally:
        for scale, kind in zip(scales, kinds, strict=True):
            scale.kind = kind


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed what captum draws from, torch's and numpy's common generators; they are as before afterwards."""
    before = np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            np.random.seed(seed)
            yield
    finally:
        np.random.set_state(before)
