"""DeepLIFT, and its mean over baselines: differences handed down by the multipliers of every step."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from explain.lrp.hooks import EPSILON, RuleHook
from explain.methods.compared import Compared, WeighedOutputs, is_one
from explain.zennit_import import zennit
from models.layers import Product


class Rescale(RuleHook):
    """One input, one output: the multiplier is the slope of the chord, and of the tangents where the ends are one.

    A batch holds the inputs, then as many baselines; so in the other rules.
    """

    uses_gradient = True
    nearest = 0.0
    """Ends so near count as one."""

    def relevance(self, inputs, output, relevance):
        (a,) = inputs
        (tangents,) = torch.autograd.grad(output, a, relevance)
        delta_in, delta_out = (each.detach() - _other(each.detach()) for each in (a, output))
        return (torch.where(delta_in.abs() <= self.nearest, _mean(tangents), relevance * delta_out / delta_in),)


class RescaleSmooth(Rescale):
    """The same for steps without a kink, whose chord rounding spoils before the tangents leave it."""

    nearest = 1e-3


class Maxima(RuleHook):
    """A maximum: what it rises above the other goes to where it is, what it falls below it to where that was."""

    uses_gradient = True

    def relevance(self, inputs, output, relevance):
        (a,) = inputs
        other = _other(output.detach())
        rises = relevance * (torch.maximum(output.detach(), other) - other)
        (routed,) = torch.autograd.grad(output, a, rises, retain_graph=True)
        (tangents,) = torch.autograd.grad(output, a, relevance)
        delta_in = a.detach() - _other(a.detach())
        return (torch.where(delta_in == 0, _mean(tangents), (routed - _other(routed)) / delta_in),)


class Halves(RuleHook):
    """A product: a b - a0 b0 = (a - a0)(b + b0)/2 + (b - b0)(a + a0)/2, the Shapley values of two players."""

    def relevance(self, inputs, output, relevance):
        signal, gate = inputs
        return tuple((relevance * _mean(by)).sum_to_size(own.shape) for own, by in ((signal, gate), (gate, signal)))


RULES = (
    ((nn.ReLU, nn.LeakyReLU), Rescale()),
    (zennit.types.Activation, RescaleSmooth()),
    (zennit.types.MaxPool, Maxima()),
    (Product, Halves()),
)
"""Rules of all steps that are not linear; the first that fits counts. All others are taken by their gradient."""


@dataclass(frozen=True)
class DeepLift(Compared):
    """Differences from a baseline, handed down layer by layer; with several baselines DeepSHAP, their mean.

    A. Shrikumar, P. Greenside, A. Kundaje, "Learning Important Features Through Propagating Activation Differences",
    ICML 2017; S. M. Lundberg, S.-I. Lee, "A Unified Approach to Interpreting Model Predictions", NeurIPS 2017.

    It is complete where every step that is not linear is a module with a rule in `RULES`. captum 0.9 has no rule for
    products of two branches, and its rule for maxima loses what overlapping windows share: there its sums are not what
    was promised. Elsewhere both agree.
    """

    version = 2

    @property
    def name(self) -> str:
        return "deeplift" if self.baselines == 1 else "deep_shap"

    @property
    def title(self) -> str:
        return "DeepLIFT" if self.baselines == 1 else "DeepSHAP"

    def attribute_batch(self, model: nn.Module, inputs: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        """Take one input with several starts at once: they share its way through the network."""
        if not is_one(inputs):
            return super().attribute_batch(model, inputs, start)
        with torch.no_grad():
            weights = start / zennit.core.stabilize(model(inputs[:1]), EPSILON)
        for _, (_, value, baselines) in self._each(model, inputs[:1], start[:1]):  # it is the only one
            found = self.of_one(WeighedOutputs(model, weights), value, baselines).detach()
        return found

    def of_one(self, answer: WeighedOutputs, value: torch.Tensor, baselines: torch.Tensor) -> torch.Tensor:
        weights = torch.atleast_2d(answer.weights)  # (start, output)
        pairs = torch.cat([value.expand_as(baselines), baselines]).repeat_interleave(len(weights), dim=0)
        pairs.requires_grad_()
        with zennit.composites.LayerMapComposite(list(RULES)).context(answer):
            explained = (answer.model(pairs) * weights.repeat(len(pairs) // len(weights), 1)).sum()
            (multipliers,) = torch.autograd.grad(explained, pairs)
        multipliers = multipliers[: len(pairs) // 2].unflatten(0, (len(baselines), len(weights)))
        return ((value - baselines)[:, None] * multipliers).mean(dim=0)  # (start, ...)


def _other(values: torch.Tensor) -> torch.Tensor:
    """Return for every input its baseline, and for every baseline its input."""
    return values.roll(len(values) // 2, dims=0)


def _mean(values: torch.Tensor) -> torch.Tensor:
    """Return the mean of input and baseline in the place of both."""
    return (values + _other(values)) / 2
