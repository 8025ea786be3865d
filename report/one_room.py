"""What the networks hear, of one room: three sentences, written by the experiments' results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pandas as pd

from localization.cues import HORIZONTAL
from localization.rooms import OWN
from localization.sensitivity_scores import AVERAGED, GRADIENT, SHIFTS
from models import MODELS, PUBLISHED_MODELS
from params import SRP_PHAT
from report.hearing import STEP_SAMPLES
from report.numbers import Verdict, direct_shares, ends_of, numbers_of

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


def describe(tables: Mapping[str, Mapping[str, pd.DataFrame]]) -> Verdict:
    """Return what the shipped networks hear, in sentences of one experiment each.

    Parameters
    ----------
    tables : mapping from names of experiments to mappings from files to DataFrames
        Those of `report.numbers.TABLES`.
    """
    weights, scores = tables["cues"]["weights.csv"], tables["sensitivity"]["scores.csv"]
    heard, courses = set(weights["localizer"]), cue_courses(weights)
    agree = all(_agrees(scores[scores["localizer"] == name]) for name in PUBLISHED_MODELS if name in heard)
    own, baseline = room_verdicts(tables["rooms"]["verdicts.csv"])
    favoured = favour_direct(direct_shares(tables["shares"]["shares.csv"]))
    sentences = [DIRECT[courses.direct] + EARLY[courses.early]] if courses else []
    sentences += [ROOMS[own] + BASELINE[baseline], FAVOUR[favoured] + HALVES[agree]]
    return Verdict(sentences, numbers_of(tables, [name for name in MODELS if name in heard]))


class Courses(NamedTuple):
    """How weights go with the reverberation: "falls", "stays", "grows", "unknown"; or the networks' "differs".

    Parameters
    ----------
    direct, early : str
        Of the direct sound's delays and of early reflections, in networks.
    baseline : str
        Of the direct sound's delays in SRP-PHAT.
    """

    direct: str
    early: str
    baseline: str


def cue_courses(weights: pd.DataFrame) -> Courses | None:
    """Return how weights of cues go with the reverberation; None of one condition, or of no network.

    Early reflections grow where their weight comes to be above SRP-PHAT's.
    """
    ends, names = ends_of(weights), published_in(weights["localizer"])
    if len(ends) < 2 or not names:
        return None
    weights = weights[weights["coordinate"] == HORIZONTAL].set_index(["localizer", "cue", "condition"]).sort_index()
    direct = all_or_differs(course(weights.loc[(name, "delays")], *ends) for name in names)
    early = {name: course(weights.loc[(name, "early")], *ends) for name in names}
    baseline = weights.loc[(SRP_PHAT, "early", ends[-1]), "high"]
    for name, found in early.items():
        if found == "grows" and weights.loc[(name, "early", ends[-1]), "low"] <= baseline:
            early[name] = "stays"
    return Courses(direct, all_or_differs(early.values()), course(weights.loc[(SRP_PHAT, "delays")], *ends))


def room_verdicts(verdicts: pd.DataFrame) -> tuple[str, str]:
    """Tell how networks err in other rooms against their own, and SRP-PHAT, where it reverberates longest."""
    own = verdicts[(verdicts["condition"] == ends_of(verdicts)[-1]) & (verdicts["against"] == OWN)]
    own = own.set_index("localizer")["verdict"]
    return all_or_differs(own[published_in(own.index)]), own[SRP_PHAT]


def favour_direct(shares: pd.DataFrame) -> bool:
    """Tell whether relevance gives the direct sound more than its energy, and than untrained networks give it.

    Parameters
    ----------
    shares : DataFrame
        Rows of ``shares.csv`` of one method, score and part; those count where it reverberates longest.
    """
    last = shares[(shares["condition"] == ends_of(shares)[-1]) & shares["model"].isin(PUBLISHED_MODELS)]
    return not last.empty and bool((last[["energy_verdict", "untrained_verdict"]] == "above").all(axis=None))


def published_in(names: Iterable[str]) -> list[str]:
    """Return the published networks that are among these."""
    there = set(names)
    return [name for name in PUBLISHED_MODELS if name in there]


def all_or_differs(each: Iterable[str]) -> str:
    """Return what holds of all, or that they differ."""
    found = set(each)
    return found.pop() if len(found) == 1 else "differs"


def course(weights: pd.DataFrame, driest: str, wettest: str) -> str:
    """Tell by intervals how the weight of a cue goes from the driest to the most reverberant condition."""
    first, last = weights.loc[driest], weights.loc[wettest]
    if not (first["findable"] and last["findable"]):
        return "unknown"
    return "falls" if last["high"] < first["low"] else "grows" if last["low"] > first["high"] else "stays"


def _agrees(scores: pd.DataFrame) -> bool:
    """Tell whether the gradient's half of delays always agrees better with real delays than any relevance does."""
    of_profiles = scores[(scores["score"] == "profile_correlation") & (scores["against"] == SHIFTS)]
    told = of_profiles[(of_profiles["step_samples"] == STEP_SAMPLES) & of_profiles["coordinate"].isin(["x", "y"])]
    relevance = told[~told["method"].isin([GRADIENT, AVERAGED])]
    return bool(told.loc[told["method"] == AVERAGED, "value"].min() > relevance["value"].max())
