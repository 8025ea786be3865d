"""Figures from results: data in, matplotlib `Figure` out; no LaTeX, readable in grey, in a light and a dark theme.

Those of one source are in `report.inspection`, themes and files in `report.style`; all can be imported from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle, product
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullFormatter

import params
from params import CENTRE, LAG_ZERO
from report.inspection import Inspection, inspection_figure, relevance_map
from report.style import (
    DARK,
    LIGHT,
    SINGLE_IN,
    Theme,
    condition_title,
    curve_titles,
    legend,
    localizer_title,
    signal_titles,
    write_figure,
)

__all__ = [
    "DARK",
    "LIGHT",
    "Inspection",
    "Theme",
    "delay_scatter",
    "error_distributions",
    "inspection_figure",
    "relevance_map",
    "removal_curves",
    "room_map",
    "training_curves",
    "write_figure",
]

DASHES = ("-", "--", "-.", ":")
COORDINATES = ("x", "y", "z", "horizontal")
SPLIT_NAMES = {"train": "training", "val": "validation", "test": "test"}
MARGIN_M = 0.12
MOST_COLUMNS = 5
TITLE_LETTERS = 30  # that fit above a panel
HISTORY = {
    "squared error (m²)\nthin: training": "val_loss_m2",
    "validation MAE\nin x (m)": "val_mae_x_m",
    "validation MAE\nin y (m)": "val_mae_y_m",
}


def removal_curves(curves: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw the MAE against the share removed: a row a network, a column a condition; a single condition in one row.

    Parameters
    ----------
    curves : DataFrame
        ``curves.csv`` of perturbation_experiment.py; bands are the 95 % intervals over voices and their sources.
        Published numbers are drawn pale and dashed where there are any.
    theme : Theme
    """
    models, conditions = (list(dict.fromkeys(curves[column])) for column in ("model", "condition"))
    n_rows, n_columns = (len(models), len(conditions)) if len(conditions) > 1 else (1, len(models))
    looks = _removal_looks(curves, theme)
    with theme.canvas(1.6 + 2.6 * n_columns, 1.1 + 2.3 * n_rows) as figure:
        panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, (model, condition) in zip(panels, product(models, conditions), strict=True):
            rows = curves[(curves["model"] == model) & (curves["condition"] == condition)]
            _draw_removal(axes, rows, looks, theme)
            axes.set_title(f"{localizer_title(model)}\n{condition_title(condition)}")
        panels[0].set_ylim(bottom=0)
        figure.supxlabel("share of the input removed (%)", fontsize="medium")
        figure.supylabel("MAE (m)", fontsize="medium")
        legend(figure, n_columns=3 if n_columns == 1 else 5)
    return figure


