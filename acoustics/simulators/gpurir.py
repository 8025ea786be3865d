"""Room impulse responses by gpuRIR, on an NVIDIA GPU."""

from __future__ import annotations

import numpy as np

from acoustics.room import Scene

IMAGES_PER_CALL = 2**28  # 2 GiB of amplitudes and delays on the GPU; gpuRIR counts them in 32 bits
SOURCES_PER_CALL = 2000  # gpuRIR keeps all positions of a call in 48 KiB of shared memory
RESPONSES_PER_CALL = 65535  # the largest CUDA grid
WINDOW_S = 8e-3


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


def impulses(scene: Scene, delays_samples: np.ndarray, amplitudes: np.ndarray) -> np.ndarray:
    """Return the sum of gpuRIR's band-limited impulses over given images, in float64 and without its table.

    Parameters
    ----------
    scene : Scene
        Says how long the response is.
    delays_samples, amplitudes : ndarray, shape (microphone, image)
        Delays from 0 to less than the response's length.

    Returns
    -------
    ndarray, shape (microphone, n_sample)
    """
    width = round(WINDOW_S * scene.fs_hz)
    around = np.arange(-(width // 2) - 1, width // 2 + 2)
    rirs = np.zeros((len(delays_samples), scene.n_samples))
    for rir, delays, gains in zip(rirs, delays_samples[..., None], amplitudes[..., None], strict=True):
        samples = np.rint(delays).astype(int) + around
        taps = gains * hann_sinc(samples - delays, width)
        inside = (samples >= 0) & (samples < scene.n_samples)
        np.add.at(rir, samples[inside], taps[inside])
    return rirs


def hann_sinc(t: np.ndarray, width: int) -> np.ndarray:
    """Return the sinc under a Hann window of `width` samples, at times in samples."""
    return np.where(abs(t) < width / 2, np.sinc(t) * np.cos(np.pi * t / width) ** 2, 0.0)


def _batches(rows: np.ndarray, size: int) -> list[np.ndarray]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
