"""Figures of bins made louder or later: which they are, how far estimates move, and what maps said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from explain.amplification import BOTTOM, ENERGY, RANDOM, TOP
from localization.coordinate_maps import COORDINATES
from report.maps import ALONG, logarithmic
from report.style import LIGHT, SINGLE_IN, Theme, legend, localizer_title, method_title

CHOICES = {TOP: "top", BOTTOM: "bottom", ENERGY: "loudest", RANDOM: "random"}
MARKERS = "^vso"
LARGEST_SHARE = 0.99
LINEAR_MM, FURTHEST_MM = 10, 1e4
"""Displacements beyond the former are drawn by their logarithm, beyond the latter at it."""
TICKS_MM = (-1000, -10, 0, 10, 1000)


def displacement_bars(effects: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw how far bins of each choice move the estimate: a row a network, a column a coordinate.

    Parameters
    ----------
    effects : DataFrame
        ``effects.csv`` of amplify_experiment.py, of one condition; bars are 95 % intervals over voices and sources.
    theme : Theme
    """
    models, methods = (list(dict.fromkeys(effects[name])) for name in ("model", "method"))
    methods = [name for name in methods if name]
    groups = [*((method, choice) for method in methods for choice in (TOP, BOTTOM)), ("", ENERGY), ("", RANDOM)]
    labels = [method_title(method) if method and choice == TOP else "" for method, choice in groups[:-2]]
    with theme.canvas(1.6 + 2.4 * len(COORDINATES), 1.2 + 2.1 * len(models)) as figure:
        panels = figure.subplots(len(models), len(COORDINATES), sharex=True, sharey=True, squeeze=False)
        for row, model in zip(panels, models, strict=True):
            for axes, coordinate in zip(row, COORDINATES, strict=True):
                here = effects[(effects["model"] == model) & (effects["coordinate"] == coordinate)]
                here = here.set_index(["method", "choice"])
                for place, key in enumerate(groups):
                    look = list(CHOICES).index(key[1])
                    colour = (theme.vermilion, theme.blue, theme.ink, theme.green)[look]
                    mean, low, high = 1e3 * here.loc[key, ["moved_m", "moved_low_m", "moved_high_m"]].astype(float)
                    axes.vlines(place, low, high, color=colour)
                    axes.plot(place, mean, MARKERS[look], color=colour, label=CHOICES[key[1]])
                axes.axhline(0, color=theme.ink, linewidth=0.8)
                axes.grid(axis="y")
                axes.set_xticks([place + 0.5 for place, label in enumerate(labels) if label], filter(None, labels))
                axes.tick_params(axis="x", rotation=90 if len(methods) > 2 else 20)
            row[0].set_ylabel(f"{localizer_title(model)}\ndisplacement (mm)")
        for axes, coordinate in zip(panels[0], COORDINATES, strict=True):
            axes.set_title(coordinate)
        legend(figure, n_columns=4)
    return figure


