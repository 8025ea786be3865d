"""The page's tables: a column a condition, below each number the published one where there is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from params import CENTRE
from report.style import condition_title, curve_titles, localizer_title, signal_titles
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
    """Return the MAE with nothing and with a little removed, the published one below where there is one.

    Parameters
    ----------
    curves : DataFrame
        ``curves.csv`` of perturbation_experiment.py.
    """
    columns, percent = _conditions(curves), smallest_share(curves)
    shown = {"nothing removed": ("plain", ("energy", "", 0))}
    shown |= {f"{percent:g} % {title}": (key[0], (*key, percent)) for key, title in curve_titles(curves).items()}
    values = curves.set_index(["condition", "model", "curve", "method", "percent"])
    groups = []
    for model in dict.fromkeys(curves["model"]):
        rows = [
            Row(name, kind, [_error_cell(values.loc[(column, model, *key)]) for column in columns])
            for name, (kind, key) in shown.items()
        ]
        groups.append((localizer_title(model), rows))
    centre = curves[curves["curve"] == CENTRE].drop_duplicates("condition").set_index("condition")
    groups.append(("control", [Row(CENTRE, "control", [_error_cell(centre.loc[column]) for column in columns])]))
    return Table(_mae_caption(curves), columns, groups)


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
        "those with the other sign; 0 is chance. Below it the 95 % interval over voices and their sources, of "
        "untrained networks over their initialisations"
    )
    return _by_pair(caption, summary, cell)


def localization_tables(errors: pd.DataFrame) -> tuple[Table, Table]:
    """Return the MAE of everything that localizes, and all that the MAE hides.

    Parameters
    ----------
    errors : DataFrame
        ``errors.csv`` of localization_experiment.py.
    """
    mae = Table(_mae_caption(errors), _conditions(errors), _error_groups(errors, {"mae_m": "MAE"}))
    return mae, measures_table(errors)


def measures_table(errors: pd.DataFrame) -> Table:
    """Return the errors that a MAE is made of, and slopes, a group a measure.

    Parameters
    ----------
    errors : DataFrame
        Columns condition, localizer and `MEASURES`.
    """
    caption = "Errors in metres over all windows, and slopes of estimate against truth"
    return Table(caption, _conditions(errors), _error_groups(errors, MEASURES))


def column_lines(name: str) -> list[tuple[str, str]]:
    """Return the title of a condition as lines, each what it says and its value, such as ("T60", "0.15 s")."""
    title = condition_title(name)
    return [tuple(line.split(" ", 1)) for line in title.split(", ")] if "," in title else [("", title)]


def metres(value: float) -> str:
    """Return metres to the millimetre."""
    return f"{value:.3f}"


def signal_kind(signal: str) -> str:
    """Return what kind of signal delays are from: "microphone", "relevance" or "control"."""
    return {"microphones": "microphone", "relevance": "relevance"}.get(signal, "control")


def has_published(table: pd.DataFrame) -> bool:
    """Tell whether a table of errors has a published number."""
    return bool(table["published_mae_m"].notna().any())


def _mae_caption(table: pd.DataFrame) -> str:
    return "MAE in metres" + ("; below it, pale, the published one" if has_published(table) else "")


def _error_groups(errors: pd.DataFrame, titles: dict[str, str]) -> list[tuple[str, list[Row]]]:
    """Return a group a measure, with its title, whose rows are all that localizes."""
    columns, names = _conditions(errors), list(dict.fromkeys(errors["localizer"]))
    described = {(row["localizer"], row["condition"]): row for _, row in errors.iterrows()}

    def rows(measure: str) -> list[Row]:
        return [
            Row(localizer_title(name), "control" if name == CENTRE else "plain",
                [_error_cell(described.get((name, column)), measure) for column in columns])
            for name in names
        ]  # fmt: skip

    return [(title, rows(measure)) for measure, title in titles.items()]


def _error_cell(row: pd.Series | None, measure: str = "mae_m") -> Cell | None:
    """Return a cell of a row of a table of errors, below an MAE the published one."""
    if row is None:
        return None
    value, theirs = row[measure], row["published_mae_m"] if measure == "mae_m" else None
    text = "–" if pd.isna(value) else metres(value)
    return Cell(value, text) if pd.isna(theirs) else Cell(value, text, theirs, metres(theirs))


def _by_pair(caption: str, summary: pd.DataFrame, cell: Callable[[NamedTuple], Cell | None]) -> Table:
    """Return a table of delays, a group a pair, whose cells are made of the rows of ``summary.csv``."""
    columns, titles = _conditions(summary), signal_titles(summary)
    cells = {(row.pair, row.condition, row.signal, row.method, row.model): cell(row) for row in summary.itertuples()}
    groups = [
        (
            f"microphones {pair.replace('-', ' and ')}",
            [Row(title, signal_kind(key[0]), [cells.get((pair, column, *key)) for column in columns])
             for key, title in titles.items()],
        )
        for pair in dict.fromkeys(summary["pair"])
    ]  # fmt: skip
    return Table(caption, columns, groups)


def _conditions(table: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(table["condition"]))
