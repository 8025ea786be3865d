"""What changes where networks can't learn their room: sentences and numbers, written by the experiments' results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from localization.cues import HORIZONTAL
from localization.sensitivity_scores import AVERAGED, MULTILATERATION
from models import MODELS, PUBLISHED_MODELS
from params import ANY_ROOM, SRP_PHAT
from report.style import localizer_title
from report.verdict import TABLES, Verdict, direct_shares, numbers_of, pronounce
from running.files import read_csv

ROOMS = "Trained in a new room for every talker, in rooms never heard they err {own} than networks of one room, "
BASELINE = "and {baseline} than SRP-PHAT."
CUES = "They follow the direct sound’s delays {delays} and its early reflections {early}."
DELAYS = "How their estimates move with each microphone’s delay is {profile} like multilateration in y."
SHARES = "The direct sound gets {share} of their relevance (gradient x input)."
CONTROL = "{name}, which compares microphones by construction, errs {baseline} than SRP-PHAT there."


def twin(name: str) -> str:
    """Return the name, in tables, of a network's weights for any room."""
    return f"{name} ({ANY_ROOM.name.replace('_', ' ')})"


def compare(tables: Mapping[str, Mapping[str, pd.DataFrame]]) -> Verdict | None:
    """Return how networks for any room differ from the shipped ones of one room; None where a table lacks them.

    Each is compared with its twin of one room in every condition, by cues that a control finds; differs what intervals
    of 95 % tell apart.

    Parameters
    ----------
    tables : mapping from names of experiments to mappings from files to DataFrames
        Those of `report.verdict.TABLES`.
    """
    weights, shares = tables["cues"]["weights.csv"], tables["shares"]["shares.csv"]
    scores, rooms = tables["sensitivity"]["scores.csv"], tables["rooms"]["verdicts.csv"]
    present = [set(table["localizer"]) for table in (weights, scores, rooms)] + [set(shares["model"])]
    shown = [twin(name) for name in MODELS if all(twin(name) in names for names in present)]
    names = [name for name in PUBLISHED_MODELS if twin(name) in shown and all(name in each for each in present)]
    if not names:
        return None
    weights = weights[(weights["coordinate"] == HORIZONTAL) & weights["findable"]]
    scores = scores[(scores["weights"] == "trained") & (scores["method"] == AVERAGED) & (scores["coordinate"] == "y")]
    profiles = scores[(scores["score"] == "profile_correlation") & (scores["against"] == MULTILATERATION)]
    told = {
        "own": _tally(rooms, names, names),
        "baseline": _tally(rooms, names, [SRP_PHAT] * len(names)),
        "delays": _changes(weights[weights["cue"] == "delays"], names),
        "early": _changes(weights[weights["cue"] == "early"], names),
        "profile": _changes(profiles, names),
        "share": _changes(direct_shares(shares).rename(columns={"model": "localizer"}), names),
    }
    sentences = [each.format(**told) for each in (ROOMS + BASELINE, CUES, DELAYS, SHARES)]
    for name in (name for name in MODELS if name not in PUBLISHED_MODELS and twin(name) in shown):
        said = _tally(rooms, [name], [SRP_PHAT])
        sentences.append(CONTROL.format(name=localizer_title(name), baseline=said))
    return Verdict(sentences, numbers_of(tables, shown))


def read_verdicts(folders: Mapping[str, Path]) -> list[Verdict]:
    """Return the verdict on what the experiments of these names wrote to these folders, and `compare`'s if any."""
    tables = {name: {file: read_csv(folders[name] / file) for file in files} for name, files in TABLES.items()}
    return [each for each in (pronounce(tables), compare(tables)) if each]


def _tally(rooms: pd.DataFrame, names: Iterable[str], against: Iterable[str]) -> str:
    """Say in how many conditions networks for any room err more or less than others in other rooms."""
    found = []
    for name, other in zip(names, against, strict=True):
        found += list(rooms[(rooms["localizer"] == twin(name)) & (rooms["against"] == other)]["verdict"])
    return _said(Counter({"above": "more", "below": "less"}.get(each, each) for each in found))


def _changes(table: pd.DataFrame, names: Iterable[str]) -> str:
    """Say in how many conditions a quantity of networks for any room is more or less than their twins'."""
    rows, found = table.set_index(["localizer", "condition"]).sort_index(), Counter()
    for name in names:
        for own in table[table["localizer"] == name].itertuples():
            other = rows.loc[(twin(name), own.condition)]
            found["more" if other["low"] > own.high else "less" if other["high"] < own.low else "level"] += 1
    return _said(found)


def _said(found: Counter) -> str:
    """Say a count, such as "more (8 of 8)", "more (3 of 8; less in 1)" or "neither more nor less (0 of 8)"."""
    total, (most, other) = found.total(), sorted(("more", "less"), key=lambda word: -found[word])
    if not found[most]:
        return f"neither more nor less (0 of {total})"
    rest = f"; {other} in {found[other]}" if found[other] else ""
    return f"{most} ({found[most]} of {total}{rest})"
