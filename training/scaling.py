"""Standardised targets, and networks that answer in metres all the same."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch

from models.network import Network


@dataclass(frozen=True)
class TargetScale:
    """Positions less a mean, divided by a deviation.

    Parameters
    ----------
    mean_m, std_m : float32 tensors, shape (3,)
    """

    mean_m: torch.Tensor
    std_m: torch.Tensor

    @classmethod
    def none(cls) -> TargetScale:
        """Return the scale that leaves metres as they are."""
        return cls(torch.zeros(3), torch.ones(3))

    @classmethod
    def standard(cls, positions_m: np.ndarray) -> TargetScale:
        """Return the scale that gives positions, shape (source, 3), mean 0 and standard deviation 1."""
        std_m = np.where(positions_m.std(0) > 0, positions_m.std(0), 1)
        return cls(torch.tensor(positions_m.mean(0)).float(), torch.tensor(std_m).float())

    def to(self, device: torch.device) -> TargetScale:
        """Return the scale on another device."""
        return TargetScale(self.mean_m.to(device), self.std_m.to(device))

    def scaled(self, positions_m: torch.Tensor) -> torch.Tensor:
        """Return positions in the units of the scale, shape (window, 3)."""
        return (positions_m - self.mean_m) / self.std_m

    def metres(self, scaled: torch.Tensor) -> torch.Tensor:
        """Return scaled positions in metres, shape (window, 3)."""
        return scaled * self.std_m + self.mean_m

    def folded(self, model: Network) -> Network:
        """Return a copy of a network with scaled output that answers in metres: its last layer takes the scale in."""
        return _with_output(model, self.std_m, self.mean_m)

    def unfolded(self, model: Network) -> Network:
        """Return a copy of a network that answers in metres with scaled output: the inverse of `folded`."""
        return _with_output(model, 1 / self.std_m, -self.mean_m / self.std_m)


def _with_output(model: Network, factor: torch.Tensor, offset: torch.Tensor) -> Network:
    model = copy.deepcopy(model)
    layer = model.output_layer
    with torch.no_grad():
        layer.weight.mul_(factor[:, None])
        layer.bias.mul_(factor).add_(offset)
    return model
