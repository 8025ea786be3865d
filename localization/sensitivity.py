"""How an estimate moves with the delay and the level of each microphone, and how it would by direct sound alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.stats import qmc
from torch import nn

from acoustics.delay import delayed
from acoustics.recordings import cut_windows
from explain.gradients import output_gradients
from explain.spectral import bands, cross_spectrum, delay_half, level_half, octaves
from localization.localizer import Localizer
from models.inference import BATCH_SIZES, evaluating
from params import Setup

SHIFTS_SAMPLES = (-8.0, -4.0, -2.0, -1.0, -0.5, -0.25, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Delays that are imposed on a microphone."""
STEPS = 20
"""By which multilateration comes to a position."""
VERSION = 1
"""Raised when sensitivities are computed otherwise, so that kept ones are computed anew."""


def sensitivities(
    model: nn.Module, windows: np.ndarray, fs_hz: float, device: str | torch.device = "cpu"
) -> dict[str, np.ndarray]:
    """Return how every coordinate changes with every microphone, by octave band: one backward pass a coordinate.

    Parameters
    ----------
    model : torch.nn.Module
        From windows to positions (window, coordinate) in metres; explained in evaluation mode.
    windows : float32 array, shape (window, microphone, sample)
    fs_hz : float
    device : str or torch.device

    Returns
    -------
    dict of str to float64 array, shape (window, coordinate, microphone, band)
        "delay": metres per sample of delay; "level": metres per unit of the logarithm of the gain. Sums over
        `explain.spectral.octaves` are those over all frequencies. The ends are periodic, see `explain.spectral`.
    """
    n_samples, edges_hz, batch_size = windows.shape[-1], octaves(fs_hz), BATCH_SIZES[torch.device(device).type]
    parts = {"delay": [], "level": []}
    with evaluating(model.to(device)):
        for first in range(0, len(windows), batch_size):
            inputs = torch.tensor(windows[first : first + batch_size], dtype=torch.float32, device=device)
            gradients = output_gradients(model, inputs).cpu().double()  # (window, coordinate, microphone, sample)
            cross = cross_spectrum(inputs.cpu().double()[:, None], gradients)
            for name, half in (("delay", delay_half(cross, n_samples)), ("level", level_half(cross))):
                parts[name].append(bands(half, n_samples, fs_hz, edges_hz).numpy())
    return {name: np.concatenate(each) for name, each in parts.items()}


def averaged_sensitivities(
    model: nn.Module,
    recording: np.ndarray,
    setup: Setup,
    chosen: Sequence[int],
    jitter_samples: np.ndarray,
    device: str | torch.device = "cpu",
) -> dict[str, np.ndarray]:
    """Return the mean of `sensitivities` over small delays of all microphones: the slope of the smoothed network.

    As SmoothGrad does with noise: D. Smilkov, N. Thorat, B. Kim, F. Viegas, M. Wattenberg, "SmoothGrad: removing noise
    by adding noise", arXiv 1706.03825, 2017.

    Parameters
    ----------
    model, device
        As `sensitivities` takes them.
    recording : float32 array, shape (microphone, sample)
    setup : Setup
    chosen : sequence of int
        Windows of the recording that are looked at.
    jitter_samples : array, shape (draw, microphone)
        Delays, see `drawn_jitter`.
    """
    drawn = []
    for delays_samples in jitter_samples:
        moved = np.stack([delayed(*each) for each in zip(recording, delays_samples, strict=True)])
        windows = cut_windows(moved, setup.window_samples)[chosen]
        drawn.append(sensitivities(model, windows, setup.fs_hz, device))
    return {name: np.mean([each[name] for each in drawn], axis=0) for name in drawn[0]}


def drawn_jitter(rng: np.random.Generator, draws: int, microphones: int, furthest_samples: float) -> np.ndarray:
    """Return delays within +- `furthest_samples`, shape (draw, microphone); those of a microphone are evenly spread.

    A Latin hypercube: M. D. McKay, R. J. Beckman, W. J. Conover, "A Comparison of Three Methods for Selecting Values of
    Input Variables in the Analysis of Output from a Computer Code", Technometrics 21(2), 1979.
    """
    unit = qmc.LatinHypercube(microphones, scramble=False, rng=rng).random(draws)
    return (2 * unit - 1) * furthest_samples


