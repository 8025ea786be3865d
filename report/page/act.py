"""An act of the page: views, each a picture with the rows that it is drawn from, which are its table as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

import pandas as pd

from models import MODELS
from params import CENTRE, SRP_PHAT
from report.style import T60_title, condition_title, localizer_title
from report.tables import rounded


@dataclass(frozen=True)
class Column:
    """A column of a view's rows.

    Parameters
    ----------
    name : str
        In the table that rows are made of.
    title : str
        For readers.
    unit : str
    decimals : int, optional
        Of numbers: so exact they are kept, drawn and shown. None for text.
    """

    name: str
    title: str
    unit: str = ""
    decimals: int | None = None

    @property
    def heading(self) -> str:
        """Title and unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def kept(self, value) -> str | float | int | None:
        """Return a value as rows keep it; None where there is none."""
        if value is None or pd.isna(value):
            return None
        if self.decimals is None:
            return str(value)
        return (round(float(value), self.decimals) + 0.0) if self.decimals else round(float(value))

    def text(self, kept) -> str:
        """Return a kept value for readers."""
        if kept is None or kept == "":
            return "–"
        return str(kept) if self.decimals is None else rounded(kept, self.decimals).replace("-", "−")


@dataclass(frozen=True)
class Look:
    """How a series is drawn.

    Parameters
    ----------
    hue : str
        A colour of `report.style.Theme`.
    symbol : str
        Of d3-shape's; "" for none.
    dashes : str
        Of SVG; "" for a whole line, "none" for no line.
    """

    hue: str
    symbol: str = "circle"
    dashes: str = ""


@dataclass(frozen=True)
class Chart:
    """What is drawn of a view's rows; parts are names of columns.

    Parameters
    ----------
    kind : {"lines", "dots", "cells"}
        Values over numbers; values of named things, side by side; a matrix of names.
    x, y : str
    series : str
        Tells what has a colour, a symbol and a line of its own; "" where nothing does.
    looks : mapping of str to Look
        Of each series.
    facet : str
        A panel each; "" for one panel.
    low, high, count : str
        Ends of the 95 % interval, and how many it was measured on; "" where there are none.
    doubt : str
        Where it says anything, a point is drawn hollow; "" for none.
    rules : sequence of float
        Values with a line of reference.
    free : bool
        Whether each panel has an axis of its own.
    log : bool
        Whether values are on a logarithmic axis.
    """

    kind: Literal["lines", "dots", "cells"]
    x: str
    y: str
    series: str = ""
    looks: Mapping[str, Look] = field(default_factory=dict)
    facet: str = ""
    low: str = ""
    high: str = ""
    count: str = ""
    doubt: str = ""
    rules: Sequence[float] = ()
    free: bool = False
    log: bool = False


@dataclass(frozen=True)
class View:
    """A picture, what it says, and its rows.

    Parameters
    ----------
    name, title : str
    sentences : list of str
        What was found, written by results.
    how, details : str
        How to read the picture, in a line; what else is to know of it, which is folded away.
    columns : list of Column
    rows : list of lists
        Values as `Column.kept` returns them.
    choices : list of str
        Names of columns of which one value is shown at a time, the first at first; rows without a value always are.
    chart : Chart, optional
        None where there is only the table.
    """

    name: str
    title: str
    sentences: list[str]
    how: str
    columns: list[Column]
    rows: list[list]
    choices: list[str] = field(default_factory=list)
    chart: Chart | None = None
    details: str = ""

    def data(self) -> dict:
        """Return all as plain values; texts of rows are places in a list of each column's texts."""
        found = asdict(self)
        for place, (column, about) in enumerate(zip(self.columns, found["columns"], strict=True)):
            if column.decimals is None:
                about["texts"] = list(dict.fromkeys(row[place] for row in self.rows))
                for row in found["rows"]:
                    row[place] = about["texts"].index(row[place])
        if self.chart:
            shown = next((each.get("texts", []) for each in found["columns"] if each["name"] == self.chart.series), [])
            found["chart"]["looks"] = {name: asdict(look) for name, look in self.chart.looks.items() if name in shown}
        return found

    def texts(self) -> list[list[str]]:
        """Return the rows for readers."""
        return [[column.text(value) for column, value in zip(self.columns, row, strict=True)] for row in self.rows]

    def groups(self) -> Iterator[tuple[str, list[list[str]]]]:
        """Yield the rows for readers by what can be chosen, which stands above them; `shown` are their columns."""
        of_group: dict[str, list[list[str]]] = {}
        chosen = [column.name in self.choices for column in self.columns]
        for row, texts in zip(self.rows, self.texts(), strict=True):
            title = ", ".join(text for text, kept, named in zip(texts, row, chosen, strict=True) if named and kept)
            of_group.setdefault(title, []).append(
                [text for text, named in zip(texts, chosen, strict=True) if not named]
            )
        yield from of_group.items()

    @property
    def shown(self) -> list[Column]:
        """The columns that are not for choosing."""
        return [column for column in self.columns if column.name not in self.choices]


