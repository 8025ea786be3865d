"""What they hear: which cues estimates follow, and how they move with the delay of each microphone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from localization.cues import HORIZONTAL
from localization.known_answers import UNTOUCHED
from localization.sensitivity_scores import AVERAGED, GRADIENT, MULTILATERATION, SHIFTS
from models import MODELS, PUBLISHED_MODELS
from params import SRP_PHAT
from report.hearing import CUE_TITLES, STEP_SAMPLES, is_network
from report.page.act import (
    CONDITION,
    LOCALIZER,
    LOOKS,
    T60,
    TRAINED_FOR,
    WEIGHTS,
    Act,
    Chart,
    Column,
    Look,
    View,
    interval,
    kept,
    listed,
    with_condition,
    with_localizer,
)
from report.page.results import Results
from report.style import T60_title, condition_title, localizer_title
from report.tables import rounded

LEAD = """Nothing has to be assumed of any explanation for this: one thing is changed in what the microphones hear,
and the estimate moves or not."""
CUES_HOW = (
    "A weight is how far the estimate follows a cue that is moved alone: 1 all the way, 0 not at all. Hollow: no "
    "control finds the cue there."
)
CUES_DETAILS = (
    "Four positions are drawn for each trial: the direct sound has the delays of one and the levels of a second, "
    "early reflections (up to 20 ms later) are those of a third, late ones of a fourth. Where small localizers that "
    "were fitted to one cue do not find it, nothing is known. Bars: 95 % intervals over voices and trials."
)
DELAYS_HOW = (
    "How far the estimate moves when one microphone hears later: really (dots), by the gradient (line), and if the "
    "delays of the direct sound alone counted, which is multilateration (dashed)."
)
TUNING_HOW = (
    "How far the estimate moves against the delay of one microphone of the line, whose ends are the first and the last."
)
OVER_VOICES = "Bars and bands: 95 % intervals over voices and their sources."
CHANGES_HOW = (
    "Mean absolute error (MAE) over the same windows, after changes of the recording of which the right answer is "
    "known."
)
CHANGES = {
    UNTOUCHED: "nothing changed",
    "no_delays": "direct sound at once everywhere",
    "other_delays:0": "delays of another position, to be heard there",
    "equal_levels": "direct sound equally loud everywhere",
    "all_polarities": "all polarities flipped",
    "random_polarities:0": "polarities flipped at random",
    "mirrored": "microphones in reverse order, to be heard mirrored",
    "no_direct": "without direct sound",
    "no_early": "without early reflections",
    "no_late": "without late reflections",
    "no_noise": "without noise",
}
"""Interventions that are shown; docs/heard.md and the result files have the others."""
COORDINATES = {HORIZONTAL: "x and y together", "x": "x", "y": "y"}
COORDINATE = Column("coordinate", "coordinate")
ROUTES = {"shifts": "real shifts of half a sample", "gradient": "gradient, averaged", "direct": "multilateration"}
TUNED = 4
"""Microphones whose tuning curves are shown, spread over the array."""
SOFT = f"soft {SRP_PHAT}"


def hear(read: Mapping[str, Results]) -> Act | None:
    """Return the act; None where there is nothing to see."""
    views = []
    if "cues" in read:
        views.append(cues(read["cues"].tables["weights.csv"], read.get("cues_aligned")))
    if "sensitivity" in read:
        tables, sources = read["sensitivity"].tables, read["sensitivity"].sources
        views += [delays(tables, sources), tuning(tables["tuning.csv"], sources)]
    if "interventions" in read:
        views.append(changes(read["interventions"].tables["interventions.csv"]))
    return Act("hear", "Hear", "What do they hear?", LEAD, views) if views else None


def cues(weights: pd.DataFrame, aligned: Results | None) -> View:
    """Return the weight of every cue in everything that localizes."""
    said = cue_sentence(weights)
    parts = [weights.assign(reflections="begin as in their room")]
    if aligned:
        parts.append(aligned.tables["weights.csv"].assign(reflections="begin with the direct sound"))
    table = with_localizer(with_condition(pd.concat(parts, ignore_index=True)))
    told = table["trained"].isin(list(TRAINED_FOR.values())) | (table["localizer_title"] == SRP_PHAT)
    table = table[told & table["coordinate"].isin(list(COORDINATES))]
    order = table["coordinate"].map(list(COORDINATES).index)
    table = table.iloc[order.argsort(kind="stable")].replace({"coordinate": COORDINATES, "cue": CUE_TITLES})
    table = table.assign(doubt=table["findable"].map({True: None, False: "no control finds it"}))
    columns = [
        WEIGHTS,
        COORDINATE,
        Column("reflections", "reflections"),
        Column("cue", "cue"),
        LOCALIZER,
        T60,
        *interval("weight", "", 2, "weight"),
        Column("trials", "trials", "", 0),
        Column("doubt", "doubt"),
    ]
    chart = Chart(
        "lines", T60.name, "weight", LOCALIZER.name, LOOKS, "cue", "low", "high", "trials", "doubt", rules=(0, 1)
    )
    choices = [WEIGHTS.name, COORDINATE.name, "reflections"]
    return View("cues", "Weights of cues", said, CUES_HOW, columns, kept(table, columns), choices, chart, CUES_DETAILS)


def cue_sentence(weights: pd.DataFrame) -> list[str]:
    """Say which of two cues weighs more where rooms reverberate longest, as intervals tell."""
    wettest = max(weights["condition"], key=lambda name: float(T60_title(name)))
    here = weights[(weights["condition"] == wettest) & (weights["coordinate"] == HORIZONTAL)]
    ends = here.set_index(["localizer", "cue"])
    said: dict[str, list[str]] = {}
    for name in (name for name in (*PUBLISHED_MODELS, SRP_PHAT) if name in set(here["localizer"])):
        direct, early = ends.loc[(name, "delays")], ends.loc[(name, "early")]
        more = early["low"] > direct["high"], early["high"] < direct["low"]
        word = {(True, False): "more", (False, True): "less"}.get(more, "as much")
        said.setdefault(word, []).append(localizer_title(name))
    first, *rest = (f"{listed(names)} {word}" for word, names in said.items())
    first += f" {'as' if first.endswith('as much') else 'than'} the direct sound’s delays"
    return [f"At T60 {T60_title(wettest)} s early reflections move {'; '.join([first, *rest])}."]


def delays(tables: Mapping[str, pd.DataFrame], sources: Mapping[str, int]) -> View:
    """Return how the estimate moves with the delay of each microphone, beside multilateration."""
    profiles = shipped(tables["profiles.csv"])
    profiles = profiles[profiles["coordinate"].isin(["x", "y"])]
    by_gradient = profiles[profiles["method"] == AVERAGED]
    by_shifts = profiles[(profiles["method"] == SHIFTS) & (profiles["step_samples"] == STEP_SAMPLES)]
    direct = by_gradient.assign(mean=by_gradient["multilateration"], low=None, high=None)
    parts = {"shifts": by_shifts, "gradient": by_gradient, "direct": direct}
    table = pd.concat([part.assign(by=ROUTES[name]) for name, part in parts.items()], ignore_index=True)
    table = with_localizer(with_condition(table)).assign(sources=table["condition"].map(sources))
    table[["mean", "low", "high"]] = 1e3 * table[["mean", "low", "high"]].astype(float)
    table["coordinate"] = table["coordinate"] + " of the estimate"
    columns = [
        WEIGHTS,
        LOCALIZER,
        CONDITION,
        COORDINATE,
        Column("by", "by"),
        Column("microphone", "microphone", "", 0),
        *interval("moves", "mm per sample", 1, "mean"),
        Column("sources", "sources", "", 0),
    ]
    looks = {
        ROUTES["shifts"]: Look("ink", "circle", "none"),
        ROUTES["gradient"]: Look("vermilion", ""),
        ROUTES["direct"]: Look("blue", "", "5 4"),
    }
    chart = Chart("lines", "microphone", "mean", "by", looks, "coordinate", "low", "high", "sources", rules=(0,))
    choices = [WEIGHTS.name, LOCALIZER.name, CONDITION.name]
    said = delay_sentence(tables["scores.csv"])
    return View(
        "delays",
        "Delay of each microphone",
        said,
        DELAYS_HOW,
        columns,
        kept(table, columns),
        choices,
        chart,
        OVER_VOICES,
    )


def delay_sentence(scores: pd.DataFrame) -> list[str]:
    """Say how well profiles agree with real delays, and with what the direct sound alone would give."""
    told = scores[(scores["score"] == "profile_correlation") & scores["localizer"].isin(PUBLISHED_MODELS)]
    told = told[(told["weights"] == "trained") & told["coordinate"].isin(["x", "y"])]
    near = told[(told["against"] == SHIFTS) & (told["step_samples"] == STEP_SAMPLES)]
    direct = told[(told["against"] == MULTILATERATION) & (told["method"] == AVERAGED)]
    halves, relevance = near[near["method"] == AVERAGED], near[~near["method"].isin([GRADIENT, AVERAGED])]
    parts = [f"What real delays do, the gradient foretells (r {_range(halves)})"]
    parts += [f"relevance does not (r {_range(relevance)})"] if relevance["value"].max() < halves["value"].min() else []
    by_coordinate = [f"in {name} r {_range(direct[direct['coordinate'] == name])}" for name in "xy"]
    return [f"{', and '.join(parts)}. Multilateration would move alike {' and '.join(by_coordinate)}."]


def tuning(table: pd.DataFrame, sources: Mapping[str, int]) -> View:
    """Return how far the estimate moves against the delay of single microphones, spread over the array."""
    microphones = np.linspace(0, table["microphone"].max(), TUNED).round().astype(int)
    table = shipped(table[table["microphone"].isin(microphones)])
    said = tuning_sentence(table)
    table = with_localizer(with_condition(table)).assign(sources=table["condition"].map(sources))
    ends = ["displacement_m", "low_m", "high_m"]
    table[ends] = 100 * table[ends]
    table = table.assign(
        coordinate=table["coordinate"] + " of the estimate", of=table["microphone"].map("microphone {}".format)
    )
    columns = [
        WEIGHTS,
        LOCALIZER,
        CONDITION,
        COORDINATE,
        Column("of", "delayed"),
        Column("delay_samples", "delay", "samples", 1),
        *interval("moves", "cm", 2, *ends),
        Column("sources", "sources", "", 0),
    ]
    hues = ("blue", "vermilion", "green", "purple")
    looks = {
        f"microphone {each}": Look(hue, symbol)
        for each, hue, symbol in zip(microphones, hues, ("circle", "square", "triangle", "diamond"), strict=True)
    }
    chart = Chart("lines", "delay_samples", ends[0], "of", looks, "coordinate", ends[1], ends[2], "sources", rules=(0,))
    choices = [WEIGHTS.name, LOCALIZER.name, CONDITION.name]
    return View("tuning", "Tuning curves", said, TUNING_HOW, columns, kept(table, columns), choices, chart, OVER_VOICES)


def tuning_sentence(table: pd.DataFrame) -> list[str]:
    """Say how far a single microphone moves the estimate at most, in the first condition."""
    first = table["condition"].iloc[0]
    here = table[table["condition"] == first]
    most = {name: 100 * rows["displacement_m"].abs().max() for name, rows in here.groupby("localizer", sort=False)}
    named = [
        f"{localizer_title(name)} by {rounded(most[name], 0)} cm" for name in (*PUBLISHED_MODELS, SOFT) if name in most
    ]
    return [f"At {condition_title(first)} one late microphone moves {listed(named)} at most."]


def changes(table: pd.DataFrame) -> View:
    """Return the errors after changes whose answer is known."""
    table = table[table["intervention"].isin(CHANGES)]
    said = change_sentence(table)
    order = table["intervention"].map(list(CHANGES).index)
    table = with_localizer(with_condition(table.iloc[order.argsort(kind="stable")])).replace({"intervention": CHANGES})
    ends = ["mae_m", "low_m", "high_m"]
    columns = [
        WEIGHTS,
        CONDITION,
        Column("intervention", "change"),
        LOCALIZER,
        *interval("MAE", "m", 3, *ends),
        Column("change_m", "more than unchanged", "m", 3),
        Column("windows", "windows", "", 0),
    ]
    chart = Chart("dots", ends[0], "intervention", LOCALIZER.name, LOOKS, "", ends[1], ends[2], "windows")
    choices = [WEIGHTS.name, CONDITION.name]
    return View(
        "changes",
        "Changes whose answer is known",
        said,
        CHANGES_HOW,
        columns,
        kept(table, columns),
        choices,
        chart,
        OVER_VOICES,
    )


def change_sentence(table: pd.DataFrame) -> list[str]:
    """Say what happens without early reflections, over conditions."""
    here = table[table["intervention"] == "no_early"]
    words = {"above": "more", "below": "less"}
    said = []
    for name in (*PUBLISHED_MODELS, SRP_PHAT):
        found = here[here["localizer"] == name]["verdict"]
        count, most = max(((found == word).sum(), said_of) for word, said_of in words.items())
        said.append(f"{localizer_title(name)} {most} in {count} of {len(found)} conditions")
    return [f"Without early reflections err {listed(said)}."] if len(here) else []


def shipped(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without networks beside the shipped ones of one and of any room."""
    shown = {*MODELS, *(f"{name} (any room)" for name in MODELS)}
    return table[[name in shown or not is_network(name) for name in table["localizer"]]]


def _range(rows: pd.DataFrame) -> str:
    return f"{rounded(rows['value'].min(), 2)} to {rounded(rows['value'].max(), 2)}".replace("-", "−")
