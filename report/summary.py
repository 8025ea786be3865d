"""The result of a whole run in three tables: what was found here beside what was published."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from params import CENTRE
from report.published import published_curves

REMOVED_PERCENT = 10


def removal_summary(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the MAE in metres with nothing and with a tenth removed, each with the published one in brackets.

    Parameters
    ----------
    curves : DataFrame
        ``curves.csv`` of perturbation_experiment.py.
    """
    here, published = _columns(curves), _columns(published_curves())
    published = published.reindex(here.index)
    table = pd.DataFrame(index=here.index)
    for column in ("MAE", *(f"{curve} -{REMOVED_PERCENT} %" for curve in ("relevance", "energy", "random"))):
        table[column] = [
            f"{value:.4f} ({'-' if pd.isna(theirs) else f'{theirs:.4f}'})"
            for value, theirs in zip(here[column], published[column], strict=True)
        ]
    table[CENTRE] = here[CENTRE]
    return table.reset_index()


def delay_summary(delays: pd.DataFrame) -> pd.DataFrame:
    """Return anomalies and MAE of the delays, a row a condition and pair, a column a signal.

    Parameters
    ----------
    delays : DataFrame
        ``summary.csv`` of tdoa_experiment.py.
    """
    shown = [
        f"{anomalies:.1f} % / {mae:.2f}"
        for anomalies, mae in zip(delays["anomalies_percent"], delays["mae_samples"], strict=True)
    ]
    table = delays.assign(shown=shown)
    wide = table.pivot(index=["condition", "pair"], columns="signal", values="shown")
    rows = list(dict.fromkeys(zip(table["condition"], table["pair"], strict=True)))
    return wide.loc[rows, list(dict.fromkeys(table["signal"]))].reset_index()


def localization_summary(errors: pd.DataFrame) -> pd.DataFrame:
    """Return the errors of everything that localizes: means, then median and 90th percentile of the distance.

    Parameters
    ----------
    errors : DataFrame
        ``errors.csv`` of localization_experiment.py.
    """
    shown = {"mae_m": "MAE", "published_mae_m": "published", "mae_x_m": "x", "mae_y_m": "y", "mae_z_m": "z"}
    shown |= {"median_m": "median", "p90_m": "90 %", "slope_x": "slope x", "slope_y": "slope y"}
    shown |= {"quiet_m": "quiet", "loud_m": "loud"}
    return errors[["condition", "method", *shown]].rename(columns=shown)


def read_summary(folders: dict[str, Path]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read the results of the experiments from their folders (by name) and sum them up."""
    return (
        localization_summary(pd.read_csv(folders["localization"] / "errors.csv")),
        removal_summary(pd.read_csv(folders["perturbation"] / "curves.csv")),
        delay_summary(pd.read_csv(folders["tdoa"] / "summary.csv")),
    )


def _columns(curves: pd.DataFrame) -> pd.DataFrame:
    keys = ["condition", "model"]
    at = {percent: rows.set_index([*keys, "curve"])["mae_m"].unstack() for percent, rows in curves.groupby("percent")}
    removed = at[REMOVED_PERCENT][["relevance", "energy", "random"]].add_suffix(f" -{REMOVED_PERCENT} %")
    whole = at[0].rename(columns={"relevance": "MAE"})
    kept = [column for column in ("MAE", CENTRE) if column in whole]
    table = whole[kept].join(removed)
    return table.loc[list(dict.fromkeys(zip(curves["condition"], curves["model"], strict=True)))]
