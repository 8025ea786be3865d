"""Controls that stand where methods stand and do not look at the network: chance and energy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import nn

from explain.methods.method import Method
from explain.methods.noise import Floor, generator_of


@dataclass(frozen=True)
class Random(Method):
    """Uniform between -1 and 1.

    Parameters
    ----------
    seed : int
        The draw depends on it and on the input.
    """

    seed: int = 0

    name = "random"
    title = "random"
    is_control = True

    def attribute_batch(self, model: nn.Module, inputs: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        return self.like(inputs)

    def like(self, values: torch.Tensor) -> torch.Tensor:
        """Return random numbers for each of the values, shape (input, ...)."""
        drawn = [torch.rand(each.shape, generator=generator_of(each, self.seed)) for each in values]
        return 2 * torch.stack(drawn).to(values) - 1


@dataclass(frozen=True)
class Energy(Method):
    """The square of each input value; of inputs that are levels how far they are above their floor.

    Parameters
    ----------
    floor : Floor, optional
    """

    floor: Floor | None = None

    name = "energy"
    title = "energy"
    is_control = True

    def above(self, floor: Floor) -> Energy:
        return replace(self, floor=floor)

    def attribute_batch(self, model: nn.Module, inputs: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        return inputs - self.floor.level if self.floor else inputs.square()
