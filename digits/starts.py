"""What of a network's answer is explained: the logit of one class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from models.inference import outputs

TRUE, PREDICTED = "true", "predicted"
KINDS = (TRUE, PREDICTED)


@dataclass(frozen=True, eq=False)
class ClassLogit:
    """The logit of a class of every clip, and zero for all others, as `explain.store.Start`.

    Parameters
    ----------
    model : torch.nn.Module
    labels : callable
        From an item's row to the true class of each of its clips.
    kind : {"true", "predicted"}
        Which class.
    device : str or torch.device
    """

    model: nn.Module
    labels: Callable[[int], np.ndarray]
    kind: str = TRUE
    device: str | torch.device = "cpu"

    @property
    def name(self) -> str:
        return f"{self.kind}_class"

    def of(self, row: int, windows: np.ndarray) -> np.ndarray:
        """Return what is put in at the outputs for the clips of an item, shape (clip, class)."""
        logits = outputs(self.model, windows, self.device)
        classes = logits.argmax(1) if self.kind == PREDICTED else self.labels(row)
        return np.where(np.arange(logits.shape[1]) == classes[:, None], logits, 0)
