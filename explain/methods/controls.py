"""Controls that stand where methods stand and do not look at the network: chance and energy."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from explain.methods.method import Method
from explain.methods.noise import generator_of


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
        drawn = [torch.rand(each.shape, generator=generator_of(each, self.seed)) for each in inputs]
        return 2 * torch.stack(drawn).to(inputs) - 1


class Energy(Method):
    """The square of each input value."""

    name = "energy"
    title = "energy"
    is_control = True

    def attribute_batch(self, model: nn.Module, inputs: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        return inputs.square()
