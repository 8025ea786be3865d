"""Layer-wise relevance propagation (LRP), with the published rules or others."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import nn

from explain.lrp.conservation import conservation_ledger
from explain.lrp.rules import PUBLISHED, describe_composite, has_convolution, has_gate, has_rules, ruled, rules_by_layer
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
    convolutions : str
        Which rules convolutions have, a key of `explain.lrp.rules.CONVOLUTIONS`.
    """

    gate: str = PUBLISHED
    fast: bool = True
    convolutions: str = PUBLISHED

    @property
    def name(self) -> str:
        return "_".join(["lrp", *(choice for choice in (self.convolutions, self.gate) if choice != PUBLISHED)])

    @property
    def title(self) -> str:
        rules = [] if self.convolutions == PUBLISHED else [self.convolutions.replace("_", " ")]
        return ", ".join(["LRP", *rules, *([] if self.gate == PUBLISHED else [f"gate to {self.gate}"])])

    def serves(self, model: nn.Module) -> bool:
        differs = (self.gate == PUBLISHED or has_gate(model)) and (
            self.convolutions == PUBLISHED or has_convolution(model)
        )
        return has_rules(model) and differs

    def identity(self, model: nn.Module) -> dict:
        """Return the rule of every layer; a gate counts where the network has one."""
        return {"method": "lrp", "version": self.version, "rules": rules_by_layer(model, self.gate, self.convolutions)}

    def prepared(self, model: nn.Module) -> AbstractContextManager[None]:
        return ruled(model, self.gate, self.fast, self.convolutions)

    def attribute_batch(self, model: nn.Module, inputs: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        inputs.requires_grad_()
        (relevance,) = torch.autograd.grad(model(inputs), inputs, start)
        return relevance

    def ledger(
        self, model: nn.Module, inputs: np.ndarray, start: np.ndarray, device: str | torch.device = "cpu"
    ) -> pd.DataFrame:
        layers = describe_composite(model, self.gate, self.convolutions)
        with self.prepared(model.to(device)):
            return conservation_ledger(model, inputs, start, layers, device)
