"""Microphones that hear nothing: one, or some at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acoustics.recordings import Recordings
from localization.interventions.intervened import Intervention, check_microphone, check_not_negative
from running.errors import InputError
from running.seeds import generator


@dataclass(frozen=True)
class Silent(Intervention):
    """Silence a microphone.

    Parameters
    ----------
    microphone : int
        Counted from 0.
    """

    name = "silent"
    usage = "silent:MICROPHONE, such as silent:3"

    microphone: int

    @classmethod
    def read(cls, text: str) -> Silent:
        return cls(int(text))

    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        check_microphone(self.microphone, recordings)
        recording = recordings.read(row)
        recording[self.microphone] = 0
        return recording


@dataclass(frozen=True)
class RandomSilent(Intervention):
    """Silence some microphones, drawn for each source; of one seed fewer are part of more.

    Parameters
    ----------
    count, seed : int
    """

    name = "random_silent"
    usage = "random_silent:COUNT,SEED, such as random_silent:4,0"

    count: int
    seed: int

    def __post_init__(self):
        check_not_negative(self.count, self.seed)

    @classmethod
    def read(cls, text: str) -> RandomSilent:
        count, seed = text.split(",")
        return cls(int(count), int(seed))

    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        recording = recordings.read(row)
        if self.count > len(recording):
            raise InputError(f"{self.count} microphones can't be silenced: the array has {len(recording)}")
        order = generator(self.seed, "silent", recordings.numbers[row]).permutation(len(recording))
        recording[order[: self.count]] = 0
        return recording
