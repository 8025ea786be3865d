"""Figures from results: data in, matplotlib `Figure` out; no LaTeX, readable in grey."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from params import CENTRE
from running.files import whole_file

# Okabe and Ito's colours, which colour-blind readers tell apart; markers tell the curves apart in grey.
STYLES = {
    "relevance": {"color": "#D55E00", "marker": "o"},
    "energy": {"color": "#0072B2", "marker": "s"},
    "random": {"color": "#009E73", "marker": "^"},
}
NETWORKS = {"loc_cnn": "LocCNN", "sample_cnn": "SampleCNN"}


def removal_curves(curves: pd.DataFrame, published: pd.DataFrame) -> Figure:
    """Draw the MAE against the share removed: a row a network, a column a condition; a single condition in one row.

    Parameters
    ----------
    curves : DataFrame
        ``curves.csv`` of perturbation_experiment.py; bands are the 95 % intervals over sources.
    published : DataFrame
        `report.published.published_curves`, drawn pale and dashed where it has the condition.
    """
    models, conditions = (list(dict.fromkeys(curves[column])) for column in ("model", "condition"))
    n_rows, n_columns = (len(models), len(conditions)) if len(conditions) > 1 else (1, len(models))
    figure = Figure(figsize=(1.8 + 2.6 * n_columns, 0.9 + 2.4 * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, (model, condition) in zip(panels, product(models, conditions), strict=True):
        _draw_panel(axes, *(_rows(table, model, condition) for table in (curves, published)))
        axes.set_title(f"{NETWORKS.get(model, model)}, {condition.replace('_', ' ')}", fontsize="medium")
    panels[0].set_ylim(bottom=0)
    figure.supxlabel("share of the input removed (%)")
    figure.supylabel("MAE (m)")
    handles, labels = panels[0].get_legend_handles_labels()
    n_entries = min(len(handles), 1 + 2 * n_columns)
    figure.legend(handles, labels, loc="outside upper center", ncols=n_entries, frameon=False, fontsize="small")
    return figure


def write_figure(path: Path, figure: Figure, dpi: int = 150) -> None:
    """Write a figure in the format of its suffix, whole or not at all."""
    with whole_file(path) as beside:
        figure.savefig(beside, dpi=dpi)


def _draw_panel(axes: Axes, ours: pd.DataFrame, published: pd.DataFrame) -> None:
    for curve, style in STYLES.items():
        theirs = published[published["curve"] == curve]
        if not theirs.empty:
            axes.plot(theirs["percent"], theirs["mae_m"], "--", alpha=0.4, color=style["color"])
        here = ours[ours["curve"] == curve].sort_values("percent")
        axes.plot(here["percent"], here["mae_m"], label=curve, markersize=4, **style)
        axes.fill_between(here["percent"], here["low_m"], here["high_m"], alpha=0.15, color=style["color"])
    if not published.empty:
        axes.plot([], [], "--", color="grey", alpha=0.6, label="published")
    centre_m = ours.loc[ours["curve"] == CENTRE, "mae_m"].iloc[0]
    axes.axhline(centre_m, color="grey", linestyle=":", label=CENTRE)
    axes.grid(alpha=0.2)


def _rows(table: pd.DataFrame, model: str, condition: str) -> pd.DataFrame:
    return table[(table["model"] == model) & (table["condition"] == condition)]
