"""Time contenders fairly: all in one run, in turn, the fastest run of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

import numpy as np

Name = TypeVar("Name", bound=Hashable)


def fastest_in_turn(
    contenders: Mapping[Name, Callable], seconds: float, clock: Callable[[], float] = time.perf_counter
) -> tuple[dict[Name, float], dict]:
    """Run all in turn for some seconds, each at least twice; return each one's shortest time and its result.

    Parameters
    ----------
    contenders : dict of callable
    seconds : float
        Time to spend.
    clock : callable
        Tells seconds: those on the wall, or `time.process_time` for what this process computed, which other processes
        disturb less.
    """
    fastest_s, results = dict.fromkeys(contenders, np.inf), {}
    end_s, rounds = time.perf_counter() + seconds, 0
    while rounds < 2 or time.perf_counter() < end_s:
        for what, run in contenders.items():
            start_s = clock()
            results[what] = run()
            fastest_s[what] = min(fastest_s[what], clock() - start_s)
        rounds += 1
    return fastest_s, results
