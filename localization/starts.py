"""What is put in at a network's three outputs and handed down to the input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from acoustics.srp_phat import SrpPhat
from params import Setup
from running.errors import InputError

DISTANCE, FROM_SRP_PHAT = "distance", "distance_from_srp_phat"
STARTS: dict[str, Callable] = {
    "ground_truth": lambda estimates_m, position_m, centre_m: np.broadcast_to(position_m, estimates_m.shape),
    "prediction": lambda estimates_m, position_m, centre_m: estimates_m,
    "x": lambda estimates_m, position_m, centre_m: estimates_m * [1, 0, 0],
    "y": lambda estimates_m, position_m, centre_m: estimates_m * [0, 1, 0],
    "z": lambda estimates_m, position_m, centre_m: estimates_m * [0, 0, 1],
    "from_centre": lambda estimates_m, position_m, centre_m: estimates_m - centre_m,
    DISTANCE: lambda estimates_m, position_m, centre_m: estimates_m * _direction(estimates_m - centre_m),
    FROM_SRP_PHAT: lambda estimates_m, position_m, others_m: estimates_m * _direction(estimates_m - others_m),
}
"""The true position (published); the estimate; one coordinate of it; the estimate less the constant "the centre"; its
distance from there, or from where SRP-PHAT hears the talker: the estimate along the direction in which it lies from the
reference, so that methods which weigh outputs explain one number of metres, the estimate less a reference (S. Letzgus
et al., "Toward Explainable Artificial Intelligence for Regression Models", IEEE Signal Processing Magazine 39(4),
2022)."""


def _direction(vectors: np.ndarray) -> np.ndarray:
    """Return vectors, shape (window, 3), over their lengths."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def start_m(name: str, network, windows: np.ndarray, position_m: Sequence[float] | None = None) -> np.ndarray:
    """Return what is put in for each window, float32, shape (window, 3), in metres.

    Parameters
    ----------
    name : str
        A key of `STARTS`.
    network : localization.localizer.Network
    windows : float32 array, shape (window, microphone, sample)
    position_m : (x, y, z), optional
        Where the talker is; only the start "ground_truth" needs it.

    Raises
    ------
    InputError
        For an unknown start, or when the position is missing.
    """
    if name not in STARTS:
        raise InputError(f"start {name!r} is none of {', '.join(STARTS)}")
    known = name == "ground_truth"
    if known and position_m is None:
        raise InputError("relevance that starts from the true position needs it; give position_m or another start")
    estimates_m = np.empty((len(windows), 3)) if known else network.estimate(windows)
    setup = network.setup
    reference_m = _srp_phat(setup).estimate(windows) if name == FROM_SRP_PHAT else setup.grid.centre_m()
    return STARTS[name](estimates_m, position_m, reference_m).astype(np.float32)


@lru_cache(maxsize=1)
def _srp_phat(setup: Setup) -> SrpPhat:
    return SrpPhat(setup)


@dataclass(frozen=True)
class Start:
    """A start for the sources of recordings, as `explain.store` takes it.

    Parameters
    ----------
    name : str
        A key of `STARTS`.
    network : localization.localizer.Network
    positions_m : array, shape (source, 3)
        Where the talkers are.
    """

    name: str
    network: object
    positions_m: np.ndarray

    def of(self, row: int, windows: np.ndarray) -> np.ndarray:
        """Return what is put in for the windows of a source, shape (window, 3)."""
        return start_m(self.name, self.network, windows, self.positions_m[row])
