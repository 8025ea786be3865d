"""SteeredCNN: maps of the area by the delays between all pairs of microphones, which small convolutions clear."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import combinations
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from models.layers import Conv1d
from models.network import Hyperparameters, Network
from models.real_steering import RealPhaseTransform, RealSteering
from models.steering import PhaseTransform, Steering
from params import PUBLISHED, MicArray, Setup

CELLS, MARGIN_CELLS = 40, 2
GROUPS = 4
CHANNELS = 32
SHARPNESS = 10.0
TINY = 1e-6


class FrequencyWeights(nn.Module):
    """Weights of a window's frequencies, which sum to 1: a learned function of their levels, and a learned constant."""

    def __init__(self, frequencies: int):
        super().__init__()
        self.constant = nn.Parameter(torch.zeros(frequencies))
        self.conv1 = Conv1d(1, 8, 9)
        self.relu1 = nn.ReLU()
        self.conv2 = Conv1d(8, 8, 9)
        self.relu2 = nn.ReLU()
        self.conv3 = Conv1d(8, 1, 9)

    def forward(self, level: torch.Tensor) -> torch.Tensor:
        x = self.relu1(self.conv1(level.unsqueeze(1)))  # (batch, 8, frequency)
        x = self.conv3(self.relu2(self.conv2(x)))  # (batch, 1, frequency)
        return torch.softmax(x.squeeze(1) + self.constant, dim=-1)  # (batch, frequency)


class Marginals(nn.Module):
    """Where along each axis a talker is: the soft maximum of a map, summed over the other axes.

    A share goes to none of the cells, as if one more, of a learned height, stood for the whole area: the flatter the
    map, the more.
    """

    def __init__(self):
        super().__init__()
        self.unsure = nn.Parameter(torch.tensor(5.0))

    def forward(self, heights: torch.Tensor) -> torch.Tensor:
        """Return the sums, shape (batch, cell of x, then of y, then of z), of a map (batch, z, y, x)."""
        everywhere = torch.cat([heights.flatten(1), self.unsure.expand(heights.shape[0], 1)], dim=1)
        shares = torch.softmax(everywhere, dim=1)[:, :-1].view_as(heights)
        return torch.cat([shares.sum(dim=(1, 2)), shares.sum(dim=(1, 3)), shares.sum(dim=(2, 3))], dim=1)


class BinsOfCells(nn.Module):
    """Bins along x, y and z, each as likely as the cells around it are; nothing is learned.

    Parameters
    ----------
    axes_m, bins_m : list of float64 arrays
        Middles of the cells and of the bins along each axis.
    """

    def __init__(self, axes_m: list[np.ndarray], bins_m: list[np.ndarray]):
        super().__init__()
        along = zip(axes_m, bins_m, strict=True)
        shares = [[np.interp(bins, cells, cell) for cell in np.eye(len(cells))] for cells, bins in along]
        joined = torch.block_diag(*(torch.tensor(np.array(each), dtype=torch.float32) for each in shares))
        self.register_buffer("shares", joined, persistent=False)  # (cell, bin)

    def forward(self, marginals: torch.Tensor) -> torch.Tensor:
        return torch.log((marginals @ self.shares).float() + TINY)  # (window, 3 * bin)


