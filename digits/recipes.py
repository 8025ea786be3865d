"""How to train, as data: as published, and in minutes on two cores."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import lr_scheduler


@dataclass(frozen=True)
class Recipe:
    """All that a training depends on, beside the network, data and seed.

    Parameters
    ----------
    name : str
    batch_size : int
        Clips a step.
    optimizer : {"sgd", "adamw"}
    learning_rate : float
        The highest one of the schedule.
    schedule : {"constant", "halving", "one_cycle"}
        "halving": half after every `halving_steps`. "one_cycle": up during the first 30 % of the steps, then down to
        nothing (L. N. Smith, N. Topin, "Super-Convergence", 2018).
    epochs : int, optional
        In an epoch each clip is heard once.
    steps : int, optional
        In place of epochs: the whole epochs that hold at least so many steps.
    momentum, weight_decay : float
    halving_steps : int, optional
    clipping : float, optional
        Most that the norm of the gradient of all weights may be.
    weights_std : float or "he", optional
        Weights start normally distributed with this deviation, or with that which keeps the size of what passes
        rectified layers (K. He et al., "Delving Deep into Rectifiers", 2015), and biases at 0; by default as PyTorch's
        layers do.
    input_mean, input_std : float
        By which inputs are standardised while the network learns. In the weights that are saved the first convolution
        has taken them over, so it pads nothing where the mean is not 0.
    moves : bool
        Whether each clip is laid at a new random place in its second of zeros whenever it is heard.
    precision : {"auto", "fp32", "bf16"}
        See `running.precision`.
    """

    name: str
    batch_size: int
    optimizer: str
    learning_rate: float
    schedule: str
    epochs: int | None = None
    steps: int | None = None
    momentum: float = 0.9
    weight_decay: float = 0.0
    halving_steps: int | None = None
    clipping: float | None = None
    weights_std: float | str | None = None
    input_mean: float = 0.0
    input_std: float = 1.0
    moves: bool = False
    precision: str = "fp32"

    def epochs_of(self, steps_an_epoch: int) -> int:
        """Return the number of epochs of so many steps each."""
        return self.epochs or -(-(self.steps or 0) // steps_an_epoch)

    def initialise(self, model: nn.Module) -> None:
        """Draw the weights of a new network, from torch's generator, where its layers' own are not taken."""
        if self.weights_std is None:
            return
        for name, parameter in model.named_parameters():
            if "bias" in name:
                nn.init.zeros_(parameter)
            elif self.weights_std == "he":
                nn.init.kaiming_normal_(parameter, nonlinearity="relu")
            else:
                nn.init.normal_(parameter, std=self.weights_std)

    def make_optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Return the optimiser of a network's weights."""
        common = {"lr": self.learning_rate, "weight_decay": self.weight_decay, "fused": True}
        if self.optimizer == "sgd":
            return torch.optim.SGD(model.parameters(), momentum=self.momentum, **common)
        return torch.optim.AdamW(model.parameters(), **common)

    def make_schedule(self, optimizer: torch.optim.Optimizer, steps: int) -> lr_scheduler.LRScheduler:
        """Return the schedule of the learning rate for a training of so many steps."""
        if self.schedule == "one_cycle":
            return lr_scheduler.OneCycleLR(optimizer, max_lr=self.learning_rate, total_steps=steps)
        every = self.halving_steps if self.schedule == "halving" else steps + 1
        return lr_scheduler.StepLR(optimizer, every, gamma=0.5)


PAPER = {
    "audio_net": Recipe("paper", 100, "sgd", 1e-4, "constant", steps=50_000, weights_std=0.1),
    "alex_net": Recipe("paper", 100, "sgd", 1e-3, "halving", steps=10_000, halving_steps=2500, clipping=5.0),
}
"""S. Becker et al., "AudioMNIST", Journal of the Franklin Institute 361(1), 2024."""
TWO_CORES = {
    "audio_net": Recipe(
        "two_cores", 25, "adamw", 5e-4, "one_cycle",
        epochs=8, weight_decay=0.01, weights_std="he", moves=True, precision="auto",
    ),
    "alex_net": Recipe(
        "two_cores", 25, "adamw", 5e-4, "one_cycle",
        epochs=5, weight_decay=0.01, weights_std="he", input_mean=-60.0, input_std=20.0, moves=True, precision="auto",
    ),
}  # fmt: skip
"""Levels in decibels are far from 0, where no network of rectifiers learns fast."""
RECIPES = {"two_cores": TWO_CORES, "paper": PAPER}
"""By name, then by network."""
DEFAULT = "two_cores"
