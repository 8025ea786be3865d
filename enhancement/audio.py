"""Audio files at the rate of NSNet2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
import soxr

from acoustics.speech.corpus import check_samples
from acoustics.speech.files import read_audio
from enhancement.spectra import FS_HZ
from running.errors import InputError
from running.files import whole_file


def read(path: Path) -> np.ndarray:
    """Return a file's samples at 16 kHz, float32, shape (channel, sample).

    Raises
    ------
    InputError
        When it is no audio, cut off, empty, or holds NaN or infinite samples.
    """
    samples, rate_hz = read_audio(path)
    check_samples(samples, rate_hz, str(path))
    resampled = soxr.resample(samples, rate_hz, FS_HZ)
    if not len(resampled):
        raise InputError(f"{path} holds no sound; remove or replace it")
    return np.ascontiguousarray(resampled.T)


def write(path: Path, samples: np.ndarray) -> None:
    """Write samples, shape (channel, sample), as WAV of 32 bit floats, whole or not at all: nothing is clipped."""
    with whole_file(path) as beside:
        soundfile.write(beside, samples.T, FS_HZ, subtype="FLOAT", format="WAV")
