"""The gradient times the input."""

from __future__ import annotations

import torch
from torch import nn

from explain.gradients import weighted_gradient
from explain.methods.method import Method


class GradientXInput(Method):
    """Each input value times how fast the outputs change with it: attributions a_i = x_i sum_k (s_k / f_k) df_k/dx_i.

    Every output f_k hands its start s_k to the input in proportion to x_i df_k/dx_i. Where the outputs are linear in
    the input, as in ReLU networks without biases, all of the start arrives, and this is LRP by the epsilon rule
    everywhere. A network that divides its input by its standard deviation does not hear loudness; there the
    attributions of a whole input sum to zero.

    Summed over the samples of a microphone it is the level sensitivity: of a start that is one output,
    df / d ln(gain) = sum_n x(n) df/dx(n) = sum_k Re C_k, with the cross-spectrum C of input and gradient. Delays live
    in the other half, sum_k w_k Im C_k = -sum_n x'(n) df/dx(n), of which nothing is left here: `explain.spectral`.

    A. Shrikumar, P. Greenside, A. Shcherbina, A. Kundaje, "Not Just a Black Box: Learning Important Features Through
    Propagating Activation Differences", arXiv 1605.01713, 2016. M. Ancona, E. Ceolini, C. Oeztireli, M. Gross, "Towards
    better understanding of gradient-based attribution methods for Deep Neural Networks", ICLR 2018, proposition 1.
    """

    name = "gradient_x_input"
    title = "gradient x input"

    def attribute_batch(self, model: nn.Module, inputs: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        return weighted_gradient(model, inputs, start) * inputs.detach()
