"""The page's tables: a column a condition, below each number the published one where there is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from params import CENTRE
from report.published import published_curves
from report.style import REMOVED, condition_title, method_title, signal_title
from report.tables import rounded

POOLED = "pooled"
MEASURES = {
    "mae_x_m": "error in x",
    "mae_y_m": "error in y",
    "mae_z_m": "error in z",
    "median_m": "median horizontal distance",
    "p90_m": "90 % of the horizontal distances are below",
    "slope_x": "slope of x (1 is right, 0 a constant)",
    "slope_y": "slope of y",
}


@dataclass(frozen=True)
class Cell:
    """A number and what stands below it.

    Parameters
    ----------
    value : float
        As the result file has it.
    text : str
    below : float, optional
    below_text : str
        Empty where nothing stands below.
    """

    value: float
    text: str
    below: float | None = None
    below_text: str = ""


@dataclass(frozen=True)
class Row:
    """A row: its name, what kind of thing it is of (for its colour), and a cell a column, None where there is none."""

    name: str
    kind: str
    cells: list[Cell | None]


@dataclass(frozen=True)
class Table:
    """A table whose rows come in groups with a title.

    Parameters
    ----------
    caption : str
    columns : list of str
        Names of conditions.
    groups : list of (title, rows)
    """

    caption: str
    columns: list[str]
    groups: list[tuple[str, list[Row]]]


def smallest_share(curves: pd.DataFrame) -> float:
    """Return the smallest share of the input, in percent, that was removed at all."""
    return float(curves.loc[curves["percent"] > 0, "percent"].min())


def removal_table(curves: pd.DataFrame) -> Table:
    """Return the MAE with nothing and with a little removed, the published one below.

    Parameters
    ----------
    curves : DataFrame
        ``curves.csv`` of perturbation_experiment.py.
    """
    keys = ["condition", "model", "curve", "percent"]
    here, published = (table.set_index(keys)["mae_m"] for table in (curves, published_curves()))
    columns, models = _conditions(curves), list(dict.fromkeys(curves["model"]))
    percent = smallest_share(curves)
    shown = {"nothing removed": ("relevance", 0)}
    shown |= {f"{percent:g} % {name}": (curve, percent) for curve, name in REMOVED.items()}

    def cell(key: tuple) -> Cell:
        theirs = published.get(key)
        return Cell(here[key], metres(here[key]), theirs, "–" if theirs is None else metres(theirs))

    groups = []
    for model in models:
        rows = [
            Row(name, curve if share else "plain", [cell((column, model, curve, share)) for column in columns])
            for name, (curve, share) in shown.items()
        ]
        groups.append((method_title(model), rows))
    centre = [here[column, models[0], CENTRE, 0] for column in columns]
    groups.append(("control", [Row(CENTRE, "control", [Cell(value, metres(value)) for value in centre])]))
    return Table("MAE in metres; below it, pale, the published one", columns, groups)


def delay_table(protocol: str, summary: pd.DataFrame) -> Table:
    """Return the MAE of the delays and the share of anomalies, a group a pair of microphones.

    Parameters
    ----------
    protocol : str
        How delays were estimated, for the caption.
    summary : DataFrame
        ``summary.csv`` of tdoa_experiment.py.
    """

    def cell(row) -> Cell:
        anomalies = f"{row.anomalies_percent:.1f}\N{NO-BREAK SPACE}%"
        return Cell(row.mae_samples, f"{row.mae_samples:.2f}", row.anomalies_percent, anomalies)

    caption = f"{protocol}. MAE in samples of the estimates that are no anomalies; below it the share of anomalies"
    return _by_pair(caption, summary, cell)


def direction_table(summary: pd.DataFrame) -> Table:
    """Return how often delays point to the right side, less to the wrong one, with the interval below.

    Parameters
    ----------
    summary : DataFrame
        ``summary.csv`` of tdoa_experiment.py.
    """

    def cell(row) -> Cell | None:
        if pd.isna(row.direction_percent):
            return None
        numbers = row.direction_percent, row.direction_percent_low, row.direction_percent_high
        percent, low, high = (rounded(number, 0) for number in numbers)
        return Cell(row.direction_percent, f"{percent} %", below_text=f"{low} to {high}")

    caption = (
        "Direction: of the windows with a true delay of a sample or more, those whose estimate has its sign, less "
        "those with the other sign; 0 is chance. Below it the 95 % interval"
    )
    return _by_pair(caption, summary, cell)


def localization_tables(errors: pd.DataFrame) -> tuple[Table, Table]:
    """Return the MAE of everything that localizes, and all that the MAE hides.

    Parameters
    ----------
    errors : DataFrame
        ``errors.csv`` of localization_experiment.py.
    """
    columns = _conditions(errors)
    described = errors.set_index(["method", "condition"])
    methods = list(dict.fromkeys(errors["method"]))

    def rows(measure: str, published: str | None = None) -> list[Row]:
        return [
            Row(method_title(method), "control" if method == CENTRE else "plain",
                [_described(described, (method, column), measure, published) for column in columns])
            for method in methods
        ]  # fmt: skip

    mae = Table(
        "MAE in metres; below it, pale, the published one", columns, [("MAE", rows("mae_m", "published_mae_m"))]
    )
    groups = [(title, rows(measure)) for measure, title in MEASURES.items()]
    return mae, Table("Errors in metres over all windows, and slopes of estimate against truth", columns, groups)


def column_lines(name: str) -> list[tuple[str, str]]:
    """Return the title of a condition as lines, each what it says and its value, such as ("T60", "0.15 s")."""
    title = condition_title(name)
    return [tuple(line.split(" ", 1)) for line in title.split(", ")] if "," in title else [("", title)]


def metres(value: float) -> str:
    """Return metres to the millimetre."""
    return f"{value:.3f}"


def signal_kind(signal: str) -> str:
    """Return what kind of signal delays are from: "microphone", "relevance" or "control"."""
    return {"microphones": "microphone", "relevance": "relevance"}.get(signal.split()[0], "control")


def _described(described: pd.DataFrame, key: tuple, measure: str, published: str | None) -> Cell | None:
    if key not in described.index:
        return None
    value = described.loc[key, measure]
    text = "–" if pd.isna(value) else metres(value)
    if published is None:
        return Cell(value, text)
    theirs = described.loc[key, published]
    return Cell(value, text) if pd.isna(theirs) else Cell(value, text, theirs, metres(theirs))


def _by_pair(caption: str, summary: pd.DataFrame, cell: Callable[[NamedTuple], Cell | None]) -> Table:
    """Return a table of delays, a group a pair, whose cells are made of the rows of ``summary.csv``."""
    columns, signals = _conditions(summary), list(dict.fromkeys(summary["signal"]))
    cells = {(row.pair, row.signal, row.condition): cell(row) for row in summary.itertuples()}
    groups = [
        (
            f"microphones {pair.replace('-', ' and ')}",
            [Row(signal_title(each), signal_kind(each), [cells.get((pair, each, c)) for c in columns])
             for each in signals],
        )
        for pair in dict.fromkeys(summary["pair"])
    ]  # fmt: skip
    return Table(caption, columns, groups)


def _conditions(table: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(table["condition"]))
