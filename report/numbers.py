"""The four numbers behind what is said of networks, of one room or of any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from localization.cues import HORIZONTAL
from localization.rooms import OTHER, OWN
from localization.sensitivity_scores import LEVEL
from localization.shares import EXACT
from params import SRP_PHAT
from report.style import T60_title, localizer_title
from report.tables import rounded

TABLES = {"cues": ["weights.csv"], "rooms": ["errors.csv", "verdicts.csv"], "sensitivity": ["scores.csv"],
          "shares": ["shares.csv"]}  # fmt: skip
"""What they are from, by experiment."""


@dataclass(frozen=True)
class Number:
    """A number behind a verdict.

    Parameters
    ----------
    name, short : str
        What it is, in full and for the head of a column.
    values : dict of str to str
        For everything that localizes.
    """

    name: str
    short: str
    values: dict[str, str]


@dataclass(frozen=True)
class Verdict:
    """What was found, for people with a minute, and the numbers behind it."""

    sentences: list[str]
    numbers: list[Number]

    def table(self) -> pd.DataFrame:
        """Return the numbers as a table, a column for everything that localizes."""
        titled = [{localizer_title(name): text for name, text in each.values.items()} for each in self.numbers]
        return pd.DataFrame([{"": each.name} | row for each, row in zip(self.numbers, titled, strict=True)])


def numbers_of(tables: Mapping[str, Mapping[str, pd.DataFrame]], names: list[str]) -> list[Number]:
    """Return the four numbers of networks and of SRP-PHAT, in the driest and the most reverberant condition."""
    weights = tables["cues"]["weights.csv"]
    ends, shown = ends_of(weights), [*names, SRP_PHAT]
    weights = weights[weights["coordinate"] == HORIZONTAL].set_index(["localizer", "cue", "condition"]).sort_index()
    mae_m = tables["rooms"]["errors.csv"].set_index(["localizer", "condition", "place"]).sort_index()["mae_m"]
    shares = shares_in(tables, ends[-1]).loc[names]
    where = f"T60 {' → '.join(map(T60_title, ends))} s"
    numbers = [
        Number(
            f"weight of {what}, {where}",
            what,
            {name: " → ".join(_weight(weights.loc[(name, cue, each)]) for each in ends) for name in shown},
        )
        for cue, what in (("delays", "the direct sound’s delays"), ("early", "early reflections"))
    ]
    numbers += [
        Number(
            f"MAE in metres, own room → other rooms, T60 {T60_title(ends[-1])} s",
            "own room → other rooms",
            {name: " → ".join(rounded(mae_m[name, ends[-1], place], 3) for place in (OWN, OTHER)) for name in shown},
        ),
        Number(
            f"the direct sound’s share of energy → relevance (untrained networks), T60 {T60_title(ends[-1])} s",
            "energy → relevance (untrained)",
            {row.Index: _share(row) for row in shares.itertuples()} | {SRP_PHAT: "–"},
        ),
    ]
    return numbers


def narrow_tables(verdicts: Iterable[Verdict]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the numbers of all verdicts for the terminal, two at a time: what they are, and a row a localizer."""
    merged = [
        Number(same[0].name, same[0].short, {name: text for each in same for name, text in each.values.items()})
        for same in zip(*(verdict.numbers for verdict in verdicts), strict=True)
    ]
    for pair in zip(merged[::2], merged[1::2], strict=True):
        names = sorted(pair[0].values, key=SRP_PHAT.__eq__)
        rows = [{"": localizer_title(name)} | {each.short: each.values[name] for each in pair} for name in names]
        yield "; ".join(each.name for each in pair), pd.DataFrame(rows)


def direct_shares(shares: pd.DataFrame) -> pd.DataFrame:
    """Return what the direct sound gets of gradient x input, by linearity, a row a network and condition."""
    exact = (shares["method"] == LEVEL) & (shares["score"] == EXACT)
    return shares[exact & (shares["part"] == "direct")]


def ends_of(table: pd.DataFrame) -> list[str]:
    """Return the driest and the most reverberant condition; one where there is no more."""
    conditions = sorted(dict.fromkeys(table["condition"]), key=lambda name: float(T60_title(name)))
    return list(dict.fromkeys([conditions[0], conditions[-1]]))


def _weight(row: pd.Series) -> str:
    doubt = "" if row["findable"] else " ?"
    return f"{rounded(row['weight'], 2)}{doubt} ({rounded(row['low'], 2)} to {rounded(row['high'], 2)})"


def _share(row) -> str:
    energy, relevance, untrained = (
        rounded(value, 2) for value in (row.energy_share, row.share, row.untrained_share)
    )  # fmt: skip
    return f"{energy} → {relevance} ({untrained})"


def shares_in(tables: Mapping[str, Mapping[str, pd.DataFrame]], condition: str) -> pd.DataFrame:
    """Return `direct_shares` of a condition, by network."""
    shares = direct_shares(tables["shares"]["shares.csv"])
    return shares[shares["condition"] == condition].set_index("model")
