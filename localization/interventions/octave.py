"""One octave band alone, or all but one."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy import fft

from acoustics.octaves import in_octave
from acoustics.recordings import Recordings
from localization.interventions.intervened import Intervention


@dataclass(frozen=True)
class OctaveIntervention(Intervention):
    """Set frequencies of the whole recording to zero, which moves nothing in time.

    Parameters
    ----------
    centre_hz : float
        Of the octave, above 0.
    """

    centre_hz: float

    def __post_init__(self):
        if not 0 < self.centre_hz < np.inf:
            raise ValueError(f"{self.centre_hz} Hz is no centre of an octave")

    @classmethod
    def read(cls, text: str) -> OctaveIntervention:
        return cls(float(text))

    @abstractmethod
    def keeps(self, within: np.ndarray) -> np.ndarray:
        """Tell which frequencies are kept, from which lie within the octave."""

    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        recording = recordings.read(row)
        length = recording.shape[1]
        frequencies_hz = fft.rfftfreq(length, 1 / recordings.setup.fs_hz)
        spectra = fft.rfft(recording.astype(np.float64)) * self.keeps(in_octave(frequencies_hz, self.centre_hz))
        return fft.irfft(spectra, length).astype(np.float32)


class OneOctave(OctaveIntervention):
    """Keep one octave."""

    name = "octave"
    usage = "octave:CENTRE_HZ, such as octave:1000"

    def keeps(self, within: np.ndarray) -> np.ndarray:
        return within


class NoOctave(OctaveIntervention):
    """Remove one octave."""

    name = "no_octave"
    usage = "no_octave:CENTRE_HZ, such as no_octave:1000"

    def keeps(self, within: np.ndarray) -> np.ndarray:
        return ~within
