"""Occlusion."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from explain.grains import block_numbers
from explain.methods.compared import Compared, WeighedOutputs


@dataclass(frozen=True)
class Occlusion(Compared):
    """What is missing from the answer when a block, some time of one microphone, is replaced by the baseline.

    M. D. Zeiler, R. Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014. The values of a block
    have equal parts of what it counts for.

    Parameters
    ----------
    block_samples : int
    """

    block_samples: int = 640

    name = "occlusion"
    title = "occlusion"
    is_complete = False

    def of_one(self, answer: WeighedOutputs, value: torch.Tensor, baselines: torch.Tensor) -> torch.Tensor:
        from captum.attr import FeatureAblation

        numbers = block_numbers(value.shape[1:], self.block_samples).to(value.device)
        with torch.no_grad():
            missing = FeatureAblation(answer).attribute(
                value, baselines[:1], feature_mask=numbers[None], perturbations_per_eval=8
            )
        return missing / torch.bincount(numbers.flatten())[numbers]
