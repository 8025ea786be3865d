"""What the networks hear of a clip: its waveform or its spectrogram, as published (soerenab/AudioMNIST)."""

from __future__ import annotations

import torch
from torch.nn import functional

FS_HZ, CLIP_SAMPLES = 8000, 8000
WINDOW_SAMPLES, SHARED_SAMPLES = 455, 420
PERCENTILE, OFFSET = 95, 0.001
SMALLEST, FLOOR_DB = 1e-5, -80.0


def waveform_input(waveforms: torch.Tensor) -> torch.Tensor:
    """Divide waveforms by the 95th percentile of their values, plus 0.001.

    Parameters
    ----------
    waveforms : Tensor, shape (clip, 8000)
        In the scale of 16-bit integers.

    Returns
    -------
    Tensor, shape (clip, 1, 8000)
    """
    place = PERCENTILE / 100 * (waveforms.shape[1] - 1)
    below = int(place)
    upper = waveforms.topk(waveforms.shape[1] - below, dim=1).values[:, -2:]
    percentile = torch.lerp(upper[:, 1], upper[:, 0], place - below)
    return (waveforms / (percentile + OFFSET)[:, None])[:, None]


def spectrogram_input(waveforms: torch.Tensor) -> torch.Tensor:
    """Return spectrograms in decibels below their maximum, at least -80.

    A short-time Fourier transform under a periodic Hann window of 455 samples, 420 of them shared, from half a window
    of zeros before the clip on: 228 frequencies, 230 frames. The last frequency, the first two frames and the last one
    are left out.

    Parameters
    ----------
    waveforms : Tensor, shape (clip, 8000)
        In the scale of 16-bit integers.

    Returns
    -------
    Tensor, shape (clip, 1, 227, 227)
        (clip, 1, frequency, frame)

    Notes
    -----
    Magnitudes are divided by the sum of the window, as by scipy. That cancels below the maximum, but for magnitudes
    under 1e-5, which count as that: they are within 80 dB of the maximum only in clips that hold less than a tenth of
    a 16-bit step.
    """
    window = torch.hann_window(WINDOW_SAMPLES, dtype=waveforms.dtype, device=waveforms.device)
    hop, half = WINDOW_SAMPLES - SHARED_SAMPLES, WINDOW_SAMPLES // 2
    padded = functional.pad(waveforms, (half, half + -(waveforms.shape[1] + 2 * half - WINDOW_SAMPLES) % hop))
    spectra = torch.stft(padded, WINDOW_SAMPLES, hop, window=window, center=False, return_complex=True)
    spectra = spectra[:, :-1, 2:-1]
    powers = (spectra.real.square() + spectra.imag.square()) / window.sum() ** 2
    levels_db = 10 * torch.log10(powers.clamp(min=SMALLEST**2))
    return (levels_db - levels_db.amax((1, 2), keepdim=True)).clamp(min=FLOOR_DB)[:, None]


HEARING = {"waveform": waveform_input, "spectrogram": spectrogram_input}
"""By what a network says it hears."""
