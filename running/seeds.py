"""Random generators, each for a purpose."""

from __future__ import annotations

import numpy as np


def generator(seed: int, purpose: str, *numbers: int) -> np.random.Generator:
    """Return the generator of the draws of a purpose."""
    return np.random.default_rng([seed, int.from_bytes(purpose.encode(), "big"), *numbers])
