"""Networks made fit for relevance: batch norms become part of the layer before them."""

from __future__ import annotations

from torch import nn

from explain.zennit_import import zennit


class MergeBatchNorm(zennit.canonizers.SequentialMergeBatchNorm):
    """Merge each batch norm into the convolution or linear layer right before it, for as long as it is applied.

    zennit finds the pairs. Its own merge is not taken: up to 0.5.1 it leaves a factor of ``1 / sqrt(1 + eps)`` in the
    output, and 1.0 leaves attributes behind that hide the layer's parameters. Here the batch norm passes its input on.
    """

    def register(self, linears: tuple[nn.Module], batch_norm: nn.BatchNorm1d) -> None:
        """Merge `batch_norm` into the one layer of `linears`."""
        (self.linear,), self.batch_norm = linears, batch_norm
        weight, bias = self.original = self.linear.weight.data, self.linear.bias.data
        scale = batch_norm.weight.data / (batch_norm.running_var + batch_norm.eps).sqrt()
        self.linear.weight.data = weight * scale.view(-1, *[1] * (weight.ndim - 1))
        self.linear.bias.data = (bias - batch_norm.running_mean) * scale + batch_norm.bias.data
        batch_norm.forward = nn.Identity().forward

    def remove(self) -> None:
        """Give the layer its own weights back, and the batch norm its work."""
        self.linear.weight.data, self.linear.bias.data = self.original
        del self.batch_norm.forward
