"""Attributions on disk: computed once for all that they depend on, then read by all experiments.

One HDF5 file an item, which appears whole or not at all: so any number of processes may fill a store, in any order, a
killed one goes on where it stopped, and a part of the items serves the whole later. Where a method promises what its
attributions add up to, the file says that, too, as "promised".
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import nn

from explain.methods.method import Method
from running.arrays import read_arrays, write_arrays
from running.errors import InputError
from running.files import write_json
from running.provenance import fingerprint

FORMAT = 2


class Inputs(Protocol):
    """Inputs of a network, item by item: a talker's windows, a clip.

    Attributes
    ----------
    fingerprint : str
        Hash of all that the inputs depend on.
    names : list of str
        A name for each item, fit for a file.
    """

    @property
    def fingerprint(self) -> str: ...

    @property
    def names(self) -> Sequence[str]: ...

    def windows(self, row: int) -> np.ndarray:
        """Return the inputs of an item, shape (input, ...)."""


class Start(Protocol):
    """What is put in at the outputs and explained.

    Attributes
    ----------
    name : str
        All that it depends on beside network and inputs; fit for a file's name.
    """

    @property
    def name(self) -> str: ...

    def of(self, row: int, windows: np.ndarray) -> np.ndarray:
        """Return what is put in for the inputs of an item, shape (input, output)."""


class AttributionStore:
    """Attributions of inputs, read where they are and computed where they are not.

    Parameters
    ----------
    folder : path
        Holds stores; this one gets a folder inside, named by what it depends on.
    inputs : Inputs
    model : torch.nn.Module
    method : explain.methods.Method
    start : Start
    device : str or torch.device

    Attributes
    ----------
    identity : dict
        All that the attributions depend on: hash of the weights, method, start, hash of the inputs.
    fingerprint : str
        SHA-256 of `identity`.
    folder : Path
        Where the files are; its ``attributions.json`` holds `identity`.
    """

    def __init__(
        self,
        folder: str | Path,
        inputs: Inputs,
        model: nn.Module,
        method: Method,
        start: Start,
        device: str | torch.device = "cpu",
    ):
        self.inputs, self.model, self.method, self.start, self.device = inputs, model, method, start, device
        self.identity = {
            "format": FORMAT,
            "weights": model_fingerprint(model),
            "start": start.name,
            "inputs": inputs.fingerprint,
        } | method.identity(model)
        self.fingerprint = fingerprint(self.identity)
        self.folder = Path(folder) / f"{type(model).__name__}-{method.name}-{start.name}-{self.fingerprint[:16]}"

    def attributions(self, row: int, windows: np.ndarray | None = None) -> np.ndarray:
        """Return the attributions of an item; they are computed and written first where they are not there yet.

        Parameters
        ----------
        row : int
            The item's row in the inputs.
        windows : float32 array, shape (input, ...), optional
            Its inputs, where they are at hand already.

        Returns
        -------
        float32 array, of the shape of the inputs

        Raises
        ------
        InputError
            When a file is damaged or belongs to another store.
        """
        path = self.folder / f"{self.inputs.names[row]}.h5"
        if path.exists():
            return self._read(path)
        arrays = self._compute(row, windows)
        if not (self.folder / "attributions.json").exists():
            write_json(self.folder / "attributions.json", self.identity)
        write_arrays(path, arrays, {"fingerprint": self.fingerprint})
        return arrays["attributions"]

    def compute(self, row: int, windows: np.ndarray | None = None) -> np.ndarray:
        """Return what `attributions` does, without the disk."""
        return self._compute(row, windows)["attributions"]

    def _compute(self, row: int, windows: np.ndarray | None) -> dict[str, np.ndarray]:
        windows = self.inputs.windows(row) if windows is None else windows
        start = self.start.of(row, windows)
        found = {"attributions": self.method.attribute(self.model, windows, start, self.device)}
        promised = self.method.promised(self.model, windows, start, self.device)
        return found if promised is None else found | {"promised": promised}

    def _read(self, path: Path) -> np.ndarray:
        arrays, attributes = read_arrays(path)
        if attributes.get("fingerprint") != self.fingerprint or "attributions" not in arrays:
            raise InputError(f"{path} holds attributions of other weights, rules or inputs; remove it and run again")
        return arrays["attributions"]


def model_fingerprint(model: nn.Module) -> str:
    """Return the SHA-256 of a network's layers and weights."""
    digest = hashlib.sha256(repr(model).encode())
    for name, value in sorted(model.state_dict().items()):
        value = value.cpu().contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.numpy())
    return digest.hexdigest()
