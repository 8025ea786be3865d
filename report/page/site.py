"""The page put together: results in, ``index.html`` and the folder ``page`` out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import jinja2
import pandas as pd
from matplotlib.figure import Figure

from params import LAG_ZERO
from report.figures import delay_scatter, error_distributions, removal_curves
from report.page.assets import Assets
from report.page.digits import gather_digits
from report.page.enhancement import gather_enhancement
from report.page.examples import gather_examples
from report.page.findings import find
from report.page.heard import gather_heard
from report.page.methods import gather_methods
from report.page.plates import Plate
from report.page.results import Results, read_results
from report.page.tables import (
    POOLED,
    column_lines,
    delay_table,
    direction_table,
    has_published,
    localization_tables,
    removal_table,
)
from report.published import CURVES
from report.sounds import LOWEST_HZ
from report.style import DARK, LIGHT, Theme, condition_title, localizer_title, method_title, signal_titles
from running.errors import InputError
from running.files import part_of, read_json, remove_parts, whole_file

STYLE, SCRIPT = "page.css", "page.js"
SMALL = ("curves.csv", "verdicts.csv", "sources.csv", "summary.csv", "errors.csv", "weights.csv", "rooms.csv",
         "scores.csv", "bands.csv", "shares.csv", "interventions.csv", "criteria.csv", "agreement.csv",
         "conclusions.csv", "costs.csv", "sounds.csv", "probes.csv", "over_folds.csv", "areas.csv", "stretch.csv",
         "means.csv", "enrichments.csv", "effects.csv")  # fmt: skip
"""Tables that are copied to the page; those with a row a window are not."""
DELAYS = {
    "tdoa": "As published",
    "tdoa_refined": "Refined: exact true delays, peaks among possible lags and between samples",
}
"""How each experiment estimates delays."""


def build_site(results: str | Path, to: str | Path, between: int) -> Path:
    """Build the page from what the experiments wrote.

    Parameters
    ----------
    results : path
        Folder of the results of all experiments, such as ``results/quick``.
    to : path
        Folder of ``index.html``.
    between : int
        How many sources to show beside the best and the worst ones.

    Returns
    -------
    Path
        ``index.html``.

    Raises
    ------
    InputError
        When results, weights, recordings or relevance are missing or do not belong together, or the place is taken.
    """
    to, read = Path(to), read_results(results)
    if (to / "page").exists() and not (to / "page" / STYLE).is_file():
        raise InputError(f"{to / 'page'} is not of an earlier page; move it away or choose another place by --to")
    to.mkdir(parents=True, exist_ok=True)
    remove_parts(to)
    with tempfile.TemporaryDirectory(prefix=part_of(to / "page").name, dir=to) as building:
        assets = Assets(building)
        text = environment().get_template("index.html.j2").render(gather(read, assets, between))
        shutil.rmtree(to / "page", ignore_errors=True)
        assets.folder.rename(to / "page")
        with whole_file(to / "index.html") as beside:
            beside.write_text(text)
    return to / "index.html"


def gather(read: dict[str, Results], assets: Assets, between: int) -> dict:
    """Return what the template shows, with all files that it names written."""
    curves = read["perturbation"].tables["curves.csv"]
    shown = {name: read[name].tables["summary.csv"] for name in DELAYS if name in read}
    found_in, findings = find({name: each.tables for name, each in read.items()})
    listen = gather_examples(read, assets, between)
    for name, each in listen.items():
        assets.data(name, each)
    content = gather_other_tasks(read, assets) | {
        "light": LIGHT,
        "dark": DARK,
        "style": assets.copy(Path(__file__).with_name(STYLE), STYLE),
        "script": assets.copy(Path(__file__).with_name(SCRIPT), SCRIPT),
        "listen_style": assets.copy(Path(__file__).with_name("listen.css"), "listen.css"),
        "listen_script": assets.copy(Path(__file__).with_name("listen.js"), "listen.js"),
        "plot_script": assets.copy(Path(__file__).parent / "vendor/plot.min.js", "plot.min.js"),
        "heard": gather_heard(read, assets),
        "methods_on_trial": gather_methods(read, assets),
        "found_in": found_in,
        "findings": findings,
        "removal": removal_table(curves),
        "removal_plate": removal_plate(curves, assets),
        "delays": {name: delay_table(DELAYS[name], summary) for name, summary in shown.items()},
        "direction": direction_table(list(shown.values())[-1]),
        "delay_plate": delay_plate(read["tdoa"].tables["delays.csv"], assets),
        "listen": listen,
        "published": assets.copy(CURVES, CURVES.name) if has_published(curves) else None,
        "recordings": copy_recordings(read["perturbation"], assets),
        "run": read["perturbation"].run,
        "methods": [method_title(method) for method in read["perturbation"].methods],
        "weights": read["perturbation"].weights,
    }
    if "localization" in read:
        tables = read["localization"].tables
        content["localization"], content["localization_more"] = localization_tables(tables["errors.csv"])
        content["localization_plate"] = localization_plate(tables["estimates.csv"], assets)
    return content


def gather_other_tasks(read: dict[str, Results], assets: Assets) -> dict:
    """Return what the sections on other tasks show, and how all results came about."""
    return {
        "digits": gather_digits(read, assets),
        "enhancement": gather_enhancement(read, assets),
        "asked": {name: each.run["arguments"] for name, each in read.items()},
        "origins": {name: copy_origin(name, each, assets) for name, each in read.items()},
    }


def removal_plate(curves: pd.DataFrame, assets: Assets) -> Plate:
    """Draw the removal curves of all networks and conditions; narrow: a figure each, with the same axes."""
    top_m = 1.05 * curves[["high_m", "published_mae_m"]].max(axis=None)

    def draw(rows: pd.DataFrame, theme: Theme) -> Figure:
        figure = removal_curves(rows, theme)
        figure.axes[0].set_ylim(0, top_m)
        return figure

    names = ", ".join(map(localizer_title, curves["model"].unique()))
    alt = f"MAE against the share of input removed, by relevance, by energy and at random, for {names}, "
    wide = assets.picture("removal", f"{alt}in each condition", partial(draw, curves))
    parts = []
    for condition in sorted(curves["condition"].unique(), key=lambda name: name != POOLED):
        title = condition_title(condition)
        pictures = [
            assets.picture(
                f"removal-{condition}-{model}",
                f"MAE against the share of input removed: {localizer_title(model)}, {title}",
                partial(draw, rows),
            )
            for model, rows in curves[curves["condition"] == condition].groupby("model", sort=False)
        ]
        parts.append((title, pictures))
    return Plate(wide, parts)


def delay_plate(delays: pd.DataFrame, assets: Assets) -> Plate:
    """Draw estimated against true delays of all windows; narrow: a figure a signal."""
    titles = {key: title for key, title in signal_titles(delays).items() if key[0] != LAG_ZERO}
    of_signal = dict(tuple(delays.groupby(["signal", "method", "model"])))
    alt = "Estimated against true delays of all windows: "
    wide = assets.picture("delays", alt + ", ".join(titles.values()), partial(delay_scatter, delays))
    parts = []
    for key, title in titles.items():
        file = "-".join(filter(None, ("delays", *key)))
        parts.append((title, [assets.picture(file, alt + title, partial(delay_scatter, of_signal[key]))]))
    return Plate(wide, parts)


def localization_plate(estimates: pd.DataFrame, assets: Assets) -> Plate:
    """Draw the distribution of errors over all windows; narrow: only that of the horizontal distance."""
    alt = "Share of estimates against their largest error, for "
    alt += ", ".join(map(localizer_title, estimates["localizer"].unique()))

    def one(theme: Theme) -> Figure:
        return error_distributions(estimates, ["horizontal"], theme)

    def all_of_them(theme: Theme) -> Figure:
        return error_distributions(estimates, theme=theme)

    return Plate(
        assets.picture("errors", alt, all_of_them),
        [("horizontal distance", [assets.picture("errors-horizontal", f"{alt}: horizontal distance", one)])],
    )


def copy_origin(name: str, results: Results, assets: Assets) -> dict[str, str]:
    """Copy how results came about, and their tables; return the places by their names."""
    files = ["run.json", *(table for table in results.tables if table in SMALL)]
    return {file: assets.copy(results.folder / file, f"{name}/{file}") for file in files}


def copy_recordings(results: Results, assets: Assets) -> dict[str, tuple[str, str]]:
    """Copy how the recordings came about; return speech and place by condition."""
    return {
        condition: (
            read_json(path)["arguments"]["corpus"]["name"],
            assets.copy(path, f"recordings/{condition}.json"),
        )
        for condition, path in results.datasets.items()
    }


def environment() -> jinja2.Environment:
    """Return where templates are found, and the filters that they use."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable] = {
        "column_lines": column_lines,
        "condition_title": condition_title,
        "method": method_title,
        "network": localizer_title,
    }
    made.filters |= filters
    made.globals |= {"lowest_hz": LOWEST_HZ}
    return made
