"""Time contenders fairly: all in one run, in turn, the fastest run of each."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np


def fastest_in_turn(contenders: dict[str, Callable], seconds: float) -> tuple[dict[str, float], dict]:
    """Run all in turn for some seconds, each at least twice; return each one's fastest time in seconds, and result."""
    fastest_s, results = dict.fromkeys(contenders, np.inf), {}
    end_s, rounds = time.perf_counter() + seconds, 0
    while rounds < 2 or time.perf_counter() < end_s:
        for what, run in contenders.items():
            start_s = time.perf_counter()
            results[what] = run()
            fastest_s[what] = min(fastest_s[what], time.perf_counter() - start_s)
        rounds += 1
    return fastest_s, results
