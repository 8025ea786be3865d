"""Microphones at which the direct sound is equally strong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acoustics.recordings import Recordings
from localization.interventions.intervened import Plain


@dataclass(frozen=True)
class EqualLevels(Plain):
    """Multiply each microphone by its distance from the talker over the mean distance; noise and reflections too."""

    name = "equal_levels"
    usage = "equal_levels, without a value"

    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        distances_m = np.linalg.norm(recordings.setup.array.as_array() - recordings.positions_m[row], axis=1)
        return recordings.read(row) * (distances_m / distances_m.mean()).astype(np.float32)[:, None]
