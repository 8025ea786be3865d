"""Some bins of a spectrogram made louder or later: the most or least attributed, the loudest, random ones.

What a map says of a change is its first order: the slope of the answer in each bin's level or delay, times how much
that is changed, summed over the bins. For gains it is exact where a network is linear.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from explain.maps import Maps
from explain.removal import places_by, random_places, removed_count
from explain.time_frequency import Frames

TOP, BOTTOM, ENERGY, RANDOM = "top", "bottom", "energy", "random"


@dataclass(frozen=True)
class Change:
    """What is done to bins: a gain or, in its place, a delay.

    Parameters
    ----------
    gain_db : float
        Of the amplitude: 6 dB doubles it.
    delay_samples : float
    """

    gain_db: float = 0.0
    delay_samples: float = 0.0

    @property
    def half(self) -> str:
        """Half of the maps that tells what the change does."""
        return "delay" if self.delay_samples else "level"

    @property
    def step(self) -> float:
        """By how much level (relative) or delay (samples) change: the factor of the map's half."""
        return self.delay_samples or 10 ** (self.gain_db / 20) - 1

    def __str__(self) -> str:
        """Return a name fit for a folder."""
        return f"{self.delay_samples:g}samples" if self.delay_samples else f"{self.gain_db:g}dB"

    def spectra(self, spectra: torch.Tensor, mask: torch.Tensor, frames: Frames) -> torch.Tensor:
        """Return spectra, shape (..., bin, frame), changed where the mask says."""
        bins = torch.arange(spectra.shape[-2], dtype=spectra.real.dtype)[:, None]
        turn = torch.exp(-2j * math.pi / frames.length_samples * self.delay_samples * bins)
        return torch.where(mask, 10 ** (self.gain_db / 20) * turn.to(spectra) * spectra, spectra)

    def inputs(self, inputs: torch.Tensor, mask: torch.Tensor, frames: Frames) -> torch.Tensor:
        """Return inputs, shape (..., sample), of which the bins that the mask says are changed."""
        spectra = frames.spectrogram(inputs)
        return frames.signals(self.spectra(spectra, mask, frames), inputs.shape[-1])

    def predicted(self, maps: Maps, mask: np.ndarray) -> np.ndarray:
        """Return the change of each output that maps say, to first order, shape (window, output).

        Parameters
        ----------
        maps : Maps
            From the start of each output.
        mask : bool array, shape (window, microphone, frequency, time)
        """
        half = getattr(maps, self.half)
        return self.step * np.einsum("womft,wmft->wo", half, mask, dtype=np.float64, casting="unsafe")


def chosen_bins(values: np.ndarray, percent: float, microphone: int | None = None) -> np.ndarray:
    """Return which bins of each window have the largest values, as many as the percentage says, rounded down.

    Parameters
    ----------
    values : float array, shape (window, microphone, frequency, time)
    percent : float
    microphone : int, optional
        Choose its bins only, of which the percentage is then.

    Returns
    -------
    bool array, of the shape of `values`
    """
    return _among(lambda those: places_by(torch.tensor(those, dtype=torch.float32)), values, percent, microphone)


def random_bins(
    shape: tuple[int, ...], percent: float, seed: int, number: int, draw: int, microphone: int | None = None
) -> np.ndarray:
    """Return as many random bins as `chosen_bins`; they depend on seed, number of the item and draw alone."""
    values = np.empty(shape, np.float32)
    return _among(lambda those: random_places(those.shape, seed, number, draw), values, percent, microphone)


def _among(places_of, values: np.ndarray, percent: float, microphone: int | None) -> np.ndarray:
    heard = slice(None) if microphone is None else [microphone]
    those = values[:, heard]
    mask = np.zeros(values.shape, bool)
    mask[:, heard] = (places_of(those) < removed_count(percent, those[0].size)).numpy()
    return mask
