"""Room impulse responses as non-uniform fast Fourier transforms, on one core without a GPU.

The spectrum of an impulse response is a sum of complex exponentials over its images,

    H[k] = sum_i a_i exp(-2 pi j k tau_i / N),    k = 0 ... N / 2,

with amplitudes a_i = reflection^order / (4 pi distance) and delays tau_i in samples: a type-1 non-uniform FFT.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.fft import next_fast_len

from acoustics.room import Scene, axis_images

TOLERANCE = 1e-5
IMAGES_PER_TRANSFORM = 2**19  # 12 MiB of phases and amplitudes


def simulate(scene: Scene) -> np.ndarray:
    """Simulate room impulse responses, equal bit for bit for any split of the sources over calls.

    Parameters
    ----------
    scene : Scene

    Returns
    -------
    ndarray of float32, shape (n_source, n_microphone, n_sample)
        The sum over all images that arrive within the response of a_i D(n - tau_i), where
        D(t) = sin(pi t) / (N tan(pi t / N)) is the band-limited impulse of even period N >= 2 n_sample.

    Notes
    -----
    D is the sinc, wrapped around: it fades to zero half a period away, so what wraps is smaller than the sinc's own
    tail. At the Nyquist frequency, which can carry no delay, it keeps cos(pi tau), the real part. The sum is met to
    1e-5 of its norm. How far it is from the sum with the sinc under a Hann window of 128 samples, which is gpuRIR's and
    rir-generator's kernel, stands in docs/deviations.md, 3.

    Transform: A. H. Barnett, J. F. Magland, L. af Klinteberg, "A parallel non-uniform fast Fourier transform library
    based on an exponential of semicircle kernel", SIAM J. Sci. Comput. 41(5), 2019.
    """
    period = period_samples(scene.n_samples)
    plan = _plan(period)
    buffers = _buffers(scene)
    spectra = np.empty((len(scene.microphones_m), period // 2 + 1), dtype=np.complex128)
    rirs = np.empty((len(scene.sources_m), len(scene.microphones_m), scene.n_samples), dtype=np.float32)
    for source_m, rir in zip(scene.sources_m, rirs, strict=True):
        spectra[:] = 0
        for microphone_m, spectrum in zip(scene.microphones_m, spectra, strict=True):
            for phases, amplitudes in _images(scene, source_m, microphone_m, period, *buffers):
                plan.setpts(phases)
                spectrum += plan.execute(amplitudes)[: len(spectrum)]
        rir[:] = np.fft.irfft(spectra, period)[:, : scene.n_samples]
    return rirs


def impulses(scene: Scene, delays_samples: np.ndarray, amplitudes: np.ndarray) -> np.ndarray:
    """Return the sum of a_i D(n - tau_i) over given images, to the same tolerance.

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
    period = period_samples(scene.n_samples)
    plan = _plan(period)
    spectra = np.empty((len(delays_samples), period // 2 + 1), dtype=np.complex128)
    for phases, amplitude, spectrum in zip(delays_samples * (2 * np.pi / period), amplitudes, spectra, strict=True):
        plan.setpts(phases)
        spectrum[:] = plan.execute(amplitude.astype(np.complex128))[: len(spectrum)]
    return np.fft.irfft(spectra, period)[:, : scene.n_samples]


def period_samples(n_samples: int) -> int:
    """Return the even period N of the kernel: at least twice the response, and quick to transform."""
    return 2 * next_fast_len(n_samples, real=True)


def _plan(period: int):
    from finufft import Plan

    return Plan(1, (period,), eps=TOLERANCE, isign=-1, modeord=1, upsampfac=2.0, spread_sort=0, nthreads=1)


def _buffers(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Return room for the phases and amplitudes of one transform: for one row of images at the least."""
    copies = [2 * (int(scene.reach_m / length_m) + 1) + 1 for length_m in scene.room.size_m]
    size = max(IMAGES_PER_TRANSFORM, int(np.prod(copies)) // min(copies))
    return np.empty(size), np.zeros(size, dtype=np.complex128)


def _images(
    scene: Scene,
    source_m: np.ndarray,
    microphone_m: np.ndarray,
    period: int,
    phases: np.ndarray,
    amplitudes: np.ndarray,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the phases 2 pi tau / N and amplitudes of all images in reach, as many at a time as the buffers hold.

    Distances are in radians throughout. In a row of images along two axes, sorted by their distance from the third
    axis, those in reach come first, so that no other image is ever computed.
    """
    radians_per_m = 2 * np.pi * scene.fs_hz / (scene.c_m_s * period)
    squares, gains = [], []
    for axis in np.argsort(scene.room.size_m):  # the longest axis comes last: few, long rows
        positions_m, orders = axis_images(scene.room.size_m[axis], source_m[axis], scene.reach_m)
        squares.append(((positions_m - microphone_m[axis]) * radians_per_m) ** 2)
        gains.append(scene.reflection**orders)
    row_squares = np.add.outer(squares[0], squares[1]).ravel()
    row_order = np.argsort(row_squares)
    row_squares = row_squares[row_order]
    row_gains = np.multiply.outer(gains[0], gains[1]).ravel()[row_order] * (radians_per_m / (4 * np.pi))
    in_reach = np.searchsorted(row_squares, (scene.reach_m * radians_per_m) ** 2 - squares[2])

    real = amplitudes.real
    scratch = np.empty(len(row_squares))
    filled = 0
    for square, gain, count in zip(squares[2], gains[2], in_reach, strict=True):
        if filled + count > len(phases):
            yield phases[:filled], amplitudes[:filled]
            filled = 0
        row = slice(filled, filled + count)
        np.add(row_squares[:count], square, out=phases[row])
        np.sqrt(phases[row], out=phases[row])
        np.multiply(row_gains[:count], gain, out=scratch[:count])
        np.divide(scratch[:count], phases[row], out=real[row])
        filled += count
    if filled:
        yield phases[:filled], amplitudes[:filled]
