"""The result of a whole run in three tables: what was found here beside what was published."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from params import CENTRE
from report.style import curve_titles, distinct, has_several_methods
from running.files import read_csv

REMOVED_PERCENT = 10


def removal_summary(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the MAE in metres with nothing and with a tenth removed, each with the published one in brackets.

    Parameters
    ----------
    curves : DataFrame
        ``curves.csv`` of perturbation_experiment.py.
    """
    named = has_several_methods(curves)
    shown = {"MAE": ("random", "", 0)} | {
        _name(curve, method if named else "", f"-{REMOVED_PERCENT} %"): (curve, method, REMOVED_PERCENT)
        for curve, method in curve_titles(curves)
    }
    values = curves.set_index(["condition", "model", "curve", "method", "percent"])
    rows = []
    for place in distinct(curves, ["condition", "model"]):
        row = dict(zip(("condition", "model"), place, strict=True))
        row |= {name: _beside_published(values.loc[(*place, *key)]) for name, key in shown.items()}
        rows.append(row | {CENTRE: values.loc[(*place, CENTRE, "", 0), "mae_m"]})
    return pd.DataFrame(rows)


def delay_summary(delays: pd.DataFrame) -> pd.DataFrame:
    """Return anomalies and MAE of the delays, a row a condition and pair, a column a signal.

    Parameters
    ----------
    delays : DataFrame
        ``summary.csv`` of tdoa_experiment.py.
    """
    named = has_several_methods(delays)
    rows = []
    for (condition, pair), scores in delays.groupby(["condition", "pair"], sort=False):
        row = {"condition": condition, "pair": pair}
        for each in scores.itertuples():
            name = _name(each.signal, each.method if named else "", each.model)
            row[name] = f"{each.anomalies_percent:.1f} % / {each.mae_samples:.2f}"
        rows.append(row)
    return pd.DataFrame(rows)


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
    return errors[["condition", "localizer", *shown]].rename(columns=shown)


def read_summary(folders: dict[str, Path]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read the results of the experiments from their folders (by name) and sum them up."""
    return (
        localization_summary(read_csv(folders["localization"] / "errors.csv")),
        removal_summary(read_csv(folders["perturbation"] / "curves.csv")),
        delay_summary(read_csv(folders["tdoa"] / "summary.csv")),
    )


def _name(*parts: str) -> str:
    return " ".join(filter(None, parts))


def _beside_published(row: pd.Series) -> str:
    published_m = row["published_mae_m"]
    return f"{row['mae_m']:.4f} ({'-' if pd.isna(published_m) else f'{published_m:.4f}'})"
