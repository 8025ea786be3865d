"""Figures of time-frequency maps: where they are large, how they are spread, what goes together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from explain.map_summaries import KINDS
from localization.coordinate_maps import COORDINATES
from localization.map_tables import MapTables
from params import Setup
from report.style import LIGHT, Theme, legend, localizer_title

LARGEST_SHARE = 0.995
"""Of values within the colours; a few are far larger than the rest."""
HALVES = {"level": "level half", "delay": "delay half"}
UNITS = {"level": "m", "delay": "m per sample"}
ALONG = {"frequency": "frequency (kHz)", "time": "time in the window (s)"}
SCALE = {"frequency": 1e-3, "time": 1.0}
MARKERS = "osv^Dphd"
TICKS_KHZ = (0.1, 0.3, 1, 3, 8)


def pictures(tables: MapTables, theme: Theme = LIGHT) -> Iterator[tuple[str, pd.DataFrame, Figure]]:
    """Yield name, table and figure of each picture of the maps of one network, method and condition."""
    for half, unit in UNITS.items():
        frequency_hz, time_s = tables.centres.values()
        figure = influence_maps(tables.influence(half), COORDINATES, frequency_hz, time_s, unit, theme)
        yield f"influence_{half}", tables.influence_table(half), figure
    for along, places in tables.centres.items():
        figure = correlation_matrices(tables.correlations(along), places, along, theme)
        yield f"correlation_{along}", tables.correlation_table(along), figure
    found, setup = tables.clusters, tables.maps.excerpts.recordings.setup
    yield "clusters", found["clusters"], cluster_positions(found["windows"], setup, theme)


def influence_maps(
    found: Mapping[str, np.ndarray],
    outputs: Sequence[str],
    frequency_hz: np.ndarray,
    time_s: np.ndarray,
    unit: str,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw what bins do on average: a row an output, a column each of absolute, positive and negative.

    Parameters
    ----------
    found : mapping to arrays, shape (output, frequency, time)
        Of `explain.map_summaries.influence`.
    outputs : sequence of str
    frequency_hz, time_s : arrays
        Middles of the bins.
    unit : str
    theme : Theme
    """
    with theme.canvas(8.2, 0.8 + 1.9 * len(outputs)) as figure:
        panels = figure.subplots(len(outputs), len(KINDS), sharex=True, sharey=True, squeeze=False)
        for number, (row, output) in enumerate(zip(panels, outputs, strict=True)):
            limit = np.quantile(found["absolute"][number], LARGEST_SHARE) or 1.0
            for axes, kind in zip(row, KINDS, strict=True):
                image = axes.pcolormesh(
                    time_s, frequency_hz[1:] / 1e3, found[kind][number, 1:], cmap=theme.signed, vmin=-limit, vmax=limit,
                    rasterized=True, shading="nearest",
                )  # fmt: skip
            row[0].set_ylabel(output, rotation=0, labelpad=12, weight="bold")
            bar = figure.colorbar(image, ax=row, pad=0.01, label=unit)
            bar.outline.set_visible(False)
            bar.formatter.set_powerlimits((0, 0))
        logarithmic(panels[0, 0].yaxis)
        for axes, kind in zip(panels[0], KINDS, strict=True):
            axes.set_title(kind)
        figure.supxlabel(ALONG["time"], fontsize="medium")
        figure.supylabel(ALONG["frequency"], fontsize="medium")
    return figure


def share_curves(table: pd.DataFrame, along: str, theme: Theme = LIGHT) -> Figure:
    """Draw how the magnitudes are spread over frequency or time: a row a half, a column a coordinate.

    Parameters
    ----------
    table : DataFrame
        ``frequency.csv`` or ``time.csv`` of map_experiment.py, of one condition and method; energy is in all panels.
    along : {"frequency", "time"}
    theme : Theme
    """
    place = "frequency_hz" if along == "frequency" else "time_s"
    energy = table[table["model"] == "energy"]
    table = table[table["model"] != "energy"]
    models, coordinates = (list(dict.fromkeys(table[name])) for name in ("model", "coordinate"))
    trained = [name for name in models if not name.startswith("untrained")]
    with theme.canvas(1 + 2.4 * len(coordinates), 5) as figure:
        panels = figure.subplots(len(HALVES), len(coordinates), sharex=True, sharey="row", squeeze=False)
        for row, (half, title) in zip(panels, HALVES.items(), strict=True):
            for axes, coordinate in zip(row, coordinates, strict=True):
                for model in models:
                    of_model = (table["model"] == model) & (table["half"] == half)
                    here = table[of_model & (table["coordinate"] == coordinate)]
                    colour = theme.palette[trained.index(model.removeprefix("untrained ")) % len(theme.palette)]
                    style = {"linestyle": "-"} if model in trained else {"linestyle": "--", "linewidth": 1}
                    x = here[place] * SCALE[along]
                    axes.plot(x, 100 * here["share"], color=colour, label=localizer_title(model), **style)
                    if model in trained:
                        axes.fill_between(
                            x, 100 * here["low"], 100 * here["high"], color=colour, alpha=0.2, linewidth=0
                        )
                axes.plot(energy[place] * SCALE[along], 100 * energy["share"], ":", color=theme.ink, label="energy")
                axes.grid()
            row[0].set_ylabel(f"{title}\nshare of magnitude (%)")
            row[0].set_yscale("log")
            row[0].yaxis.set_major_formatter("{x:g}")
        if along == "frequency":
            panels[0, 0].set_xlim(left=0.05)
            logarithmic(panels[0, 0].xaxis)
        for axes, coordinate in zip(panels[0], coordinates, strict=True):
            axes.set_title(coordinate)
        figure.supxlabel(ALONG[along], fontsize="medium")
        legend(figure, n_columns=5)
    return figure


