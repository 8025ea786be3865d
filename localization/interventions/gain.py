"""A microphone that hears louder or softer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acoustics.recordings import Recordings
from localization.interventions.intervened import Intervention, check_microphone


@dataclass(frozen=True)
class Gain(Intervention):
    """Amplify a microphone.

    Parameters
    ----------
    microphone : int
        Counted from 0.
    gain_db : float
        In decibels; negative where it is to hear softer.
    """

    name = "gain"
    usage = "gain:MICROPHONE,DB, such as gain:3,-6"

    microphone: int
    gain_db: float

    def __post_init__(self):
        if not np.isfinite(self.gain_db):
            raise ValueError(f"a gain of {self.gain_db} dB is none")

    @classmethod
    def read(cls, text: str) -> Gain:
        microphone, gain_db = text.split(",")
        return cls(int(microphone), float(gain_db))

    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        check_microphone(self.microphone, recordings)
        recording = recordings.read(row)
        recording[self.microphone] *= np.float32(10 ** (self.gain_db / 20))
        return recording
