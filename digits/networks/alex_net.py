"""The AlexNet variant: five convolutions and three linear layers on a spectrogram."""

from __future__ import annotations

import torch
from torch import nn


class AlexNet(nn.Module):
    """What a spectrogram in decibels, taken as an image, is of.

    A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012,
    without its normalisation and with smaller linear layers, as in S. Becker et al., "AudioMNIST", Journal of the
    Franklin Institute 361(1), 2024.

    Parameters
    ----------
    n_classes : int
    """

    title = "AlexNet"
    hears = "spectrogram"

    def __init__(self, n_classes: int = 10):
        super().__init__()
        self.n_classes = n_classes
        self.conv1 = nn.Conv2d(1, 96, 11, stride=4)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(3, stride=2)
        self.conv2 = nn.Conv2d(96, 256, 5, padding=2, groups=2)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(3, stride=2)
        self.conv3 = nn.Conv2d(256, 384, 3, padding=1)
        self.relu3 = nn.ReLU()
        self.conv4 = nn.Conv2d(384, 384, 3, padding=1, groups=2)
        self.relu4 = nn.ReLU()
        self.conv5 = nn.Conv2d(384, 256, 3, padding=1, groups=2)
        self.relu5 = nn.ReLU()
        self.pool3 = nn.MaxPool2d(3, stride=2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(256 * 6 * 6, 1024)
        self.relu6 = nn.ReLU()
        self.dropout1 = nn.Dropout(0.5)
        self.fc2 = nn.Linear(1024, 1024)
        self.relu7 = nn.ReLU()
        self.dropout2 = nn.Dropout(0.5)
        self.fc3 = nn.Linear(1024, n_classes)

    def forward(self, spectrogram: torch.Tensor) -> torch.Tensor:
        x = self.pool1(self.relu1(self.conv1(spectrogram)))  # (batch, 1, 227, 227) -> (batch, 96, 27, 27)
        x = self.pool2(self.relu2(self.conv2(x)))  # (batch, 256, 13, 13)
        x = self.relu3(self.conv3(x))  # (batch, 384, 13, 13)
        x = self.relu4(self.conv4(x))  # (batch, 384, 13, 13)
        x = self.pool3(self.relu5(self.conv5(x)))  # (batch, 256, 6, 6)
        x = self.dropout1(self.relu6(self.fc1(self.flatten(x))))  # (batch, 1024)
        x = self.dropout2(self.relu7(self.fc2(x)))  # (batch, 1024)
        return self.fc3(x)  # (batch, class)
