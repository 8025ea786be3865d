"""The figure that carries the story: which cue estimates follow, the longer the room reverberates."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from localization.cues import HORIZONTAL
from models import PUBLISHED_MODELS
from params import SRP_PHAT
from report.style import LIGHT, T60_title, Theme, legend, localizer_title

SHOWN = {"delays": "arrival of the direct sound", "early": "early reflections"}
ANY_ROOM = " (any room)"
APART = 0.07


def followed_cues(weights: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw how far estimates follow the direct sound's delays, and early reflections, against T60.

    Parameters
    ----------
    weights : DataFrame
        ``weights.csv`` of cue_experiment.py, of which x and y together are drawn: the published networks, dashed where
        they are trained for any room, and SRP-PHAT. Bars are 95 % intervals.
    theme : Theme
    """
    table = weights[weights["coordinate"] == HORIZONTAL]
    found = table.set_index(["cue", "localizer", "condition"]).sort_index()
    conditions, there = list(dict.fromkeys(table["condition"])), set(table["localizer"])
    lines = {SRP_PHAT: (":", "^", theme.green, theme.green)}
    for network, marker, colour in zip(PUBLISHED_MODELS, "os", (theme.blue, theme.vermilion), strict=True):
        lines |= {network: ("-", marker, colour, colour), network + ANY_ROOM: ("--", marker, colour, theme.paper)}
    lines = {name: look for name, look in lines.items() if name in there}
    with theme.canvas(7.6, 3.4) as figure:
        panels = figure.subplots(1, len(SHOWN), sharex=True, sharey=True)
        for axes, (cue, title) in zip(panels, SHOWN.items(), strict=True):
            for row, (name, (style, marker, colour, fill)) in enumerate(lines.items()):
                here = found.loc[(cue, name)].loc[conditions]
                places = [place + APART * (row - (len(lines) - 1) / 2) for place in range(len(conditions))]
                axes.vlines(places, here["low"], here["high"], color=colour, linewidth=1, alpha=0.7)
                look = {"marker": marker, "color": colour, "mfc": fill, "linewidth": 1.3}
                axes.plot(places, here["weight"], style, label=localizer_title(name), **look)
            axes.axhline(0, color=theme.ink, linewidth=0.8)
            axes.set_title(title)
            axes.set_xticks(range(len(conditions)), map(T60_title, conditions))
            axes.grid(axis="y")
        panels[0].set_ylabel("weight (1: followed all the way)")
        figure.supxlabel("T60 (s)", fontsize="medium")
        legend(figure, n_columns=5)
    return figure
