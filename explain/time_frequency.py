"""Attributions over time and frequency, by an inspection layer in front of the network.

A signal is what its short-time spectrum becomes by the inverse transform, x = istft(X): a linear layer. What a method
gave each sample, a(n) = x(n) c(n), goes through it in proportion to what each bin adds to the sample, and so does the
change with a delay of the bin. With G, the adjoint of the transform applied to c,

    level half: Re(X conj G),    delay half: w Im(X conj G) per sample of delay, w in radians per sample.

Of gradient x input c is the gradient, and the halves are how the answer changes with the logarithm of a bin's gain and
with its delay. The level halves of all bins add up to the attributions of the samples.

J. Vielhaben, S. Lapuschkin, G. Montavon, W. Samek, "Explainable AI for Time Series via Virtual Inspection Layers",
Pattern Recognition 150:110309, 2024, does this with dense matrices and for the first half alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

SILENT = 1e-3
"""Samples below this part of their input's root mean square count as less: what relevance they get has no frequency."""


@dataclass(frozen=True)
class Frames:
    """Frames of a short-time Fourier transform, with a periodic Hann window, centred on multiples of their distance.

    Parameters
    ----------
    length_samples, hop_samples : int
        Of a frame, and from one to the next.
    """

    length_samples: int = 512
    hop_samples: int = 256

    def spectrogram(self, signals: torch.Tensor) -> torch.Tensor:
        """Return the complex short-time spectra of signals, shape (..., bin, frame), of shape (..., sample)."""
        flat = signals.reshape(-1, signals.shape[-1])
        spectra = torch.stft(flat, **self._transform(signals), pad_mode="constant", return_complex=True)
        return spectra.unflatten(0, signals.shape[:-1])

    def signals(self, spectra: torch.Tensor, n_samples: int) -> torch.Tensor:
        """Return the signals of short-time spectra: the inverse of `spectrogram`."""
        flat = spectra.flatten(0, -3) if spectra.ndim > 2 else spectra[None]
        signals = torch.istft(flat, **self._transform(spectra.real), length=n_samples)
        return signals.view(*spectra.shape[:-2], n_samples)

    def centres_s(self, n_samples: int, fs_hz: float) -> list[float]:
        """Return the times in seconds of the middles of all frames."""
        return [place / fs_hz for place in range(0, n_samples + 1, self.hop_samples)]

    def centres_hz(self, fs_hz: float) -> list[float]:
        """Return the frequencies in Hz of all bins."""
        return [number * fs_hz / self.length_samples for number in range(self.length_samples // 2 + 1)]

    def _transform(self, like: torch.Tensor) -> dict:
        window = torch.hann_window(self.length_samples, dtype=like.dtype, device=like.device)
        return {"n_fft": self.length_samples, "hop_length": self.hop_samples, "window": window}


FRAMES = Frames()
"""32 ms long and 16 ms apart at 16 kHz."""


class FromSpectrogram(nn.Module):
    """A network that hears short-time spectra, as real and imaginary parts: the inspection layer, then the network.

    Parameters
    ----------
    model : torch.nn.Module
        Hears (input, ..., sample).
    frames : Frames
    n_samples : int
        Of what `model` hears.
    """

    def __init__(self, model: nn.Module, frames: Frames, n_samples: int):
        super().__init__()
        self.model, self.frames, self.n_samples = model, frames, n_samples

    def forward(self, spectra: torch.Tensor) -> torch.Tensor:
        signals = self.frames.signals(torch.view_as_complex(spectra), self.n_samples)  # (input, ..., sample)
        return self.model(signals)  # (input, output)


def halves(
    inputs: torch.Tensor, attributions: torch.Tensor, frames: Frames = FRAMES
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the level half and the delay half of attributions at each bin.

    Parameters
    ----------
    inputs, attributions : real tensors, shape (..., microphone, sample)
        The former may lack axes of the latter, such as that of the coordinates, where it has 1.
    frames : Frames

    Returns
    -------
    level, delay : tensors, shape (..., bin, frame)
        In the unit of the attributions, and per sample of delay.
    """
    return halves_of_slopes(inputs, multipliers(inputs, attributions), frames)


def halves_of_slopes(inputs: torch.Tensor, slopes: torch.Tensor, frames: Frames) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the `halves` of slopes c(n), such as a gradient, in place of the attributions x(n) c(n)."""
    spectra = frames.spectrogram(inputs.expand_as(slopes)).requires_grad_()
    (adjoint,) = torch.autograd.grad(frames.signals(spectra, inputs.shape[-1]), spectra, slopes)
    cross = spectra.detach() * adjoint.conj()
    bins = torch.arange(cross.shape[-2], dtype=inputs.dtype, device=inputs.device)
    return cross.real, cross.imag * (bins * (2 * math.pi / frames.length_samples))[:, None]


def multipliers(inputs: torch.Tensor, attributions: torch.Tensor) -> torch.Tensor:
    """Return c(n) = a(n) / x(n), damped for samples that are hardly there, see `SILENT`."""
    floor = SILENT * inputs.square().mean(dim=(-2, -1), keepdim=True).sqrt()
    return attributions * inputs / (inputs.square() + floor.square().clamp_min(torch.finfo(inputs.dtype).tiny))
