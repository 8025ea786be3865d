"""What the networks hear: three sentences and the four numbers behind them, written by the experiments' results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from localization.cues import HORIZONTAL
from localization.rooms import OTHER, OWN
from localization.sensitivity_scores import AVERAGED, GRADIENT, LEVEL, SHIFTS
from localization.shares import EXACT
from models import MODELS, PUBLISHED_MODELS
from params import SRP_PHAT
from report.hearing import STEP_SAMPLES
from report.style import T60_title, localizer_title
from report.tables import rounded

TABLES = {"cues": ["weights.csv"], "rooms": ["errors.csv", "verdicts.csv"], "sensitivity": ["scores.csv"],
          "shares": ["shares.csv"]}  # fmt: skip
"""What the verdict follows from, by experiment."""
DIRECT = {
    "falls": "The longer a room reverberates, the less the networks go by when the direct sound arrives",
    "stays": "However long a room reverberates, the networks go as much by when the direct sound arrives",
    "grows": "The longer a room reverberates, the more the networks go by when the direct sound arrives",
    "differs": "The networks are not of one kind in how they go by the arrival of the direct sound",
    "unknown": "How much the networks go by the arrival of the direct sound can’t be told: no control finds it",
}
EARLY = {
    "falls": ", and the less by its early reflections.",
    "stays": "; of its early reflections no change can be told beyond that of SRP-PHAT, which compares delays alone.",
    "grows": ", and the more by its early reflections: they use the room rather than remove it.",
    "differs": "; nor are they in how they go by early reflections.",
    "unknown": "; of its early reflections nothing can be told: no control finds them.",
}
ROOMS = {
    "above": "In other rooms that reverberate as long they err more than in their own, which they have learned",
    "level": "In other rooms that reverberate as long they can’t be told from how they are in their own",
    "below": "In other rooms that reverberate as long they err less than in their own",
    "differs": "In other rooms that reverberate as long not all of them err as in their own",
}
BASELINE = {
    "above": "; so does SRP-PHAT, which has learned nothing.",
    "level": "; SRP-PHAT, which has learned nothing, does not.",
    "below": "; SRP-PHAT, which has learned nothing, errs less there.",
}
FAVOUR = {
    True: "Relevance (gradient x input) favours the direct sound beyond its energy, in trained networks only",
    False: "Relevance (gradient x input) does not favour the direct sound beyond its energy in trained networks alone",
}
HALVES = {
    True: "; but it tells what louder sound would do, not what later sound would: the gradient’s other half does, as "
    "real delays confirm.",
    False: "; what later sound would do, neither it nor the gradient’s other half tells clearly.",
}


@dataclass(frozen=True)
class Number:
    """A number behind the verdict.

    Parameters
    ----------
    name : str
    values : dict of str to str
        For everything that localizes.
    """

    name: str
    values: dict[str, str]


@dataclass(frozen=True)
class Verdict:
    """What the networks hear, for people with a minute."""

    sentences: list[str]
    numbers: list[Number]

    def table(self) -> pd.DataFrame:
        """Return the numbers as a table, a column for everything that localizes."""
        titled = [{localizer_title(name): text for name, text in each.values.items()} for each in self.numbers]
        return pd.DataFrame([{"": each.name} | row for each, row in zip(self.numbers, titled, strict=True)])


def pronounce(tables: Mapping[str, Mapping[str, pd.DataFrame]]) -> Verdict:
    """Return the verdict on the shipped networks.

    Parameters
    ----------
    tables : mapping from names of experiments to mappings from files to DataFrames
        Those of `TABLES`.
    """
    weights, rooms = tables["cues"]["weights.csv"], tables["rooms"]
    scores = tables["sensitivity"]["scores.csv"]
    heard, ends = set(weights["localizer"]), _ends(weights)
    names = [name for name in PUBLISHED_MODELS if name in heard]
    weights = weights[weights["coordinate"] == HORIZONTAL].set_index(["localizer", "cue", "condition"]).sort_index()
    verdicts = rooms["verdicts.csv"]
    own = verdicts[(verdicts["condition"] == ends[-1]) & (verdicts["against"] == OWN)].set_index("localizer")["verdict"]
    agree = all(_agrees(scores[scores["localizer"] == name]) for name in names)
    shares = _shares_in(tables, ends[-1]).loc[names]
    favoured = bool((shares[["energy_verdict", "untrained_verdict"]] == "above").all(axis=None))
    sentences = [_cue_sentence(weights, names, *ends)] if len(ends) > 1 else []
    sentences += [ROOMS[_all(own[names])] + BASELINE[own[SRP_PHAT]], FAVOUR[favoured] + HALVES[agree]]
    return Verdict(sentences, numbers_of(tables, [name for name in MODELS if name in heard]))


def numbers_of(tables: Mapping[str, Mapping[str, pd.DataFrame]], names: list[str]) -> list[Number]:
    """Return the four numbers of networks and of SRP-PHAT, in the driest and the most reverberant condition."""
    weights = tables["cues"]["weights.csv"]
    ends, shown = _ends(weights), [*names, SRP_PHAT]
    weights = weights[weights["coordinate"] == HORIZONTAL].set_index(["localizer", "cue", "condition"]).sort_index()
    mae_m = tables["rooms"]["errors.csv"].set_index(["localizer", "condition", "place"]).sort_index()["mae_m"]
    shares = _shares_in(tables, ends[-1]).loc[names]
    where = f"T60 {' → '.join(map(T60_title, ends))} s"
    numbers = [
        Number(
            f"weight of {what}, {where}",
            {name: " → ".join(_weight(weights.loc[(name, cue, each)]) for each in ends) for name in shown},
        )
        for cue, what in (("delays", "the direct sound’s delays"), ("early", "early reflections"))
    ]
    numbers += [
        Number(
            f"MAE in metres, own room → other rooms, T60 {T60_title(ends[-1])} s",
            {name: " → ".join(rounded(mae_m[name, ends[-1], place], 3) for place in (OWN, OTHER)) for name in shown},
        ),
        Number(
            f"the direct sound’s share of energy → relevance (untrained networks), T60 {T60_title(ends[-1])} s",
            {row.Index: _share(row) for row in shares.itertuples()} | {SRP_PHAT: "–"},
        ),
    ]
    return numbers


def direct_shares(shares: pd.DataFrame) -> pd.DataFrame:
    """Return what the direct sound gets of gradient x input, by linearity, a row a network and condition."""
    exact = (shares["method"] == LEVEL) & (shares["score"] == EXACT)
    return shares[exact & (shares["part"] == "direct")]


def _ends(weights: pd.DataFrame) -> list[str]:
    """Return the driest and the most reverberant condition; one where there is no more."""
    conditions = sorted(dict.fromkeys(weights["condition"]), key=lambda name: float(T60_title(name)))
    return list(dict.fromkeys([conditions[0], conditions[-1]]))


def _cue_sentence(weights: pd.DataFrame, names: list[str], driest: str, wettest: str) -> str:
    """Say how weights go with the reverberation; early reflections count where theirs grows above SRP-PHAT's."""
    direct = _all(_course(weights.loc[(name, "delays")], driest, wettest) for name in names)
    early = {name: _course(weights.loc[(name, "early")], driest, wettest) for name in names}
    baseline = weights.loc[(SRP_PHAT, "early", wettest), "high"]
    for name, course in early.items():
        if course == "grows" and weights.loc[(name, "early", wettest), "low"] <= baseline:
            early[name] = "stays"
    return DIRECT[direct] + EARLY[_all(early.values())]


