"""Time delays: GCC-PHAT, the correlation time of a signal, and the anomalies it defines."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import fft


def gcc_phat(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Generalised cross-correlation with phase transform.

    C. H. Knapp, G. C. Carter, "The Generalized Correlation Method for Estimation of Time Delay", IEEE TASSP 24(4),
    1976.

    Parameters
    ----------
    first, second : array, shape (..., n_samples)
        Signals of two microphones.

    Returns
    -------
    lags_samples : int array, shape (n_lags,)
        From -n/2 to n/2, where n is the smallest power of two that holds both signals and one sample more. Positive
        when the second microphone hears later.
    correlation : float64 array, shape (..., n_lags)
        Zero for a silent pair.
    """
    n_fft = 1 << (first.shape[-1] + second.shape[-1]).bit_length()
    cross = fft.rfft(second.astype(np.float64), n_fft) * np.conj(fft.rfft(first.astype(np.float64), n_fft))
    magnitude = np.abs(cross)
    floor = np.finfo(np.float64).eps ** 2 * magnitude.max(axis=-1, keepdims=True)
    phase = np.divide(cross, magnitude, out=np.zeros_like(cross), where=magnitude > floor)
    circular = fft.irfft(phase, n_fft)
    half = n_fft // 2
    return np.arange(-half, half + 1), np.concatenate([circular[..., -half:], circular[..., : half + 1]], axis=-1)


def peak_lag_samples(
    lags_samples: np.ndarray, correlation: np.ndarray, max_lag_samples: float | None = None, sub_sample: bool = False
) -> np.ndarray:
    """Return the lag of the largest correlation.

    Parameters
    ----------
    lags_samples : int array, shape (n_lags,)
    correlation : float array, shape (..., n_lags)
    max_lag_samples : float, optional
        Only lags up to this size, rounded up, are looked at.
    sub_sample : bool
        Move the peak to the vertex of the parabola through it and its two neighbours.

    Returns
    -------
    float64 array, shape (...)
    """
    if max_lag_samples is not None:
        near = np.abs(lags_samples) <= np.ceil(max_lag_samples)
        lags_samples, correlation = lags_samples[near], correlation[..., near]
    peak = correlation.argmax(axis=-1)
    lag_samples = lags_samples[peak].astype(np.float64)
    if not sub_sample:
        return lag_samples
    inner = np.clip(peak, 1, len(lags_samples) - 2)
    left, middle, right = (
        np.take_along_axis(correlation, (inner + step)[..., None], axis=-1)[..., 0] for step in (-1, 0, 1)
    )
    curvature = left - 2 * middle + right
    offset = np.divide((left - right) / 2, curvature, out=np.zeros_like(curvature), where=curvature < 0)
    return lag_samples + np.where(peak == inner, np.clip(offset, -0.5, 0.5), 0.0)


def correlation_time_samples(signal: np.ndarray) -> int:
    """Width of the main lobe, above 1/sqrt(2), of a signal's circular autocorrelation, in samples.

    B. Champagne, S. Bedard, A. Stephenne, "Performance of Time-Delay Estimation in the Presence of Room Reverberation",
    IEEE TSAP 4(2):148-152, 1996. The width runs from the last lag below the threshold before the peak to the first one
    after it, which by symmetry is twice the latter.

    Parameters
    ----------
    signal : array, shape (n_samples,)
        Not silent.
    """
    power = np.abs(fft.rfft(signal.astype(np.float64))) ** 2
    autocorrelation = fft.irfft(power, len(signal))
    below = autocorrelation[: len(signal) // 2 + 1] < autocorrelation[0] / np.sqrt(2)
    if not below.any():
        raise ValueError("the signal's autocorrelation never falls below 1/sqrt(2)")
    return 2 * int(below.argmax())


def true_lag_samples(
    source_m: np.ndarray,
    first_m: np.ndarray,
    second_m: np.ndarray,
    fs_hz: int,
    c_m_s: float = 343.0,
    fractional: bool = False,
) -> np.ndarray:
    """True delay of the second microphone against the first, in samples.

    Parameters
    ----------
    source_m, first_m, second_m : arrays, shape (..., 3)
    fractional : bool
        The exact delay; as published (False), the lag between two unit impulses at int(distance / c * fs).
    """
    arrivals_samples = [
        np.linalg.norm(np.asarray(source_m) - np.asarray(microphone_m), axis=-1) / c_m_s * fs_hz
        for microphone_m in (first_m, second_m)
    ]
    if not fractional:
        arrivals_samples = [np.floor(arrival) for arrival in arrivals_samples]
    return arrivals_samples[1] - arrivals_samples[0]


def is_anomaly(error_samples: np.ndarray, correlation_time_samples: ArrayLike) -> np.ndarray:
    """Tell which delay errors exceed half of the correlation time (Champagne et al. 1996)."""
    return np.abs(error_samples) > np.asarray(correlation_time_samples) / 2
