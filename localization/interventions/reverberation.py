"""The same talkers where it reverberates longer or shorter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acoustics.parts import reverberated
from acoustics.recordings import Recordings
from localization.interventions.intervened import Intervened, Intervention
from running.errors import InputError


@dataclass(frozen=True)
class Reverberation(Intervention):
    """Record the source anew in the set-up's room at another reverberation time, with the noise that there was.

    Parameters
    ----------
    T60_s : float
        In seconds.
    """

    name = "reverberation"
    usage = "reverberation:T60_S, such as reverberation:0.5"

    T60_s: float

    def __post_init__(self):
        if not 0 < self.T60_s < np.inf:
            raise ValueError(f"{self.T60_s} s is no reverberation time")

    @classmethod
    def read(cls, text: str) -> Reverberation:
        return cls(float(text))

    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        if isinstance(recordings, Intervened):
            raise InputError("another reverberation time can't come after another intervention; change it first")
        return reverberated(recordings, row, self.T60_s)
