"""Room impulse responses by gpuRIR, on an NVIDIA GPU."""

from __future__ import annotations

import numpy as np

from acoustics.room import Scene

IMAGES_PER_CALL = 2**28  # 2 GiB of amplitudes and delays on the GPU; gpuRIR counts them in 32 bits
SOURCES_PER_CALL = 2000  # gpuRIR keeps all positions of a call in 48 KiB of shared memory
RESPONSES_PER_CALL = 65535  # the largest CUDA grid


def simulate(scene: Scene) -> np.ndarray:
    """Simulate room impulse responses on the GPU, with the lookup table on and mixed precision off, as published.

    Parameters
    ----------
    scene : Scene

    Returns
    -------
    ndarray of float32, shape (n_source, n_microphone, n_sample)
        Image sources up to T60, no diffuse tail; each a sinc under a Hann window of 8 ms, from a table of 16 points a
        sample, at delays in float32. How far that is from the unwindowed sum stands in docs/deviations.md, 3.

    Notes
    -----
    gpuRIR's kernel negates the reflection coefficients that it is given, so a wall that reflects with a negative sign
    is described to it by a positive coefficient, and the other way round.

    gpuRIR's own ``t2n`` counts images from the middle of the room and so leaves out a few of the last ones; here all
    that arrive within the response are summed.

    D. Diaz-Guerra, A. Miguel, J. R. Beltran, "gpuRIR: A python library for room impulse response simulation with GPU
    acceleration", Multimedia Tools and Applications, 2020.
    """
    import gpuRIR

    gpuRIR.activateMixedPrecision(False)
    gpuRIR.activateLUT(True)
    images = [2 * (int(np.ceil(scene.reach_m / length_m)) + 1) for length_m in scene.room.size_m]
    n_microphones = len(scene.microphones_m)
    n_sources = min(
        SOURCES_PER_CALL,
        RESPONSES_PER_CALL // n_microphones,
        IMAGES_PER_CALL // (n_microphones * int(np.prod(images))),
    )
    batches = [
        gpuRIR.simulateRIR(
            room_sz=list(scene.room.size_m),
            beta=np.full(6, -scene.reflection, dtype=np.float32),
            pos_src=sources_m,
            pos_rcv=scene.microphones_m,
            nb_img=images,
            Tmax=scene.T60_s,
            fs=scene.fs_hz,
            c=scene.c_m_s,
        )
        for sources_m in _batches(scene.sources_m, max(1, n_sources))
    ]
    return np.concatenate(batches)


def _batches(rows: np.ndarray, size: int) -> list[np.ndarray]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
