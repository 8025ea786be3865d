"""Figures of what localizers hear: weights of cues, other rooms, and how estimates move with delays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from localization.cues import CUES
from localization.rooms import OTHER, OWN
from localization.sensitivity_scores import AVERAGED, GRADIENT, LEVEL, SHIFTS
from models import MODELS
from params import CENTRE, SRP_PHAT
from report.style import (
    LIGHT,
    SINGLE_IN,
    T60_title,
    Theme,
    condition_title,
    legend,
    localizer_title,
    method_title,
)

CUE_TITLES = {
    "delays": "direct sound: delays",
    "levels": "direct sound: levels",
    "early": "early reflections",
    "late": "late reflections",
}
STEP_SAMPLES = 0.5
"""Real shifts that profiles are drawn of."""


def is_network(name: str) -> bool:
    """Tell whether a localizer's name is that of a trained network."""
    return name.split(" ")[0] in MODELS


def cue_weights(weights: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw the weight of each cue against T60, stacked: x above, y below, a column a network, SRP-PHAT last.

    Parameters
    ----------
    weights : DataFrame
        ``weights.csv`` of cue_experiment.py. Below zero is stacked below zero; what no control finds is hatched.
    theme : Theme
    """
    names = [*filter(is_network, dict.fromkeys(weights["localizer"])), SRP_PHAT]
    conditions = list(dict.fromkeys(weights["condition"]))
    colours = dict(zip(CUES, (theme.blue, theme.green, theme.vermilion, theme.purple), strict=True))
    found = weights.set_index(["coordinate", "localizer", "condition", "cue"]).sort_index()
    with theme.canvas(max(1.2 + 1.5 * len(names), SINGLE_IN), 4.8) as figure:
        panels = figure.subplots(2, len(names), sharex=True, sharey=True, squeeze=False)
        for row, coordinate in zip(panels, "xy", strict=True):
            for axes, name in zip(row, names, strict=True):
                for place, condition in enumerate(conditions):
                    _stack(axes, place, found.loc[(coordinate, name, condition)], colours, theme)
                axes.axhline(0, color=theme.ink, linewidth=0.8)
                axes.axhline(1, color=theme.ink, linestyle=":", linewidth=1)
                axes.grid(axis="y")
                axes.set_xticks(range(len(conditions)), map(T60_title, conditions))
            row[0].set_ylabel(f"weight in {coordinate}")
        for axes, name in zip(panels[0], names, strict=True):
            axes.set_title(localizer_title(name).replace(" (", "\n("))
        for cue, title in CUE_TITLES.items():
            panels[0, 0].bar(0, 0, color=colours[cue], label=title)
        if not found["findable"].loc[(list("xy"), names)].all():
            panels[0, 0].bar(0, 0, facecolor="none", edgecolor=theme.ink, hatch="////", label="no control finds it")
        figure.supxlabel("T60 (s)", fontsize="medium")
        legend(figure, n_columns=5 if len(names) > 4 else 3 if len(names) > 2 else 2)
    return figure


def rooms_errors(errors: pd.DataFrame, verdicts: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw the MAE in the own room and in others against T60, a panel a localizer; dotted: the constant.

    Parameters
    ----------
    errors, verdicts : DataFrames
        ``errors.csv`` and ``verdicts.csv`` of rooms_experiment.py; bars are 95 % intervals over voices and their rooms.
    theme : Theme
    """
    conditions = list(dict.fromkeys(errors["condition"]))
    names = [name for name in dict.fromkeys(errors["localizer"]) if name != CENTRE]
    mae_m = errors.set_index(["localizer", "place", "condition"]).sort_index()["mae_m"]
    intervals = verdicts.drop_duplicates(["localizer", "condition"]).set_index(["localizer", "condition"])
    places = np.arange(len(conditions))
    with theme.canvas(1.2 + 1.7 * len(names), 3) as figure:
        panels = figure.subplots(1, len(names), sharex=True, sharey=True, squeeze=False)[0]
        for axes, name in zip(panels, names, strict=True):
            others_m = mae_m[name, OTHER][conditions].to_numpy()
            low_m, high_m = intervals.loc[name].loc[conditions, ["mae_low_m", "mae_high_m"]].to_numpy().T
            axes.plot(places, mae_m[name, OWN][conditions], "o", mfc="none", color=theme.blue, label=OWN)
            axes.vlines(places, low_m, high_m, color=theme.vermilion)
            axes.plot(places, others_m, "s", color=theme.vermilion, label=OTHER)
            axes.plot(places, mae_m[CENTRE, OTHER][conditions], ":", color=theme.ink, label=CENTRE)
            axes.set_title(localizer_title(name).replace(" (", "\n("))
            axes.set_xticks(places, map(T60_title, conditions))
            axes.grid(axis="y")
        panels[0].set(ylim=(0, None), xlim=(-0.5, len(conditions) - 0.5), ylabel="MAE (m)")
        figure.supxlabel("T60 (s)", fontsize="medium")
        legend(figure, n_columns=3)
    return figure


def delay_profiles(profiles: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw how an estimate moves with the delay of each microphone: x above, y below, a column a condition.

    Parameters
    ----------
    profiles : DataFrame
        Rows of ``profiles.csv`` of sensitivity_experiment.py, of one localizer: by gradient, by real shifts, and if the
        delays of the direct sound alone counted. Bands and bars are 95 % intervals over voices and their sources.
    theme : Theme
    """
    conditions = list(dict.fromkeys(profiles["condition"]))
    by_gradient = profiles[profiles["method"] == AVERAGED]
    by_shifts = profiles[(profiles["method"] == SHIFTS) & (profiles["step_samples"] == STEP_SAMPLES)]
    with theme.canvas(max(1 + 2.1 * len(conditions), SINGLE_IN), 4.8) as figure:
        for axes, condition, coordinate in _panels(figure, conditions, "(mm per sample)", theme):
            gradient, shifts = (_of(each, condition, coordinate) for each in (by_gradient, by_shifts))
            microphones, look = gradient["microphone"], {"color": theme.vermilion, "linewidth": 1.5}
            axes.plot(microphones, 1e3 * gradient["mean"], label="by gradient, averaged", **look)
            axes.fill_between(microphones, 1e3 * gradient["low"], 1e3 * gradient["high"], alpha=0.2, **look)
            axes.vlines(microphones, 1e3 * shifts["low"], 1e3 * shifts["high"], color=theme.ink, linewidth=0.8)
            label = f"by real shifts of {STEP_SAMPLES} samples"
            axes.plot(microphones, 1e3 * shifts["mean"], "o", markersize=3, color=theme.ink, label=label)
            direct = {"color": theme.blue, "linestyle": "--", "label": "direct sound alone (multilateration)"}
            axes.plot(microphones, 1e3 * gradient["multilateration"], **direct)
        figure.supxlabel("microphone", fontsize="medium")
        legend(figure, n_columns=3 if len(conditions) > 2 else 1)
    return figure


def two_halves(profiles: pd.DataFrame, scores: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw the cross-spectrum of input and gradient with its two halves, and each against what real delays do.

    Parameters
    ----------
    profiles, scores : DataFrames
        Rows of ``profiles.csv`` and ``scores.csv`` of sensitivity_experiment.py, of one localizer and condition.
    theme : Theme
    """
    halves = {GRADIENT: theme.blue, LEVEL: theme.vermilion}
    with theme.canvas(2 * SINGLE_IN, 3.1) as figure:
        plane, *panels = figure.subplots(1, 1 + len(halves))
        _draw_plane(plane, theme)
        shifts = profiles[(profiles["method"] == SHIFTS) & (profiles["step_samples"] == STEP_SAMPLES)]
        for axes, (method, colour) in zip(panels, halves.items(), strict=True):
            for coordinate, marker in zip("xy", "os", strict=True):
                real, said = (
                    each[each["coordinate"] == coordinate].sort_values("microphone")["mean"].to_numpy()
                    for each in (shifts, profiles[profiles["method"] == method])
                )
                told = scores[
                    (scores["method"] == method) & (scores["score"] == "profile_correlation")
                    & (scores["against"] == SHIFTS) & (scores["step_samples"] == STEP_SAMPLES)
                    & (scores["coordinate"] == coordinate)
                ]["value"].iloc[0]  # fmt: skip
                largest = np.abs(real).max() or 1.0, np.abs(said).max() or 1.0
                label = f"{coordinate}: r = {told:.2f}"
                axes.plot(real / largest[0], said / largest[1], marker, mfc="none", color=colour, label=label)
            axes.axline((0, 0), slope=1, color=theme.ink, linewidth=0.8)
            axes.set(xlim=(-1.15, 1.15), ylim=(-1.15, 1.15), xticks=(-1, 0, 1), yticks=(-1, 0, 1))
            axes.set(
                xlabel="real delays, of the largest", ylabel="explained, of the largest", title=method_title(method)
            )
            axes.legend(loc="lower right")
            axes.grid()
    return figure


def _panels(figure: Figure, conditions: list[str], what: str, theme: Theme) -> Iterator[tuple[Axes, str, str]]:
    """Yield axes with their condition and coordinate: x above, y below, a column a condition."""
    panels = figure.subplots(2, len(conditions), sharex=True, sharey="row", squeeze=False)
    for row, coordinate in zip(panels, "xy", strict=True):
        row[0].set_ylabel(f"{coordinate} {what}")
        for axes, condition in zip(row, conditions, strict=True):
            axes.axhline(0, color=theme.ink, linewidth=0.8)
            axes.grid()
            yield axes, condition, coordinate
    for axes, condition in zip(panels[0], conditions, strict=True):
        axes.set_title(condition_title(condition).replace(", ", "\n"))


def _stack(axes: Axes, place: int, cues: pd.DataFrame, colours: dict[str, str], theme: Theme) -> None:
    ends = {True: 0.0, False: 0.0}
    for cue in CUES:
        row = cues.loc[cue]
        above = row["weight"] > 0
        look = {} if row["findable"] else {"hatch": "////", "edgecolor": theme.paper}
        axes.bar(place, row["weight"], 0.75, ends[above], color=colours[cue], linewidth=0, **look)
        ends[above] += row["weight"]


def _draw_plane(axes: Axes, theme: Theme) -> None:
    """Draw a cross-spectrum at one frequency in the complex plane: along the real axis levels, across it delays."""
    point = np.array([0.62, 0.78])
    arrow = {"arrowstyle": "-|>", "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0}
    for end, colour in ((point, theme.ink), (point * [1, 0], theme.vermilion), (point * [0, 1], theme.blue)):
        axes.annotate("", end, (0, 0), arrowprops=arrow | {"color": colour})
    axes.plot(*np.stack([point, point * [1, 0]]).T, ":", color=theme.pale)
    axes.plot(*np.stack([point, point * [0, 1]]).T, ":", color=theme.pale)
    axes.text(0.64, 0.81, "$C_k$")
    axes.text(0.62, -0.05, "Re: louder", ha="center", va="top")
    axes.text(-0.05, 0.78, "Im: later", rotation=90, ha="right", va="center")
    axes.axhline(0, color=theme.ink, linewidth=0.8)
    axes.axvline(0, color=theme.ink, linewidth=0.8)
    axes.set(xlim=(-0.3, 1.1), ylim=(-0.3, 1.1), xticks=(), yticks=(), aspect="equal")
    axes.set_title("$C_k = X_k\\,G_k^*\\,/\\,N$")


def _of(table: pd.DataFrame, condition: str, coordinate: str) -> pd.DataFrame:
    return table[(table["condition"] == condition) & (table["coordinate"] == coordinate)]
