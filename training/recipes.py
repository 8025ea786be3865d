"""How to train, as data: the published recipe and our own; what they need of a network stands with the network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import lr_scheduler

from training.scaling import TargetScale
from training.talkers import Talkers


@dataclass(frozen=True)
class Recipe:
    """All that a training depends on, beside the network and its hyperparameters, data and seed.

    Parameters
    ----------
    name : str
        For which a network has its learning rate and arguments, see `models.network.Network`.
    epochs : int
        At most so many; in an epoch each source gives one random window.
    batch_size : int
        Windows a step, over all ranks.
    optimizer : {"adam", "adamw"}
    weight_decay : float
    schedule : {"plateau", "one_cycle"}
        "plateau": times 0.2 after more than `patience_epochs` without a better validation loss. "one_cycle": up during
        the first 30 % of the steps, then down to nothing (L. N. Smith, N. Topin, "Super-Convergence", 2018).
    patience_epochs : int, optional
    stop_after_epochs : int, optional
        Stop after more than so many epochs without a better validation loss; None: never.
    standard_targets : bool
        Whether the loss is that of positions standardised by the training set, or in metres.
    fixed_validation : bool
        Whether the validation takes the same windows in every epoch, or draws them anew.
    loss_weights : (x, y, z)
        Weights of the coordinates in the loss.
    bins_weight : float
        Weight of the bins along x, y and z in the loss, see `training.learner`.
    talkers : Talkers, optional
        How speech is varied, where windows are mixed while the network learns (`training.mixtures`); None: they are
        read from the recordings.
    precision : {"auto", "fp32", "bf16"}
        See `running.precision`.
    """

    name: str
    epochs: int
    batch_size: int
    optimizer: str
    weight_decay: float
    schedule: str
    patience_epochs: int | None
    stop_after_epochs: int | None
    standard_targets: bool
    fixed_validation: bool
    loss_weights: tuple[float, float, float]
    bins_weight: float
    talkers: Talkers | None
    precision: str

    def target_scale(self, positions_m) -> TargetScale:
        """Return the scale of the targets, given the training positions, shape (source, 3)."""
        return TargetScale.standard(positions_m) if self.standard_targets else TargetScale.none()

    def make_optimizer(self, model: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
        """Return the optimiser of a network's parameters, with the highest learning rate of the schedule."""
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[self.optimizer]
        return kind(model.parameters(), lr=learning_rate, weight_decay=self.weight_decay)

    def make_schedule(self, optimizer: torch.optim.Optimizer, steps: int) -> lr_scheduler.LRScheduler:
        """Return the schedule of the learning rate for a training of so many steps."""
        if self.schedule == "plateau":
            return lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.2, patience=self.patience_epochs)
        return lr_scheduler.OneCycleLR(optimizer, max_lr=optimizer.param_groups[0]["lr"], total_steps=steps)


MIXED = Recipe(
    name="mixed",
    epochs=120,
    batch_size=32,
    optimizer="adamw",
    weight_decay=0.01,
    schedule="one_cycle",
    patience_epochs=None,
    stop_after_epochs=None,
    standard_targets=True,
    fixed_validation=True,
    loss_weights=(1.0, 1.0, 0.3),
    bins_weight=0.3,
    talkers=Talkers(speeds=(0.6, 0.8, 1.0, 1.25), colour_db=4.0, muffle_db=40.0, smear_share=0.8),
    precision="auto",
)
PAPER = Recipe(
    name="paper",
    epochs=1000,
    batch_size=100,
    optimizer="adam",
    weight_decay=0.0,
    schedule="plateau",
    patience_epochs=100,
    stop_after_epochs=200,
    standard_targets=False,
    fixed_validation=False,
    loss_weights=(1.0, 1.0, 1.0),
    bins_weight=0.0,
    talkers=None,
    precision="fp32",
)
RECIPES = {recipe.name: recipe for recipe in (MIXED, PAPER)}
DEFAULT = MIXED.name
