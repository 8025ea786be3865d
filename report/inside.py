"""Figures of what single layers and filters hear, of one condition: the tables of probe_experiment.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from localization.delay_probes import ALL_PAIRS, CONTROLS, NO_NETWORK, TARGETS
from localization.delay_tuning import PLANE, POINT
from models import MODELS
from report.style import LIGHT, Theme, legend, localizer_title

SHOWN_RANKS = 1
LAYER_IN, LEAST_LAYERS = 0.27, 8
PROFILES = ("relevance_share", "sensitivity_m_per_sample")


def probes_figure(tables: Mapping[str, pd.DataFrame], theme: Theme = LIGHT) -> Figure:
    """Draw how much of PHAT, above, and of cross-power, below, can be read from every layer: a column a network.

    Bands are 95 % intervals over voices and their sources; dashed: untrained; dotted: without any network.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Here ``probes.csv``.
    theme : Theme
    """
    means = tables["probes"][tables["probes"]["pair"] == ALL_PAIRS]
    controls = means[means["localizer"] == NO_NETWORK].set_index(["target", "layer"])["R2"]
    with _columns(means, len(TARGETS), theme) as (figure, panels):
        for target, row in zip(TARGETS, panels, strict=True):
            here = means[means["target"] == target]
            for axes, (kind, names) in zip(row, _kinds(means).items(), strict=True):
                _lines(axes, here, names, ("R2", "low", "high"), theme)
                own = here[here["localizer"] == kind]
                axes.plot(own["layer"], own["untrained_R2"], "--", color=theme.pale, label="untrained")
                for control, dashes in zip(CONTROLS, (":", "-."), strict=True):
                    axes.axhline(controls[target, control], linestyle=dashes, color=theme.ink, label=control)
            row[0].set_ylabel(f"R² of {target}")
        panels[0, 0].set_ylim(bottom=-0.02)
    return figure


def tuning_figure(tables: Mapping[str, pd.DataFrame], theme: Theme = LIGHT) -> Figure:
    """Draw how deeply filters are tuned, and whether they do with talkers what their curves say: a column a network.

    Bands are the quartiles of filters above, 95 % intervals over voices and their sources below; dashed: untrained.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Here ``tuning.csv``.
    theme : Theme
    """
    tuning = tables["tuning"]
    rows = {
        "depth of tuning": ("depth", "depth_25", "depth_75"),
        "talkers against\ntuning curves (r)": ("activation_r", "activation_low", "activation_high"),
    }
    point, plane = (tuning[tuning["wave"] == wave] for wave in (POINT, PLANE))
    trained = point[point["weights"] == "trained"]
    with _columns(tuning, len(rows), theme) as (figure, panels):
        for (title, columns), row in zip(rows.items(), panels, strict=True):
            for axes, (kind, names) in zip(row, _kinds(tuning).items(), strict=True):
                _lines(axes, trained, names, columns, theme)
                twins = point[(point["localizer"] == kind) & (point["weights"] != "trained")]
                untrained = twins.groupby("layer", sort=False)[columns[0]].mean()
                axes.plot(untrained.index, untrained, "--", color=theme.pale, label="untrained")
                if columns[0] == "activation_r":
                    far = plane[(plane["localizer"] == kind) & (plane["weights"] == "trained")]
                    axes.plot(far["layer"], far["activation_r"], ":", color=theme.ink, label="trained, plane waves")
            row[0].set_ylabel(title)
    return figure


def filters_figure(tables: Mapping[str, pd.DataFrame], theme: Theme = LIGHT) -> Figure:
    """Draw the part of each microphone in what passes the filters of each layer that most relevance of x passes.

    A row a network, as trained and untrained: shares of the relevance (LRP) that passes a filter, and how x moves with
    each microphone's delay through that filter alone (gradient), over its largest magnitude. Beside the filter: the
    delay that it answers most, in samples from microphone to microphone, and how deeply it is tuned.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Here ``profiles.csv`` and ``filters.csv``.
    theme : Theme
    """
    keys = ["localizer", "weights", "number", "layer", "filter"]
    tuned = tables["filters"][[*keys, "share", f"{POINT}_depth", f"{POINT}_best_samples"]]
    shown = tables["profiles"][tables["profiles"]["rank"] <= SHOWN_RANKS].merge(tuned, on=keys)
    shown = shown.assign(place=shown.groupby(["localizer", "weights"])["microphone"].transform(_numbered))
    names = list(dict.fromkeys(shown["localizer"]))
    counts = [shown.loc[shown["localizer"] == name, "place"].max() + 1 for name in names]
    with theme.canvas(12, 1 + 0.2 * sum(counts) + 0.5 * len(names)) as figure:
        panels = figure.subplots(len(names), 4, squeeze=False, height_ratios=counts, sharex=True)
        for name, row in zip(names, panels, strict=True):
            for weights, both in zip(("trained", "untrained"), (row[:2], row[2:]), strict=True):
                if weights == "untrained" and name not in MODELS:
                    for axes in both:  # the same as of the network's kind
                        axes.remove()
                    continue
                _draw_profiles(both, shown[(shown["localizer"] == name) & (shown["weights"] == weights)], theme)
                title = localizer_title(name if weights == "trained" else f"untrained {name}")
                both[0].set_title(title, loc="left", fontweight="bold")
                for axes in both:
                    axes.tick_params(labelbottom=True)
        for axes, title in zip(panels[0], 2 * ("LRP", "x with delay"), strict=True):
            axes.set_title(title, loc="right", fontsize="small")
        figure.suptitle(
            "layer and filter: share of the relevance, best delay in samples, depth of tuning", fontsize="medium"
        )
        figure.supxlabel("microphone", fontsize="medium")
    return figure


@contextmanager
def _columns(table: pd.DataFrame, n_rows: int, theme: Theme) -> Iterator[tuple[Figure, np.ndarray]]:
    """Yield a figure and its panels: a column for each kind of network, with layers along x."""
    kinds = _kinds(table)
    counts = [max(table.loc[table["localizer"] == kind, "layer"].nunique(), LEAST_LAYERS) for kind in kinds]
    with theme.canvas(1.5 + LAYER_IN * sum(counts), 2 + 2 * n_rows) as figure:
        shared = {"sharex": "col", "sharey": "row", "squeeze": False}
        panels = figure.subplots(n_rows, len(kinds), width_ratios=counts, **shared)
        yield figure, panels
        for axes in panels.ravel():
            axes.grid(axis="y")
        for axes, kind in zip(panels[0], kinds, strict=True):
            axes.set_title(localizer_title(kind))
        for axes in panels[-1]:
            axes.tick_params(axis="x", rotation=90)
        legend(figure, n_columns=3)


def _kinds(table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the names of the networks of each kind, the kind's own first."""
    kinds: dict[str, list[str]] = {}
    for name in dict.fromkeys(table["localizer"]):
        if name != NO_NETWORK:
            kinds.setdefault(name.split(" ")[0], []).append(name)
    return kinds


