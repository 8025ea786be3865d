"""The change of the outputs with delays."""

from __future__ import annotations

import torch
from torch import nn

from explain.gradients import weighted_gradient
from explain.methods.method import Method
from explain.spectral import derivative


class DelaySensitivity(Method):
    """How fast the outputs change with the delay of each signal: a_n = -x'(n) sum_k (s_k / f_k) df_k/dx(n).

    Summed over the samples of a microphone it is the change of the answer with that microphone's delay, in the start's
    unit per sample: of a start that is one output, df/d tau = -sum_n x'(n) df/dx(n), by the chain rule. x' is the
    derivative along the last axis, see `explain.spectral`. Gradient x input says the same of levels. The weights are
    its: start over output of every output f_k; but of the start nothing need arrive.
    """

    name = "delay_sensitivity"
    title = "delay sensitivity"
    of_delays = True

    def attribute_batch(self, model: nn.Module, inputs: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        return -derivative(inputs.detach()) * weighted_gradient(model, inputs, start)
