"""Microphones wired the wrong way round: one, all, or some at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acoustics.recordings import Recordings
from localization.interventions.intervened import Intervention, Plain, check_microphone, check_not_negative
from running.seeds import generator


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


@dataclass(frozen=True)
class AllPolarities(Plain):
    """Flip the sign of all microphones; who compares microphones does not notice."""

    name = "all_polarities"
    usage = "all_polarities, without a value"

    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        return -recordings.read(row)


@dataclass(frozen=True)
class RandomPolarities(Intervention):
    """Flip the sign of each microphone with a probability of a half, drawn for each source.

    Parameters
    ----------
    seed : int
    """

    name = "random_polarities"
    usage = "random_polarities:SEED, such as random_polarities:0"

    seed: int

    def __post_init__(self):
        check_not_negative(self.seed)

    @classmethod
    def read(cls, text: str) -> RandomPolarities:
        return cls(int(text))

    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        recording = recordings.read(row)
        rng = generator(self.seed, "polarities", recordings.numbers[row])
        return recording * rng.choice(np.array([-1, 1], np.float32), (len(recording), 1))
