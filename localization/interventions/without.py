"""Recordings without one of their parts: direct sound, early or late reflections, noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from acoustics.parts import render
from acoustics.recordings import Recordings
from localization.interventions.intervened import Intervened, Plain
from running.errors import InputError


class Without(Plain):
    """Remake the recording from its other parts.

    Attributes
    ----------
    part : str
        The one that is left out, a field of `acoustics.parts.Parts`.
    """

    part: ClassVar[str]

    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        if isinstance(recordings, Intervened):
            raise InputError(f"the {self.part} part can't be removed after another intervention; remove it first")
        parts = render(recordings, row)._asdict()
        del parts[self.part]
        first, second, third = parts.values()
        return first + second + third


@dataclass(frozen=True)
class NoDirect(Without):
    """Leave out the direct sound."""

    name = "no_direct"
    usage = "no_direct, without a value"
    part = "direct"


@dataclass(frozen=True)
class NoEarly(Without):
    """Leave out the reflections that arrive up to 20 ms after the direct sound."""

    name = "no_early"
    usage = "no_early, without a value"
    part = "early"


@dataclass(frozen=True)
class NoLate(Without):
    """Leave out the reflections that arrive later than 20 ms after the direct sound."""

    name = "no_late"
    usage = "no_late, without a value"
    part = "late"


@dataclass(frozen=True)
class NoNoise(Without):
    """Leave out the noise."""

    name = "no_noise"
    usage = "no_noise, without a value"
    part = "noise"
