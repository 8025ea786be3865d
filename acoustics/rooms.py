"""Other rooms for the same array and source area: random sizes, and places in them.

The same reverberation time means walls that absorb more in a larger room, for its sound meets them less often.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from acoustics.recordings import record
from acoustics.room import Scene, smallest_T60_s
from acoustics.simulators import SIMULATORS, resolve_simulator
from params import ANY_ROOM, SPLITS, AnyRoom, Condition, Room, Setup, point_m
from running.errors import InputError
from running.seeds import generator

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
        x_m, y_m = map(float, _middle_m(setup))
        return cls(setup, setup.room, 0.0, (x_m, y_m))

    def into_room(self, points_m: ArrayLike) -> np.ndarray:
        """Return where points of the set-up, shape (..., 3), are in the room."""
        points_m = np.asarray(points_m, dtype=np.float64)
        return np.concatenate([self._turned_m(points_m) + self.middle_m, points_m[..., 2:]], axis=-1)

    def out_of_room(self, points_m: ArrayLike) -> np.ndarray:
        """Return where points of the room, shape (..., 2), are from above in the coordinates of the set-up."""
        cosine, sine = np.cos(self.turn_rad), np.sin(self.turn_rad)
        back = np.array([[cosine, -sine], [sine, cosine]])
        return (np.asarray(points_m) - self.middle_m) @ back + _middle_m(self.setup)

    def scene(self, positions_m: ArrayLike, T60_s: float, reflection_sign: int = -1) -> Scene:
        """Return talkers and array in the room.

        Parameters
        ----------
        positions_m : array_like, shape (n_source, 3)
            Of the talkers, in the coordinates of the set-up.
        T60_s, reflection_sign
            As `acoustics.room.Scene` takes them.

        Raises
        ------
        InputError
            As `acoustics.room.Scene`.
        """
        setup, array_m = self.setup, self.into_room(self.setup.array.as_array())
        return Scene(self.room, self.into_room(positions_m), array_m, T60_s, setup.fs_hz, setup.c_m_s, reflection_sign)

    def columns(self) -> dict[str, float]:
        """Return what a table says of it: size_x_m, size_y_m, size_z_m, turn_degrees, middle_x_m, middle_y_m."""
        size = dict(zip(("size_x_m", "size_y_m", "size_z_m"), self.room.size_m, strict=True))
        middle = dict(zip(("middle_x_m", "middle_y_m"), self.middle_m, strict=True))
        return size | {"turn_degrees": float(np.degrees(self.turn_rad))} | middle

    def record(
        self,
        speech: np.ndarray,
        position_m: ArrayLike,
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
        scene = self.scene(np.asarray(position_m)[None], condition.T60_s, reflection_sign)
        rirs = SIMULATORS[resolve_simulator(simulator)].simulate(scene)[0]
        return record(speech, rirs, condition.snr_db, rng)[0]

    def _turned_m(self, points_m: np.ndarray) -> np.ndarray:
        cosine, sine = np.cos(self.turn_rad), np.sin(self.turn_rad)
        return (points_m[..., :2] - _middle_m(self.setup)) @ np.array([[cosine, sine], [-sine, cosine]])

    def _free_m(self, margin_m: float) -> np.ndarray:
        """Return the first and last place that a margin allows the middle, shape (2, 2); the last may come first."""
        turned_m = self._turned_m(_covered_m(self.setup))
        lowest_m = margin_m - turned_m.min(axis=0)
        return np.stack([lowest_m, np.array(self.room.size_m[:2]) - margin_m - turned_m.max(axis=0)])


def draw_room(setup: Setup, rooms: AnyRoom, seed: int, split: str, source: int) -> tuple[Condition, Placement]:
    """Draw the room of a source by itself: first its T60 and SNR, then size, turn and place, as `draw_placement`.

    Raises
    ------
    InputError
        As `draw_placement`.
    """
    rng = generator(seed, "any room", SPLITS.index(split), source)
    T60_s, snr_db = map(float, rng.uniform(*np.transpose([rooms.T60_s, rooms.snr_db])))
    return Condition(T60_s, snr_db), draw_placement(setup, T60_s, rng, rooms)


def draw_placement(setup: Setup, T60_s: float, rng: np.random.Generator, rooms: AnyRoom = ANY_ROOM) -> Placement:
    """Draw a room, and a place and turn of array and area in it.

    Size, turn and place are uniform over all that keep the margins and can have the reverberation time: what does not
    is drawn anew, so that narrow rooms are rarer and their turns fewer.

    Parameters
    ----------
    setup : params.Setup
    T60_s : float
        Rooms that Sabine's formula denies it are left out.
    rng : numpy.random.Generator
    rooms : params.AnyRoom
        Its sizes and margin count.

    Raises
    ------
    InputError
        When none of the rooms can hold array and area, or have the reverberation time.
    """
    heights_m, margin_m = _covered_m(setup)[:, 2], rooms.margin_m
    for _ in range(ATTEMPTS):
        room = Room(point_m(rng.uniform(*np.transpose(rooms.sizes_m))))
        turn_rad, share = float(rng.uniform(0, 2 * np.pi)), rng.uniform(size=2)
        first_m, last_m = Placement(setup, room, turn_rad, (0.0, 0.0))._free_m(margin_m)
        fits = (first_m <= last_m).all() and margin_m <= heights_m.min() <= heights_m.max() <= room.size_m[2] - margin_m
        if fits and smallest_T60_s(room) <= T60_s:
            x_m, y_m = map(float, first_m + share * (last_m - first_m))
            return Placement(setup, room, turn_rad, (x_m, y_m))
    largest = " x ".join(f"{last_m:g}" for _, last_m in rooms.sizes_m)
    raise InputError(
        f"none of {ATTEMPTS} rooms of up to {largest} m holds array and "
        f"source area {margin_m:g} m from its walls and has a T60 of {T60_s:g} s; choose a smaller area or a longer T60"
    )


def _covered_m(setup: Setup) -> np.ndarray:
    """Return the microphones and the corners of the source area, shape (point, 3)."""
    corners_m = list(product(setup.grid.x_m, setup.grid.y_m, setup.grid.z_m))
    return np.concatenate([setup.array.as_array(), corners_m])


def _middle_m(setup: Setup) -> np.ndarray:
    covered_m = _covered_m(setup)[:, :2]
    return (covered_m.min(axis=0) + covered_m.max(axis=0)) / 2