def correlation_matrices(
    found: Mapping[tuple[str, str], np.ndarray],
    places: np.ndarray,
    along: str,
    theme: Theme = LIGHT,
    rows: Mapping[str, str] = HALVES,
) -> Figure:
    """Draw how attributions at one place of an axis go with those at another: a row a half, a column each of the rest.

    Parameters
    ----------
    found : mapping from (half, title) to arrays, shape (place, place)
        Correlations.
    places : array
        In hertz or seconds.
    along : {"frequency", "time"}
    theme : Theme
    rows : mapping of str to str
        Halves with their names for readers.
    """
    titles = list(dict.fromkeys(title for _, title in found))
    ticks = places * SCALE[along]
    with theme.canvas(1.2 + 1.9 * len(titles), 0.4 + 2 * len(rows)) as figure:
        panels = figure.subplots(len(rows), len(titles), sharex=True, sharey=True, squeeze=False)
        for row, (half, name) in zip(panels, rows.items(), strict=True):
            for axes, title in zip(row, titles, strict=True):
                image = axes.imshow(
                    found[half, title], cmap=theme.signed, vmin=-1, vmax=1, origin="lower",
                    extent=(ticks[0], ticks[-1], ticks[0], ticks[-1]), interpolation="none",
                )  # fmt: skip
            row[0].set_ylabel(name)
        for axes, title in zip(panels[0], titles, strict=True):
            axes.set_title(title)
        bar = figure.colorbar(image, ax=panels, label="correlation", shrink=0.7)
        bar.outline.set_visible(False)
        figure.supxlabel(ALONG[along], fontsize="medium")
        figure.supylabel(ALONG[along], fontsize="medium")
    return figure


def cluster_positions(windows: pd.DataFrame, setup: Setup, theme: Theme = LIGHT) -> Figure:
    """Draw where the talkers of each cluster stand: a panel a half, a colour a cluster, a marker a voice.

    Parameters
    ----------
    windows : DataFrame
        ``windows.csv`` of map_experiment.py, of one condition, network and method.
    setup : Setup
    theme : Theme
    """
    voices, colours = sorted(set(windows["speaker"])), [*theme.palette, theme.ink, theme.pale]
    rng = np.random.default_rng(0)
    with theme.canvas(7.6, 4.0) as figure:
        panels = figure.subplots(1, len(HALVES), sharex=True, sharey=True)
        for axes, (half, title) in zip(panels, HALVES.items(), strict=True):
            here = windows[windows["half"] == half]
            jitter_m = rng.uniform(-0.02, 0.02, (len(here), 2))
            for voice, marker in zip(voices, MARKERS * len(voices), strict=False):
                spoken = (here["speaker"] == voice).to_numpy()
                of_voice = [colours[number] for number in here.loc[spoken, "cluster"]]
                x_m, y_m = (here.loc[spoken, ["x_m", "y_m"]].to_numpy() + jitter_m[spoken]).T
                axes.scatter(x_m, y_m, 24, color=of_voice, marker=marker, alpha=0.8, linewidth=0)
                axes.plot([], [], marker, color=theme.pale, label=voice)
            for number in sorted(set(here["cluster"])):
                axes.plot([], [], "s", color=colours[number], label=f"cluster {number}")
            axes.set(title=title, xlabel="x (m)", aspect="equal")
            axes.grid()
        panels[0].set_ylabel("y (m)")
        legend(figure, n_columns=5)
    return figure


def logarithmic(axis) -> None:
    """Show frequencies in kilohertz by their ratio."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_ticks(TICKS_KHZ, [f"{each:g}" for each in TICKS_KHZ])
    axis.set_ticks([], minor=True)
