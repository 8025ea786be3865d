"""The gradient times the input."""

from __future__ import annotations

import torch
from torch import nn

from explain.lrp.hooks import EPSILON
from explain.methods.method import Method
from explain.zennit_import import zennit


class GradientXInput(Method):
    """Each input value times how fast the outputs change with it: attributions a_i = x_i sum_k (s_k / f_k) df_k/dx_i.

    Every output f_k hands its start s_k to the input in proportion to x_i df_k/dx_i. Where the outputs are linear in
    the input, as in ReLU networks without biases, all of the start arrives, and this is LRP by the epsilon rule
    everywhere. A network that divides its input by its standard deviation does not hear loudness; there the
    attributions of a whole input sum to zero.

    A. Shrikumar, P. Greenside, A. Shcherbina, A. Kundaje, "Not Just a Black Box: Learning Important Features Through
    Propagating Activation Differences", arXiv 1605.01713, 2016. M. Ancona, E. Ceolini, C. Oeztireli, M. Gross, "Towards
    better understanding of gradient-based attribution methods for Deep Neural Networks", ICLR 2018, proposition 1.
    """

    name = "gradient_x_input"
    title = "gradient x input"

    def attribute_batch(self, model: nn.Module, inputs: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        outputs = model(inputs.requires_grad_())
        weights = start / zennit.core.stabilize(outputs.detach(), EPSILON)
        (gradient,) = torch.autograd.grad(outputs, inputs, weights)
        return gradient * inputs.detach()
