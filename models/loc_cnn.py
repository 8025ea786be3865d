"""LocCNN: five convolutions and two linear layers on raw multichannel audio."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import nn

from models.layers import Conv1d, WindowScale, output_dropout
from models.network import Hyperparameters, Network


class LocCNN(Network):
    """Position of a talker from one window of all microphones.

    J. M. Vera-Diaz, D. Pizarro, J. Macias-Guarasa, "Towards End-to-End Acoustic Localization Using Deep Learning: From
    Audio Signals to Source Position Coordinates", Sensors 18(10):3418, 2018.

    Parameters
    ----------
    microphones : int
        Number of input channels.
    window_samples : int
        Length of the input; at least 175 samples.
    dropout : {"element", "published"}
        Kind of the dropout before the last layer, see `models.layers.output_dropout`.
    dropout_rate : float
        Its rate.
    input_scale : {"none", "window_std"}
        Scaling of the input, see `models.layers.WindowScale`.
    """

    title = "LocCNN"
    recipes: ClassVar[dict[str, Hyperparameters]] = {
        "mixed": Hyperparameters(2e-3, {"input_scale": "window_std", "dropout_rate": 0.2}),
        "paper": Hyperparameters(1e-3, {"dropout": "published"}),
    }

    def __init__(
        self,
        microphones: int = 16,
        window_samples: int = 5120,
        dropout: str = "element",
        dropout_rate: float = 0.5,
        input_scale: str = "none",
    ):
        super().__init__()
        remaining_samples = window_samples // 7 // 5 // 5
        if remaining_samples < 1:
            raise ValueError(f"LocCNN needs windows of at least 175 samples, not {window_samples}")
        self.scale = WindowScale(input_scale)
        self.conv1 = Conv1d(microphones, 96, 7)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool1d(7)
        self.conv2 = Conv1d(96, 96, 7)
        self.relu2 = nn.ReLU()
        self.conv3 = Conv1d(96, 128, 5)
        self.relu3 = nn.ReLU()
        self.pool2 = nn.MaxPool1d(5)
        self.conv4 = Conv1d(128, 128, 5)
        self.relu4 = nn.ReLU()
        self.pool3 = nn.MaxPool1d(5)
        self.conv5 = Conv1d(128, 128, 3)
        self.relu5 = nn.ReLU()
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(128 * remaining_samples, 500)
        self.relu6 = nn.ReLU()
        self.dropout = output_dropout(dropout, dropout_rate)
        self.fc2 = nn.Linear(500, 3)

    @property
    def output_layer(self) -> nn.Linear:
        """The layer that gives the position."""
        return self.fc2

    @classmethod
    def published_state(cls, state: dict[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], dict] | None:
        """Read the state of a published file, whose names are those of this class."""
        first = state.get("conv1.weight")  # (channel out, microphone, sample)
        if first is None or first.ndim != 3:
            return None
        return state, {"microphones": first.shape[1], "dropout": "published"}

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        x = self.scale(window)  # (batch, microphone, 5120)
        x = self.pool1(self.relu1(self.conv1(x)))  # (batch, 96, 731)
        x = self.relu2(self.conv2(x))  # (batch, 96, 731)
        x = self.pool2(self.relu3(self.conv3(x)))  # (batch, 128, 146)
        x = self.pool3(self.relu4(self.conv4(x)))  # (batch, 128, 29)
        x = self.flatten(self.relu5(self.conv5(x)))  # (batch, 3712)
        x = self.dropout(self.relu6(self.fc1(x)))  # (batch, 500)
        return self.fc2(x)  # (batch, 3)
