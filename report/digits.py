"""Figures of networks that hear digits: how training went, what is taken for what, and what methods say of answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from report.style import LIGHT, Theme, distinct, legend, method_title

DARK_SHARE = 0.6
"""Of a row's clips: above it a cell's number is in the colour of the paper."""

LARGEST_SHARE = 0.995
"""Of values within the colours; a few are far larger than the rest."""
BLOCK_S = 0.005
REMOVED_BY = {"relevance": "{}", "untrained": "{}, untrained network", "energy": "energy", "random": "random"}
DOMAIN_TITLES = {"sample": "samples", "frequency": "frequencies", "bin": "time-frequency bins"}
SCORE_TITLES = {"accuracy": "right answers (%)", "probability": "probability of the\ntrue class (%)"}
GENDER_TITLES = {"female": "clips of women", "male": "clips of men"}


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


def removal_curves(curves: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw scores over the share removed: a column a network and domain, a row a score, with 95 % intervals.

    Parameters
    ----------
    curves : DataFrame
        ``curves.csv`` of digits.removal, of one task.
    theme : Theme
    """
    places, scores = distinct(curves, ["network", "domain"]), list(dict.fromkeys(curves["score"]))
    keys = sorted(distinct(curves, ["curve", "method"]), key=lambda key: (list(REMOVED_BY).index(key[0]), key[1]))
    methods = [method for curve, method in keys if curve == "relevance"]
    colours = dict(zip(methods, (theme.vermilion, theme.purple, theme.blue, theme.green), strict=False))
    looks = {"relevance": "-", "untrained": ":", "energy": "--", "random": "-."}
    with theme.canvas(max(5.8, 1.2 + 2.3 * len(places)), 1.0 + 2.3 * len(scores)) as figure:
        panels = figure.subplots(len(scores), len(places), sharex=True, sharey="row", squeeze=False)
        for row, score in zip(panels, scores, strict=True):
            for axes, place in zip(row, places, strict=True):
                here = curves[(curves["network"] == place[0]) & (curves["domain"] == place[1])]
                for curve, method in keys:
                    own = here[(here["curve"] == curve) & (here["method"] == method) & (here["score"] == score)]
                    colour = colours.get(method, theme.pale) if method else {"energy": theme.ink}.get(curve, theme.pale)
                    label = REMOVED_BY[curve].format(method_title(method))
                    axes.plot(own["percent"], 100 * own["mean"], looks[curve], color=colour, label=label)
                    axes.fill_between(
                        own["percent"], 100 * own["low"], 100 * own["high"], color=colour, alpha=0.15, linewidth=0
                    )
                axes.grid()
            row[0].set_ylabel(SCORE_TITLES[score])
            row[0].set_ylim(0, 101)
        for axes, (network, domain) in zip(panels[0], places, strict=True):
            axes.set_title(f"{network}, {DOMAIN_TITLES[domain]}")
        figure.supxlabel("share removed (%)", fontsize="medium")
        legend(figure, n_columns=2 if len(places) < 3 else 3)
    return figure


