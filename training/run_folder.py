"""The folder of a training run of a localization network."""

from __future__ import annotations

from pathlib import Path

import params
from models.checkpoints import save_checkpoint
from models.network import Network
from running import run_folder


def run_name(model_name: str, condition: params.Condition | params.AnyRoom, recipe_name: str, seed: int) -> str:
    """Return the name of a run's folder, such as ``loc_cnn_SNR_25_T60_0.15_mixed_seed_5000``."""
    return f"{model_name}_{condition.name}_{recipe_name}_seed_{seed}"


class RunFolder(run_folder.RunFolder):
    """A run's folder that also holds ``validation.csv``, the errors of the best weights."""

    @property
    def validation_path(self) -> Path:
        return self.folder / "validation.csv"

    def begin(self, arguments: dict) -> None:
        super().begin(arguments)
        self.validation_path.unlink(missing_ok=True)

    def save_weights(self, name: str, model: Network, epoch: int, history: list[dict]) -> None:
        """Write a network as checkpoint `name`, with the identity of the run and its history so far."""
        of = self.identity
        record = self.record(epoch, history)
        save_checkpoint(self.folder / name, of["model_name"], model, of["model_arguments"], record)
