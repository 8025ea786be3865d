"""Do they localize: errors in the room that they know and in others, beside controls and what was published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from localization.rooms import OTHER, OWN
from models import PUBLISHED_MODELS
from params import SRP_PHAT
from report.found import elsewhere, localized
from report.page.act import (
    LOCALIZER,
    LOOKS,
    T60,
    WEIGHTS,
    Act,
    Chart,
    Column,
    View,
    interval,
    kept,
    with_condition,
    with_localizer,
)
from report.page.results import Results

LEAD = """A network that has learned one room may know the room rather than hear the talker. So all of them are asked
in their own room, and with the same talkers in rooms that they never heard."""
HOW = (
    "Mean absolute error (MAE); lower is better. What errs as much as “always the centre”, a constant that hears "
    "nothing, has not localized."
)
DETAILS = (
    "Means are over windows of a third of a second and over x, y and z. Bars: 95 % intervals over voices and their "
    "positions. A slope is that of estimate against truth: 1 is right, 0 a constant."
)
MEASURES = [
    Column("median_m", "median distance in the plane", "m", 3),
    Column("p90_m", "90 % are nearer than", "m", 3),
    *(Column(f"mae_{axis}_m", f"error in {axis}", "m", 3) for axis in "xyz"),
    *(Column(f"slope_{axis}", f"slope of {axis}", "", 2) for axis in "xy"),
]
KEYS = ["condition", "localizer"]
PUBLISHED = {f"{name}, published": replace(look, symbol="times", dashes="1 4") for name, look in LOOKS.items()}
TALKERS, PLACE = Column("talkers", "talkers"), Column("place", "room")
WINDOWS = Column("windows", "windows", "", 0)
REGIONS = {"area": "all over the area", "held_out": "where the test sources stand"}
TESTED = "the test sources"


def localize(read: Mapping[str, Results]) -> Act | None:
    """Return the act; None without any errors."""
    parts = [_elsewhere(read[name]) for name in read if name.split("_")[0] == "rooms"]
    if "localization" in read:
        parts += _tested(read["localization"].tables)
    if not parts:
        return None
    table = with_localizer(with_condition(pd.concat(parts, ignore_index=True)))
    table["localizer_title"] += table["published"].map({True: ", published", False: ""})
    columns = [TALKERS, PLACE, WEIGHTS, LOCALIZER, T60, *interval("MAE", "m", 3, "mae_m"), WINDOWS, *MEASURES]
    chart = Chart("lines", T60.name, "mae_m", LOCALIZER.name, LOOKS | PUBLISHED, PLACE.name, "low", "high", "windows")
    choices = [TALKERS.name, WEIGHTS.name]
    view = View("errors", "Errors", sentences(read), HOW, columns, kept(table, columns), choices, chart, DETAILS)
    return Act("localize", "Localize", "Do they localize?", LEAD, [view])


def sentences(read: Mapping[str, Results]) -> list[str]:
    """Say how published networks err in their room beside controls, and in other rooms beside theirs."""
    found = localized(read["localization"].tables["verdicts.csv"]) if "localization" in read else []
    if "rooms" not in read:
        return found
    verdicts = read["rooms"].tables["verdicts.csv"]
    return elsewhere(verdicts[verdicts["localizer"].isin([*PUBLISHED_MODELS, SRP_PHAT])]) + found


def _elsewhere(results: Results) -> pd.DataFrame:
    """Return the errors of rooms_experiment.py; in other rooms with intervals."""
    asked, errors = results.run["arguments"], results.tables["errors.csv"]
    voices = f"voices of {Path(asked['corpus']).name}" if asked.get("corpus") else "voices of the test"
    ends = results.tables["verdicts.csv"].drop_duplicates(["condition", "localizer"]).assign(place=OTHER)
    ends = ends.rename(columns={"mae_low_m": "low", "mae_high_m": "high"})[[*KEYS, "place", "low", "high"]]
    table = errors.merge(ends, how="left", on=[*KEYS, "place"])
    order = table["place"].map({OWN: 0, OTHER: 1})
    table = table.iloc[order.argsort(kind="stable")]
    return table.assign(talkers=f"{voices}, {REGIONS[asked['region']]}", published=False)


def _tested(tables: Mapping[str, pd.DataFrame]) -> list[pd.DataFrame]:
    """Return the errors of localization_experiment.py, and the published ones."""
    ends = tables["verdicts.csv"].drop_duplicates(KEYS).rename(columns={"mae_low_m": "low", "mae_high_m": "high"})
    errors = tables["errors.csv"].merge(ends[[*KEYS, "low", "high"]], how="left", on=KEYS)
    errors = errors.assign(talkers=TESTED, place=OWN, published=False)
    theirs = errors[errors["published_mae_m"].notna()]
    theirs = theirs[[*KEYS, "talkers", "place"]].assign(mae_m=theirs["published_mae_m"], published=True)
    return [errors, theirs] if len(theirs) else [errors]