def stretch_curves(table: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw how often "female" is answered over the factor of the stretch: a column a network, frequency and time.

    Parameters
    ----------
    table : DataFrame
        ``stretch.csv`` of digits.stretch.
    theme : Theme
    """
    table = table[table["answer"] == "female"]
    places = distinct(table, ["network", "axis"])
    with theme.canvas(1.0 + 2.6 * len(places), 3.2) as figure:
        panels = figure.subplots(1, len(places), sharey=True, squeeze=False)[0]
        for axes, (network, axis) in zip(panels, places, strict=True):
            for gender, colour, marker in (("female", theme.vermilion, "o"), ("male", theme.blue, "s")):
                own = table[(table["network"] == network) & (table["axis"] == axis) & (table["gender"] == gender)]
                axes.plot(own["factor"], 100 * own["mean"], marker=marker, color=colour, label=GENDER_TITLES[gender])
                axes.fill_between(
                    own["factor"], 100 * own["low"], 100 * own["high"], color=colour, alpha=0.2, linewidth=0
                )
            axes.set_xscale("log")
            axes.set_xticks([0.5, 0.66, 1, 1.5, 2], ["0.5", "0.66", "1", "1.5", "2"])
            axes.set_xticks([], minor=True)
            axes.set_title(f"{network},\n{axis} stretched")
            axes.set_xlabel("factor")
            axes.set_ylim(-2, 102)
            axes.grid()
        panels[0].set_ylabel("answers “female” (%)")
        legend(figure, n_columns=2)
    return figure


def spectrogram_heatmaps(
    levels_db: np.ndarray, maps: Mapping[str, np.ndarray], labels: Sequence[str], top_hz: float, theme: Theme = LIGHT
) -> Figure:
    """Draw spectrograms and what methods say of them: a row a clip, the level first, then a column a map.

    Parameters
    ----------
    levels_db : array, shape (clip, frequency, frame)
    maps : mapping to arrays, of the same shape
        By their titles; each is in colours of its own scale, a clip for itself.
    labels : sequence of str
        Of the clips.
    top_hz : float
        Highest frequency.
    theme : Theme
    """
    grey = LinearSegmentedColormap.from_list(f"levels {theme.name}", [theme.paper, theme.ink])
    extent = (0, 1, 0, top_hz / 1e3)
    ticks_khz = range(0, math.ceil(top_hz / 1e3) + 1, 2)
    with theme.canvas(0.9 + 2.0 * (1 + len(maps)), 0.9 + 0.85 * len(labels)) as figure:
        panels = figure.subplots(len(labels), 1 + len(maps), sharex=True, sharey=True, squeeze=False)
        for number, (row, label) in enumerate(zip(panels, labels, strict=True)):
            row[0].imshow(levels_db[number], cmap=grey, origin="lower", aspect="auto", extent=extent)
            for axes, each in zip(row[1:], maps.values(), strict=True):
                limit = np.quantile(np.abs(each[number]), LARGEST_SHARE) or 1.0
                axes.imshow(
                    each[number], cmap=theme.signed, vmin=-limit, vmax=limit, origin="lower", aspect="auto",
                    extent=extent,
                )  # fmt: skip
            row[0].set_ylabel(label, rotation=0, labelpad=10, weight="bold")
            row[0].set(yticks=ticks_khz, ylim=(0, ticks_khz[-1]))
        for axes, title in zip(panels[0], ("level (energy)", *maps), strict=True):
            axes.set_title(title, fontsize="small")
        figure.supxlabel("time (s)", fontsize="medium")
        figure.supylabel("frequency (kHz)", fontsize="medium")
    return figure


def waveform_heatmaps(
    waveforms: np.ndarray, maps: Mapping[str, np.ndarray], labels: Sequence[str], fs_hz: float, theme: Theme = LIGHT
) -> Figure:
    """Draw waveforms coloured by what methods say of them, summed over 5 ms: a row a clip, a column a map.

    Parameters
    ----------
    waveforms : array, shape (clip, sample)
    maps : mapping to arrays, of the same shape
        By their titles; each is in colours of its own scale, a clip for itself.
    labels : sequence of str
        Of the clips.
    fs_hz : float
    theme : Theme
    """
    block = round(BLOCK_S * fs_hz)
    n_blocks = waveforms.shape[1] // block
    time_s = np.arange(waveforms.shape[1]) / fs_hz
    with theme.canvas(0.9 + 2.6 * len(maps), 0.9 + 0.7 * len(labels)) as figure:
        panels = figure.subplots(len(labels), len(maps), sharex=True, squeeze=False)
        for number, (row, label) in enumerate(zip(panels, labels, strict=True)):
            pieces = waveforms[number][: n_blocks * block].reshape(n_blocks, block)
            for axes, each in zip(row, maps.values(), strict=True):
                sums = each[number][: n_blocks * block].reshape(n_blocks, block).sum(axis=1)
                strength = np.clip(sums / (np.quantile(np.abs(sums), LARGEST_SHARE) or 1.0), -1, 1)
                colours = [(theme.vermilion if each > 0 else theme.blue, abs(each)) for each in strength]
                axes.plot(time_s, waveforms[number], color=theme.pale, linewidth=0.3, alpha=0.5)
                axes.vlines(
                    time_s[: n_blocks * block : block], pieces.min(axis=1), pieces.max(axis=1), colours, linewidth=1.1
                )
                axes.set_yticks([])
                axes.spines["left"].set_visible(False)
            row[0].set_ylabel(label, rotation=0, labelpad=10, va="center", weight="bold")
        for axes, title in zip(panels[0], maps, strict=True):
            axes.set_title(title, fontsize="small")
        figure.supxlabel("time (s)", fontsize="medium")
    return figure


def frequency_profiles(profiles: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw where relevance for the true gender lies over frequency, for women and men, with 95 % intervals.

    Parameters
    ----------
    profiles : DataFrame
        ``profiles.csv`` of digits.heatmaps.
    theme : Theme
    """
    sources = list(dict.fromkeys(profiles["source"]))
    with theme.canvas(1.0 + 2.8 * len(sources), 3.0) as figure:
        panels = figure.subplots(1, len(sources), squeeze=False)[0]
        for axes, source in zip(panels, sources, strict=True):
            for gender, colour in (("female", theme.vermilion), ("male", theme.blue)):
                own = profiles[(profiles["source"] == source) & (profiles["gender"] == gender)]
                khz = own["frequency_hz"] / 1e3
                axes.plot(khz, 100 * own["mean"], color=colour, linewidth=1.2, label=GENDER_TITLES[gender])
                axes.fill_between(khz, 100 * own["low"], 100 * own["high"], color=colour, alpha=0.2, linewidth=0)
            axes.axhline(0, color=theme.ink, linewidth=0.8)
            axes.set_title(source)
            axes.set_xlabel("frequency (kHz)")
            axes.grid()
        panels[0].set_ylabel("share of all magnitude (%)")
        legend(figure, n_columns=2)
    return figure
