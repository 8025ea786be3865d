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
from report.numbers import TABLES, Verdict, direct_shares, numbers_of
from report.one_room import describe
from report.style import localizer_title
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
        Those of `report.numbers.TABLES`.
    """
    names, found = in_all(tables, map(twin, MODELS)), changes(tables)
    if not found:
        return None
    told = {name: _said(count) for name, count in found.items()}
    rooms = tables["rooms"]["verdicts.csv"]
    sentences = [each.format(**told) for each in (ROOMS + BASELINE, CUES, DELAYS, SHARES)]
    for name in (name for name in MODELS if name not in PUBLISHED_MODELS and twin(name) in names):
        said = _said(_tally(rooms, [name], [SRP_PHAT]))
        sentences.append(CONTROL.format(name=localizer_title(name), baseline=said))
    return Verdict(sentences, numbers_of(tables, names))


def changes(tables: Mapping[str, Mapping[str, pd.DataFrame]]) -> dict[str, Counter] | None:
    """Count in how many conditions networks for any room are "more" or "less" than others; None where there are none.

    Returns
    -------
    dict of str to Counter
        Errors in other rooms beside their twins' ("own") and SRP-PHAT's ("baseline"); weights of "delays" and "early"
        reflections, likeness of the "profile" of delays to multilateration, and the "share" of the direct sound beside
        their twins'.
    """
    weights, shares = tables["cues"]["weights.csv"], direct_shares(tables["shares"]["shares.csv"])
    scores, rooms = tables["sensitivity"]["scores.csv"], tables["rooms"]["verdicts.csv"]
    names = [name for name in PUBLISHED_MODELS if len(in_all(tables, [name, twin(name)])) == 2]
    if not names:
        return None
    weights = weights[(weights["coordinate"] == HORIZONTAL) & weights["findable"]]
    scores = scores[(scores["weights"] == "trained") & (scores["method"] == AVERAGED) & (scores["coordinate"] == "y")]
    profiles = scores[(scores["score"] == "profile_correlation") & (scores["against"] == MULTILATERATION)]
    return {
        "own": _tally(rooms, names, names),
        "baseline": _tally(rooms, names, [SRP_PHAT] * len(names)),
        "delays": _changes(weights[weights["cue"] == "delays"], names),
        "early": _changes(weights[weights["cue"] == "early"], names),
        "profile": _changes(profiles, names),
        "share": _changes(shares.rename(columns={"model": "localizer"}), names),
    }


def in_all(tables: Mapping[str, Mapping[str, pd.DataFrame]], names: Iterable[str]) -> list[str]:
    """Return those of some networks that all tables have."""
    columns = [tables["cues"]["weights.csv"]["localizer"], tables["sensitivity"]["scores.csv"]["localizer"],
               tables["rooms"]["verdicts.csv"]["localizer"], tables["shares"]["shares.csv"]["model"]]  # fmt: skip
    return [name for name in names if all(name in set(column) for column in columns)]


def read_verdicts(folders: Mapping[str, Path]) -> list[Verdict]:
    """Return the verdict on what the experiments of these names wrote to these folders, and `compare`'s if any."""
    tables = {name: {file: read_csv(folders[name] / file) for file in files} for name, files in TABLES.items()}
    return [each for each in (describe(tables), compare(tables)) if each]


def _tally(rooms: pd.DataFrame, names: Iterable[str], against: Iterable[str]) -> Counter:
    """Count in how many conditions networks for any room err more or less than others in other rooms."""
    found = []
    for name, other in zip(names, against, strict=True):
        found += list(rooms[(rooms["localizer"] == twin(name)) & (rooms["against"] == other)]["verdict"])
    return Counter({"above": "more", "below": "less"}.get(each, each) for each in found)


def _changes(table: pd.DataFrame, names: Iterable[str]) -> Counter:
    """Say in how many conditions a quantity of networks for any room is more or less than their twins'."""
    rows, found = table.set_index(["localizer", "condition"]).sort_index(), Counter()
    for name in names:
        for own in table[table["localizer"] == name].itertuples():
            other = rows.loc[(twin(name), own.condition)]
            found["more" if other["low"] > own.high else "less" if other["high"] < own.low else "level"] += 1
    return found


def _said(found: Counter) -> str:
    """Say a count, such as "more (8 of 8)", "more (3 of 8; less in 1)" or "neither more nor less (0 of 8)"."""
    total, (most, other) = found.total(), sorted(("more", "less"), key=lambda word: -found[word])
    if not found[most]:
        return f"neither more nor less (0 of {total})"
    rest = f"; {other} in {found[other]}" if found[other] else ""
    return f"{most} ({found[most]} of {total}{rest})"
