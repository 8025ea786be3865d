"""What an attribution method is: how much each input value counts for a network's answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from torch import nn

from explain.methods.noise import Floor
from models.inference import BATCH_SIZES, evaluating
from running.errors import InputError


@dataclass(frozen=True)
class Method(ABC):
    """An attribution method; one with choices is a frozen dataclass that has them as fields.

    Attributes
    ----------
    name : str
        Its name in tables, files and `explain.methods.METHODS`.
    title : str
        Its name for readers.
    version : int
        Raised whenever the same call gives other values: what was stored before is then computed anew.
    is_control : bool
        Whether it does not look at the network.
    of_delays : bool
        Whether attributions say how the answer changes with delays, and not what the values add to it.
    """

    version: ClassVar[int] = 1
    is_control: ClassVar[bool] = False
    of_delays: ClassVar[bool] = False

    @property
    @abstractmethod
    def name(self) -> str: ...

    @property
    @abstractmethod
    def title(self) -> str: ...

    def serves(self, model: nn.Module) -> bool:
        """Tell whether it is right for a network, and differs there from the others of its kind."""
        return True

    def at_snr(self, snr_db: float) -> Method:
        """Return the method for inputs of some signal-to-noise ratio, for what it compares them with."""
        return self

    def above(self, floor: Floor) -> Method:
        """Return the method for inputs that are levels above some floor."""
        return self

    def identity(self, model: nn.Module) -> dict:
        """Return all that attributions depend on, beside weights, inputs and start."""
        chosen = {name: value for name, value in asdict(self).items() if value is not None}
        return {"method": self.name, "version": self.version} | chosen

    def prepared(self, model: nn.Module) -> AbstractContextManager[None]:
        """Return the context in which `attribute_batch` works; the model is the same afterwards."""
        return evaluating(model)

    @abstractmethod
    def attribute_batch(self, model: nn.Module, inputs: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        """Return the attributions of a batch, of the shape of `inputs`, on its device; see `attribute`."""

    def attribute(
        self,
        model: nn.Module,
        inputs: np.ndarray,
        start: np.ndarray,
        device: str | torch.device = "cpu",
        batch_size: int | None = None,
    ) -> np.ndarray:
        """Say how much each input value counts; the model is the same afterwards.

        Parameters
        ----------
        model : torch.nn.Module
            Explained in evaluation mode.
        inputs : float array, shape (input, ...)
        start : float array, shape (input, output)
            What is to be explained: so much is put in at each output and handed down to the input. The task gives it,
            such as the answer itself, one output of it (the others zero), or the answer less a reference.
        device : str or torch.device
            Where to compute; the model is moved there.
        batch_size : int, optional
            Inputs computed at once, by default as many as the device is fast with; it changes results by rounding only.

        Returns
        -------
        float32 array, of the shape of `inputs`
            In the unit of `start`.

        Raises
        ------
        InputError
            When `start` is not one value an output for each input, or the method does not serve the network.
        """
        if len(start) != len(inputs) or np.ndim(start) != 2:
            raise InputError(f"a start of shape {np.shape(start)} does not fit {len(inputs)} inputs")
        batch_size = batch_size or BATCH_SIZES[torch.device(device).type]
        attributions = np.empty(inputs.shape, dtype=np.float32)
        with self.prepared(model.to(device)):
            for first in range(0, len(inputs), batch_size):
                part = slice(first, first + batch_size)
                batch = (torch.tensor(each[part], dtype=torch.float32, device=device) for each in (inputs, start))
                attributions[part] = self.attribute_batch(model, *batch).cpu().numpy()
        return attributions

    def promised(
        self, model: nn.Module, inputs: np.ndarray, start: np.ndarray, device: str | torch.device = "cpu"
    ) -> np.ndarray | None:
        """Return what the attributions of each input are to add up to, shape (input,), in the unit of the start.

        None where a method promises nothing.
        """
        return None

    def ledger(
        self, model: nn.Module, inputs: np.ndarray, start: np.ndarray, device: str | torch.device = "cpu"
    ) -> pd.DataFrame:
        """Account for what was put in: how much of it arrives at the input, and at the layers where a method has them.

        Parameters
        ----------
        model, inputs, start, device
            See `attribute`.

        Returns
        -------
        pandas.DataFrame
            A row for each layer, from the output down; the last is the input. Columns layer, kind, rule, received,
            passed (sums over all inputs), share (received over what was put in).
        """
        received = self.attribute(model, inputs, start, device).sum(dtype=np.float64)
        share = received / np.sum(start, dtype=np.float64)
        row = {"layer": "input", "kind": "input", "rule": "", "received": received, "passed": np.nan, "share": share}
        return pd.DataFrame([row])
