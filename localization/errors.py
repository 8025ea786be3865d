"""How well positions are estimated: errors over windows, what a mean hides, and who is better on the same windows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

import params
from acoustics.recordings import Recordings
from explain.statistics import mean_over_voices, verdict
from localization.localizer import Localizer
from running.parts import by_source
from running.provenance import fingerprint

QUIET_SHARE = 0.25
"""The windows of least power, of all in a table, that count as quiet."""
TRUE = ["x_m", "y_m", "z_m"]
ESTIMATED = ["estimate_x_m", "estimate_y_m", "estimate_z_m"]
VERSION = 1
"""Raised when estimates are made otherwise, so that kept ones are computed anew."""


def estimate_sources(
    localizers: Iterable[Localizer], recordings: Recordings, parts: Path | None = None
) -> pd.DataFrame:
    """Let everything that localizes hear all windows of recordings.

    Parameters
    ----------
    localizers : iterable of Localizer
    recordings : Recordings
    parts : Path, optional
        Keeps estimates source by source in a folder of its own there, for any number of ranks and after any
        interruption.

    Returns
    -------
    DataFrame
        A row a window and localizer: condition, source, speaker, window, x_m, y_m, z_m, localizer, power (mean square
        over microphones and samples), estimate_x_m, estimate_y_m, estimate_z_m (to 10 micrometres).
    """
    tables = []
    for localizer in localizers:

        def hear(row: int, localizer: Localizer = localizer) -> dict[str, np.ndarray]:
            windows = recordings.windows(row)
            powers = np.square(windows, dtype=np.float64).mean(axis=(1, 2))
            return {"estimates_m": localizer.estimate(windows), "powers": powers}

        if parts is None:
            heard = list(map(hear, range(len(recordings))))
        else:
            identity = {"recordings": recordings.fingerprint, "localizer": localizer.name, "version": VERSION}
            folder = parts / f"localization-{fingerprint(identity | localizer.identity)[:16]}"
            heard = by_source(folder, recordings.names, hear, f"{localizer.name} {recordings.condition.name}")
        table = window_table(recordings).assign(
            localizer=localizer.name, power=np.concatenate([part["powers"] for part in heard])
        )
        table[ESTIMATED] = np.concatenate([part["estimates_m"] for part in heard]).round(5)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def window_table(recordings: Recordings) -> pd.DataFrame:
    """Return a row a window: condition, source, speaker, window, and where the talker is (x_m, y_m, z_m)."""
    counts = recordings.window_counts
    table = pd.DataFrame({"condition": recordings.condition.name, "source": np.repeat(recordings.numbers, counts)})
    table["speaker"] = np.repeat([row["speaker"] for row in recordings.sources], counts)
    table["window"] = np.concatenate([np.arange(count) for count in counts])
    table[TRUE] = np.repeat(recordings.positions_m, counts, axis=0)
    return table


def error_table(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the errors of everything that localizes in every condition, `describe_errors`: a row for each."""
    rows = []
    for (condition, name), part in estimates.groupby(["condition", "localizer"], sort=False):
        described = describe_errors(part[ESTIMATED].to_numpy(), part[TRUE].to_numpy(), part["power"].to_numpy())
        rows.append({"condition": condition, "localizer": name, "windows": len(part)} | described)
    return pd.DataFrame(rows)


def error_differences(estimates: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Compare the MAE of everything that localizes with those of the controls, on the same windows.

    Parameters
    ----------
    estimates : DataFrame
        Of `estimate_sources`, of one condition or several, which are then pooled too.
    seed : int
        Seed of the intervals (95 %, over voices and their sources).

    Returns
    -------
    DataFrame
        Columns condition, localizer, mae_m, mae_low_m, mae_high_m; against (a control, or "" for the MAE alone),
        difference_m, low_m, high_m, verdict ("below" is better).
    """
    errors_m = np.abs(estimates[ESTIMATED].to_numpy() - estimates[TRUE].to_numpy()).mean(axis=1)
    keys = ["condition", "speaker", "source", "window"]
    wide = estimates[[*keys, "localizer"]].assign(error_m=errors_m)
    wide = wide.pivot(index=keys, columns="localizer", values="error_m").reset_index()
    conditions, names = (list(dict.fromkeys(estimates[column])) for column in ("condition", "localizer"))
    parts = {condition: wide[wide["condition"] == condition] for condition in conditions}
    rows = []
    for condition, part in (parts | ({"pooled": wide} if len(parts) > 1 else {})).items():
        for name in names:
            mae = dict(zip(("mae_m", "mae_low_m", "mae_high_m"), _over_voices(part[name], part, seed), strict=True))
            for control in (params.CENTRE, params.SRP_PHAT):
                if control in names and control != name:
                    difference_m, low_m, high_m = _over_voices(part[name] - part[control], part, seed)
                    found: dict = {"difference_m": difference_m, "low_m": low_m, "high_m": high_m}
                    found["verdict"] = verdict(low_m, high_m)
                    rows.append({"condition": condition, "localizer": name} | mae | {"against": control} | found)
    return pd.DataFrame(rows)


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


def _over_voices(values: pd.Series, windows: pd.DataFrame, seed: int) -> tuple[float, float, float]:
    return mean_over_voices(values, windows["speaker"], windows["source"], seed)
