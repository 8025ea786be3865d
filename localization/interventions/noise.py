"""Sounds added to what microphones heard: tones of a band all the time, or white noise at times of every window."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from acoustics.noise import tones, white_between
from acoustics.recordings import Recordings
from localization.interventions.intervened import Intervention, check_not_negative
from running.seeds import generator


@dataclass(frozen=True)
class Added(Intervention):
    """Add sound of its own to each microphone, drawn for each source, so that it comes from nowhere.

    Parameters
    ----------
    low, high : float
        Ends of the range in which it lies, in the unit that the kind of sound says.
    rms : float
        Root mean square amplitude in that range, in the unit of the recordings; speech has some 0.01.
    seed : int
    """

    low: float
    high: float
    rms: float
    seed: int = 0

    def __post_init__(self):
        if not (0 <= self.low < self.high < np.inf and 0 < self.rms < np.inf):
            raise ValueError(f"no sound from {self.low:g} to {self.high:g} of amplitude {self.rms:g}")
        check_not_negative(self.seed)

    @classmethod
    def read(cls, text: str) -> Added:
        band, rms, *seed = text.split(",")
        low, high = band.split("-")
        (number,) = seed or ["0"]
        return cls(float(low), float(high), float(rms), int(number))

    @abstractmethod
    def added(self, recordings: Recordings, row: int, shape: tuple[int, int]) -> np.ndarray:
        """Return what is added to a recording of so many microphones and samples."""

    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        recording = recordings.read(row)
        return recording + self.added(recordings, row, recording.shape).astype(np.float32)


class Sinusoidal(Added):
    """Tones evenly spread over a range in hertz, with random phases, over the whole recording."""

    name = "sinusoidal"
    usage = "sinusoidal:LOW_HZ-HIGH_HZ,RMS[,SEED], such as sinusoidal:1000-2000,0.01"

    def added(self, recordings: Recordings, row: int, shape: tuple[int, int]) -> np.ndarray:
        rng = generator(self.seed, "tones", recordings.numbers[row])
        return tones(shape, self.low, self.high, self.rms, recordings.setup.fs_hz, rng)


class White(Added):
    """White Gaussian noise from one time to another, in seconds from the start of every window."""

    name = "white"
    usage = "white:FROM_S-TO_S,RMS[,SEED] in every window, such as white:0.0-0.1,0.01"

    def added(self, recordings: Recordings, row: int, shape: tuple[int, int]) -> np.ndarray:
        setup, rng = recordings.setup, generator(self.seed, "white noise", recordings.numbers[row])
        return white_between(shape, self.low, self.high, self.rms, setup.fs_hz, setup.window_samples, rng)
