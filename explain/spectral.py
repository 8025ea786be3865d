"""What inputs and gradients say together at each frequency: a half about levels, and a half about delays.

Where an output f changes with a signal x(n) by the gradient g(n) = df/dx(n), it changes with the signal's level and
delay by

    df / d ln(gain) = sum_n x(n) g(n) = sum_k Re C_k,    df / d delay = -sum_n x'(n) g(n) = sum_k w_k Im C_k,

in samples of delay, where C_k = X_k conj(G_k) / N is the cross-spectrum and w_k = 2 pi k / N: two halves of the same
numbers, by Parseval's theorem. Gradient x input, and all that sums it over time or frequency, shows the first half
alone, which knows nothing of delays.

Signals of N samples count as one period: what a delay moves beyond an end comes back at the other. In a rectangular
window that is cut out of a longer recording other samples would come in there. They are few: of white noise and white
gradients the two differ by 3 / sqrt(N), 4 % for 5120 samples; of speech, whose neighbouring samples are alike, by less.
"""

from __future__ import annotations

import math

import torch


def derivative(signals: torch.Tensor) -> torch.Tensor:
    """Return the derivative of signals along their last axis, per sample, of the shape of `signals`.

    It is that of the trigonometric polynomial through the samples. The Nyquist frequency, which can carry no delay,
    adds nothing to it.
    """
    n_samples = signals.shape[-1]
    spectrum = torch.fft.rfft(signals) * (1j * _angular_frequencies(n_samples, signals))
    return torch.fft.irfft(spectrum, n_samples)


def cross_spectrum(inputs: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """Return C_k = X_k conj(G_k) / N of inputs and gradients for the bins from 0 to N / 2.

    Bins that stand for two, k and -k, are doubled, so that sums over bins are those over all frequencies.

    Parameters
    ----------
    inputs, gradients : tensors, shape (..., sample)

    Returns
    -------
    complex tensor, shape (..., bin)
        Zero frequency and, where N is even, the Nyquist frequency are real.
    """
    n_samples = inputs.shape[-1]
    cross = torch.fft.rfft(inputs) * torch.fft.rfft(gradients).conj() / n_samples
    alone = (torch.arange(cross.shape[-1], device=cross.device) * 2) % n_samples == 0
    return cross * torch.where(alone, 1, 2)


def level_half(cross: torch.Tensor) -> torch.Tensor:
    """Return Re C_k, shape (..., bin): the change of the output with the logarithm of the gain."""
    return cross.real


def delay_half(cross: torch.Tensor, n_samples: int) -> torch.Tensor:
    """Return w_k Im C_k, shape (..., bin): the change of the output with the delay, per sample of it."""
    return cross.imag * _angular_frequencies(n_samples, cross.imag)


def octaves(fs_hz: float, count: int = 7) -> list[float]:
    """Return the edges in Hz of so many bands up to half the sampling rate: octaves, but for the lowest, from zero."""
    return [0.0, *(fs_hz / 2 ** (count - number) for number in range(count))]


def bands(halves: torch.Tensor, n_samples: int, fs_hz: float, edges_hz: list[float]) -> torch.Tensor:
    """Sum values of bins over bands.

    Parameters
    ----------
    halves : tensor, shape (..., bin)
        Of signals of `n_samples` samples at `fs_hz`.
    edges_hz : list of float
        Rising. Each band holds its lower edge; the last one holds both.

    Returns
    -------
    tensor, shape (..., band)
    """
    hz = torch.arange(halves.shape[-1], dtype=torch.float64) * (fs_hz / n_samples)
    lower = torch.tensor(edges_hz[:-1], dtype=torch.float64)
    upper = torch.tensor([*edges_hz[1:-1], math.nextafter(edges_hz[-1], math.inf)], dtype=torch.float64)
    inside = (hz[:, None] >= lower) & (hz[:, None] < upper)  # (bin, band)
    return halves @ inside.to(halves)


def _angular_frequencies(n_samples: int, like: torch.Tensor) -> torch.Tensor:
    """Radians per sample of each bin."""
    bins = torch.arange(n_samples // 2 + 1, dtype=like.dtype, device=like.device)
    return bins * (2 * math.pi / n_samples)
