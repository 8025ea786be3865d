"""Layer-wise relevance propagation (LRP) with the published rules."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import nn

from explain.lrp.conservation import conservation_ledger
from explain.lrp.rules import ruled, rules_by_layer
from explain.methods.method import Method


@dataclass(frozen=True)
class LRP(Method):
    """Relevance by the rules of `explain.lrp.rules`; it is linear in the start.

    S. Bach et al., "On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance
    Propagation", PLoS ONE 10(7), 2015.

    Parameters
    ----------
    gate : {"published", "signal"}
        Where products of a signal and a gate send relevance: to the gate as published, or to the signal.
    fast : bool
        The rules of `explain.lrp.hooks` where they serve; otherwise zennit's own wherever it has one, for comparison.
    """

    gate: str = "published"
    fast: bool = True

    @property
    def name(self) -> str:
        return "lrp" if self.gate == "published" else f"lrp_{self.gate}"

    @property
    def title(self) -> str:
        return "LRP" if self.gate == "published" else f"LRP, gate to {self.gate}"

    def identity(self, model: nn.Module) -> dict:
        """Return the rule of every layer; a gate counts where the network has one."""
        return {"method": "lrp", "version": self.version, "rules": rules_by_layer(model, self.gate)}

    def prepared(self, model: nn.Module) -> AbstractContextManager[None]:
        return ruled(model, self.gate, self.fast)

    def attribute_batch(self, model: nn.Module, inputs: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        inputs.requires_grad_()
        (relevance,) = torch.autograd.grad(model(inputs), inputs, start)
        return relevance

    def ledger(
        self, model: nn.Module, inputs: np.ndarray, start: np.ndarray, device: str | torch.device = "cpu"
    ) -> pd.DataFrame:
        with self.prepared(model.to(device)):
            return conservation_ledger(model, inputs, start, self.gate, device)
