"""What the page says of what the networks hear: the verdict, and tables and plates behind it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from localization.cues import HORIZONTAL
from localization.rooms import OTHER
from models import MODELS
from params import CENTRE, SRP_PHAT
from report.any_room import compare, twin
from report.hearing import (
    cue_weights,
    delay_profiles,
    is_network,
    rooms_errors,
    silences,
    tuning_curves,
    two_halves,
)
from report.page.assets import Assets, Picture
from report.page.heard_tables import (
    cue_table,
    intervention_table,
    room_table,
    sensitivity_table,
    shares_table,
    without_others,
)
from report.page.plates import Plate
from report.page.results import Results
from report.page.tables import Table, measures_table
from report.style import condition_title, localizer_title
from report.verdict import TABLES as VERDICT
from report.verdict import pronounce

REGIONS = {"area": "all over the area", "held_out": "where the test sources are, held out in training"}


def gather_heard(read: dict[str, Results], assets: Assets) -> dict | None:
    """Return what the template shows of what is heard, with all files that it names written; None where that lacks.

    Parameters
    ----------
    read : dict of str to Results
        The verdict needs some of them; the rest is shown where it is there.
    assets : Assets
    """
    if not all(name in read for name in VERDICT):
        return None
    tables = {name: each.tables for name, each in read.items()}
    weights, scores = tables["cues"]["weights.csv"], tables["sensitivity"]["scores.csv"]
    of_any_room = weights["localizer"].isin(list(map(twin, MODELS)))
    content = {
        "verdict": pronounce(tables),
        "any_room": compare(tables),
        "cues": cue_table(weights, [HORIZONTAL], _shipped(weights)),
        "cues_more": cue_table(weights, ["x", "y"], list(dict.fromkeys(weights["localizer"]))),
        "cue_plate": cue_plate(weights[~of_any_room], assets, "cues"),
        "room_tables": {name: (_told(each.run["arguments"]), room_table(each.tables), _elsewhere(each.tables))
                        for name, each in read.items() if name.split("_")[0] == "rooms"},
        "room_plate": room_plate(tables["rooms"], assets),
        "sensitivity": sensitivity_table(scores),
        "shares": shares_table(tables["shares"]["shares.csv"]),
        "halves": halves_picture(tables["sensitivity"], assets),
        "profile_plates": localizer_plates("profiles", delay_profiles, tables["sensitivity"]["profiles.csv"], assets,
                                           "How the estimate moves with the delay of each microphone"),
        "tuning_plates": localizer_plates("tuning", tuning_curves, tables["sensitivity"]["tuning.csv"], assets,
                                          "How far the estimate moves against the delay of one microphone"),
    }  # fmt: skip
    if content["any_room"]:
        names = [*dict.fromkeys(weights[of_any_room]["localizer"]), SRP_PHAT]
        content["any_room_cues"] = cue_table(weights, [HORIZONTAL], names)
        content["any_room_plate"] = cue_plate(weights[weights["localizer"].isin(names)], assets, "cues-any-room")
    content["aligned"] = None
    if "cues_aligned" in tables:
        aligned = tables["cues_aligned"]["weights.csv"]
        content["aligned"] = cue_table(aligned, [HORIZONTAL], _shipped(aligned))
    content["interventions"] = None
    if "interventions" in tables:
        changed = tables["interventions"]["interventions.csv"]
        content["interventions"] = intervention_table(changed)
        content["silence_plate"] = silence_plate(changed, assets)
    return content


def cue_plate(weights: pd.DataFrame, assets: Assets, file: str) -> Plate:
    """Draw the weights of all networks; narrow: a figure a network, SRP-PHAT beside it."""
    names = _networks(weights)
    alt = "Weight of each cue in x and in y against T60, stacked, for "
    wide = assets.picture(
        file, alt + ", ".join(map(localizer_title, [*names, SRP_PHAT])), partial(cue_weights, weights)
    )
    parts = []
    for name in names:
        rows = weights[weights["localizer"].isin([name, SRP_PHAT])]
        title = localizer_title(name)
        parts.append((title, [assets.picture(f"{file}-{_file(name)}", alt + title, partial(cue_weights, rows))]))
    return Plate(wide, parts)


def room_plate(tables: dict[str, pd.DataFrame], assets: Assets) -> Plate:
    """Draw the errors in the own room and in others; narrow: a figure a network, SRP-PHAT beside it."""
    errors, verdicts = without_others(tables["errors.csv"]), tables["verdicts.csv"]
    alt = "MAE in the own room and in others against T60, for "
    wide = assets.picture("rooms", alt + "all networks and SRP-PHAT", partial(rooms_errors, errors, verdicts))
    parts = []
    for name in _networks(errors):
        rows, title = errors[errors["localizer"].isin([name, SRP_PHAT, CENTRE])], localizer_title(name)
        draw = partial(rooms_errors, rows, verdicts)
        parts.append((title, [assets.picture(f"rooms-{_file(name)}", alt + title, draw)]))
    return Plate(wide, parts)


def silence_plate(changed: pd.DataFrame, assets: Assets) -> Plate:
    """Draw the errors where octaves or microphones are missing; narrow: a figure a condition."""
    alt = "MAE against the cross-power that is left, the number of silent microphones, and which one is silent"
    wide = assets.picture("silences", alt, partial(silences, changed))
    parts = [
        (condition_title(condition), [assets.picture(f"silences-{condition}", alt, partial(silences, rows))])
        for condition, rows in changed.groupby("condition", sort=False)
    ]
    return Plate(wide, parts)


def localizer_plates(
    file: str, draw: Callable[..., object], table: pd.DataFrame, assets: Assets, alt: str
) -> list[tuple[str, Plate]]:
    """Draw a figure of each network that is not put beside another, and of the control; narrow: one a condition."""
    plates = []
    for name, rows in without_others(table).groupby("localizer", sort=False):
        title = localizer_title(name)
        wide = assets.picture(f"{file}-{_file(name)}", f"{alt}: {title}", partial(draw, rows))
        narrow = [
            assets.picture(f"{file}-{_file(name)}-{condition}", f"{alt}: {title}, {condition}", partial(draw, part))
            for condition, part in rows.groupby("condition", sort=False)
        ]
        plates.append((title, Plate(wide, [(title, narrow)])))
    return plates


def halves_picture(tables: dict[str, pd.DataFrame], assets: Assets) -> Picture:
    """Draw the two halves for the first network in the first condition."""
    scores, profiles = tables["scores.csv"], tables["profiles.csv"]
    name = next(filter(is_network, scores["localizer"]))
    condition = scores["condition"].iloc[0]
    chosen = [each[(each["localizer"] == name) & (each["condition"] == condition)] for each in (profiles, scores)]
    alt = "Cross-spectrum of input and gradient with its halves, and each half against what real delays do, for "
    return assets.picture("halves", alt + localizer_title(name), partial(two_halves, *chosen))


def _told(asked: dict) -> str:
    """Return who talks where in other rooms."""
    voices = f"voices of {Path(asked['corpus']).name}" if asked["corpus"] else "voices of the test"
    return f"{voices}, {REGIONS[asked['region']]}"


def _elsewhere(tables: dict[str, pd.DataFrame]) -> Table:
    """Return all measures of the errors in other rooms."""
    errors = without_others(tables["errors.csv"])
    return measures_table(errors[errors["place"] == OTHER])


def _shipped(table: pd.DataFrame) -> list[str]:
    return [name for name in dict.fromkeys(table["localizer"]) if name in MODELS or name == SRP_PHAT]


def _networks(table: pd.DataFrame) -> list[str]:
    return list(filter(is_network, dict.fromkeys(table["localizer"])))


def _file(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)
