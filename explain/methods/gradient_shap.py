"""GradientSHAP."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from explain.methods.compared import Compared, WeighedOutputs


@dataclass(frozen=True)
class GradientShap(Compared):
    """The mean over random baselines and random places on the way from them of difference times gradient.

    S. M. Lundberg, S.-I. Lee, "A Unified Approach to Interpreting Model Predictions", NeurIPS 2017; it is what
    integrated gradients become when both are drawn, and complete on average only.

    Parameters
    ----------
    samples : int
        Draws of baseline and place.
    """

    baselines: int = 8
    samples: int = 16

    name = "gradient_shap"
    title = "GradientSHAP"

    def of_one(self, answer: WeighedOutputs, value: torch.Tensor, baselines: torch.Tensor) -> torch.Tensor:
        from captum.attr import GradientShap as Captum

        return Captum(answer).attribute(value, baselines, n_samples=self.samples)
