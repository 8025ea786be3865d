"""Tables of sensitivities: profiles over the microphones, how well they agree, and tuning curves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd

from explain.methods import METHODS
from explain.spectral import octaves
from explain.statistics import Draws, interval
from localization.sensitivity import (
    SHIFTS_SAMPLES,
    central_differences,
    common_delay_share,
    delay_jacobian,
    multilateration,
    position_response,
)
from params import Setup

COORDINATES = ("x", "y", "z")
STEPS_SAMPLES = tuple(shift for shift in SHIFTS_SAMPLES if 0 < shift <= 2)
"""Steps of the finite differences with which gradients are compared."""
MARGIN = 0.1
"""What is as near to 0 or 1 as this counts as none or all of the way."""
GRADIENT, AVERAGED, SHIFTS = METHODS["delay_sensitivity"].name, "delay_sensitivity averaged", "finite shifts"
LEVEL = METHODS["gradient_x_input"].name
MULTILATERATION = "multilateration"


@dataclass(frozen=True)
class Heard:
    """Windows whose sensitivities are known.

    Parameters
    ----------
    setup : Setup
    positions_m : array, shape (window, 3)
        Where the talkers are.
    voices, sources : Series, one row a window
    seed : int
        Seed of the intervals (95 %, over voices and their sources).
    """

    setup: Setup
    positions_m: np.ndarray
    voices: pd.Series
    sources: pd.Series
    seed: int = 0

    @cached_property
    def jacobian(self) -> np.ndarray:
        """How delays of direct sound change with the position, shape (window, microphone, 3)."""
        return delay_jacobian(self.positions_m, self.setup)

    @property
    def multilateration(self) -> np.ndarray:
        """What direct delays alone would do, shape (window, coordinate, microphone); z, not told, is NaN."""
        known = multilateration(self.jacobian)
        return np.concatenate([known, np.full_like(known[:, :1], np.nan)], axis=1)

    @cached_property
    def shares(self) -> np.ndarray:
        """Share of each window in the mean of each resample, shape (resample, window)."""
        owners, items = pd.MultiIndex.from_arrays([self.voices, self.sources]).factorize(sort=True)
        counts = Draws.of(items.get_level_values(0), self.seed).counts[:, owners]
        return counts / counts.sum(axis=1, keepdims=True)

    def resampled(self, values: np.ndarray) -> np.ndarray:
        """Return the means over windows of values, shape (window, ...), in every resample, shape (resample, ...)."""
        return np.tensordot(self.shares, values, axes=1)


def profile_rows(values: np.ndarray, heard: Heard) -> Iterator[dict]:
    """Yield the mean of every coordinate and microphone with its interval, beside multilateration's.

    Parameters
    ----------
    values : array, shape (window, coordinate, microphone)
    """
    low, high = interval(heard.resampled(values))
    direct = heard.multilateration.mean(axis=0)
    for (coordinate, microphone), mean in np.ndenumerate(values.mean(axis=0)):
        yield {
            "coordinate": COORDINATES[coordinate],
            "microphone": microphone,
            "mean": mean,
            "low": low[coordinate, microphone],
            "high": high[coordinate, microphone],
            "multilateration": direct[coordinate, microphone],
        }


def score_rows(values: np.ndarray, shifted: dict[float, np.ndarray], heard: Heard) -> Iterator[dict]:
    """Yield what sensitivities are worth, a score a row, with intervals.

    "S": `position_response`, of the means over windows; where values are not in metres per sample only its sign has a
    meaning. Its verdict says which part of the way the estimate follows the delays of the direct sound.
    "common_delay_share": `common_delay_share`. "window_correlation", "window_slope": over windows and microphones,
    against multilateration or finite shifts of a step. "profile_correlation", "profile_slope": the same of the means
    over windows, over microphones. Slopes are of `values` against the others.

    Parameters
    ----------
    values : array, shape (window, coordinate, microphone)
    shifted : dict of float to array
        The same from finite shifts, by step; empty where they are not to be compared with.
    """
    response = position_response(values, heard.jacobian)  # (window, coordinate, coordinate)
    for first, second in np.ndindex(2, 2):
        row = _row("S", COORDINATES[first] + COORDINATES[second], *_mean(response[:, first, second], heard))
        yield row | {"verdict": _follows(row["low"], row["high"]) if first == second else ""}
    for coordinate, share in zip(COORDINATES, common_delay_share(values).T, strict=True):
        yield _row("common_delay_share", coordinate, *_mean(share, heard))
    references = {(MULTILATERATION, np.nan): heard.multilateration}
    references |= {(SHIFTS, step_samples): other for step_samples, other in shifted.items()}
    for (against, step_samples), other in references.items():
        place = {"against": against, "step_samples": step_samples}
        for number, coordinate in enumerate(COORDINATES):
            pair = values[:, number], other[:, number]
            if np.isnan(pair[1]).any():
                continue
            for name, score in (("correlation", _correlation), ("slope", _slope)):
                for kind, scored in (("window", _of_windows), ("profile", _of_profiles)):
                    yield _row(f"{kind}_{name}", coordinate, *scored(score, *pair, heard)) | place


def tuning_rows(moved_m: np.ndarray, heard: Heard) -> Iterator[dict]:
    """Yield how far x and y move on average with each delay of each microphone, with intervals.

    Parameters
    ----------
    moved_m : array, shape (window, shift, coordinate, microphone)
        Of `localization.sensitivity.displacements_m`.
    """
    for place, shift in enumerate(SHIFTS_SAMPLES):
        for row in profile_rows(moved_m[:, place], heard):
            if row["coordinate"] != "z":
                named = {"displacement_m": row["mean"], "low_m": row["low"], "high_m": row["high"]}
                yield {key: row[key] for key in ("coordinate", "microphone")} | {"delay_samples": shift} | named


def band_rows(delay: np.ndarray, level: np.ndarray, heard: Heard) -> Iterator[dict]:
    """Yield the part of every octave band in S, with its interval, and in the sums of magnitudes over microphones.

    Parameters
    ----------
    delay, level : arrays, shape (window, coordinate, microphone, band)
        Of `localization.sensitivity.sensitivities`. Those of S add up over the bands.
    """
    edges_hz = octaves(heard.setup.fs_hz)
    for band, (low_hz, high_hz) in enumerate(pairwise(edges_hz)):
        response = position_response(delay[..., band], heard.jacobian)
        for number, coordinate in enumerate(COORDINATES[:2]):
            mean, low, high = _mean(response[:, number, number], heard)
            yield {
                "coordinate": coordinate,
                "low_hz": low_hz,
                "high_hz": high_hz,
                "S": mean,
                "S_low": low,
                "S_high": high,
                "delay_m": np.abs(delay[:, number, :, band]).sum(axis=-1).mean(),
                "level_m": np.abs(level[:, number, :, band]).sum(axis=-1).mean(),
            }


def over_initialisations(rows: list[list[dict]]) -> Iterator[dict]:
    """Yield the mean of each score over untrained networks, and the middle 95 % of them.

    Parameters
    ----------
    rows : list of list of dict
        Those of `score_rows` of each network.
    """
    values = np.array([[row["value"] for row in of_network] for of_network in rows])
    for row, mean, low, high in zip(rows[0], values.mean(axis=0), *interval(values), strict=True):
        yield row | {"value": mean, "low": low, "high": high, "verdict": ""}


def finite_differences(moved_m: np.ndarray) -> dict[float, np.ndarray]:
    """Return `central_differences` of every step, by step."""
    return {step: central_differences(moved_m, step) for step in STEPS_SAMPLES}


def _row(score: str, coordinate: str, value: float, low: float, high: float) -> dict:
    return {
        "score": score,
        "coordinate": coordinate,
        "value": value,
        "low": low,
        "high": high,
        "verdict": "",
        "against": "",
    }


def _follows(low: float, high: float) -> str:
    """Tell what an interval of S says: which part of the way an estimate follows the delays of the direct sound."""
    near = [low <= way + MARGIN and high >= way - MARGIN for way in (0, 1)]
    if any(near):
        return "unsure" if all(near) else "none" if near[0] else "all"
    return "against" if high < 0 else "part" if high < 1 else "more"


def _mean(values: np.ndarray, heard: Heard) -> tuple[float, float, float]:
    """Return the mean over windows, shape (window,), and its interval."""
    low, high = interval(heard.resampled(values))
    return float(values.mean()), float(low), float(high)


def _of_profiles(score: Callable, first: np.ndarray, second: np.ndarray, heard: Heard):
    """Return a score of two profiles, means over windows of (window, microphone), and its interval."""
    value = score(_moments(first.mean(axis=0), second.mean(axis=0)))
    low, high = interval(score(_moments(heard.resampled(first), heard.resampled(second))))
    return float(value), float(low), float(high)


def _of_windows(score: Callable, first: np.ndarray, second: np.ndarray, heard: Heard):
    """Return a score over windows and microphones of (window, microphone), and its interval."""
    moments = _moments(first, second)  # (window, moment)
    low, high = interval(score(heard.resampled(moments)))
    return float(score(moments.mean(axis=0))), float(low), float(high)


def _moments(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the means over the last axis of two variables, their squares and their product, shape (..., 5)."""
    each = first, second, first**2, second**2, first * second
    return np.stack([values.mean(axis=-1) for values in each], axis=-1)


def _correlation(moments: np.ndarray) -> np.ndarray:
    first, second, first_2, second_2, product = np.moveaxis(moments, -1, 0)
    return _ratio(product - first * second, np.sqrt((first_2 - first**2) * (second_2 - second**2)))


def _slope(moments: np.ndarray) -> np.ndarray:
    """Slope of the first variable against the second."""
    first, second, _, second_2, product = np.moveaxis(moments, -1, 0)
    return _ratio(product - first * second, second_2 - second**2)


def _ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    return np.divide(over, under, out=np.full_like(over, np.nan), where=under > 0)
