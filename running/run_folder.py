"""The folder of a training run, and the epochs that fill it: it goes on where an interrupted run stopped."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Protocol, TypeVar

import pandas as pd
import torch
from tqdm import tqdm

from running import provenance, ranks
from running.errors import InputError
from running.files import read_json, remove_parts, whole_file, write_csv, write_json
from running.results import refuse_other


class Resumable(ABC):
    """A training that goes on after an interruption.

    Attributes
    ----------
    history : list of dict
        A row for each epoch done.
    """

    history: list[dict]

    @abstractmethod
    def parts(self) -> dict:
        """Return by name what has a state of its own: weights, optimiser, schedule."""

    def state(self) -> dict:
        """Return what is needed to go on after this epoch; random draws depend on seed and epoch alone."""
        return {name: part.state_dict() for name, part in self.parts().items()} | {"history": self.history}

    def restore(self, state: dict) -> None:
        """Go back to a `state`; raise InputError when it is of another network."""
        try:
            for name, part in self.parts().items():
                part.load_state_dict(state[name])
            self.history = state["history"]
        except (KeyError, RuntimeError, ValueError, TypeError):
            raise InputError("the run folder's state.pt does not fit; remove it to train anew") from None


class RunFolder:
    """A folder that belongs to one training.

    ``config.json`` (what the weights depend on, and the origin), ``history.csv``, ``tensorboard/``, ``best`` and
    ``last`` checkpoints, ``state.pt`` (from where to go on).

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

    def check(self) -> None:
        """Raise InputError when the folder belongs to a run with another identity."""
        if not self.config_path.exists():
            return
        refuse_other(self.folder, read_json(self.config_path).get("identity", {}), self.identity, "--log_dir")

    def begin(self, arguments: dict) -> None:
        """Write down what the run is, unless that is there; remove what a killed one left half-written."""
        remove_parts(self.folder)
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

    def record(self, epoch: int, history: list[dict]) -> dict:
        """Return what stands beside the weights of an epoch: the identity of the run and its history so far."""
        made = {"versions": provenance.versions(), "commit": provenance.commit()}
        return {"epoch": epoch, "identity": self.identity} | made | {"history": history}

    def complete_history(self, history: list[dict]) -> None:
        """Give the record of the best weights the whole history."""
        path = self.folder / "best.json"
        write_json(path, read_json(path) | {"history": history})

    @contextmanager
    def scalars(self, epochs_done: int) -> Iterator[Callable[[dict], None]]:
        """Yield a function that writes an epoch's row to TensorBoard."""
        from torch.utils.tensorboard import SummaryWriter

        with SummaryWriter(self.folder / "tensorboard", purge_step=epochs_done + 1) as writer:

            def write(row: dict) -> None:
                for key, value in row.items():
                    if key != "epoch":
                        writer.add_scalar(key, value, row["epoch"])

            yield write


Folder = TypeVar("Folder", bound=RunFolder, contravariant=True)


class Training(Protocol[Folder]):
    """A network on its way, an epoch at a time.

    Attributes
    ----------
    epoch : int
        Number of epochs done.
    best_epoch : int
        The best one, from 1.
    finished : bool
    epochs, steps : int
        Epochs at most, and the steps of each.
    history : list of dict
        A row an epoch.
    """

    @property
    def epoch(self) -> int: ...

    @property
    def best_epoch(self) -> int: ...

    @property
    def finished(self) -> bool: ...

    @property
    def epochs(self) -> int: ...

    @property
    def steps(self) -> int: ...

    @property
    def history(self) -> list[dict]: ...

    def state(self) -> dict:
        """Return what is needed to go on after this epoch."""

    def restore(self, state: dict) -> None:
        """Go back to a `state`."""

    def run_epoch(self, bar: tqdm) -> dict:
        """Train one epoch, validate, and return its row of the history."""

    def save(self, run: Folder, name: str) -> None:
        """Write the network as checkpoint `name` of the run."""


def train(run: Folder, training: Training[Folder], arguments: dict) -> list[dict]:
    """Train until finished, or go on with what the run folder holds; return the history.

    Parameters
    ----------
    run : RunFolder
    training : Training
        New; its state is taken from the folder, which must have passed its `check`.
    arguments : dict
        The script's, for the record.

    Raises
    ------
    InputError
        When the folder's state is damaged, or the loss is no finite number.
    """
    state = run.load_state()
    ranks.barrier()
    if state is not None:
        training.restore(state)
    if training.finished:
        return training.history
    if ranks.is_main():
        run.begin(arguments)
    total, done = (epochs * training.steps for epochs in (training.epochs, training.epoch))
    with (
        run.scalars(training.epoch) if ranks.is_main() else nullcontext(lambda row: None) as write_scalars,
        tqdm(total=total, initial=done, unit="step", disable=not ranks.is_main()) as bar,
    ):
        while not training.finished:
            row = training.run_epoch(bar)
            if ranks.is_main():
                if training.best_epoch == training.epoch:
                    training.save(run, "best")
                if training.finished:
                    training.save(run, "last")
                    run.complete_history(training.history)
                run.save_state(training.state())
                write_scalars(row)
    ranks.barrier()
    return training.history
