"""What NSNet2 hears and what its masks act on: short-time spectra, as its own front end makes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from explain.time_frequency import Frames

FS_HZ = 16000
LEAST_POWER = 1e-12
LEAST_GAIN = 10 ** (-80 / 20)


@dataclass(frozen=True)
class LappedFrames(Frames):
    """Frames that begin at multiples of their distance, under the square root of a symmetric Hann window, both ways.

    The last frames lap into silence behind the signal. Of the first half frame, which no other laps, the window is
    heard, and it is not divided out: so does the program that NSNet2 comes with.
    """

    length_samples: int = 320
    hop_samples: int = 160

    def count(self, n_samples: int) -> int:
        """Return the number of frames of so many samples."""
        return -(-n_samples // self.hop_samples)

    def spectrogram(self, signals: torch.Tensor) -> torch.Tensor:
        n_samples = signals.shape[-1]
        padded = functional.pad(signals, (0, self._lapped_samples(self.count(n_samples)) - n_samples))
        framed = padded.unfold(-1, self.length_samples, self.hop_samples)  # (..., frame, sample)
        return torch.fft.rfft(framed * self._window(signals)).transpose(-2, -1)  # (..., bin, frame)

    def signals(self, spectra: torch.Tensor, n_samples: int) -> torch.Tensor:
        framed = torch.fft.irfft(spectra.transpose(-2, -1), self.length_samples) * self._window(spectra.real)
        columns = framed.flatten(0, -3) if framed.ndim > 2 else framed[None]  # (signal, frame, sample)
        size, kernel, stride = (self._lapped_samples(framed.shape[-2]), 1), (self.length_samples, 1), self.hop_samples
        laid = functional.fold(columns.transpose(1, 2), size, kernel, stride=(stride, 1))
        return laid[:, 0, :n_samples, 0].reshape(*spectra.shape[:-2], n_samples)

    def centres_s(self, n_samples: int, fs_hz: float) -> list[float]:
        half = self.length_samples / 2
        return [(place * self.hop_samples + half) / fs_hz for place in range(self.count(n_samples))]

    def _lapped_samples(self, frames: int) -> int:
        return (frames - 1) * self.hop_samples + self.length_samples

    def _window(self, like: torch.Tensor) -> torch.Tensor:
        hann = torch.hann_window(self.length_samples, periodic=False, dtype=like.dtype, device=like.device)
        return hann.sqrt()


FRAMES = LappedFrames()
"""20 ms long and 10 ms apart at 16 kHz."""


def log_power(spectra: torch.Tensor) -> torch.Tensor:
    """Return the logarithm to the base of ten of the power of spectra, at least that of `LEAST_POWER`."""
    return spectra.abs().square().clamp_min(LEAST_POWER).log10()


def heard(samples: np.ndarray) -> np.ndarray:
    """Return what the network hears of signals, float32, shape (signal, 1, bin, frame), of shape (signal, sample)."""
    return log_power(FRAMES.spectrogram(torch.tensor(samples, dtype=torch.float64)))[:, None].float().numpy()


def masked(samples: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return signals behind masks, float32, as long as before.

    Parameters
    ----------
    samples : array, shape (signal, sample)
    masks : array, shape (signal, bin * frame)
        Gains from 0 to 1; those below `LEAST_GAIN` count as that.
    """
    spectra = FRAMES.spectrogram(torch.tensor(samples, dtype=torch.float64))
    gains = torch.tensor(masks, dtype=torch.float64).clamp(LEAST_GAIN, 1).view(spectra.shape)
    return FRAMES.signals(spectra * gains, samples.shape[-1]).float().numpy()
