"""How to train, as data: the published recipe and our own."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import lr_scheduler

from models import MODELS
from training.scaling import TargetScale
from training.talkers import Talkers


@dataclass(frozen=True)
class Recipe:
    """All that a training depends on, beside network, data, seed and precision.

    Parameters
    ----------
    epochs : int
        At most so many; in an epoch each source gives one random window.
    batch_size : int
        Windows a step, over all ranks.
    optimizer : {"adam", "adamw"}
    learning_rate : dict
        For each network; the highest one of a one-cycle schedule.
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
    model_arguments : dict of dict
        Arguments of each network.
    precision : {"auto", "fp32", "bf16"}
        See `training.precision`.
    """

    epochs: int
    batch_size: int
    optimizer: str
    learning_rate: dict[str, float]
    weight_decay: float
    schedule: str
    patience_epochs: int | None
    stop_after_epochs: int | None
    standard_targets: bool
    fixed_validation: bool
    loss_weights: tuple[float, float, float]
    bins_weight: float
    talkers: Talkers | None
    model_arguments: dict[str, dict]
    precision: str

    def target_scale(self, positions_m) -> TargetScale:
        """Return the scale of the targets, given the training positions, shape (source, 3)."""
        return TargetScale.standard(positions_m) if self.standard_targets else TargetScale.none()

    def make_optimizer(self, model_name: str, model: nn.Module) -> torch.optim.Optimizer:
        """Return the optimiser of a network's parameters."""
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[self.optimizer]
        return kind(model.parameters(), lr=self.learning_rate[model_name], weight_decay=self.weight_decay)

    def make_schedule(self, optimizer: torch.optim.Optimizer, steps: int) -> lr_scheduler.LRScheduler:
        """Return the schedule of the learning rate for a training of so many steps."""
        if self.schedule == "plateau":
            return lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.2, patience=self.patience_epochs)
        return lr_scheduler.OneCycleLR(optimizer, max_lr=optimizer.param_groups[0]["lr"], total_steps=steps)


RECIPES = {
    "mixed": Recipe(
        epochs=120,
        batch_size=32,
        optimizer="adamw",
        learning_rate={"loc_cnn": 2e-3, "sample_cnn": 2e-3},
        weight_decay=0.01,
        schedule="one_cycle",
        patience_epochs=None,
        stop_after_epochs=None,
        standard_targets=True,
        fixed_validation=True,
        loss_weights=(1.0, 1.0, 0.3),
        bins_weight=0.3,
        talkers=Talkers(speeds=(0.6, 0.8, 1.0, 1.25), colour_db=4.0, muffle_db=40.0, smear_share=0.8),
        model_arguments={
            "loc_cnn": {"input_scale": "window_std", "dropout_rate": 0.2},
            "sample_cnn": {"input_scale": "window_std", "dropout_rate": 0.2, "block_dropout_rate": 0.0},
        },
        precision="auto",
    ),
    "paper": Recipe(
        epochs=1000,
        batch_size=100,
        optimizer="adam",
        learning_rate={"loc_cnn": 1e-3, "sample_cnn": 1e-2},
        weight_decay=0.0,
        schedule="plateau",
        patience_epochs=100,
        stop_after_epochs=200,
        standard_targets=False,
        fixed_validation=False,
        loss_weights=(1.0, 1.0, 1.0),
        bins_weight=0.0,
        talkers=None,
        model_arguments={name: {"dropout": "published"} for name in MODELS},
        precision="fp32",
    ),
}
DEFAULT = "mixed"
