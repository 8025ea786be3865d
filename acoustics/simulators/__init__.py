"""Three programs that sum image sources, behind one contract.

``simulate(scene) -> (source, microphone, sample)`` sums all images; ``impulses(scene, delays_samples, amplitudes) ->
(microphone, sample)`` sums given ones by the same band-limited impulse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from acoustics.room import Scene
from acoustics.simulators import finufft, gpurir, pyroomacoustics
from running.errors import InputError


@dataclass(frozen=True)
class Simulator:
    """A simulator: its two functions, the library that it needs and where that comes from."""

    simulate: Callable[[Scene], np.ndarray]
    impulses: Callable[[Scene, np.ndarray, np.ndarray], np.ndarray]
    library: str
    requirements: str
    needs_cuda: bool = False

    def missing(self) -> str | None:
        """Say what keeps the simulator from running here; None if nothing does."""
        if self.needs_cuda:
            import torch

            if not torch.cuda.is_available():
                return "a CUDA GPU"
        if find_spec(self.library) is None:
            return f"{self.library} (pip install -r {self.requirements})"
        return None


SIMULATORS = {
    "finufft": Simulator(finufft.simulate, finufft.impulses, "finufft", "requirements.txt"),
    "gpurir": Simulator(gpurir.simulate, gpurir.impulses, "gpuRIR", "requirements-gpu.txt", needs_cuda=True),
    "pyroomacoustics": Simulator(
        pyroomacoustics.simulate, pyroomacoustics.impulses, "pyroomacoustics", "requirements.txt"
    ),
}


def resolve_simulator(name: str) -> str:
    """Turn "auto" into the fastest simulator that runs here: gpurir with CUDA and gpuRIR, finufft otherwise.

    Raises
    ------
    InputError
        If `name` is unknown or its simulator can't run here.
    """
    if name == "auto":
        return "finufft" if SIMULATORS["gpurir"].missing() else "gpurir"
    if name not in SIMULATORS:
        raise InputError(f"unknown simulator {name!r}; choose one of auto, {', '.join(SIMULATORS)}")
    missing = SIMULATORS[name].missing()
    if missing:
        raise InputError(f"simulator {name} needs {missing}; get that or choose --simulator finufft")
    return name
