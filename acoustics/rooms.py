"""Other rooms for the same array and source area: random sizes, and places in them.

The same reverberation time means walls that absorb more in a larger room, for its sound meets them less often.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from acoustics.recordings import record
from acoustics.rir import simulate_rirs
from acoustics.room import smallest_T60_s
from params import Condition, Room, Setup
from running.errors import InputError
from running.seeds import generator

SIZES_M = ((3.2, 6.5), (4.5, 10.0), (2.3, 3.5))
"""Rooms are drawn uniformly between these lengths along x, y and z, in metres: small offices to class rooms."""
MARGIN_M = 0.3
"""Array and source area keep at least so far from every wall, in metres."""
ATTEMPTS = 1000


@dataclass(frozen=True)
class Placement:
    """Array and source area of a set-up in a room, as they stand to one another; heights above the floor stay.

    Parameters
    ----------
    setup : params.Setup
        Its room counts for nothing.
    room : params.Room
    turn_rad : float
        By which array and area are turned together about a vertical axis through the middle of what they cover, seen
        from above against the clock.
    middle_m : (x, y)
        Where that middle stands in the room, in metres.
    """

    setup: Setup
    room: Room
    turn_rad: float
    middle_m: tuple[float, float]

    @classmethod
    def own(cls, setup: Setup) -> Placement:
        """Return the place in the room of the set-up."""
        return cls(setup, setup.room, 0.0, tuple(map(float, _middle_m(setup))))

    def into_room(self, points_m: np.ndarray) -> np.ndarray:
        """Return where points of the set-up, shape (..., 3), are in the room."""
        points_m = np.asarray(points_m, dtype=np.float64)
        return np.concatenate([self._turned_m(points_m) + self.middle_m, points_m[..., 2:]], axis=-1)

    def record(
        self,
        speech: np.ndarray,
        position_m: np.ndarray,
        condition: Condition,
        rng: np.random.Generator,
        simulator: str = "auto",
        reflection_sign: int = -1,
    ) -> np.ndarray:
        """Return what the array hears of a talker in the room, float32, shape (microphone, sample).

        Parameters
        ----------
        speech : float32 array, shape (sample,)
        position_m : array_like, shape (3,)
            Of the talker, in the coordinates of the set-up.
        condition : params.Condition
        rng : numpy.random.Generator
            Source of the noise.
        simulator, reflection_sign
            As `acoustics.rir.simulate_rirs` takes them.

        Raises
        ------
        InputError
            As `acoustics.rir.simulate_rirs`.
        """
        rirs = simulate_rirs(
            self.room,
            self.into_room(position_m)[None],
            self.into_room(self.setup.array.as_array()),
            condition.T60_s,
            self.setup.fs_hz,
            self.setup.c_m_s,
            simulator,
            reflection_sign,
        )[0]
        return record(speech, rirs, condition.snr_db, rng)[0]

    def _turned_m(self, points_m: np.ndarray) -> np.ndarray:
        cosine, sine = np.cos(self.turn_rad), np.sin(self.turn_rad)
        return (points_m[..., :2] - _middle_m(self.setup)) @ np.array([[cosine, sine], [-sine, cosine]])

    def _free_m(self) -> np.ndarray:
        """Return the first and last place that the margins allow the middle, shape (2, 2); the last may come first."""
        turned_m = self._turned_m(_covered_m(self.setup))
        lowest_m = MARGIN_M - turned_m.min(axis=0)
        return np.stack([lowest_m, np.array(self.room.size_m[:2]) - MARGIN_M - turned_m.max(axis=0)])


def draw_placement(setup: Setup, T60_s: float, seed: int, number: int) -> Placement:
    """Draw a room, and a place and turn of array and area in it.

    Size, turn and place are uniform over all that keep the margins and can have the reverberation time: what does not
    is drawn anew, so that narrow rooms are rarer and their turns fewer.

    Parameters
    ----------
    setup : params.Setup
    T60_s : float
        Rooms that Sabine's formula denies it are left out.
    seed, number : int
        Of each seed one room for each number.

    Raises
    ------
    InputError
        When none of the rooms can hold array and area, or have the reverberation time.
    """
    rng = generator(seed, "rooms", number)
    heights_m = _covered_m(setup)[:, 2]
    for _ in range(ATTEMPTS):
        room = Room(tuple(map(float, rng.uniform(*np.transpose(SIZES_M)))))
        turn_rad, share = float(rng.uniform(0, 2 * np.pi)), rng.uniform(size=2)
        first_m, last_m = Placement(setup, room, turn_rad, (0.0, 0.0))._free_m()
        fits = (first_m <= last_m).all() and MARGIN_M <= heights_m.min() <= heights_m.max() <= room.size_m[2] - MARGIN_M
        if fits and smallest_T60_s(room) <= T60_s:
            return Placement(setup, room, turn_rad, tuple(map(float, first_m + share * (last_m - first_m))))
    raise InputError(
        f"none of {ATTEMPTS} rooms of up to {' x '.join(f'{last_m:g}' for _, last_m in SIZES_M)} m holds array and "
        f"source area {MARGIN_M:g} m from its walls and has a T60 of {T60_s:g} s; choose a smaller area or a longer T60"
    )


def _covered_m(setup: Setup) -> np.ndarray:
    """Return the microphones and the corners of the source area, shape (point, 3)."""
    corners_m = list(product(setup.grid.x_m, setup.grid.y_m, setup.grid.z_m))
    return np.concatenate([setup.array.as_array(), corners_m])


def _middle_m(setup: Setup) -> np.ndarray:
    covered_m = _covered_m(setup)[:, :2]
    return (covered_m.min(axis=0) + covered_m.max(axis=0)) / 2
