"""What was found, in five short lines, written by the experiments' results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from explain.methods import METHODS
from explain.removal import ENERGY
from localization.delays import POOLED
from localization.shares import SPLIT
from models import MODELS, PUBLISHED_MODELS
from params import CENTRE, LAG_ZERO, SRP_PHAT
from report.any_room import changes
from report.numbers import TABLES, Verdict, direct_shares, numbers_of
from report.one_room import all_or_differs, cue_courses, favour_direct, published_in, room_verdicts
from report.summary import REMOVED_PERCENT
from running.files import read_csv

Tables = Mapping[str, Mapping[str, pd.DataFrame]]
MORE_TABLES = {name: ["verdicts.csv"] for name in ("localization", "perturbation", "tdoa_refined")}
"""What the verdict follows from where it is there, beside `report.numbers.TABLES`."""
LRP = METHODS["lrp"].name
LOCALIZE = {
    "below": "In their own room the networks err less than a constant answer",
    "level": "In their own room the networks can’t be told from a constant answer",
    "above": "In their own room the networks err more than a constant answer",
    "differs": "In their own room not all networks err less than a constant answer",
}
UNTRAINED = {
    "below": ", and less than SRP-PHAT.",
    "level": "; no clear difference from SRP-PHAT.",
    "above": "; SRP-PHAT errs less than they do.",
    "differs": "; beside SRP-PHAT they are not all alike.",
}
FOLLOW = "As reverberation grows, networks follow the direct sound {direct} and early reflections {early}."
DIRECT = {
    "falls": "less{too}",
    "stays": "(change unclear)",
    "grows": "more{too}",
    "differs": "differently each",
    "unknown": "(unclear how far)",
}
EARLY = {course: words.format(too="") for course, words in DIRECT.items()}
TOO = {True: " (SRP-PHAT too)", False: " (SRP-PHAT unsure)"}
ROOMS = {
    "above": "In other rooms they err more than in their own",
    "level": "In other rooms no change of their errors can be told",
    "below": "In other rooms they err less than in their own",
    "differs": "In other rooms not all of them err as in their own",
}
UNLEARNED = {
    "above": "; so does SRP-PHAT, which has learned nothing.",
    "level": "; SRP-PHAT, which has learned nothing, does not.",
    "below": "; SRP-PHAT, which has learned nothing, errs less there.",
}
MANY = {
    "less": "Networks trained in many rooms err less in new ones",
    "level": "Networks trained in many rooms: no clear change in new ones",
    "more": "Networks trained in many rooms err more in new ones",
}
BESIDE = {"less": " (less than SRP-PHAT, too)", "level": " (SRP-PHAT: unclear)", "more": " (but more than SRP-PHAT)"}
MORE_DIRECT = {
    "less": ", and follow the direct sound less.",
    "level": "; direct sound: no clear change.",
    "more": ", and follow the direct sound more.",
}
SHOWN = "LRP shows {much} of this: it beats its controls in {passed} of {total} tests"
FAVOUR = {
    True: "; gradient x input does mark the direct sound.",
    False: "; nor does gradient x input mark the direct sound.",
}


def pronounce(tables: Tables) -> Verdict:
    """Return what was found by the shipped networks' experiments: at most five lines, fewer where some are missing.

    Parameters
    ----------
    tables : mapping from names of experiments to mappings from files to DataFrames
        Those of `report.numbers.TABLES` and `MORE_TABLES`.
    """
    hearing = all(name in tables for name in TABLES)
    lines = [
        localize(tables["localization"]["verdicts.csv"]) if "localization" in tables else None,
        follow(tables["cues"]["weights.csv"]) if "cues" in tables else None,
        elsewhere(tables["rooms"]["verdicts.csv"]) if "rooms" in tables else None,
        in_many_rooms(tables) if hearing else None,
        relevance_shows(tables),
    ]
    heard = set(tables["cues"]["weights.csv"]["localizer"]) if hearing else ()
    numbers = numbers_of(tables, [name for name in MODELS if name in heard]) if hearing else []
    return Verdict([line for line in lines if line], numbers)


def read_verdict(folders: Mapping[str, Path]) -> Verdict:
    """Return the verdict on what the experiments of these names wrote to these folders."""
    files = {name: files for name, files in (TABLES | MORE_TABLES).items() if name in folders}
    return pronounce({name: {file: read_csv(folders[name] / file) for file in each} for name, each in files.items()})


def localize(verdicts: pd.DataFrame) -> str | None:
    """Say whether the networks err less than a constant, and how beside SRP-PHAT; None where there are none."""
    networks = overall(verdicts)[lambda rows: rows["localizer"].isin(PUBLISHED_MODELS)]
    found = {against: all_or_differs(rows["verdict"]) for against, rows in networks.groupby("against")}
    if CENTRE not in found:
        return None
    return LOCALIZE[found[CENTRE]] + (UNTRAINED[found[SRP_PHAT]] if SRP_PHAT in found else ".")


def follow(weights: pd.DataFrame) -> str | None:
    """Say how far the networks follow cues as rooms reverberate longer; None of one condition.

    A change in early reflections is clear where it is beyond SRP-PHAT's.
    """
    courses = cue_courses(weights)
    if courses is None:
        return None
    too = TOO[courses.baseline == courses.direct]
    return FOLLOW.format(direct=DIRECT[courses.direct].format(too=too), early=EARLY[courses.early])


def elsewhere(verdicts: pd.DataFrame) -> str | None:
    """Say how the networks err in other rooms, and SRP-PHAT; None where there are none."""
    if not published_in(verdicts["localizer"]):
        return None
    own, baseline = room_verdicts(verdicts)
    return ROOMS[own] + UNLEARNED[baseline]


def in_many_rooms(tables: Tables) -> str | None:
    """Say what changes where networks can't learn their room: what does in most conditions, and in none otherwise."""
    found = changes(tables)
    if not found:
        return None
    clear = {name: _clear(count) for name, count in found.items()}
    return MANY[clear["own"]] + BESIDE[clear["baseline"]] + MORE_DIRECT[clear["delays"]]


