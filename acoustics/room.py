"""What a shoebox room does to sound: absorption from T60, image sources, true delays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from params import Room
from running.errors import InputError

MOST_IMAGES = 1e9
"""Images of a response that are summed at most: 16 responses take one core ten minutes."""

SABINE_S_M = 0.161  # 24 ln(10) / c at 343 m/s, rounded as gpuRIR does, whatever the speed of sound


def smallest_T60_s(room: Room) -> float:
    """Return the reverberation time in seconds of a room whose walls absorb everything, by Sabine's formula."""
    length_m, width_m, height_m = room.size_m
    surface_m2 = 2 * (length_m * width_m + length_m * height_m + width_m * height_m)
    return SABINE_S_M * length_m * width_m * height_m / surface_m2


def absorption(room: Room, T60_s: float) -> float:
    """Return the energy absorption, in (0, 1], that all walls share when Sabine's formula gives `T60_s`.

    Parameters
    ----------
    room : Room
    T60_s : float
        Reverberation time in seconds.

    Raises
    ------
    InputError
        If no wall can absorb enough for `T60_s`, or `T60_s` isn't a finite number.
    """
    smallest_s = smallest_T60_s(room)
    if not np.isfinite(T60_s):
        raise InputError(f"a T60 of {T60_s} s is no reverberation time; give a number of seconds")
    if round(T60_s, 4) < round(smallest_s, 4):
        size = " x ".join(f"{length_m:g}" for length_m in room.size_m)
        raise InputError(
            f"a T60 of {T60_s:g} s is impossible in a room of {size} m: with fully absorbing walls it has "
            f"{smallest_s:.4f} s; choose that or more"
        )
    return min(1.0, smallest_s / T60_s)


def axis_images(length_m: float, source_m: float, reach_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Mirror a source along one axis of a room.

    Parameters
    ----------
    length_m : float
        Length of the room along the axis.
    source_m : float
        Position of the source on the axis, in metres.
    reach_m : float
        Images up to this distance from any microphone in the room are wanted.

    Returns
    -------
    positions_m : ndarray, shape (2 K + 1,)
        Positions of the images; one lies in each copy -K ... K of the room, K = floor(reach / length) + 1.
    orders : ndarray of int, shape (2 K + 1,)
        Number of reflections of each image: that of the walls between its copy of the room and the room.

    Notes
    -----
    Image source method: J. B. Allen, D. A. Berkley, "Image method for efficiently simulating small-room acoustics",
    JASA 65(4), 1979.
    """
    furthest = int(reach_m / length_m) + 1
    copies = np.arange(-furthest, furthest + 1)
    within_m = np.where(copies % 2 == 0, source_m, length_m - source_m)
    return copies * length_m + within_m, np.abs(copies)


def delays_samples(sources_m: np.ndarray, microphones_m: np.ndarray, fs_hz: float, c_m_s: float) -> np.ndarray:
    """Return the true, fractional delays of the direct sound in samples.

    Parameters
    ----------
    sources_m : ndarray, shape (n_source, 3)
    microphones_m : ndarray, shape (n_microphone, 3)
    fs_hz, c_m_s : float
        Sampling rate and speed of sound.

    Returns
    -------
    ndarray, shape (n_source, n_microphone)
    """
    distances_m = np.linalg.norm(sources_m[:, None] - microphones_m[None], axis=-1)
    return distances_m * (fs_hz / c_m_s)


@dataclass(frozen=True)
class Scene:
    """Sources and microphones in a room with a reverberation time: all that decides room impulse responses.

    Parameters
    ----------
    room : Room
    sources_m : array_like, shape (n_source, 3)
    microphones_m : array_like, shape (n_microphone, 3)
    T60_s : float
        Reverberation time in seconds.
    fs_hz : int
        Sampling rate.
    c_m_s : float
        Speed of sound.
    reflection_sign : {-1, +1}
        Sign of the sound pressure that a wall sends back.

    Raises
    ------
    InputError
        For an impossible T60 or one of too many images, a position outside the room, a source at a microphone, or a
        value of the wrong kind.
    """

    room: Room
    sources_m: np.ndarray
    microphones_m: np.ndarray
    T60_s: float
    fs_hz: int = 16000
    c_m_s: float = 343.0
    reflection_sign: int = -1

    def __post_init__(self):
        if not (self.fs_hz > 0 and self.c_m_s > 0):
            raise InputError("the sampling rate and the speed of sound must be positive")
        if self.reflection_sign not in (-1, 1):
            raise InputError(f"a reflection's sign is -1 or +1, not {self.reflection_sign}")
        absorption(self.room, self.T60_s)
        images = 4 / 3 * np.pi * (self.T60_s * self.c_m_s) ** 3 / np.prod(self.room.size_m)
        if images > MOST_IMAGES:
            raise InputError(
                f"a T60 of {self.T60_s:g} s in this room means {images:.0e} images a response, more than the "
                f"{MOST_IMAGES:.0e} that are summed at most; choose a shorter one"
            )
        for kind in ("sources", "microphones"):
            positions_m = np.asarray(getattr(self, f"{kind}_m"), dtype=np.float64)
            if positions_m.ndim != 2 or positions_m.shape[1] != 3 or len(positions_m) == 0:
                raise InputError(f"{kind} need positions of shape (n, 3), not {positions_m.shape}")
            inside = self.room.contains(positions_m)
            if not inside.all():
                outside_m = tuple(positions_m[~inside][0].tolist())
                raise InputError(f"{kind} must lie inside the room of {self.room.size_m} m; {outside_m} does not")
            object.__setattr__(self, f"{kind}_m", positions_m)
        if delays_samples(self.sources_m, self.microphones_m, 1.0, 1.0).min() < 1e-3:
            raise InputError("a source lies within 1 mm of a microphone; move one of them")

    @cached_property
    def n_samples(self) -> int:
        """Length of the impulse responses: T60, rounded up to an even number of samples in float32 as gpuRIR does."""
        n_samples = int(np.ceil(np.float32(self.T60_s) * np.float32(self.fs_hz)))
        return n_samples + n_samples % 2

    @cached_property
    def reach_m(self) -> float:
        """Distance that sound travels within the impulse response; images beyond are none of it."""
        return self.n_samples / self.fs_hz * self.c_m_s

    @cached_property
    def reflection(self) -> float:
        """Signed factor of the sound pressure at each reflection, sign * sqrt(1 - absorption)."""
        return self.reflection_sign * float(np.sqrt(1 - absorption(self.room, self.T60_s)))