def room_map(
    setup: params.Setup,
    positions_m: np.ndarray | None = None,
    estimates_m: np.ndarray | None = None,
    highlight: int | Sequence[int] | None = None,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw the room from above, and beside it the sources closely, with lines from true to estimated positions.

    Parameters
    ----------
    setup : params.Setup
    positions_m, estimates_m : arrays, shape (n, 2 or more), optional
        Positions in metres: the true ones, and what a network says; without the former (a talker who could be
        anywhere) only the latter are drawn.
    highlight : int or sequence of int, optional
        Of these, the rows to make stand out.
    theme : Theme
    """
    splits_m = setup.grid.splits()
    with theme.canvas(SINGLE_IN, 4.0) as figure:
        room, close = figure.subplots(1, 2, width_ratios=(1, 1.55))
        _draw_sources(room, setup, splits_m, 1, theme)
        _draw_sources(close, setup, splits_m, 6, theme)
        shown_m = np.concatenate([each[:, :2] for each in splits_m.values()])
        if estimates_m is not None:
            known_m = [each for each in (estimates_m, positions_m) if each is not None]
            ends_m = np.stack([np.asarray(each)[:, :2] for each in known_m])
            _draw_estimates(close, ends_m, highlight, theme)
            shown_m = np.concatenate(ends_m)
        low_m, high_m = shown_m.min(axis=0) - MARGIN_M, shown_m.max(axis=0) + MARGIN_M
        close.set(xlim=(low_m[0], high_m[0]), ylim=(low_m[1], high_m[1]))
        length_m, width_m, _ = setup.room.size_m
        room.add_patch(Rectangle((0, 0), length_m, width_m, fill=False, edgecolor=theme.ink, linewidth=1.5))
        room.add_patch(Rectangle(low_m, *(high_m - low_m), fill=False, edgecolor=theme.pale))
        room.set(ylabel="y (m)", xlim=(-MARGIN_M, length_m + MARGIN_M), ylim=(-MARGIN_M, width_m + MARGIN_M))
        legend(figure, n_columns=3)
    return figure


def delay_scatter(delays: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw estimated against true delays, a panel a signal for each pair of microphones; area shows how many windows.

    Parameters
    ----------
    delays : DataFrame
        ``delays.csv`` of tdoa_experiment.py, or those of its rows to show; its control is drawn as a line. Of untrained
        networks the first initialisation is shown.
    theme : Theme
    """
    shown = delays[(delays["signal"] != LAG_ZERO) & ~(delays["initialisation"] > 0)]
    titles, pairs = signal_titles(shown), list(dict.fromkeys(shown["pair"]))
    of_signal = dict(tuple(shown.groupby(["pair", "signal", "method", "model"])))
    n_columns = min(len(titles), MOST_COLUMNS)
    n_rows = len(pairs) * -(-len(titles) // n_columns)
    with theme.canvas(0.8 + 2.3 * n_columns, 1 + 2.3 * n_rows) as figure:
        panels = figure.subplots(n_rows, n_columns, sharex="row", sharey="row", squeeze=False).reshape(len(pairs), -1)
        for row, pair in zip(panels, pairs, strict=True):
            of_pair = shown[shown["pair"] == pair]
            largest = of_pair["true_lag_samples"].abs().max()
            limit = min(of_pair["lag_samples"].abs().max(), 3 * largest + 2) + 1.5
            for axes, (signal, title) in zip(row, titles.items(), strict=False):
                _draw_delays(axes, of_signal[(pair, *signal)], limit, theme)
                axes.set(xlim=(-largest - 1, largest + 1), ylim=(-limit, limit))
                title = fill(title, TITLE_LETTERS)
                axes.set_title(title if len(pairs) == 1 else f"{title}\npair {pair}")
            for axes in row[len(titles) :]:
                axes.remove()
        figure.supxlabel("true delay (samples); area: number of windows", fontsize="medium")
        figure.supylabel("estimated delay (samples)", fontsize="medium")
        legend(figure, n_columns=2 if n_columns == 1 else 4)
    return figure


def error_distributions(
    estimates: pd.DataFrame, coordinates: Sequence[str] = COORDINATES, theme: Theme = LIGHT
) -> Figure:
    """Draw how many estimates are off by at most so many metres: a panel a coordinate, a line a localizer.

    Parameters
    ----------
    estimates : DataFrame
        ``estimates.csv`` of localization_experiment.py, or those of its rows to show.
    coordinates : sequence of {"x", "y", "z", "horizontal"}
        The last is the distance in the plane.
    theme : Theme
    """
    names = list(dict.fromkeys(estimates["localizer"]))
    styles = _line_styles([name for name in names if name != CENTRE], theme)
    styles[CENTRE] = {"color": theme.ink, "linestyle": ":"}
    error_m = {axis: (estimates[f"estimate_{axis}_m"] - estimates[f"{axis}_m"]).abs() for axis in "xyz"}
    error_m["horizontal"] = np.hypot(error_m["x"], error_m["y"])
    width_in = SINGLE_IN if len(coordinates) == 1 else 1 + 2.3 * len(coordinates)
    with theme.canvas(width_in, 3) as figure:
        panels = figure.subplots(1, len(coordinates), sharex=True, sharey=True, squeeze=False)[0]
        for axes, coordinate in zip(panels, coordinates, strict=True):
            for name in names:
                sorted_m = np.sort(error_m[coordinate][estimates["localizer"] == name])
                share_percent = 100 * np.arange(1, len(sorted_m) + 1) / len(sorted_m)
                label = localizer_title(name)
                axes.plot(sorted_m, share_percent, drawstyle="steps-post", label=label, **styles[name])
            axes.set_title("horizontal distance" if coordinate == "horizontal" else coordinate)
            axes.grid()
        largest_m = max(error_m[coordinate].quantile(0.99) for coordinate in coordinates)
        panels[0].set(ylabel="share of estimates (%)", ylim=(0, 100), xlim=(0, largest_m))
        figure.supxlabel("absolute error at most (m)", fontsize="medium")
        legend(figure, n_columns=2 if len(coordinates) == 1 else len(names))
    return figure


def training_curves(histories: Mapping[tuple[str, str], Sequence[Mapping]], theme: Theme = LIGHT) -> Figure:
    """Draw loss and validation MAE against the epoch: a column a network, a colour a condition.

    Parameters
    ----------
    histories : mapping from (model, condition) to rows
        `history` of checkpoints' JSON.
    theme : Theme
    """
    models, conditions = (list(dict.fromkeys(key[part] for key in histories)) for part in (0, 1))
    styles = _line_styles(conditions, theme)
    with theme.canvas(1 + 3.2 * len(models), 6.4) as figure:
        grid = figure.subplots(len(HISTORY), len(models), sharex="col", sharey="row", squeeze=False)
        for column, model in zip(grid.T, models, strict=True):
            for (of_model, condition), rows in histories.items():
                if of_model == model:
                    _draw_history(column, pd.DataFrame(rows), styles[condition], condition_title(condition))
            for axes in column:
                axes.set_yscale("log", subs=range(2, 10))
                axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
                axes.yaxis.set_major_formatter("{x:g}")
                axes.yaxis.set_minor_formatter(NullFormatter())
                axes.grid()
            column[0].set_title(localizer_title(model))
            column[-1].set_xlabel("epoch")
        for axes, label in zip(grid[:, 0], HISTORY, strict=True):
            axes.set_ylabel(label)
        legend(figure, n_columns=2)
    return figure


def _removal_looks(curves: pd.DataFrame, theme: Theme) -> dict[tuple[str, str], dict]:
    """Return label, colour and marker of each curve; further methods look otherwise than the first."""
    methods = cycle(zip((theme.vermilion, theme.purple, theme.ink, theme.pale), "oDvP", strict=True))
    others = {"energy": (theme.blue, "s"), "random": (theme.green, "^")}
    looks = {}
    for (curve, method), title in curve_titles(curves).items():
        colour, marker = others.get(curve) or next(methods)
        looks[curve, method] = {"label": title, "color": colour, "marker": marker}
    return looks


def _draw_removal(axes: Axes, rows: pd.DataFrame, looks: Mapping[tuple[str, str], dict], theme: Theme) -> None:
    rows = rows.sort_values("percent")
    for (curve, method), look in looks.items():
        here = rows[(rows["curve"] == curve) & (rows["method"] == method)]
        theirs = here.dropna(subset="published_mae_m")
        if not theirs.empty:
            pale = {"alpha": 0.4, "linestyle": "--", "mfc": "none", "label": None}
            axes.plot(theirs["percent"], theirs["published_mae_m"], **look | pale)
        axes.plot(here["percent"], here["mae_m"], **look)
        axes.fill_between(here["percent"], here["low_m"], here["high_m"], alpha=0.2, color=look["color"], linewidth=0)
    if rows["published_mae_m"].notna().any():
        axes.plot([], [], "--", color=theme.pale, label="published")
    centre_m = rows.loc[rows["curve"] == CENTRE, "mae_m"].iloc[0]
    axes.axhline(centre_m, color=theme.ink, linestyle=":", linewidth=1.2, label=CENTRE)
    axes.grid()


def _draw_sources(
    axes: Axes, setup: params.Setup, splits_m: Mapping[str, np.ndarray], area: float, theme: Theme
) -> None:
    for split, colour in (("train", theme.pale), ("val", theme.purple), ("test", theme.blue)):
        x_m, y_m, _ = splits_m[split].T
        areas = np.full(len(x_m), area)  # points that share one area would be moved to whole pixels
        axes.scatter(x_m, y_m, areas, color=colour, alpha=0.6, linewidth=0, rasterized=True)
        axes.plot([], [], ".", color=colour, label=SPLIT_NAMES[split])
    axes.plot(*setup.array.as_array()[:, :2].T, "v", color=theme.ink, markersize=3, label="microphones")
    axes.set(xlabel="x (m)", aspect="equal")


def _draw_estimates(axes: Axes, ends_m: np.ndarray, highlight: int | Sequence[int] | None, theme: Theme) -> None:
    """Draw estimates and, where they are known, true positions; `ends_m` has shape (1 or 2, estimate, 2)."""
    chosen = np.zeros(ends_m.shape[1], bool)
    if highlight is not None:
        chosen[highlight] = True
    groups = [(chosen, 1.0, 1.4, 6), (~chosen, 0.25, 0.6, 3)] if chosen.any() else [(~chosen, 0.8, 0.6, 3)]
    for rows, alpha, width, size in groups:
        estimated_m, *true_m = ends_m[:, rows]
        axes.plot(*ends_m[:, rows].T.swapaxes(1, 2), color=theme.vermilion, alpha=0.6 * alpha, linewidth=width)
        axes.plot(*estimated_m.T, "o", color=theme.vermilion, alpha=alpha, markersize=size, markeredgewidth=0)
        for each_m in true_m:
            axes.plot(*each_m.T, "o", mfc="none", color=theme.ink, alpha=alpha, markersize=size)
    if len(ends_m) == 2:
        axes.plot([], [], "o", mfc="none", color=theme.ink, label="true")
    axes.plot([], [], "o-", color=theme.vermilion, label="estimated")


def _draw_delays(axes: Axes, rows: pd.DataFrame, limit: float, theme: Theme) -> None:
    colour = theme.blue if rows["signal"].iloc[0] == "microphones" else theme.vermilion
    counts = rows.groupby(["true_lag_samples", "lag_samples", "anomaly"]).size().rename("windows").reset_index()
    counts["area"] = 8 + 500 * counts["windows"] / len(rows)
    for anomaly, marker in ((False, "o"), (True, "x")):
        shown = counts[counts["anomaly"] == anomaly]
        axes.scatter(
            shown["true_lag_samples"], shown["lag_samples"], shown["area"], color=colour, marker=marker, alpha=0.5
        )
    axes.axline((0, 0), slope=1, color=theme.ink, linewidth=1, label="truth")
    axes.axhline(0, color=theme.ink, linestyle=":", linewidth=1, label=LAG_ZERO)
    axes.plot([], [], "o", color=theme.pale, label="estimate")
    axes.plot([], [], "x", color=theme.pale, label="anomaly")
    outside = int((rows["lag_samples"].abs() > limit).sum())
    if outside:
        axes.text(
            0.98, 0.02, f"{outside} of {len(rows)} outside", transform=axes.transAxes, ha="right", fontsize="small"
        )
    axes.grid()


def _draw_history(column: Sequence[Axes], history: pd.DataFrame, style: dict, label: str) -> None:
    for axes, name in zip(column, HISTORY.values(), strict=True):
        axes.plot(history["epoch"], history[name], label=label, **style)
    column[0].plot(history["epoch"], history["train_loss_m2"], **style, linewidth=1, alpha=0.8)


def _line_styles(names: Sequence[str], theme: Theme) -> dict[str, dict]:
    """Return a colour and dashes for each name."""
    return {
        name: {"color": theme.palette[index % 4], "linestyle": DASHES[index % 4]} for index, name in enumerate(names)
    }
