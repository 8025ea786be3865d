"""Small modules both networks share; each step that relevance must cross is a module of its own."""

from __future__ import annotations

import torch
from torch import nn

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
        return window / window.std(dim=(1, 2), keepdim=True).clamp_min(1e-9)  # (batch, microphone, sample)

    def extra_repr(self) -> str:
        return self.kind


class Product(nn.Module):
    """Multiply a signal by a gate; relevance has to choose between the two."""

    def forward(self, signal: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
        return signal * gate  # (batch, channel, sample) * (batch, channel, 1)


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
