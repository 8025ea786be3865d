"""AudioNet: six convolutions and three linear layers on a raw waveform."""

from __future__ import annotations

import torch
from torch import nn

from models.layers import Conv1d


class AudioNet(nn.Module):
    """What a waveform of one second at 8 kHz is, such as which digit is spoken, or by a man or a woman.

    S. Becker et al., "AudioMNIST: Exploring Explainable Artificial Intelligence for audio analysis on a simple
    benchmark", Journal of the Franklin Institute 361(1), 2024. There is no activation between the linear layers, as
    published.

    Parameters
    ----------
    n_classes : int
    """

    title = "AudioNet"
    hears = "waveform"

    def __init__(self, n_classes: int = 10):
        super().__init__()
        self.n_classes = n_classes
        self.conv1 = Conv1d(1, 100, 3)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool1d(3, stride=2, ceil_mode=True)
        self.conv2 = Conv1d(100, 64, 3)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool1d(2)
        self.conv3 = Conv1d(64, 128, 3)
        self.relu3 = nn.ReLU()
        self.pool3 = nn.MaxPool1d(2)
        self.conv4 = Conv1d(128, 128, 3)
        self.relu4 = nn.ReLU()
        self.pool4 = nn.MaxPool1d(2)
        self.conv5 = Conv1d(128, 128, 3)
        self.relu5 = nn.ReLU()
        self.pool5 = nn.MaxPool1d(2)
        self.conv6 = Conv1d(128, 128, 3)
        self.relu6 = nn.ReLU()
        self.pool6 = nn.MaxPool1d(2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(128 * 125, 1024)
        self.dropout1 = nn.Dropout(0.5)
        self.fc2 = nn.Linear(1024, 512)
        self.dropout2 = nn.Dropout(0.5)
        self.fc3 = nn.Linear(512, n_classes)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        x = waveform.transpose(1, 2).contiguous().transpose(1, 2)  # (batch, 1, 8000), channels last in memory
        x = self.pool1(self.relu1(self.conv1(x)))  # (batch, 100, 4000)
        x = self.pool2(self.relu2(self.conv2(x)))  # (batch, 64, 2000)
        x = self.pool3(self.relu3(self.conv3(x)))  # (batch, 128, 1000)
        x = self.pool4(self.relu4(self.conv4(x)))  # (batch, 128, 500)
        x = self.pool5(self.relu5(self.conv5(x)))  # (batch, 128, 250)
        x = self.pool6(self.relu6(self.conv6(x)))  # (batch, 128, 125)
        x = self.dropout1(self.fc1(self.flatten(x)))  # (batch, 1024)
        x = self.dropout2(self.fc2(x))  # (batch, 512)
        return self.fc3(x)  # (batch, class)
