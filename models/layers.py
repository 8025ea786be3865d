"""Small modules that networks share; each step that relevance must cross is a module of its own."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

INPUT_SCALES = ("none", "window_std")
DROPOUTS = ("element", "published")


class WindowScale(nn.Module):
    """Divide each window by its standard deviation over all microphones and samples, so that loudness tells nothing.

    Parameters
    ----------
    kind : {"none", "window_std"}
        "none", as published, leaves the window as it is.
    """

    def __init__(self, kind: str):
        super().__init__()
        if kind not in INPUT_SCALES:
            raise ValueError(f"input scale {kind!r} is none of {', '.join(INPUT_SCALES)}")
        self.kind = kind

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        if self.kind == "none":
            return window
        centred = window - window.mean(dim=(1, 2), keepdim=True)  # (batch, microphone, sample)
        std = torch.linalg.vector_norm(centred, dim=(1, 2), keepdim=True) / (window.shape[1:].numel() - 1) ** 0.5
        return window / std.clamp_min(1e-9)  # (batch, microphone, sample)

    def extra_repr(self) -> str:
        return self.kind


class Conv1d(nn.Conv1d):
    """Convolution with 'same' padding of an odd kernel.

    It is computed as a two-dimensional one of height 1, for then PyTorch keeps the memory order of its input: windows
    whose channels lie side by side (as `training.windows.read` lays them) take half of the time.
    """

    def __init__(self, channels_in: int, channels_out: int, kernel_samples: int):
        super().__init__(channels_in, channels_out, kernel_samples, padding=kernel_samples // 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.weight.unsqueeze(2)  # (channel out, channel in, 1, kernel sample)
        x = functional.conv2d(x.unsqueeze(2), weight, self.bias, padding=(0, *self.padding))
        return x.squeeze(2)  # (batch, channel out, sample)


class BatchNorm1d(nn.BatchNorm1d):
    """Batch norm of (batch, channel, sample), computed with a height of 1 for the reason that `Conv1d` has."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.unsqueeze(2)).squeeze(2)  # (batch, channel, sample)

    def _check_input_dim(self, x: torch.Tensor) -> None:
        if x.dim() != 4:
            raise ValueError(f"expected (batch, channel, sample), not {x.dim() - 1} dimensions")


class Product(nn.Module):
    """Multiply a signal by a gate; relevance has to choose between the two."""

    def forward(self, signal: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
        return signal * gate  # (batch, channel, sample) * (batch, channel, 1)


class Complement(nn.Module):
    """What a gate leaves to another signal: one minus it."""

    def forward(self, gate: torch.Tensor) -> torch.Tensor:
        return 1 - gate  # of the gate's shape


class Sum(nn.Module):
    """Add two branches; relevance is shared between them."""

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return first + second  # (batch, channel, sample)


def output_dropout(kind: str, rate: float) -> nn.Module:
    """Return the dropout before the last layer, which sees a (batch, feature) matrix.

    Parameters
    ----------
    kind : {"element", "published"}
        "element" drops single features. "published" is `torch.nn.Dropout1d`, which reads the matrix as (channel,
        length) and drops all features of half of the batch's samples: estimates shrink towards the mean position.
    rate : float
        Probability of being dropped.
    """
    if kind not in DROPOUTS:
        raise ValueError(f"dropout {kind!r} is none of {', '.join(DROPOUTS)}")
    return nn.Dropout(rate) if kind == "element" else nn.Dropout1d(rate)
