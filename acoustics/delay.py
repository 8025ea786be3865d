"""Delays by any number of samples, whole or not."""

from __future__ import annotations

import numpy as np
from scipy import fft

MARGIN_SAMPLES = 1024
"""Silence around a signal, into which what is moved beyond its ends goes instead of coming back at the other end."""


def delayed(signal: np.ndarray, samples: float) -> np.ndarray:
    """Delay a signal, as if it were silent before and after; what leaves at an end is lost.

    The spectrum is turned by exp(-2 pi j k samples / N), which interpolates with the sinc of the whole padded signal;
    the Nyquist frequency, which can carry no delay, keeps its real part.

    Parameters
    ----------
    signal : float array, shape (..., sample)
    samples : float
        Negative to advance.

    Returns
    -------
    array of the shape and type of `signal`
    """
    if samples == 0:
        return signal
    length = signal.shape[-1]
    whole = int(np.floor(samples))
    period = 2 * fft.next_fast_len((length + abs(whole)) // 2 + MARGIN_SAMPLES, real=True)
    turn = np.exp(-2j * np.pi * np.arange(period // 2 + 1) * samples / period)
    turned = fft.irfft(fft.rfft(signal.astype(np.float64), period) * turn, period)
    return turned[..., :length].astype(signal.dtype)
