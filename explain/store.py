"""Relevance on disk: computed once for each set of weights, rules, start and recordings, then read by all experiments.

One HDF5 file a source, which appears whole or not at all: so any number of processes may fill a store, in any order, a
killed one goes on where it stopped, and a part of the sources serves the whole later.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import nn

from explain.relevance import compute_relevance
from explain.rules import describe_composite
from running.errors import InputError
from running.files import whole_file, write_json
from running.provenance import fingerprint

FORMAT = 1


class RelevanceStore:
    """Relevance of recordings, read where it is there and computed where it is not.

    Parameters
    ----------
    folder : path
        Holds stores; this one gets a folder inside, named by what it depends on.
    recordings : acoustics.recordings.Recordings
    model : torch.nn.Module
    start, gate : str
        See `explain.relevance.compute_relevance`.
    device : str or torch.device

    Attributes
    ----------
    identity : dict
        All that the relevance depends on: hash of the weights, rule of each layer, start, hash of the recordings.
    fingerprint : str
        SHA-256 of `identity`.
    folder : Path
        Where the files are; its ``relevance.json`` holds `identity`.
    """

    def __init__(
        self,
        folder: str | Path,
        recordings,
        model: nn.Module,
        start: str = "ground_truth",
        gate: str = "published",
        device: str | torch.device = "cpu",
    ):
        rules = {row["layer"]: row["rule"] for row in describe_composite(model, gate)}
        self.identity = {
            "format": FORMAT,
            "weights": model_fingerprint(model),
            "rules": rules,
            "start": start,
            "recordings": recordings.fingerprint,
        }
        self.fingerprint = fingerprint(self.identity)
        self.folder = Path(folder) / f"{type(model).__name__}-{start}-{self.fingerprint[:16]}"
        self.recordings, self.model = recordings, model
        self.arguments = {"start": start, "gate": gate, "device": device}

    def relevance(self, row: int, windows: np.ndarray | None = None) -> np.ndarray:
        """Return the relevance of one source; it is computed and written first where it is not there yet.

        Parameters
        ----------
        row : int
            The source's row in the recordings.
        windows : float32 array, shape (window, microphone, sample), optional
            Its windows, where they are at hand already.

        Returns
        -------
        float32 array, shape (window, microphone, sample)

        Raises
        ------
        InputError
            When a file is damaged or belongs to another store.
        """
        path = self._path(row)
        if path.exists():
            return self._read(path)
        relevance = self.compute(row, windows)
        self._write(path, relevance)
        return relevance

    def compute(self, row: int, windows: np.ndarray | None = None) -> np.ndarray:
        """Return what `relevance` does, without the disk."""
        windows = self.recordings.windows(row) if windows is None else windows
        return compute_relevance(self.model, windows, self.recordings.positions_m[row], **self.arguments)

    def _path(self, row: int) -> Path:
        return self.folder / f"{self.recordings.sources[row]['source']:04d}.h5"

    def _write(self, path: Path, relevance: np.ndarray) -> None:
        memory = io.BytesIO()
        with h5py.File(memory, "w") as file:
            file.attrs["fingerprint"] = self.fingerprint
            dataset = file.create_dataset("relevance", data=relevance)
            for axis, label in enumerate(("window", "microphone", "sample")):
                dataset.dims[axis].label = label
        if not (self.folder / "relevance.json").exists():
            write_json(self.folder / "relevance.json", self.identity)
        with whole_file(path) as beside:
            beside.write_bytes(memory.getbuffer())

    def _read(self, path: Path) -> np.ndarray:
        try:
            with h5py.File(path) as file:
                owner, relevance = file.attrs["fingerprint"], file["relevance"][:]
        except (OSError, KeyError):
            raise InputError(f"{path} is damaged; remove it and run again") from None
        if owner != self.fingerprint:
            raise InputError(f"{path} holds relevance of other weights, rules or recordings; remove it and run again")
        return relevance


def model_fingerprint(model: nn.Module) -> str:
    """Return the SHA-256 of a network's layers and weights."""
    digest = hashlib.sha256(repr(model).encode())
    for name, value in sorted(model.state_dict().items()):
        value = value.cpu().contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.numpy())
    return digest.hexdigest()
