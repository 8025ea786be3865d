"""SmoothGrad."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from explain.methods.compared import Compared, WeighedOutputs


@dataclass(frozen=True)
class SmoothGrad(Compared):
    """The input times the mean of gradients under added noise, as strong as the baselines of others.

    D. Smilkov, N. Thorat, B. Kim, F. Viegas, M. Wattenberg, "SmoothGrad: removing noise by adding noise", arXiv
    1706.03825, 2017, average the gradient; times the input it is in the start's unit.

    Parameters
    ----------
    samples : int
        Draws of the noise.
    """

    samples: int = 16

    name = "smoothgrad"
    title = "SmoothGrad x input"
    is_complete = False

    def of_one(self, answer: WeighedOutputs, value: torch.Tensor, baselines: torch.Tensor) -> torch.Tensor:
        from captum.attr import NoiseTunnel, Saliency

        nothing = self.floor.level if self.floor else 0.0
        strength = (baselines - nothing).square().mean().sqrt().item()
        tunnel = NoiseTunnel(Saliency(answer))
        drawn = {"nt_samples": self.samples, "nt_samples_batch_size": 8, "stdevs": strength}
        return value * tunnel.attribute(value, nt_type="smoothgrad", abs=False, **drawn)
