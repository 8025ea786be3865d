"""What relevance sounds like: signals to listen to, players for notebooks, and the figure of how clean they are."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from acoustics.recordings import Recordings
from explain.methods import Method, choose_methods
from localization.localizer import Network
from localization.shares import part_windows
from localization.sounds import (
    CHANCE,
    ENERGY,
    EQUALLY_LOUD,
    IDEAL,
    PERCENT,
    RELEVANCE,
    UNTOUCHED,
    UNTRAINED,
    Mask,
    reordered,
    ways,
)
from localization.trials import heard_in
from report.sounds import match_loudness
from report.style import LIGHT, Theme, condition_title, distinct, legend, localizer_title, method_title

MARKERS = "osD^vPX"
SCORE_TITLES = {
    "si_sdr_db": "SI-SDR to the direct sound (dB)",
    "drr_db": "direct sound over reflections (dB)",
    "dnr_db": "direct sound over noise (dB)",
}
CONTROL_TITLES = {
    RELEVANCE: "relevance",
    UNTRAINED: "relevance, untrained",
    ENERGY: "energy",
    EQUALLY_LOUD: "equally loud",
    CHANCE: "chance",
    IDEAL: "ideal",
}


def signals(
    network: Network,
    recordings: Recordings,
    row: int,
    method: str | Method = "lrp",
    start: str = "ground_truth",
    percent: float = PERCENT,
    microphone: int | None = None,
) -> dict[str, np.ndarray]:
    """Return what there is to listen to of a source at one microphone, by names for readers.

    Parameters
    ----------
    network : Network
    recordings : Recordings
        With their dry speech.
    row : int
        Of the source in the recordings.
    method : str or Method
        A key of `explain.methods.METHODS`, or a method.
    start : str
        What is explained, a key of `localization.starts.STARTS`.
    percent : float
        Share of the bins that a mask keeps.
    microphone : int, optional
        By default the middle one.

    Returns
    -------
    dict of str to float32 arrays, shape (sample,)
        All windows one after the other, all equally loud: input, direct sound, the input through a mask of
        energy, and relevance listened to in every way.
    """
    microphone = len(recordings.setup.array) // 2 if microphone is None else microphone
    parts = part_windows(recordings, row)
    windows = parts.sum(axis=0)
    (chosen,) = choose_methods([method]) if isinstance(method, str) else [method]
    chosen = heard_in(chosen, recordings)
    relevance = network.explain(windows, chosen, start, recordings.positions_m[row]).astype(np.float64)
    inputs, mask = windows.astype(np.float64), Mask(percent)
    loud = reordered(mask.weights(inputs, relevance), mask.energy(inputs))
    found = {"input": inputs, "direct sound": parts[0], "input through mask of energy": mask.heard(loud, inputs)}
    found |= {way.title: way.heard(way.weights(inputs, relevance), inputs) for way in ways(percent)}
    heard = match_loudness([each[:, microphone].ravel() for each in found.values()], recordings.setup.fs_hz)
    return dict(zip(found, heard, strict=True))


def players(network: Network, recordings: Recordings, row: int, method: str | Method = "lrp", **choices) -> None:
    """Show a player of each of `signals` in a notebook, under its name; `choices` are those of `signals`."""
    from IPython.display import Audio, Markdown, display

    title = method_title(method if isinstance(method, str) else method.name)
    for name, signal in signals(network, recordings, row, method, **choices).items():
        label = f"{name} ({title}, {localizer_title(network.name)})" if RELEVANCE in name else name
        display(Markdown(label), Audio(signal, rate=recordings.setup.fs_hz, normalize=False))


def dots(table: pd.DataFrame, score: str, theme: Theme = LIGHT) -> Figure:
    """Draw a score with its 95 % intervals: a row of panels a way to listen, a column a condition.

    Parameters
    ----------
    table : DataFrame
        ``sounds.csv`` of sound_experiment.py.
    score : str
        A key of `SCORE_TITLES`. Dotted: the untouched input.
    theme : Theme
    """
    table = table[(table["score"] == score) & table["value"].notna()]
    scored = set(table.loc[table["control"] == RELEVANCE, "way"])
    shown = {way.name: way.title for way in ways() if way.name in scored}
    conditions, series = list(dict.fromkeys(table["condition"])), distinct(table, ["model", "method"])
    places = list(CONTROL_TITLES)[::-1]
    styles = dict(zip(series, zip(cycle(theme.palette), cycle(MARKERS)), strict=False))
    several = table["method"].nunique() > 1
    height_in = 0.4 + len(places) * (0.1 + 0.07 * len(series))
    with theme.canvas(2.2 + 2.0 * len(conditions), 1.1 + len(shown) * (height_in + 0.5)) as figure:
        grid = figure.subplots(len(shown), len(conditions), sharey=True, sharex="row", squeeze=False)
        for panels, (way, title) in zip(grid, shown.items(), strict=True):
            for axes, condition in zip(panels, conditions, strict=True):
                here = table[(table["way"] == way) & (table["condition"] == condition)].set_index(["model", "method"])
                for number, name in enumerate(series):
                    rows = here.loc[[name]].set_index("control").reindex(places)
                    level = np.arange(len(places)) + 0.6 * ((len(series) - 1) / 2 - number) / len(series)
                    reach = np.abs(rows[["low", "high"]].to_numpy().T - rows["value"].to_numpy())
                    label = ", ".join([localizer_title(name[0]), *([method_title(name[1])] if several else [])])
                    colour, marker = styles[name]
                    axes.errorbar(rows["value"], level, xerr=reach, fmt=marker, color=colour, label=label)
                untouched = here.loc[here["control"] == UNTOUCHED, "value"].iloc[0]
                axes.axvline(untouched, color=theme.ink, linestyle=":", linewidth=1.2, label="untouched input")
                axes.grid(axis="x")
                axes.set_title(condition_title(condition) if axes in grid[0] else "", fontsize="small")
            panels[0].set_yticks(range(len(places)), [CONTROL_TITLES[place] for place in places])
            panels[0].set_ylabel(title.replace(" ", "\n", 1), fontsize="small")
        figure.supxlabel(SCORE_TITLES[score], fontsize="medium")
        legend(figure, n_columns=3)
    return figure
