"""DeepLIFT, and its mean over baselines."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from explain.methods.compared import Compared, WeighedOutputs


@dataclass(frozen=True)
class DeepLift(Compared):
    """Differences from a baseline, handed down layer by layer; with several baselines DeepSHAP, their mean.

    A. Shrikumar, P. Greenside, A. Kundaje, "Learning Important Features Through Propagating Activation Differences",
    ICML 2017; S. M. Lundberg, S.-I. Lee, "A Unified Approach to Interpreting Model Predictions", NeurIPS 2017.

    It is complete where every step that is not linear is a module that captum knows (ReLU, sigmoid, maximum). Products
    of two branches, as in squeeze-excite, and a division by the window's standard deviation are none: there the
    gradient stands in, and the sum is not what was promised.
    """

    @property
    def name(self) -> str:
        return "deeplift" if self.baselines == 1 else "deep_shap"

    @property
    def title(self) -> str:
        return "DeepLIFT" if self.baselines == 1 else "DeepSHAP"

    def of_one(self, answer: WeighedOutputs, value: torch.Tensor, baselines: torch.Tensor) -> torch.Tensor:
        from captum.attr import DeepLift as One
        from captum.attr import DeepLiftShap as Several

        return (One if len(baselines) == 1 else Several)(answer).attribute(value, baselines)