def _lines(axes: Axes, table: pd.DataFrame, names: list[str], columns: tuple[str, str, str], theme: Theme) -> None:
    """Draw a value, and a band between two others, against the layers for networks of one kind."""
    for name, colour in zip(names, (theme.vermilion, theme.blue, theme.green), strict=False):
        rows = table[table["localizer"] == name]
        value, low, high = (rows[column] for column in columns)
        axes.plot(rows["layer"], value, "o-", color=colour, label=f"trained{name.removeprefix(names[0])}")
        axes.fill_between(rows["layer"], low, high, color=colour, alpha=0.15, linewidth=0)


def _draw_profiles(panels: Sequence[Axes], rows: pd.DataFrame, theme: Theme) -> None:
    """Draw maps of filters against microphones, of relevance and of how x moves."""
    maps = [rows.pivot(index="place", columns="microphone", values=value).to_numpy() for value in PROFILES]
    peak = np.abs(maps[1]).max(axis=1, keepdims=True)
    moves = np.divide(maps[1], peak, out=np.zeros_like(maps[1]), where=peak > 0)
    panels[0].imshow(maps[0], cmap=theme.signed, vmin=-2 / maps[0].shape[1], vmax=2 / maps[0].shape[1], aspect="auto")
    panels[1].imshow(moves, cmap=theme.signed, vmin=-1, vmax=1, aspect="auto")
    filters = rows.drop_duplicates("place")
    labels = [
        f"{row.layer} {row.filter}: {100 * row.share:.0f} %, {row.point_best_samples:+.1f}, {row.point_depth:.2f}"
        for row in filters.itertuples()
    ]
    panels[0].set_yticks(range(len(filters)), labels, fontsize=7)
    panels[1].set_yticks([])


def _numbered(microphones: pd.Series) -> np.ndarray:
    """Return the number of the filter that each row is of: a new one begins with microphone 0."""
    return (microphones == 0).cumsum() - 1
