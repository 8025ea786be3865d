"""What it is to change what microphones heard, and recordings that were changed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np

from acoustics.recordings import Recordings
from running.errors import InputError
from running.provenance import fingerprint


@dataclass(frozen=True)
class Intervention(ABC):
    """A change of recordings; a frozen dataclass whose fields are its values.

    Attributes
    ----------
    name : str
        Its name in `localization.interventions.INTERVENTIONS`.
    usage : str
        How it is written on a command line.
    version : int
        Raised when it changes recordings otherwise than before.
    """

    name: ClassVar[str]
    usage: ClassVar[str]
    version: ClassVar[int] = 1

    @classmethod
    @abstractmethod
    def read(cls, text: str) -> Intervention:
        """Return the intervention whose values a text holds; raise ValueError where it can't be read."""

    @abstractmethod
    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        """Return a changed recording, float32, shape (microphone, sample).

        Raises
        ------
        InputError
            When the recordings do not allow it.
        """

    def positions_m(self, recordings: Recordings) -> np.ndarray:
        """Return where the talkers are to be heard afterwards, shape (source, 3), in metres.

        Unless the change gives the direct sound the delays of other positions, that is where they are.
        """
        return recordings.positions_m

    @property
    def identity(self) -> dict:
        """All that the change depends on."""
        return {"intervention": self.name, "version": self.version} | asdict(self)

    def to_dict(self) -> dict:
        """Return what a result's JSON says of it."""
        return self.identity

    def __str__(self) -> str:
        """Return a name fit for a folder, such as ``delay_3_0.5``."""
        return "_".join([self.name, *(f"{value:g}" for value in vars(self).values())])


class Plain(Intervention):
    """A change without values."""

    @classmethod
    def read(cls, text: str) -> Plain:
        if text:
            raise ValueError(f"{text!r} is no value of it")
        return cls()


class Intervened(Recordings):
    """Recordings after an intervention; they stand wherever recordings stand, after another intervention too.

    Parameters
    ----------
    recordings : Recordings
    intervention : Intervention
    """

    def __init__(self, recordings: Recordings, intervention: Intervention):
        vars(self).update(vars(recordings))
        self.original, self.intervention = recordings, intervention

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what the recordings were made from, of the split, and of the intervention."""
        return fingerprint({"recordings": self.original.fingerprint} | self.intervention.identity)

    @property
    def positions_m(self) -> np.ndarray:
        """Where the talkers are to be heard, float64, shape (source, 3)."""
        return self.intervention.positions_m(self.original)

    def read(self, row: int, first_sample: int = 0, n_samples: int = -1) -> np.ndarray:
        changed = self.intervention.change(self.original, row)
        return changed[:, first_sample : None if n_samples < 0 else first_sample + n_samples]


def check_not_negative(*values: int) -> None:
    """Raise ValueError where one of the values, such as a seed, is negative."""
    if min(values) < 0:
        raise ValueError(f"{min(values)} is negative")


def check_microphone(microphone: int, recordings: Recordings) -> None:
    """Raise InputError where the array has no such microphone."""
    count = len(recordings.setup.array)
    if not 0 <= microphone < count:
        raise InputError(f"there is no microphone {microphone}: the array's {count} are counted from 0")
