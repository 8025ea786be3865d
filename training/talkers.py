"""Talkers that were never recorded: speech at other speeds and through random filters.

Delays and levels between microphones tell a place. A network that also listens for what a voice sounds like - its
spectrum, how sharp its onsets are - takes another voice for another place. So voices vary here beyond what people do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch.nn.functional import interpolate

COLOUR_POINTS = 10
COLOUR_BINS = 512
CORNER_HZ = 300.0
SMEAR_SAMPLES = 2048
SMEAR_NOISES = 256
SMEAR_LONGEST_S, SMEAR_SHORTEST_S = 40e-3, 0.5e-3
SMEAR_DIRECT_DB = (-10.0, 20.0)


@dataclass(frozen=True)
class Talkers:
    """How the speech of a training set is varied.

    Parameters
    ----------
    speeds : tuple of float
        Every utterance is there at each of these speeds; pitch and vocal tract change with it.
    colour_db : float
        Standard deviation of a random, smooth spectrum. It is interpolated between `COLOUR_POINTS` on a frequency axis
        that is linear below `CORNER_HZ` and logarithmic above, and tilted by up to 1.5 times as much at either end.
    muffle_db : float
        The highest frequency is up to so many decibels weaker, beside the lowest, than in the speech: a long vowel of a
        person has little left above the noise there, one of a synthesiser is sharp up to the top.
    smear_share : float
        Share of the windows whose speech is smeared by exponentially decaying noise, as a recording room or another
        phase response does.
    """

    speeds: tuple[float, ...] = (1.0,)
    colour_db: float = 0.0
    muffle_db: float = 0.0
    smear_share: float = 0.0

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Return the draws that `filter` takes for some windows, float32 of shape (window, n)."""
        points = rng.standard_normal((count, COLOUR_POINTS), dtype=np.float32)
        return np.concatenate([points, rng.random((count, 6), dtype=np.float32)], axis=1)

    def filter(self, spectra: torch.Tensor, draws: torch.Tensor, fs_hz: int) -> torch.Tensor:
        """Filter the speech of some windows, and keep its energy.

        Parameters
        ----------
        spectra : complex64 tensor, shape (window, frequency)
            From 0 to half of the sampling rate.
        draws : float32 tensor, shape (window, n)
        fs_hz : int
        """
        bins = spectra.shape[1]
        points = draws[:, :COLOUR_POINTS]
        tilts, muffles, smeared, decays, directs, noises = draws[:, COLOUR_POINTS:].T
        filtered = spectra
        if self.colour_db > 0 or self.muffle_db > 0:
            filtered = filtered * self._colours(points, tilts, muffles, bins, fs_hz)
        if self.smear_share > 0:
            smears = _smears(decays, directs, noises, bins, fs_hz)
            filtered = torch.where(smeared[:, None] < self.smear_share, filtered * smears, filtered)
        return filtered * (_energy(spectra) / _energy(filtered).clamp_min(1e-20)).sqrt()

    def _colours(
        self, points: torch.Tensor, tilts: torch.Tensor, muffles: torch.Tensor, bins: int, fs_hz: int
    ) -> torch.Tensor:
        frequency_hz = torch.linspace(0, fs_hz / 2, bins, device=points.device)
        warped = torch.log1p(frequency_hz / CORNER_HZ) / math.log1p(fs_hz / 2 / CORNER_HZ)  # 0 to 1
        curves = interpolate(points[:, None], COLOUR_BINS, mode="linear", align_corners=True)[:, 0]
        levels = curves[:, (warped * (COLOUR_BINS - 1)).long()]
        levels += 1.5 * (2 * tilts - 1)[:, None] * (2 * warped - 1)
        return 10 ** ((self.colour_db * levels - self.muffle_db * muffles[:, None] * warped) / 20)


def _smears(decays: torch.Tensor, directs: torch.Tensor, noises: torch.Tensor, bins: int, fs_hz: int) -> torch.Tensor:
    """Return spectra of an impulse followed by decaying noise, shape (window, bins), given draws between 0 and 1."""
    tau_samples = fs_hz * SMEAR_SHORTEST_S * (SMEAR_LONGEST_S / SMEAR_SHORTEST_S) ** decays
    time_samples = torch.arange(SMEAR_SAMPLES, device=decays.device)
    noise = _white_noise(decays.device)
    tails = noise[(noises * len(noise)).long()] * torch.exp(-time_samples / tau_samples[:, None])
    lowest_db, highest_db = SMEAR_DIRECT_DB
    levels = 10 ** (-(lowest_db + (highest_db - lowest_db) * directs) / 20)
    smears = tails * (levels / _energy(tails)[:, 0].sqrt())[:, None]
    smears[:, 0] += 1
    return torch.fft.rfft(smears, 2 * (bins - 1))


@cache
def _white_noise(device: torch.device) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(SMEAR_NOISES, SMEAR_SAMPLES, generator=generator).to(device)


def _energy(values: torch.Tensor) -> torch.Tensor:
    return values.abs().square().sum(1, keepdim=True)
