"""The rooms that takes are heard in: small, each with a talker close to a microphone."""

from __future__ import annotations

from functools import cache

import numpy as np

from acoustics.rir import simulate_rirs
from acoustics.room import smallest_T60_s
from params import Room, point_m
from running.seeds import generator

T60_S = (0.1, 0.5)
SIZES_M = ((2.0, 2.0, 2.2), (4.5, 6.0, 3.0))
DISTANCE_M = (0.2, 1.0)
MARGIN_M = 0.5


@cache
def response(room: int, rate_hz: int, seed: int) -> np.ndarray:
    """Return the impulse response of a room, drawn by its number; float32 of shape (sample,).

    T60, size, place of the microphone and direction and distance of the talker are uniform; what can't be (a T60 that
    no wall absorbs enough for, a talker in the wall) is drawn again.
    """
    rng = generator(seed, "room", room)
    T60_s = rng.uniform(*T60_S)
    while True:
        size_m = rng.uniform(*SIZES_M)
        microphone_m = rng.uniform(MARGIN_M, size_m - MARGIN_M)
        direction = rng.standard_normal(3)
        talker_m = microphone_m + rng.uniform(*DISTANCE_M) * direction / np.linalg.norm(direction)
        drawn = Room(point_m(size_m))
        inside = np.all((talker_m > MARGIN_M) & (talker_m < size_m - MARGIN_M))
        if inside and smallest_T60_s(drawn) < T60_s:
            break
    return simulate_rirs(drawn, [talker_m], [microphone_m], T60_s, rate_hz, simulator="finufft")[0, 0]