@dataclass(frozen=True)
class Act:
    """A part of the story.

    Parameters
    ----------
    name : str
        Its anchor and the name of its file.
    short, title, lead : str
        For the list of acts; the heading; what is asked, without any result.
    views : list of View
    """

    name: str
    short: str
    title: str
    lead: str
    views: list[View]


CONDITION = Column("condition_title", "condition")
T60 = Column("T60_s", "T60", "s", 2)
LOCALIZER = Column("localizer_title", "localizer")
WEIGHTS = Column("trained", "trained for")
TRAINED_FOR = {"": "one room", "(any room)": "any room", "(paper)": "one room, as published", "untrained": "nothing"}
LOOKS = {
    MODELS["loc_cnn"].title: Look("blue"),
    MODELS["sample_cnn"].title: Look("vermilion", "square"),
    MODELS["steered_cnn"].title: Look("purple", "diamond"),
    SRP_PHAT: Look("green", "triangle"),
    CENTRE: Look("pale", "", "3 3"),
}
"""Everything that localizes looks the same in all pictures."""


def kept(table: pd.DataFrame, columns: Sequence[Column]) -> list[list]:
    """Return a table's rows as a view keeps them; a column that it lacks is empty."""
    table = table.reindex(columns=[column.name for column in columns])
    return [
        [column.kept(value) for column, value in zip(columns, row, strict=True)]
        for row in table.itertuples(index=False, name=None)
    ]


def interval(title: str, unit: str, decimals: int, value: str = "value", low: str = "low", high: str = "high"):
    """Return the columns of a value and of its 95 % interval."""
    ends = ((low, "95 % from"), (high, "95 % to"))
    return [Column(value, title, unit, decimals), *(Column(name, end, unit, decimals) for name, end in ends)]


def with_condition(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of experiments with `CONDITION` and `T60`; that of all conditions has no T60."""
    T60_s = pd.to_numeric(table["condition"].map(T60_title), errors="coerce")
    return table.assign(condition_title=table["condition"].map(condition_title), T60_s=T60_s)


def with_localizer(table: pd.DataFrame, name: str = "localizer") -> pd.DataFrame:
    """Return a table with `LOCALIZER` and `WEIGHTS`; what is no network is trained for none, and always shown."""
    split = table[name].map(_split)
    return table.assign(localizer_title=split.str[0], trained=split.str[1])


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _split(name: str) -> tuple[str, str | None]:
    """Return a localizer's title, and what it was trained for."""
    first, _, rest = name.partition(" ")
    if first == "untrained":
        first, _, kind = rest.partition(" ")
        return localizer_title(first), TRAINED_FOR["untrained"] if not kind else f"{TRAINED_FOR['untrained']} {kind}"
    if first in MODELS:
        return localizer_title(first), TRAINED_FOR.get(rest, rest.strip("()"))
    return name, None
