"""Room impulse responses: one contract, several simulators behind it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from acoustics.room import Scene
from acoustics.simulators import SIMULATORS, resolve_simulator
from params import Room


def simulate_rirs(
    room: Room,
    sources_m: ArrayLike,
    microphones_m: ArrayLike,
    T60_s: float,
    fs_hz: int = 16000,
    c_m_s: float = 343.0,
    simulator: str = "auto",
    reflection_sign: int = -1,
) -> np.ndarray:
    """Simulate the impulse responses from every source to every microphone by the image source method.

    An image of n reflections at a distance of d metres adds a band-limited impulse of amplitude
    (reflection_sign * sqrt(1 - absorption))^n / (4 pi d) at the fractional sample d * fs / c. All images that arrive
    within T60 count; there is no diffuse tail, no constant delay and no high-pass. The absorption follows from T60 by
    Sabine's formula and is that of all walls.

    Parameters
    ----------
    room : Room
    sources_m : array_like, shape (n_source, 3)
    microphones_m : array_like, shape (n_microphone, 3)
    T60_s : float
        Reverberation time, and length of the responses, in seconds.
    fs_hz : int
        Sampling rate.
    c_m_s : float
        Speed of sound.
    simulator : str
        A key of `SIMULATORS`, or "auto".
    reflection_sign : {-1, +1}
        Sign of the sound pressure that a wall sends back; the published data have -1.

    Returns
    -------
    ndarray of float32, shape (n_source, n_microphone, n_sample)
        n_sample is T60_s * fs_hz, rounded up to an even number.

    Raises
    ------
    InputError
        For an impossible T60 or one of too many images, a position outside the room, a source at a microphone, or a
        simulator that can't run.
    """
    scene = Scene(room, np.asarray(sources_m), np.asarray(microphones_m), T60_s, fs_hz, c_m_s, reflection_sign)
    return SIMULATORS[resolve_simulator(simulator)].simulate(scene)