def prediction_scatter(displacements: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw real displacements against those that maps predict: a row a network, a column a method.

    Parameters
    ----------
    displacements : DataFrame
        ``displacements.csv`` of amplify_experiment.py, of one condition.
    theme : Theme
    """
    models, methods = (list(dict.fromkeys(displacements[name])) for name in ("model", "by"))
    with theme.canvas(max(SINGLE_IN, 1 + 2.4 * len(methods)), 1 + 2.4 * len(models)) as figure:
        panels = figure.subplots(len(models), len(methods), squeeze=False)
        for row, model in zip(panels, models, strict=True):
            for axes, method in zip(row, methods, strict=True):
                here = displacements[(displacements["model"] == model) & (displacements["by"] == method)]
                for coordinate, colour in zip(COORDINATES, theme.palette, strict=False):
                    of_it = here[here["coordinate"].isin(["", coordinate])]
                    predicted_mm, moved_mm = (
                        (1e3 * of_it[f"{name}_{coordinate}_m"]).clip(-FURTHEST_MM, FURTHEST_MM)
                        for name in ("predicted", "moved")
                    )
                    axes.plot(predicted_mm, moved_mm, ".", color=colour, alpha=0.35, markersize=3, label=coordinate)
                axes.axline((0, 0), slope=1, color=theme.ink, linewidth=1, label="as predicted")
                for set_scale, axis in ((axes.set_xscale, axes.xaxis), (axes.set_yscale, axes.yaxis)):
                    set_scale("symlog", linthresh=LINEAR_MM)
                    axis.set_ticks(TICKS_MM, [f"{each:g}" for each in TICKS_MM])
                axes.set_title(f"{localizer_title(model)}\n{method_title(method)}")
                axes.grid()
        figure.supxlabel("displacement that the map predicts (mm)", fontsize="medium")
        figure.supylabel("real displacement (mm)", fontsize="medium")
        legend(figure, n_columns=4)
    return figure


def chosen_masks(
    masks: np.ndarray,
    keys: Sequence[tuple[str, str, str]],
    frequency_hz: np.ndarray,
    time_s: np.ndarray,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw how often each bin is chosen: a row a method, a column a coordinate and choice; the controls below.

    Parameters
    ----------
    masks : float array, shape (key, frequency, time)
    keys : sequence of (method, coordinate, choice)
        Those of `localization.amplified.Amplified.masks`, with one random draw at least.
    frequency_hz, time_s : arrays
        Middles of the bins.
    theme : Theme
    """
    found = dict(zip(keys, masks, strict=True))
    methods = [name for name in dict.fromkeys(method for method, _, _ in keys) if name]
    columns = [(coordinate, choice) for coordinate in COORDINATES for choice in (TOP, BOTTOM)]
    limit = np.quantile(masks, LARGEST_SHARE)
    with theme.canvas(8.6, 1 + 1.7 * (len(methods) + 1)) as figure:
        panels = figure.subplots(len(methods) + 1, len(columns), sharex=True, sharey=True)
        for row, method in zip(panels, methods, strict=False):
            for axes, key in zip(row, columns, strict=True):
                _draw(axes, found[(method, *key)], frequency_hz, time_s, limit, " ".join(key), theme)
            row[0].set_ylabel(method_title(method))
        for axes, choice in zip(panels[-1], (ENERGY, f"{RANDOM} 0"), strict=False):
            title = CHOICES[choice.split(" ")[0]]
            image = _draw(axes, found["", "", choice], frequency_hz, time_s, limit, title, theme)
        logarithmic(panels[0, 0].yaxis)
        bar = figure.colorbar(image, ax=panels, label="share of windows and microphones", shrink=0.6)
        for axes in panels[-1, 2:]:
            axes.remove()
        bar.ax.set_ylim(bottom=0)
        bar.outline.set_visible(False)
        figure.supxlabel(ALONG["time"], fontsize="medium")
        figure.supylabel(ALONG["frequency"], fontsize="medium")
    return figure


def enrichment_points(enrichments: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw how far maps are concentrated on bursts: a panel a network, each method's halves beside each other.

    Parameters
    ----------
    enrichments : DataFrame
        ``enrichments.csv`` of burst_experiment.py, of one condition; bars are 95 % intervals over voices and sources.
    theme : Theme
    """
    whole = enrichments[enrichments["coordinate"] == "all"]
    models = list(dict.fromkeys(whole["model"]))
    with theme.canvas(1.4 + 2.6 * len(models), 3.6) as figure:
        panels = figure.subplots(1, len(models), sharey=True, squeeze=False)[0]
        for axes, model in zip(panels, models, strict=True):
            here = whole[whole["model"] == model]
            places = np.arange(len(here))
            axes.vlines(places, here["low"], here["high"], color=theme.vermilion)
            axes.plot(places, here["enrichment"], "o", color=theme.vermilion, label="trained")
            axes.plot(places, here["untrained"], "o", mfc="none", color=theme.vermilion, label="untrained")
            axes.plot(places, here["elsewhere"], "x", color=theme.pale, label="elsewhere")
            axes.axhline(here["energy"].iloc[0], color=theme.blue, linestyle="--", label="energy")
            axes.axhline(1, color=theme.ink, linestyle=":", linewidth=1)
            axes.set_yscale("log")
            names = [f"{method_title(row.method)}\n{row.half}" for row in here.itertuples()]
            axes.set_xticks(places, names, rotation=90)
            axes.set_title(localizer_title(model))
            axes.grid(axis="y")
        panels[0].set_ylabel("enrichment in the burst")
        legend(figure, n_columns=4)
    return figure


def _draw(axes, mask: np.ndarray, frequency_hz: np.ndarray, time_s: np.ndarray, limit: float, title: str, theme: Theme):
    axes.set_title(title)
    return axes.pcolormesh(
        time_s, frequency_hz[1:] / 1e3, mask[1:], cmap=theme.signed, vmin=-limit, vmax=limit, rasterized=True,
        shading="nearest",
    )  # fmt: skip