def _all(each) -> str:
    """Return what holds of all, or that they differ."""
    found = set(each)
    return found.pop() if len(found) == 1 else "differs"


def _course(weights: pd.DataFrame, driest: str, wettest: str) -> str:
    """Tell by intervals how the weight of a cue goes from the driest to the most reverberant condition."""
    first, last = weights.loc[driest], weights.loc[wettest]
    if not (first["findable"] and last["findable"]):
        return "unknown"
    return "falls" if last["high"] < first["low"] else "grows" if last["low"] > first["high"] else "stays"


def _weight(row: pd.Series) -> str:
    doubt = "" if row["findable"] else " ?"
    return f"{rounded(row['weight'], 2)}{doubt} ({rounded(row['low'], 2)} to {rounded(row['high'], 2)})"


def _share(row) -> str:
    energy, relevance, untrained = (
        rounded(value, 2) for value in (row.energy_share, row.share, row.untrained_share)
    )  # fmt: skip
    return f"{energy} → {relevance} ({untrained})"


def _shares_in(tables: Mapping[str, Mapping[str, pd.DataFrame]], condition: str) -> pd.DataFrame:
    shares = direct_shares(tables["shares"]["shares.csv"])
    return shares[shares["condition"] == condition].set_index("model")


def _agrees(scores: pd.DataFrame) -> bool:
    """Tell whether the gradient's half of delays always agrees better with real delays than any relevance does."""
    of_profiles = scores[(scores["score"] == "profile_correlation") & (scores["against"] == SHIFTS)]
    told = of_profiles[(of_profiles["step_samples"] == STEP_SAMPLES) & of_profiles["coordinate"].isin(["x", "y"])]
    relevance = told[~told["method"].isin([GRADIENT, AVERAGED])]
    return bool(told.loc[told["method"] == AVERAGED, "value"].min() > relevance["value"].max())
