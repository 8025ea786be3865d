"""SampleCNN: small convolutions with squeeze-excite blocks on raw multichannel audio."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import torch
from torch import nn

from models.layers import BatchNorm1d, Conv1d, Product, Sum, WindowScale, output_dropout
from models.network import Hyperparameters, Network

BLOCKS = 5


class ConvBlock(nn.Module):
    """Convolution of three taps, batch norm, ReLU."""

    def __init__(self, channels_in: int, channels_out: int):
        super().__init__()
        self.conv = Conv1d(channels_in, channels_out, 3)
        self.norm = BatchNorm1d(channels_out)
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.relu(self.norm(self.conv(x)))  # (batch, channel, sample)


class SqueezeExcite(nn.Module):
    """Scale each channel by a gate computed from the averages of all channels over time."""

    def __init__(self, channels: int):
        super().__init__()
        self.squeeze = nn.AdaptiveAvgPool1d(1)
        self.flatten = nn.Flatten()
        self.dense1 = nn.Linear(channels, channels)
        self.relu = nn.ReLU()
        self.dense2 = nn.Linear(channels, channels)
        self.sigmoid = nn.Sigmoid()
        self.product = Product()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean = self.flatten(self.squeeze(x))  # (batch, channel)
        gate = self.sigmoid(self.dense2(self.relu(self.dense1(mean))))  # (batch, channel)
        return self.product(x, gate.unsqueeze(-1))  # (batch, channel, sample)


class ReSE2Block(nn.Module):
    """Two convolutions; the second one's output plus its squeeze-excited self; ReLU; maximum over three samples.

    T. Kim, J. Lee, J. Nam, "Comparison and Analysis of SampleCNN Architectures for Audio Classification", IEEE JSTSP
    13(2), 2019; as published here, the sum takes the second convolution's output, not the block's input.
    """

    def __init__(self, channels_in: int, channels_out: int, dropout_rate: float):
        super().__init__()
        self.block = ConvBlock(channels_in, channels_out)
        self.dropout = nn.Dropout1d(dropout_rate)
        self.conv = Conv1d(channels_out, channels_out, 3)
        self.norm = BatchNorm1d(channels_out)
        self.excite = SqueezeExcite(channels_out)
        self.sum = Sum()
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool1d(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.conv(self.dropout(self.block(x))))  # (batch, channel, sample)
        return self.pool(self.relu(self.sum(x, self.excite(x))))  # (batch, channel, sample // 3)


class SampleCNN(Network):
    """Position of a talker from one window of all microphones.

    H. Sundar, W. Wang, M. Sun, C. Wang, "Raw Waveform Based End-to-End Deep Convolutional Network for Spatial
    Localization of Multiple Acoustic Sources", ICASSP 2020.

    Parameters
    ----------
    microphones : int
        Number of input channels.
    window_samples : int
        Length of the input; at least 729 samples.
    dropout : {"element", "published"}
        Kind of the dropout before the last layer, see `models.layers.output_dropout`.
    dropout_rate : float
        Its rate.
    block_dropout_rate : float
        Rate at which channels are dropped inside the blocks.
    input_scale : {"none", "window_std"}
        Scaling of the input, see `models.layers.WindowScale`.
    """

    title = "SampleCNN"
    recipes: ClassVar[dict[str, Hyperparameters]] = {
        "mixed": Hyperparameters(2e-3, {"input_scale": "window_std", "dropout_rate": 0.2, "block_dropout_rate": 0.0}),
        "paper": Hyperparameters(1e-2, {"dropout": "published"}),
    }

    def __init__(
        self,
        microphones: int = 16,
        window_samples: int = 5120,
        dropout: str = "element",
        dropout_rate: float = 0.5,
        block_dropout_rate: float = 0.2,
        input_scale: str = "none",
    ):
        super().__init__()
        if window_samples < 3**6:
            raise ValueError(f"SampleCNN needs windows of at least 729 samples, not {window_samples}")
        self.scale = WindowScale(input_scale)
        self.stem = ConvBlock(microphones, 64)
        self.pool = nn.MaxPool1d(3)
        widths = (64, *BLOCKS * (128,))
        self.blocks = nn.Sequential(*(ReSE2Block(*pair, block_dropout_rate) for pair in pairwise(widths)))
        self.average = nn.AdaptiveAvgPool1d(1)
        self.flatten = nn.Flatten()
        self.dense = nn.Linear(128, 256)
        self.norm = nn.BatchNorm1d(256)
        self.relu = nn.ReLU()
        self.dropout = output_dropout(dropout, dropout_rate)
        self.output = nn.Linear(256, 3)

    @property
    def output_layer(self) -> nn.Linear:
        """The layer that gives the position."""
        return self.output

    @classmethod
    def published_state(cls, state: dict[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], dict] | None:
        """Read the state of a published file, whose layers have other names."""
        layers, own = _published_layers(), {}
        for key, value in state.items():
            layer, _, name = key.rpartition(".")
            own[f"{layers.get(layer, layer)}.{name}"] = value
        first = own.get("stem.conv.weight")  # (channel out, microphone, sample)
        if first is None or first.ndim != 3:
            return None
        return own, {"microphones": first.shape[1], "dropout": "published"}

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        x = self.scale(window)  # (batch, microphone, 5120)
        x = self.pool(self.stem(x))  # (batch, 64, 1706)
        x = self.blocks(x)  # (batch, 128, 7)
        x = self.flatten(self.average(x))  # (batch, 128)
        x = self.dropout(self.relu(self.norm(self.dense(x))))  # (batch, 256)
        return self.output(x)  # (batch, 3)


def _published_layers() -> dict[str, str]:
    """Return the names of the layers here by their published ones."""
    layers = {"BasicBlock1.conv": "stem.conv", "BasicBlock1.bn": "stem.norm"}
    for block in range(BLOCKS):
        theirs, ours = f"ReSE{block + 1}", f"blocks.{block}"
        layers |= {f"{theirs}.BasicBlock.conv": f"{ours}.block.conv", f"{theirs}.BasicBlock.bn": f"{ours}.block.norm"}
        layers |= {f"{theirs}.conv1": f"{ours}.conv", f"{theirs}.bn1": f"{ours}.norm"}
        layers |= {f"{theirs}.SEBlock.{dense}": f"{ours}.excite.{dense}" for dense in ("dense1", "dense2")}
    return layers | {"dense1": "dense", "bn1": "norm", "output_dense": "output"}
