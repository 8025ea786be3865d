"""Networks made fit for relevance: batch norms become part of the layer before them."""

from __future__ import annotations

from torch import nn

from explain.zennit_import import zennit


class MergeBatchNorm(zennit.canonizers.SequentialMergeBatchNorm):
    """Merge each batch norm into the convolution or linear layer right before it, for as long as it is applied.

    zennit up to 0.5.1 leaves the batch norm with unit variance, which its epsilon turns into a factor of
    ``1 / sqrt(1 + eps)``; here it passes its input on, so that outputs stay equal.
    """

    def register(self, linears: tuple[nn.Module, ...], batch_norm: nn.Module) -> None:
        """Merge `batch_norm` into `linears`."""
        super().register(linears, batch_norm)
        batch_norm.forward = nn.Identity().forward

    def remove(self) -> None:
        """Give both layers back what they had."""
        del self.batch_norm.forward
        super().remove()
