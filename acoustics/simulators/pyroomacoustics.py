"""Room impulse responses by pyroomacoustics, independent software that runs anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from acoustics.room import Scene, absorption


def simulate(scene: Scene) -> np.ndarray:
    """Simulate room impulse responses from pyroomacoustics' own image sources and fractional delays.

    One thread computes, since the order in which several add up their shares is seen in the last bits.

    Parameters
    ----------
    scene : Scene

    Returns
    -------
    ndarray of float32, shape (n_source, n_microphone, n_sample)
        The sum over all images that arrive within the response, each a sinc of 81 taps under a Hann window.

    Notes
    -----
    pyroomacoustics delays every response by half a fractional delay filter (40 samples), high-passes it at 10 Hz,
    reflects with a positive sign and leaves out 1 / (4 pi); here all four are undone. It finds images by their order,
    not by their distance, hence up to the highest order within reach.

    R. Scheibler, E. Bezzam, I. Dokmanic, "Pyroomacoustics: A Python package for audio room simulations and array
    processing algorithms", ICASSP 2018.
    """
    import pyroomacoustics as pra
    from pyroomacoustics.simulation.ism import compute_ism_rir

    taps = pra.constants.get("frac_delay_length")
    rirs = np.zeros((len(scene.sources_m), len(scene.microphones_m), scene.n_samples), dtype=np.float32)
    with _one_thread(pra.constants):
        for source_m, source_rirs in zip(scene.sources_m, rirs, strict=True):
            room = pra.ShoeBox(
                scene.room.size_m,
                fs=scene.fs_hz,
                materials=pra.Material(absorption(scene.room, scene.T60_s)),
                max_order=highest_order(scene),
            )
            room.add_source(source_m)
            room.add_microphone(scene.microphones_m[0])  # the images are those of all microphones
            room.image_source_model()
            source = room.sources[0]
            source.damping = source.damping * float(scene.reflection_sign) ** source.orders / (4 * np.pi)
            for microphone_m, rir in zip(scene.microphones_m, source_rirs, strict=True):
                delayed = compute_ism_rir(
                    source,
                    microphone_m,
                    mic_dir=None,
                    src_directions=None,
                    is_visible=np.linalg.norm(source.images - microphone_m[:, None], axis=0) < scene.reach_m,
                    fdl=taps,
                    c=scene.c_m_s,
                    fs=scene.fs_hz,
                    octave_bands=None,
                )
                heard = delayed[taps // 2 :][: scene.n_samples]
                rir[: len(heard)] = heard
    return rirs


def impulses(scene: Scene, delays_samples: np.ndarray, amplitudes: np.ndarray) -> np.ndarray:
    """Return the sum of pyroomacoustics' fractional delays over given images.

    Parameters
    ----------
    scene : Scene
        Says how long the response is.
    delays_samples, amplitudes : ndarray, shape (microphone, image)
        Delays from 0 to less than the response's length.

    Returns
    -------
    ndarray of float32, shape (microphone, n_sample)
    """
    import pyroomacoustics as pra

    taps, granularity = (pra.constants.get(name) for name in ("frac_delay_length", "sinc_lut_granularity"))
    delayed = np.zeros((len(delays_samples), scene.n_samples + 2 * taps), dtype=np.float32)
    delays_s = ((delays_samples + taps) / scene.fs_hz).astype(np.float32)
    for rir, *images in zip(delayed, delays_s, amplitudes.astype(np.float32), strict=True):
        pra.libroom.rir_builder(rir, *images, scene.fs_hz, taps, granularity, 1)
    return delayed[:, taps : taps + scene.n_samples]


def highest_order(scene: Scene) -> int:
    """Return the number of reflections that no image within reach exceeds.

    An image in copy (i, j, k) of the room is at least (|i| - 1, |j| - 1, |k| - 1) rooms away, so by Cauchy and Schwarz
    |i| + |j| + |k| <= reach * norm(1 / size) + 3.
    """
    return int(scene.reach_m * np.linalg.norm(1 / np.asarray(scene.room.size_m))) + 3


@contextmanager
def _one_thread(constants) -> Iterator[None]:
    """Let pyroomacoustics compute on one thread for a while."""
    threads = constants.get("num_threads")
    constants.set("num_threads", 1)
    try:
        yield
    finally:
        constants.set("num_threads", threads)
