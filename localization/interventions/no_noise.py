"""Microphones without noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acoustics.parts import render
from acoustics.recordings import Recordings
from localization.interventions.intervened import Intervened, Intervention
from running.errors import InputError


@dataclass(frozen=True)
class NoNoise(Intervention):
    """Remake the recording from the room's response alone."""

    name = "no_noise"
    usage = "no_noise, without a value"

    @classmethod
    def read(cls, text: str) -> NoNoise:
        if text:
            raise ValueError(f"{text!r} is no value of it")
        return cls()

    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        if isinstance(recordings, Intervened):
            raise InputError("noise can't be removed after another intervention; remove it first")
        parts = render(recordings, row)
        return parts.direct + parts.early + parts.late
