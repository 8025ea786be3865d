"""The arithmetic of the rules: how one layer hands the relevance of its output down to its inputs.

Each rule is a zennit hook and goes into any zennit composite. zennit's own hooks let autograd compute the layer's
gradient first and replace it afterwards, with the layer run again for every variant of its weights; here a layer runs
once, and its rule stands in the place of its gradient: the same relevance in about a third of the time.

Notation: inputs a, weights w, biases b, output z, relevance R_out of the output and R_in of the input; (.)+ and (.)-
are positive and negative parts, eps stabilises divisions. References: S. Bach et al., PLoS ONE 10(7), 2015; G. Montavon
et al., "Layer-Wise Relevance Propagation: An Overview", Explainable AI, 2019.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import nn
from torch.nn import functional

from explain.zennit_import import zennit

EPSILON = 1e-6


class RuleHook(zennit.core.Hook):
    """A layer that runs forward as it is, and backward by a rule.

    Attributes
    ----------
    uses_gradient : bool
        Whether `relevance` needs the layer's own gradient.
    """

    uses_gradient = False

    def register(self, module: nn.Module):
        """Put the rule in force; the handles that are returned lift it."""
        self.module = module
        module.forward = partial(_Ruled.apply, self, module.forward)
        return zennit.core.RemovableHandleList([zennit.core.RemovableHandle(self)])

    def remove(self) -> None:
        """Let the module run as before."""
        del self.module.forward

    def relevance(
        self, inputs: list[torch.Tensor], output: torch.Tensor, relevance: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """Return the relevance of each input, of the input's shape, from that of the output."""
        raise NotImplementedError


class _Ruled(torch.autograd.Function):
    """A layer forward, its rule backward."""

    @staticmethod
    def forward(ctx, hook: RuleHook, layer_forward: Callable, *inputs: torch.Tensor) -> torch.Tensor:
        inputs = [value.detach().requires_grad_(hook.uses_gradient) for value in inputs]
        with torch.set_grad_enabled(hook.uses_gradient):
            output = layer_forward(*inputs)
        ctx.hook, ctx.inputs, ctx.output = hook, inputs, output
        return output.detach()

    @staticmethod
    def backward(ctx, relevance: torch.Tensor) -> tuple:
        return None, None, *ctx.hook.relevance(ctx.inputs, ctx.output, relevance)


class Pass(RuleHook):
    """Relevance passes unchanged: R_in = R_out."""

    def relevance(self, inputs, output, relevance):
        return (relevance,)


class Norm(RuleHook):
    """Inputs share relevance by what they contribute to the output: R_in = a (dz/da)^T (R_out / (z + eps sign z)).

    For a linear layer this is the epsilon rule, whose bias keeps its share; for pools and sums the norm rule.
    """

    uses_gradient = True

    def relevance(self, inputs, output, relevance):
        share = relevance / zennit.core.stabilize(output.detach(), EPSILON)
        gradients = torch.autograd.grad(output, inputs, share)
        return tuple(value.detach() * gradient for value, gradient in zip(inputs, gradients, strict=True))


class Gamma(RuleHook):
    """Gamma rule of a convolution with non-negative inputs.

    With the up-weighted v = w + gamma w+ where z > 0, and v = w + gamma w- where z < 0 (biases alike):
    R_in = a v^T (R_out / (v a + eps sign z)); where z is 0, relevance ends. This is zennit's generalised rule for
    a >= 0, of whose five convolutions and their five adjoints one and one remain: for z < 0 there is nothing to do
    where no relevance arrives, as behind a ReLU; otherwise its denominator is (2 + gamma) z minus that for z > 0.

    Parameters
    ----------
    gamma : float
        How much positive contributions are favoured where z > 0, and negative ones where z < 0.
    """

    def __init__(self, gamma: float = 0.25):
        super().__init__()
        self.gamma = gamma

    def copy(self) -> Gamma:
        """Return another hook of the same gamma."""
        return type(self)(self.gamma)

    def relevance(self, inputs, output, relevance):
        (a,) = inputs
        if a.min() < 0:
            raise ValueError("the fast gamma rule is for non-negative inputs; take build_composite(fast=False)")
        conv = self.module
        up_bias = conv.bias + self.gamma * conv.bias.clamp_min(0)
        up_weight = conv.weight + self.gamma * conv.weight.clamp_min(0)
        z_up = conv._conv_forward(a, up_weight, up_bias)
        share = torch.where(output > 0, relevance / (z_up + EPSILON), 0)
        gradient = _adjoint(conv, share, up_weight)
        below = relevance.masked_fill(output >= 0, 0)
        if below.any():
            down_weight = conv.weight + self.gamma * conv.weight.clamp_max(0)
            z_down = (2 + self.gamma) * output - z_up
            gradient += _adjoint(conv, torch.where(output < 0, below / (z_down - EPSILON), 0), down_weight)
        return (gradient.mul_(a),)


class WSquare(RuleHook):
    """Inputs share relevance by squared weights alone, whatever their values: R_in = (w^2)^T (R_out / (sum w^2 + b^2)).

    The squared bias has its share of the denominator, as in zennit, and keeps it.
    """

    def relevance(self, inputs, output, relevance):
        conv = self.module
        squared = conv.weight.square()
        ones = torch.ones_like(inputs[0][:1, :1])
        total = functional.conv1d(ones, squared.sum(1, keepdim=True), conv.bias.square(), padding="same")
        return (_adjoint(conv, relevance / (total + EPSILON), squared),)


class Gate(RuleHook):
    """A product of signal and gate hands all relevance to one of the two.

    Parameters
    ----------
    heir : {"signal", "gate"}
        Who gets it; the gate gets the sum over time.
    """

    def __init__(self, heir: str):
        super().__init__()
        self.heir = heir

    def copy(self) -> Gate:
        """Return another hook with the same heir."""
        return type(self)(self.heir)

    def relevance(self, inputs, output, relevance):
        signal, gate = inputs
        if self.heir == "signal":
            return relevance, torch.zeros_like(gate)
        return torch.zeros_like(signal), relevance.sum(-1, keepdim=True)


def _adjoint(conv: nn.Conv1d, relevance: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return the transpose of `conv`, an odd 'same' convolution, with other weights."""
    return functional.conv_transpose1d(relevance, weight, padding=conv.kernel_size[0] // 2)
