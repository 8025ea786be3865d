"""Figures of what a speech enhancer listens to, and of its masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from explain.amplification import BOTTOM, ENERGY, RANDOM, TOP
from report.style import LIGHT, SINGLE_IN, Theme, legend, method_title

LARGEST_SHARE = 0.99
"""Of values within the colours; a few are far larger than the rest."""
LEAST_ENRICHMENT = 0.05
"""What is less is not drawn."""
CHOICES = {TOP: "top", BOTTOM: "bottom", ENERGY: "loudest", RANDOM: "random"}
REVIEWERS = {
    "deep_shap": (4.1, 6.3),
    "integrated_gradients": (4.1, 5.3),
    "gradient_shap": (4.2, 5.2),
    "gradient_x_input": (0.9, 3.1),
    "energy": (1.9, 2.3),
}
"""Enrichments that the reviewers of a study of NSNet2 with longer frames report for a burst 300 Hz wide at 3 kHz."""


def transfer_matrices(
    found: Mapping[str, np.ndarray], inputs: np.ndarray, outputs: np.ndarray, label: str, theme: Theme = LIGHT
) -> Figure:
    """Draw how much of what each output listens to lies where: a panel each, a row an output.

    Parameters
    ----------
    found : mapping of str to arrays, shape (output, input)
        Shares of each output.
    inputs, outputs : arrays
        Where they are, both in the unit of the label.
    label : str
    theme : Theme
    """
    limit = np.quantile(np.stack(list(found.values())), LARGEST_SHARE)
    with theme.canvas(1.2 + 2.1 * len(found), 2.9) as figure:
        panels = figure.subplots(1, len(found), sharex=True, sharey=True, squeeze=False)[0]
        for axes, (title, shares) in zip(panels, found.items(), strict=True):
            image = axes.pcolormesh(
                inputs, outputs, 100 * shares, cmap=theme.signed, vmin=-100 * limit, vmax=100 * limit, rasterized=True,
                shading="nearest",
            )  # fmt: skip
            axes.set_title(title)
        panels[0].set_ylabel(f"output: {label}")
        bar = figure.colorbar(image, ax=panels, label="share of an output (%)")
        bar.ax.set_ylim(bottom=0)
        bar.outline.set_visible(False)
        figure.supxlabel(f"input: {label}", fontsize="medium")
    return figure


def lag_curves(lags: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw how far before the output it is that outputs listen to, with 95 % intervals over voices.

    Parameters
    ----------
    lags : DataFrame
        ``lags.csv`` of enhancement.maps, of one method.
    theme : Theme
    """
    with theme.canvas(SINGLE_IN + 0.6, 3.2) as figure:
        axes = figure.subplots()
        for name, here in lags.groupby("of", sort=False):
            colour, style = _look(name, theme)
            axes.plot(here["lag_ms"], 100 * here["share"], style, color=colour, label=name)
            axes.fill_between(
                here["lag_ms"], 100 * here["share_low"], 100 * here["share_high"], color=colour, alpha=0.2, linewidth=0
            )
        axes.set(xlabel="before the output (ms)", ylabel="share (%)", yscale="log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.grid()
        legend(figure, n_columns=4)
    return figure


def cluster_profiles(
    found: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    inputs_hz: np.ndarray,
    outputs_hz: np.ndarray,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw what each cluster of output frequencies listens to, and which they are: a panel a network.

    Parameters
    ----------
    found : mapping of str to arrays, shape (output, input)
        Shares of each output frequency.
    labels : mapping of str to int arrays, shape (output,)
    inputs_hz, outputs_hz : arrays
    theme : Theme
    """
    colours = [*theme.palette, theme.ink, theme.pale]
    with theme.canvas(1 + 3.4 * len(found), 3.2) as figure:
        panels = figure.subplots(1, len(found), sharex=True, squeeze=False)[0]
        for axes, (title, shares) in zip(panels, found.items(), strict=True):
            for number in np.unique(labels[title]):
                own = labels[title] == number
                axes.plot(inputs_hz / 1e3, 100 * shares[own].mean(axis=0), color=colours[number])
                axes.plot(
                    outputs_hz[own] / 1e3, np.full(own.sum(), -0.06), "s", color=colours[number], clip_on=False,
                    transform=axes.get_xaxis_transform(), label=f"cluster {number}", markersize=3,
                )  # fmt: skip
            axes.set_title(title)
            axes.tick_params(axis="x", pad=10)
            axes.grid()
        panels[0].set_ylabel("share (%)")
        figure.supxlabel("input frequency, and squares: the outputs' (kHz)", fontsize="medium")
        legend(figure, n_columns=6)
    return figure


def masks(
    level: np.ndarray,
    found: Mapping[str, np.ndarray],
    frequency_hz: np.ndarray,
    time_s: np.ndarray,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw what a clip sounds like and masks for it, side by side.

    Parameters
    ----------
    level : array, shape (frequency, time)
        Logarithm to the base of ten of the power.
    found : mapping of str to arrays, shape (frequency, time)
        Masks, from 0 to 1.
    frequency_hz, time_s : arrays
        Middles of the bins.
    theme : Theme
    """
    with theme.canvas(1.2 + 2 * (len(found) + 1), 2.7) as figure:
        panels = figure.subplots(1, len(found) + 1, sharex=True, sharey=True)
        look = {"rasterized": True, "shading": "nearest"}
        low, high = 10 * np.quantile(level, [0.02, 0.998])
        heard = panels[0].pcolormesh(time_s, frequency_hz / 1e3, 10 * level, cmap="Greys", vmin=low, vmax=high, **look)
        panels[0].set_title("what is heard")
        for axes, (title, mask) in zip(panels[1:], found.items(), strict=True):
            image = axes.pcolormesh(time_s, frequency_hz / 1e3, mask, cmap=theme.signed, vmin=-1, vmax=1, **look)
            axes.set_title(title)
        panels[0].set_ylabel("frequency (kHz)")
        for bar in (
            figure.colorbar(heard, ax=panels[0], location="left", label="dB"),
            figure.colorbar(image, ax=panels[1:], label="mask"),
        ):
            bar.outline.set_visible(False)
        bar.ax.set_ylim(bottom=0)
        figure.supxlabel("time (s)", fontsize="medium")
    return figure


def effect_bars(effects: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw how far louder bins open the mask: a panel a network, each method's choices beside the controls.

    Parameters
    ----------
    effects : DataFrame
        ``effects.csv`` of enhancement.amplify; bars are 95 % intervals over voices.
    theme : Theme
    """
    networks = list(dict.fromkeys(effects["network"]))
    with theme.canvas(1.4 + 3 * len(networks), 3.6) as figure:
        panels = figure.subplots(1, len(networks), sharey=False, squeeze=False)[0]
        for axes, network in zip(panels, networks, strict=True):
            here, named = effects[effects["network"] == network], []
            for place, row in enumerate(here.itertuples()):
                number = list(CHOICES).index(row.choice)
                colour = (theme.vermilion, theme.blue, theme.ink, theme.green)[number]
                axes.vlines(place, row.opened_low, row.opened_high, color=colour)
                axes.plot(place, row.opened, "^vso"[number], color=colour, label=CHOICES[row.choice])
                axes.plot(place, row.predicted, "_", color=theme.pale, markersize=10, label="as attributed")
                if row.choice != BOTTOM:  # it shares its name with the top
                    title = method_title(row.method) if row.method else CHOICES[row.choice]
                    named.append((place + 0.5 * (row.choice == TOP), title))
            axes.set_xticks(*zip(*named, strict=True), rotation=90)
            axes.axhline(0, color=theme.ink, linewidth=0.8)
            axes.set_title(network)
            axes.grid(axis="y")
        panels[0].set_ylabel("change of the mean mask")
        legend(figure, n_columns=5)
    return figure


def enrichment_points(
    enrichments: pd.DataFrame, theme: Theme = LIGHT, reviewers: Mapping[str, Sequence[float]] = REVIEWERS
) -> Figure:
    """Draw how far attributions are concentrated on a burst, each method beside controls.

    Parameters
    ----------
    enrichments : DataFrame
        ``enrichments.csv`` of enhancement.burst; bars are 95 % intervals over voices.
    theme : Theme
    reviewers : mapping of str to (lowest, highest)
        What others found, by method.
    """
    methods = list(dict.fromkeys(enrichments["method"]))
    networks = list(dict.fromkeys(enrichments["network"]))
    with theme.canvas(1.4 + 0.55 * len(methods), 4.2) as figure:
        axes = figure.subplots()
        for place, name in enumerate(methods):
            if name in reviewers:
                axes.plot([place] * 2, reviewers[name], color=theme.pale, alpha=0.4, linewidth=9, solid_capstyle="butt",
                          label="reviewers’")  # fmt: skip
        for number, network in enumerate(networks):
            here = enrichments[enrichments["network"] == network].set_index("method").reindex(methods)
            places = np.arange(len(methods)) + 0.18 * (number - (len(networks) - 1) / 2)
            colour, _ = _look(network, theme)
            axes.vlines(places, here["burst_low"], here["burst_high"], color=colour)
            axes.plot(places, here["burst"], "o", color=colour, label=network)
            if network == networks[0]:
                axes.plot(places, here["elsewhere"], "x", color=theme.purple, label="elsewhere")
                axes.plot(places, here["without"], "+", color=theme.purple, label="without the burst")
        axes.axhline(1, color=theme.ink, linestyle=":", linewidth=1)
        axes.set_yscale("log")
        axes.set_ylim(bottom=LEAST_ENRICHMENT)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_xticks(range(len(methods)), [method_title(name) for name in methods], rotation=90)
        axes.set_ylabel("enrichment in the burst")
        axes.grid(axis="y")
        legend(figure, n_columns=3)
    return figure


def _look(name: str, theme: Theme) -> tuple[str, str]:
    """Return the colour and the line of a network, or of a control."""
    looks = {
        "trained": (theme.vermilion, "-"),
        "untrained": (theme.blue, "--"),
        "shuffled": (theme.green, "--"),
        "energy": (theme.ink, ":"),
        "random": (theme.pale, ":"),
    }
    return looks[name]
