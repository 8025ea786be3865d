"""Microphones moved in time, so that the direct sound has no delays or those of another position."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acoustics.delay import delayed
from acoustics.recordings import Recordings
from acoustics.room import delays_samples
from localization.interventions.intervened import Intervention, Plain, check_not_negative
from running.seeds import generator


@dataclass(frozen=True)
class NoDelays(Plain):
    """Advance every microphone by what it hears the direct sound later than the mean of all."""

    name = "no_delays"
    usage = "no_delays, without a value"

    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        return _moved(recordings.read(row), -_delays_samples(recordings, recordings.positions_m[row]))


@dataclass(frozen=True)
class OtherDelays(Intervention):
    """Give the direct sound the delays of another position, drawn uniformly over the source area for each source.

    Parameters
    ----------
    seed : int
    """

    name = "other_delays"
    usage = "other_delays:SEED, such as other_delays:0"

    seed: int

    def __post_init__(self):
        check_not_negative(self.seed)

    @classmethod
    def read(cls, text: str) -> OtherDelays:
        return cls(int(text))

    def positions_m(self, recordings: Recordings) -> np.ndarray:
        grid = recordings.setup.grid
        lowest_m, highest_m = np.transpose([grid.x_m, grid.y_m, grid.z_m])
        rngs = (generator(self.seed, "other delays", number) for number in recordings.numbers)
        return np.array([rng.uniform(lowest_m, highest_m) for rng in rngs])

    def change(self, recordings: Recordings, row: int) -> np.ndarray:
        own, other = (
            _delays_samples(recordings, positions_m[row])
            for positions_m in (recordings.positions_m, self.positions_m(recordings))
        )
        return _moved(recordings.read(row), other - own)


def _delays_samples(recordings: Recordings, position_m: np.ndarray) -> np.ndarray:
    """Return how much later than the mean each microphone hears a position, in samples, shape (microphone,)."""
    setup = recordings.setup
    arrivals = delays_samples(position_m[None], setup.array.as_array(), setup.fs_hz, setup.c_m_s)[0]
    return arrivals - arrivals.mean()


def _moved(recording: np.ndarray, shifts_samples: np.ndarray) -> np.ndarray:
    return np.stack([delayed(*each) for each in zip(recording, shifts_samples, strict=True)])
