"""How fast the outputs of a network change with its inputs."""

from __future__ import annotations

import torch
from torch import nn

from explain.lrp.hooks import EPSILON
from explain.zennit_import import zennit


def weighted_gradient(model: nn.Module, inputs: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
    """Return the gradient of all outputs f_k together, each weighted by start over output: sum_k (s_k / f_k) df_k/dx.

    Parameters
    ----------
    model : torch.nn.Module
    inputs : tensor, shape (input, ...)
        Afterwards it requires a gradient.
    start : tensor, shape (input, output)

    Returns
    -------
    tensor, of the shape of `inputs`
    """
    outputs = model(inputs.requires_grad_())
    weights = start / zennit.core.stabilize(outputs.detach(), EPSILON)
    (gradient,) = torch.autograd.grad(outputs, inputs, weights)
    return gradient


def output_gradients(model: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Return the gradient of every output, shape (input, output, ...), of inputs of shape (input, ...)."""
    inputs = inputs.detach().requires_grad_()
    outputs = model(inputs)
    of_each = [torch.autograd.grad(each.sum(), inputs, retain_graph=True)[0] for each in outputs.unbind(dim=1)]
    return torch.stack(of_each, dim=1)