def relevance_shows(tables: Tables) -> str | None:
    """Say how many of the tests relevance passes, of each network: None where there are none.

    LRP passes where removing what it marks hurts more than removing the loudest; where delays from it are better than
    "lag 0" on most pairs of microphones; and where it gives the direct sound more than its energy, and than untrained
    networks give it.
    """
    passed, favoured = [], ""
    if "perturbation" in tables:
        passed += removal_hurts(tables["perturbation"]["verdicts.csv"])
    if "tdoa_refined" in tables:
        passed += delays_beat_zero(tables["tdoa_refined"]["verdicts.csv"])
    if "shares" in tables:
        shares = tables["shares"]["shares.csv"]
        split = shares[(shares["method"] == LRP) & (shares["score"] == SPLIT) & (shares["part"] == "direct")]
        passed += [favour_direct(rows) for _, rows in _by_network(split)]
        favoured = FAVOUR[favour_direct(direct_shares(shares))]
    if not passed:
        return None
    share = sum(passed) / len(passed)
    much = "nothing" if share == 0 else "little" if share < 0.5 else "part" if share < 1 else "all"
    return SHOWN.format(much=much, passed=sum(passed), total=len(passed)) + (favoured or ".")


def removal_hurts(verdicts: pd.DataFrame) -> list[bool]:
    """Tell of each network whether it misses a tenth that LRP marks more than the loudest tenth."""
    of_lrp = overall(verdicts)[lambda rows: rows["method"] == LRP]
    rows = of_lrp[(of_lrp["percent"] == REMOVED_PERCENT) & (of_lrp["against"] == ENERGY)]
    return [bool((each["verdict"] == "above").all()) for _, each in _by_network(rows)]


def delays_beat_zero(verdicts: pd.DataFrame) -> list[bool]:
    """Tell of each network whether LRP's delays are better than lag 0, in one score at least, on most pairs."""
    of_lrp = overall(verdicts)[lambda rows: (rows["method"] == LRP) & (rows["against"] == LAG_ZERO)]
    found = []
    for _, rows in _by_network(of_lrp):
        pairs = [set(each["verdict"]) for _, each in rows.groupby("pair")]
        found.append(sum("below" in said and "above" not in said for said in pairs) > len(pairs) / 2)
    return found


def overall(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of all conditions pooled, or of the only one."""
    condition = POOLED if POOLED in set(table["condition"]) else table["condition"].iloc[0]
    return table[table["condition"] == condition]


def _by_network(table: pd.DataFrame):
    return table[table["model"].isin(PUBLISHED_MODELS)].groupby("model", sort=False)


def _clear(found: Counter) -> str:
    """Return what holds in more than half of the comparisons and the contrary in none."""
    for word, contrary in (("more", "less"), ("less", "more")):
        if found[word] > found.total() / 2 and not found[contrary]:
            return word
    return "level"
