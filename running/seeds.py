"""Random draws: each from a generator of its own, seeded by what it is for."""

from __future__ import annotations

import numpy as np


def generator(seed: int, purpose: str, *numbers: int) -> np.random.Generator:
    """Return the generator of one draw, apart from those of every other purpose.

    Parameters
    ----------
    seed : int
        From the command line or the set-up.
    purpose : str
        What is drawn, in a word.
    *numbers : int
        Which of these draws it is. For one purpose always as many, or counted from 1: zeros at the end may make no
        difference.
    """
    return np.random.default_rng([seed, int.from_bytes(purpose.encode(), "big"), *numbers])