def displacements_m(
    localizer: Localizer,
    recording: np.ndarray,
    chosen: Sequence[int],
    shifts_samples: Sequence[float] = SHIFTS_SAMPLES,
) -> np.ndarray:
    """Return how far the estimates move when one microphone at a time hears later.

    The recording is delayed, not its windows, as it would be: at a window's ends there comes in what was really there.

    Parameters
    ----------
    localizer : Localizer
    recording : float32 array, shape (microphone, sample)
    chosen : sequence of int
        Windows of the recording that are looked at.
    shifts_samples : sequence of float

    Returns
    -------
    float64 array, shape (window, shift, coordinate, microphone)
    """
    n_samples = localizer.setup.window_samples
    windows = cut_windows(recording, n_samples)[chosen]
    moved_m = np.empty((len(windows), len(shifts_samples), 3, len(recording)))
    for microphone, signal in enumerate(recording):
        heard = np.repeat(windows[:, None], len(shifts_samples), axis=1)  # (window, shift, microphone, sample)
        for place, samples in enumerate(shifts_samples):
            heard[:, place, microphone] = cut_windows(delayed(signal, samples)[None], n_samples)[chosen, 0]
        estimates_m = localizer.estimate(heard.reshape(-1, *windows.shape[1:]))
        moved_m[..., microphone] = estimates_m.reshape(moved_m.shape[:3])
    return moved_m - localizer.estimate(windows)[:, None, :, None]


def central_differences(
    moved_m: np.ndarray, step_samples: float, shifts_samples: Sequence[float] = SHIFTS_SAMPLES
) -> np.ndarray:
    """Return the sensitivity to delays over a whole step to either side, shape (window, coordinate, microphone).

    Parameters
    ----------
    moved_m : array, shape (window, shift, coordinate, microphone)
        Of `displacements_m`.
    step_samples : float
        It and its negative are among the shifts.
    """
    later, earlier = (moved_m[:, shifts_samples.index(sign * step_samples)] for sign in (1, -1))
    return (later - earlier) / (2 * step_samples)


def delay_jacobian(positions_m: np.ndarray, setup: Setup) -> np.ndarray:
    """Return d tau / d p, how the delays of the direct sound change with the position, in samples per metre.

    Parameters
    ----------
    positions_m : array, shape (position, 3)

    Returns
    -------
    float64 array, shape (position, microphone, 3)
    """
    from_microphones_m = positions_m[:, None] - setup.array.as_array()
    return from_microphones_m / np.linalg.norm(from_microphones_m, axis=-1, keepdims=True) * (setup.fs_hz / setup.c_m_s)


def multilateration(jacobian: np.ndarray) -> np.ndarray:
    """Return how a localizer that lives on the delays of the direct sound alone changes with them, x and y.

    It solves the linearised delays for the position by least squares, at a known height: a horizontal line of
    microphones hardly tells y from z, whose columns are nearly parallel. A common delay, which says when a talker
    spoke, not where, is taken out: the profile is the pseudo-inverse of the Jacobian less its mean over microphones.

    W. H. Foy, "Position-Location Solutions by Taylor-Series Estimation", IEEE TAES 12(2), 1976.

    Parameters
    ----------
    jacobian : array, shape (..., microphone, 3)
        Of `delay_jacobian`.

    Returns
    -------
    float64 array, shape (..., 2, microphone)
        In metres per sample.
    """
    return np.linalg.pinv((jacobian - jacobian.mean(axis=-2, keepdims=True))[..., :2])


def multilaterated(position_m: np.ndarray, shifts_samples: np.ndarray, setup: Setup) -> np.ndarray:
    """Return whence the direct sound seems to come when its delays change, at the same height, shape (3,), in metres.

    The steps of `multilateration` are taken until they lead nowhere new.

    Parameters
    ----------
    position_m : array, shape (3,)
        Where the talker stands.
    shifts_samples : array, shape (microphone,)
        How much later each microphone hears.
    setup : Setup
    """
    found_m = np.array(position_m, dtype=np.float64)
    microphones_m = setup.array.as_array()

    def arrivals_samples() -> np.ndarray:
        return np.linalg.norm(found_m - microphones_m, axis=1) * (setup.fs_hz / setup.c_m_s)

    wanted = arrivals_samples() + shifts_samples
    for _ in range(STEPS):
        found_m[:2] += multilateration(delay_jacobian(found_m[None], setup)[0]) @ (wanted - arrivals_samples())
    return found_m


def position_response(delay: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
    """Return S = (df / d tau) (d tau / dp), shape (..., coordinate, 3), in metres per metre.

    It tells how the estimate follows the position from which the direct sound alone seems to come: the identity for a
    localizer that lives on its delays, 0 for one that uses none of them.

    Parameters
    ----------
    delay : array, shape (..., coordinate, microphone)
        Sensitivities to delays in metres per sample.
    jacobian : array, shape (..., microphone, 3)
        Of `delay_jacobian`.
    """
    return delay @ jacobian


def common_delay_share(delay: np.ndarray) -> np.ndarray:
    """Return |sum_j s_j| / sum_j |s_j| over microphones, shape (..., coordinate): how much a common delay moves.

    It moves nothing of a localizer that only compares microphones, 0; all microphones pull alike at 1. NaN where none
    does anything.
    """
    total = np.abs(delay).sum(axis=-1)
    return np.divide(np.abs(delay.sum(axis=-1)), total, out=np.full_like(total, np.nan), where=total > 0)
