"""A microphone wired the wrong way round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acoustics.recordings import Recordings
from localization.interventions.intervened import Intervention, check_microphone


@dataclass(frozen=True)
class Polarity(Intervention):
    """Flip the sign of a microphone.

    Parameters
    ----------
    microphone : int
        Counted from 0.
    """

    name = "polarity"
    usage = "polarity:MICROPHONE, such as polarity:3"

    microphone: int

    @classmethod
    def read(cls, text: str) -> Polarity:
        return cls(int(text))

    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        check_microphone(self.microphone, recordings)
        recording = recordings.read(row)
        recording[self.microphone] *= -1
        return recording
