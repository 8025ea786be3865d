"""How well positions are estimated: errors over windows, and what a mean hides."""

from __future__ import annotations

import numpy as np

QUIET_SHARE = 0.25
"""The windows of least power, of all in a table, that count as quiet."""


def describe_errors(estimates_m: np.ndarray, positions_m: np.ndarray, powers: np.ndarray) -> dict[str, float]:
    """Describe the errors of position estimates.

    Parameters
    ----------
    estimates_m, positions_m : arrays, shape (window, 3)
        Where a talker was heard, and where it was.
    powers : array, shape (window,)
        Mean square of each window over microphones and samples.

    Returns
    -------
    dict of str to float
        ``mae_m``: mean absolute error over windows and coordinates, the published score. ``mae_x_m``, ``mae_y_m``,
        ``mae_z_m``: of each coordinate; ``horizontal_m``: mean of those of x and y. ``median_m``, ``p90_m``: median and
        90th percentile of the horizontal distance. ``slope_x``, ``slope_y``: of the line fitted to estimate against
        truth; 1 is right, 0 a constant (NaN where the truth is constant). ``quiet_m``, ``loud_m``: ``horizontal_m`` of
        the quarter of windows with the least power, and of the others.
    """
    error_m = np.abs(estimates_m - positions_m)
    distance_m = np.hypot(error_m[:, 0], error_m[:, 1])
    quiet = np.zeros(len(powers), bool)
    quiet[np.argsort(powers, kind="stable")[: round(QUIET_SHARE * len(powers))]] = True
    described = {"mae_m": error_m.mean()} | dict(zip(("mae_x_m", "mae_y_m", "mae_z_m"), error_m.mean(0), strict=True))
    described |= {"horizontal_m": error_m[:, :2].mean()}
    described |= {"median_m": np.median(distance_m), "p90_m": np.percentile(distance_m, 90)}
    described |= {f"slope_{axis}": _slope(positions_m[:, i], estimates_m[:, i]) for i, axis in enumerate("xy")}
    described |= {"quiet_m": _mean(error_m[quiet, :2]), "loud_m": _mean(error_m[~quiet, :2])}
    return {key: float(value) for key, value in described.items()}


def _slope(truth: np.ndarray, estimate: np.ndarray) -> float:
    centred = truth - truth.mean()
    return centred @ estimate / (centred @ centred) if centred.any() else np.nan


def _mean(errors_m: np.ndarray) -> float:
    return errors_m.mean() if errors_m.size else np.nan
