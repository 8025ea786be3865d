"""Figures of networks that hear digits: how training went, and what is taken for what."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from report.style import LIGHT, Theme, legend

DARK_SHARE = 0.6
"""Of a row's clips: above it a cell's number is in the colour of the paper."""


def training_curves(history: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw the accuracy by epoch: a panel a network, a line a fold.

    Parameters
    ----------
    history : DataFrame
        Of one task; columns `network`, `fold`, `epoch`, `train_accuracy`, `val_accuracy`.
    theme : Theme
    """
    networks = list(dict.fromkeys(history["network"]))
    lines = {"train_accuracy": ("training speakers", theme.pale), "val_accuracy": ("validation speakers", theme.blue)}
    with theme.canvas(0.8 + 3.4 * len(networks), 3.0) as figure:
        panels = figure.subplots(1, len(networks), sharey=True, squeeze=False)[0]
        for axes, network in zip(panels, networks, strict=True):
            of_network = history[history["network"] == network]
            for _, run in of_network.groupby("fold"):
                for column, (label, colour) in lines.items():
                    axes.plot(run["epoch"], 100 * run[column], color=colour, label=label, marker=".")
            axes.set_title(network)
            axes.set_xlabel("epoch")
            axes.grid(True)
        panels[0].set_ylabel("right answers (%)")
        panels[0].set_ylim(0, 101)
        legend(figure, len(lines))
    return figure


def confusion_matrices(confusion: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw which share of the clips of each truth got each answer, in percent: a panel a network.

    Parameters
    ----------
    confusion : DataFrame
        Of one task and corpus; columns `network`, `truth`, `answer`, `clips`.
    theme : Theme
    """
    networks, labels = (list(dict.fromkeys(confusion[name])) for name in ("network", "truth"))
    colours = LinearSegmentedColormap.from_list(f"counts {theme.name}", [theme.paper, theme.blue])
    side_in = max(2.4, 0.36 * len(labels))
    with theme.canvas(0.8 + (side_in + 0.4) * len(networks), side_in + 0.8) as figure:
        panels = figure.subplots(1, len(networks), sharey=True, squeeze=False)[0]
        for axes, network in zip(panels, networks, strict=True):
            of_network = confusion[confusion["network"] == network]
            counts = of_network.pivot_table(index="truth", columns="answer", values="clips", aggfunc="sum")
            counts = counts.loc[labels, labels].to_numpy(float)
            shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
            axes.imshow(shares, cmap=colours, vmin=0, vmax=1)
            for (row, column), share in np.ndenumerate(shares):
                if share >= 0.005:
                    colour = theme.paper if share > DARK_SHARE else theme.ink
                    axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=colour, size="small")
            axes.set_xticks(range(len(labels)), labels)
            axes.set_yticks(range(len(labels)), labels)
            axes.set_title(network)
            axes.set_xlabel("answer")
        panels[0].set_ylabel("truth")
    return figure