class SteeredCNN(Network):
    """Position of a talker from the delays between all pairs of microphones, which it compares by construction.

    The phases of the microphones' spectra are compared in pairs, with learned weights of the frequencies, and steered
    by the known geometry to maps of the area, one for pairs at each of several distances. Convolutions clear the maps;
    their soft maximum gives the position. What it can't tell it places in the middle.

    Of the family of D. Diaz-Guerra, A. Miguel, J. R. Beltran, "Robust Sound Source Tracking Using SRP-PHAT and 3D
    Convolutional Neural Networks", IEEE/ACM TASLP 29, 2021 (convolutions on maps of steered power), E. Grinstein,
    C. M. Hicks, T. van Waterschoot, M. Brookes, P. A. Naylor, "The Neural-SRP Method for Universal Robust Multi-Source
    Tracking", IEEE Open Journal of Signal Processing 5, 2024 (the power of each pair is learned, the geometry is not),
    and A. Berg, M. O'Connor, K. Astrom, M. Oskarsson, "Extending GCC-PHAT using Shift Equivariant Neural Networks",
    Interspeech 2022 (what is learned before the correlation is the same for all microphones).

    Parameters
    ----------
    microphones : int
        Number of input channels, at least 2.
    window_samples : int
        Length of the input.
    array_m : sequence of (x, y, z), optional
        Positions of the microphones; by default as many as `microphones` in the published line.
    area_m : ((first, last), (first, last), (first, last))
        Where talkers may be along x, y and z.
    fs_hz : int
        Sampling rate.
    c_m_s : float
        Speed of sound.
    """

    title = "SteeredCNN"
    recipes: ClassVar[dict[str, Hyperparameters]] = {"mixed": Hyperparameters(4e-3)}

    def __init__(
        self,
        microphones: int = 16,
        window_samples: int = 5120,
        array_m: Sequence[Sequence[float]] | None = None,
        area_m: Sequence[Sequence[float]] = (PUBLISHED.grid.x_m, PUBLISHED.grid.y_m, PUBLISHED.grid.z_m),
        fs_hz: int = PUBLISHED.fs_hz,
        c_m_s: float = PUBLISHED.c_m_s,
    ):
        super().__init__()
        array_m = _line_m(microphones) if array_m is None else np.array(array_m, dtype=np.float64)
        if microphones < 2 or array_m.shape != (microphones, 3):
            raise ValueError("SteeredCNN compares microphones: it needs two or more, and a position of each")
        self.area_m = area_m = np.array(area_m, dtype=np.float64)
        self.heard = microphones, window_samples
        self.geometry = f"array {array_m.tolist()} m, area {area_m.tolist()} m, {fs_hz} Hz, {c_m_s} m/s"
        self.axes_m = _axes_m(array_m, area_m)
        z_m, y_m, x_m = np.meshgrid(*reversed(self.axes_m), indexing="ij")
        positions_m = np.stack([x_m, y_m, z_m], axis=-1)
        distances_m = np.linalg.norm(positions_m[..., None, :] - array_m, axis=-1)  # (z, y, x, microphone)
        groups, heights = _groups(array_m), len(z_m)
        highest_hz = c_m_s / max(np.diff(axis_m).max() for axis_m in self.axes_m[:2])
        self.phases = PhaseTransform(window_samples, fs_hz, highest_hz)
        self.weights = FrequencyWeights(self.phases.frequencies.size)
        self.steering = Steering(self.phases.frequencies, distances_m * (fs_hz / c_m_s), groups)
        self.conv1 = nn.Conv2d(len(groups) * heights, CHANNELS, 5, padding=2)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(CHANNELS, CHANNELS, 5, padding=2)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(CHANNELS, heights, 5, padding=2)
        self.sharpness = nn.Parameter(torch.tensor(SHARPNESS))
        self.marginals = Marginals()
        self.output = nn.Linear(sum(map(len, self.axes_m)), 3)
        _answer_where_cells_are(self.output, self.axes_m, area_m)

    @property
    def output_layer(self) -> nn.Linear:
        """The layer that gives the position: the mean of the cells, weighted by how likely each is."""
        return self.output

    def bins_layer(self, bins: int) -> nn.Module:
        return BinsOfCells(self.axes_m, [np.linspace(first_m, last_m, bins) for first_m, last_m in self.area_m])

    def in_real_numbers(self) -> SteeredCNN:
        made = copy.deepcopy(self)
        made.phases, made.steering = RealPhaseTransform(self.phases, self.heard[1]), RealSteering(self.steering)
        return made

    @classmethod
    def geometry_of(cls, setup: Setup) -> dict:
        area_m = [list(ends_m) for ends_m in (setup.grid.x_m, setup.grid.y_m, setup.grid.z_m)]
        array_m = setup.array.as_array().tolist()
        return {"array_m": array_m, "area_m": area_m, "fs_hz": setup.fs_hz, "c_m_s": setup.c_m_s}

    def extra_repr(self) -> str:
        return self.geometry

    def maps(self, window: torch.Tensor) -> torch.Tensor:
        """Return the steered power of each group of pairs, shape (batch, group, z, y, x)."""
        if window.shape[1:] != self.heard:
            raise RuntimeError(f"a window is of {self.heard} microphones and samples, not {tuple(window.shape[1:])}")
        phases, level = self.phases(window)  # (batch, microphone, frequency), (batch, frequency)
        return self.steering(phases, self.weights(level))

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        if window.shape[0] == 0:
            return window.new_empty(0, 3)  # there is no FFT of nothing
        maps = SHARPNESS * self.maps(window)
        x = self.relu1(self.conv1(maps.flatten(1, 2)))  # (batch, channel, y, x)
        x = self.conv3(self.relu2(self.conv2(x)))  # (batch, z, y, x)
        return self.output(self.marginals(x + self.sharpness * maps.mean(dim=1)))  # (batch, 3)


def _line_m(microphones: int) -> np.ndarray:
    """Return the published line with another number of microphones, shape (microphone, 3)."""
    published_m = PUBLISHED.array.as_array()
    spacing_m = float(published_m[1, 0] - published_m[0, 0])
    return MicArray.line_along_x(microphones, spacing_m, tuple(published_m.mean(axis=0))).as_array()


def _axes_m(array_m: np.ndarray, area_m: np.ndarray) -> list[np.ndarray]:
    """Return the middles of the cells along x, y and z.

    Along x and y they reach beyond the area, so that a talker at its edge has cells around. Along z there are three if
    the delays tell heights, which those between the microphones of a line don't; otherwise the middle one.
    """
    middle_m, step_m = area_m.mean(axis=1), np.diff(area_m)[:, 0] / (CELLS - 1)
    steps = np.arange(CELLS + 2 * MARGIN_CELLS) - (CELLS + 2 * MARGIN_CELLS - 1) / 2
    is_line = np.linalg.matrix_rank(array_m - array_m[0], tol=1e-6) < 2
    heights_m = middle_m[2:] if is_line else np.linspace(area_m[2, 0], area_m[2, 1], 3)
    return [*(middle_m[:2, None] + step_m[:2, None] * steps), heights_m]


def _groups(array_m: np.ndarray) -> list[np.ndarray]:
    """Return all pairs of microphones in groups, from the closest together to the farthest apart."""
    pairs = np.array(list(combinations(range(len(array_m)), 2)))
    apart_m = np.linalg.norm(array_m[pairs[:, 0]] - array_m[pairs[:, 1]], axis=1)
    ordered = pairs[np.argsort(apart_m.round(6), kind="stable")]
    return np.array_split(ordered, min(GROUPS, len(pairs)))


def _answer_where_cells_are(output: nn.Linear, axes_m: list[np.ndarray], area_m: np.ndarray) -> None:
    """Let a layer answer with the mean of the cells, in the units of a standardised area: 0 in the middle of it."""
    middle_m, std_m = area_m.mean(axis=1), np.diff(area_m)[:, 0] / 12**0.5
    cells = [(axis_m - middle) / (std or 1) for axis_m, middle, std in zip(axes_m, middle_m, std_m, strict=True)]
    with torch.no_grad():
        output.weight.copy_(torch.block_diag(*map(torch.from_numpy, cells)))
        output.bias.zero_()
