"""The arithmetic of the rules: how one layer hands the relevance of its output down to its inputs.

Each rule is a zennit hook and goes into any zennit composite. zennit's own hooks let autograd compute the layer's
gradient first and replace it afterwards, with the layer run again for every variant of its weights; here a layer runs
once, and its rule stands in the place of its gradient: the same relevance in about a third of the time. The rules of
convolutions are for those over time whose output is as long as the input (`RuleHook.serves`); zennit's are for all.

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

    def serves(self, layer: nn.Module) -> bool:
        """Tell whether the rule is right for a layer; by default it is for every one."""
        return True

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


class SameConvHook(RuleHook):
    """A rule for convolutions over time of stride 1 with an odd kernel, zeros around and a bias."""

    def serves(self, layer: nn.Module) -> bool:
        kind = layer.stride, layer.dilation, layer.groups, layer.transposed, layer.padding_mode
        if not isinstance(layer, nn.Conv1d) or kind != ((1,), (1,), 1, False, "zeros") or layer.bias is None:
            return False
        (taps,) = layer.kernel_size
        return taps % 2 == 1 and layer.padding in ("same", (taps // 2,))


class Gamma(SameConvHook):
    """Generalised gamma rule of a convolution.

    With the up-weighted v = w + gamma w+ where z > 0, and v = w + gamma w- where z < 0 (biases alike):
    R_in = a v^T (R_out / (v a + eps sign z)) for a >= 0; where z is 0, relevance ends. Negative inputs take the other
    v: their contribution speaks for z where the weight has the other sign. Inputs behind a ReLU have none, and then one
    convolution and one adjoint do: for z < 0 there is nothing to do where no relevance arrives, as behind a ReLU;
    otherwise its denominator is (2 + gamma) z minus that for z > 0.

    L. Andeol, Y. Kawakami, Y. Wada, T. Kanamori, K.-R. Mueller, G. Montavon, "Learning Domain Invariant Representations
    by Joint Wasserstein Distance Minimization", Neural Networks 167, 2023 (arXiv 2106.04923), generalise the gamma rule
    of Montavon et al. 2019 so; zennit's `Gamma` is this rule.

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
        conv, signed = self.module, a.min() < 0
        positive, negative = (a.clamp_min(0), a.clamp_max(0)) if signed else (a, None)
        up, down = (conv.weight + self.gamma * part for part in (conv.weight.clamp_min(0), conv.weight.clamp_max(0)))
        z_up = conv._conv_forward(positive, up, conv.bias + self.gamma * conv.bias.clamp_min(0))
        if signed:
            z_up += conv._conv_forward(negative, down, None)
        shares = [(torch.where(output > 0, relevance / (z_up + EPSILON), 0), up, down)]
        below = relevance.masked_fill(output >= 0, 0)
        if below.any():
            z_down = (2 + self.gamma) * output - z_up
            shares.append((torch.where(output < 0, below / (z_down - EPSILON), 0), down, up))
        result = sum(_adjoint(conv, share, same) for share, same, _ in shares).mul_(positive)
        if signed:
            result += negative * sum(_adjoint(conv, share, other) for share, _, other in shares)
        return (result,)


class WSquare(SameConvHook):
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
        Who gets it; a gate of one value for many gets their sum.
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
        return torch.zeros_like(signal), relevance.sum_to_size(gate.shape)


def _adjoint(conv: nn.Conv1d, relevance: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return the transpose of `conv`, an odd 'same' convolution, with other weights."""
    return functional.conv_transpose1d(relevance, weight, padding=conv.kernel_size[0] // 2)
