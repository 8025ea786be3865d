"""The folder of a training run: what it is, how it went, its weights, and the state from which it goes on."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import torch

import params
from models.checkpoints import save_checkpoint
from models.network import Network
from running import provenance
from running.errors import InputError
from running.files import read_json, remove_parts, whole_file, write_csv, write_json
from running.results import refuse_other


def run_name(model_name: str, condition: params.Condition | params.AnyRoom, recipe_name: str, seed: int) -> str:
    """Return the name of a run's folder, such as ``loc_cnn_SNR_25_T60_0.15_mixed_seed_5000``."""
    return f"{model_name}_{condition.name}_{recipe_name}_seed_{seed}"


class RunFolder:
    """A folder that belongs to one training.

    ``config.json`` (what the weights depend on, and the origin), ``history.csv``, ``tensorboard/``, ``best`` and
    ``last`` checkpoints, ``validation.csv`` (errors of the best weights), ``state.pt`` (from where to go on).

    Parameters
    ----------
    folder : Path
    identity : dict
        All that the weights depend on.
    """

    def __init__(self, folder: Path, identity: dict):
        self.folder = folder
        self.identity = provenance.plain(identity)

    @property
    def config_path(self) -> Path:
        return self.folder / "config.json"

    @property
    def state_path(self) -> Path:
        return self.folder / "state.pt"

    @property
    def validation_path(self) -> Path:
        return self.folder / "validation.csv"

    def check(self) -> None:
        """Raise InputError when the folder belongs to a run with another identity."""
        if not self.config_path.exists():
            return
        refuse_other(self.folder, read_json(self.config_path).get("identity", {}), self.identity, "--log_dir")

    def begin(self, arguments: dict) -> None:
        """Write down what the run is, unless that is there; remove what a killed one left half-written."""
        remove_parts(self.folder)
        self.validation_path.unlink(missing_ok=True)
        if not self.config_path.exists():
            write_json(self.config_path, {"identity": self.identity} | provenance.origin(arguments))

    def save_state(self, state: dict) -> None:
        """Write the state after an epoch, and its history as a table."""
        content = io.BytesIO()
        torch.save(state, content)
        with whole_file(self.state_path) as beside:
            beside.write_bytes(content.getbuffer())
        write_csv(self.folder / "history.csv", pd.DataFrame(state["history"]))

    def load_state(self) -> dict | None:
        """Return the state after the last whole epoch; None before the first one.

        Raises
        ------
        InputError
            When the file is damaged.
        """
        if not self.state_path.exists():
            return None
        try:
            return torch.load(self.state_path, map_location="cpu", weights_only=True)
        except Exception:  # damaged files raise whatever their bytes happen to mean
            raise InputError(f"{self.state_path} is damaged; remove it to train anew") from None

    def save_weights(self, name: str, model: Network, epoch: int, history: list[dict]) -> None:
        """Write a network as checkpoint `name`, with the identity of the run and its history so far."""
        record = {"epoch": epoch, "identity": self.identity, "versions": provenance.versions()}
        record |= {"commit": provenance.commit(), "history": history}
        save_checkpoint(
            self.folder / name, self.identity["model_name"], model, self.identity["model_arguments"], record
        )

    def complete_history(self, history: list[dict]) -> None:
        """Give the record of the best weights the whole history."""
        path = self.folder / "best.json"
        write_json(path, read_json(path) | {"history": history})
