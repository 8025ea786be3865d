"""The gradient alone."""

from __future__ import annotations

import torch
from torch import nn

from explain.gradients import weighted_gradient
from explain.methods.method import Method


class Gradient(Method):
    """How fast the outputs change with each input value, sum_k (s_k / f_k) df_k/dx_i: the start's unit per amplitude.

    The other methods' attributions are in the start's unit.

    K. Simonyan, A. Vedaldi, A. Zisserman, "Deep Inside Convolutional Networks: Visualising Image Classification Models
    and Saliency Maps", ICLR workshop 2014.
    """

    name = "gradient"
    title = "gradient"

    def attribute_batch(self, model: nn.Module, inputs: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        return weighted_gradient(model, inputs, start)
