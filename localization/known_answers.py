"""What interventions do to estimates: error, bias and slope after each, against where the talkers are to be heard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import fft

import params
from acoustics.octaves import CENTRES_HZ
from acoustics.recordings import Recordings
from explain.statistics import mean_over_voices, verdict
from localization.errors import ESTIMATED, TRUE, describe_errors, window_table
from localization.interventions import Intervened, read_intervention
from localization.localizer import Localizer
from running.parts import by_source
from running.provenance import fingerprint

UNTOUCHED = "untouched"
CROSS_POWER = "cross_power"
VERSION = 1
"""Raised when estimates are made otherwise, so that kept ones are computed anew."""


def catalogue(setup: params.Setup) -> list[str]:
    """Return the interventions that are told apart by default, as they are written on a command line."""
    count = len(setup.array)
    several = [number for number in (1, 2, 4, 8, 12) if number < count]
    return [
        *("no_delays", "other_delays:0", "equal_levels", "all_polarities", "random_polarities:0", "mirrored"),
        *("no_direct", "no_early", "no_late", "no_noise"),
        *(f"{kind}:{centre_hz}" for kind in ("octave", "no_octave") for centre_hz in CENTRES_HZ),
        *(f"random_silent:{number},0" for number in several),
        *(f"silent:{microphone}" for microphone in range(count)),
    ]


def estimate_changed(
    localizers: Sequence[Localizer], recordings: Recordings, interventions: Sequence[str], parts: Path
) -> pd.DataFrame:
    """Let localizers hear recordings as they are and after each of several interventions.

    Parameters
    ----------
    localizers : sequence of Localizer
    recordings : Recordings
    interventions : sequence of str
        As they are written on a command line.
    parts : Path
        Keeps estimates source by source in folders of their own there, for any number of ranks and after any
        interruption.

    Returns
    -------
    DataFrame
        A row a window, intervention and localizer, as of `localization.errors.estimate_sources`, with the columns
        intervention ("untouched" or as it is written) and cross_power (`cross_power` of the window). x_m, y_m, z_m say
        where the talker is to be heard.
    """
    changed = {UNTOUCHED: recordings}
    changed |= {text: Intervened(recordings, read_intervention(text)) for text in interventions}
    tables = []
    for text, each in changed.items():

        def hear(row: int, heard: Recordings = each) -> dict[str, np.ndarray]:
            windows = heard.windows(row)
            return {
                "estimates_m": np.stack([localizer.estimate(windows) for localizer in localizers]),
                "powers": np.square(windows, dtype=np.float64).mean(axis=(1, 2)),
                CROSS_POWER: cross_power(windows),
            }

        identity = {"recordings": each.fingerprint, "version": VERSION}
        identity["localizers"] = [localizer.origin() for localizer in localizers]
        folder = parts / f"interventions-{fingerprint(identity)[:16]}"
        heard = by_source(folder, recordings.names, hear, f"{text} {recordings.condition.name}")
        for number, localizer in enumerate(localizers):
            table = window_table(each).assign(intervention=text, localizer=localizer.name)
            table["power"] = np.concatenate([part["powers"] for part in heard])
            table[CROSS_POWER] = np.concatenate([part[CROSS_POWER] for part in heard])
            table[ESTIMATED] = np.concatenate([part["estimates_m"][number] for part in heard]).round(5)
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def cross_power(windows: np.ndarray) -> np.ndarray:
    """Return the magnitude of the cross-power of all pairs of microphones, summed over them and the frequencies.

    Networks that estimate delays weigh frequencies by it: "What Do Neural Networks Learn for TDOA Estimation?", arXiv
    2606.22020, Interspeech 2026.

    Parameters
    ----------
    windows : array, shape (window, microphone, sample)

    Returns
    -------
    float64 array, shape (window,)
    """
    magnitudes = np.abs(fft.rfft(windows.astype(np.float64)))
    pairs = (magnitudes.sum(axis=1) ** 2 - np.square(magnitudes).sum(axis=1)) / 2
    return pairs.sum(axis=1)


def intervention_table(estimates: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Return error, bias and slope of everything that localizes after every intervention, in every condition.

    Parameters
    ----------
    estimates : DataFrame
        Of `estimate_changed`, of one condition or several.
    seed : int
        Seed of the intervals (95 %, over voices and their sources).

    Returns
    -------
    DataFrame
        Columns condition, intervention, localizer, windows; mae_m, low_m, high_m; change_m, change_low_m,
        change_high_m: how much more than with nothing changed, on the same windows, and verdict on that; mae_x_m,
        mae_y_m, mae_z_m; bias_x_m, bias_y_m: mean of estimate less truth; slope_x, slope_y: of the line fitted to
        estimate against truth; cross_power_share: cross-power that is left.
    """
    rows = []
    untouched = dict(list(estimates[estimates["intervention"] == UNTOUCHED].groupby(["condition", "localizer"])))
    for keys, part in estimates.groupby(["condition", "intervention", "localizer"], sort=False):
        before = untouched[keys[0], keys[2]]
        described = describe_errors(part[ESTIMATED].to_numpy(), part[TRUE].to_numpy(), part["power"].to_numpy())
        mean, *ends = mean_over_voices(_errors_m(part), part["speaker"], part["source"], seed)
        row = dict(zip(("condition", "intervention", "localizer"), keys, strict=True)) | {"windows": len(part)}
        row |= dict(zip(("mae_m", "low_m", "high_m"), (mean, *ends), strict=True))
        more = pd.Series(_errors_m(part).to_numpy() - _errors_m(before).to_numpy(), part.index)
        change = mean_over_voices(more, part["speaker"], part["source"], seed)
        row |= dict(zip(("change_m", "change_low_m", "change_high_m"), change, strict=True))
        row["verdict"] = verdict(*change[1:])
        row |= {name: described[name] for name in ("mae_x_m", "mae_y_m", "mae_z_m")}
        bias_m = (part[ESTIMATED].to_numpy() - part[TRUE].to_numpy()).mean(axis=0)
        row |= {"bias_x_m": bias_m[0], "bias_y_m": bias_m[1]}
        row |= {name: described[name] for name in ("slope_x", "slope_y")}
        row["cross_power_share"] = part[CROSS_POWER].sum() / before[CROSS_POWER].sum()
        rows.append(row)
    return pd.DataFrame(rows)


def _errors_m(estimates: pd.DataFrame) -> pd.Series:
    errors_m = np.abs(estimates[ESTIMATED].to_numpy() - estimates[TRUE].to_numpy()).mean(axis=1)
    return pd.Series(errors_m, estimates.index)
