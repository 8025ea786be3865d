"""A microphone that hears later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acoustics.delay import delayed
from acoustics.recordings import Recordings
from localization.interventions.intervened import Intervention, check_microphone


@dataclass(frozen=True)
class Delay(Intervention):
    """Delay a microphone by any number of samples.

    Parameters
    ----------
    microphone : int
        Counted from 0.
    samples : float
        Negative where it is to hear earlier.
    """

    name = "delay"
    usage = "delay:MICROPHONE,SAMPLES, such as delay:3,0.5"

    microphone: int
    samples: float

    def __post_init__(self):
        if not np.isfinite(self.samples):
            raise ValueError(f"a delay of {self.samples} samples is none")

    @classmethod
    def read(cls, text: str) -> Delay:
        microphone, samples = text.split(",")
        return cls(int(microphone), float(samples))

    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        check_microphone(self.microphone, recordings)
        recording = recordings.read(row)
        recording[self.microphone] = delayed(recording[self.microphone], self.samples)
        return recording
