"""Microphones in reversed order: a line of them then hears the talker from the mirrored position."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acoustics.recordings import Recordings
from localization.interventions.intervened import Plain
from params import MicArray
from running.errors import InputError


@dataclass(frozen=True)
class Mirrored(Plain):
    """Give the first microphone what the last one heard, and so on.

    The talkers are then where a mirror halfway between the first and the last microphone shows them. Where the room is
    not symmetric to that mirror, the reflections become those of another room.
    """

    name = "mirrored"
    usage = "mirrored, without a value"

    def positions_m(self, recordings: Recordings) -> np.ndarray:
        return _mirror(recordings.positions_m, recordings.setup.array)

    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        array_m = recordings.setup.array.as_array()
        if len(array_m) < 2 or not np.allclose(_mirror(array_m, recordings.setup.array), array_m[::-1]):
            raise InputError("this array can't be mirrored: in reversed order its microphones are not its mirror image")
        return recordings.read(row)[::-1].copy()


def _mirror(points_m: np.ndarray, array: MicArray) -> np.ndarray:
    """Reflect points, shape (n, 3), in the plane halfway between the first and the last microphone."""
    first_m, last_m = array.as_array()[[0, -1]]
    normal = (last_m - first_m) / max(np.linalg.norm(last_m - first_m), np.finfo(float).tiny)
    return points_m - 2 * ((points_m - (first_m + last_m) / 2) @ normal)[:, None] * normal
