"""Tables of what is heard: weights of cues, other rooms, sensitivities, shares of relevance, interventions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import pandas as pd

from localization.cues import HORIZONTAL
from localization.known_answers import UNTOUCHED
from localization.rooms import OTHER, OWN
from localization.sensitivity_scores import AVERAGED, GRADIENT, MULTILATERATION, SHIFTS
from models import MODELS
from params import CENTRE
from report.any_room import twin
from report.hearing import CUE_TITLES, STEP_SAMPLES, is_network
from report.page.tables import Cell, Row, Table, metres
from report.style import distinct, localizer_title, method_title
from report.tables import rounded

CHANGES = {
    UNTOUCHED: "nothing changed",
    "no_delays": "all microphones hear the direct sound at once; the talker is where they were",
    "other_delays:0": "the direct sound has the delays of another position, where the talker is to be heard",
    "equal_levels": "the direct sound is equally loud at all microphones",
    "all_polarities": "all polarities flipped",
    "random_polarities:0": "polarities flipped at random",
    "mirrored": "microphones in reverse order; the talker is to be heard on the other side",
    "no_direct": "without direct sound",
    "no_early": "without early reflections",
    "no_late": "without late reflections",
    "no_noise": "without noise",
}
"""Interventions of the table, for readers; all others are in the file."""
METHOD_TITLES = {AVERAGED: f"{method_title(GRADIENT)}, averaged"}


def cue_table(weights: pd.DataFrame, coordinates: Sequence[str], names: Sequence[str]) -> Table:
    """Return the weight of each cue, the interval below, a group a localizer and coordinate.

    Parameters
    ----------
    weights : DataFrame
        ``weights.csv`` of cue_experiment.py.
    coordinates, names : sequences of str
        Those to show.
    """

    def cell(row) -> Cell:
        doubt = "" if row.findable else " ?"
        return Cell(row.weight, rounded(row.weight, 2) + doubt, below_text=_ends(row))

    groups = []
    for name in names:
        for coordinate in coordinates:
            here = weights[(weights["localizer"] == name) & (weights["coordinate"] == coordinate)]
            rows = [
                Row(title, "plain", _cells(weights, here[here["cue"] == cue], cell))
                for cue, title in CUE_TITLES.items()
            ]
            explained = here.drop_duplicates("condition")
            rows.append(Row("R² of all four", "control", _cells(weights, explained, lambda row: _number(row.r2))))
            groups.append((_title(name, coordinate), rows))
    where = "in the plane (x and y together)" if coordinates == [HORIZONTAL] else "in x and in y"
    caption = f"Weight of each cue {where}: 1 follows it, 0 does not hear it; below, the 95 % interval over voices and "
    return Table(caption + "trials. ? : no control finds the cue there, so nothing is known", _columns(weights), groups)


def room_table(tables: dict[str, pd.DataFrame]) -> Table:
    """Return the MAE in the own room and in other rooms, there with the interval below.

    Parameters
    ----------
    tables : dict of str to DataFrame
        ``errors.csv`` and ``verdicts.csv`` of rooms_experiment.py.
    """
    errors = without_others(tables["errors.csv"])
    intervals = tables["verdicts.csv"].drop_duplicates(["condition", "localizer"])
    groups = []
    for place in (OWN, OTHER):
        rows = []
        for name in dict.fromkeys(errors["localizer"]):
            here = errors[(errors["place"] == place) & (errors["localizer"] == name)]
            if place == OTHER:
                here = here.merge(intervals[["condition", "localizer", "mae_low_m", "mae_high_m"]])
            rows.append(Row(localizer_title(name), _kind(name), _cells(errors, here, _mae_cell)))
        groups.append((place, rows))
    caption = "MAE in metres over all windows; below, the 95 % interval over voices and their rooms"
    return Table(caption, _columns(errors), groups)


def sensitivity_table(scores: pd.DataFrame) -> Table:
    """Return what sensitivities are worth, intervals below.

    Parameters
    ----------
    scores : DataFrame
        ``scores.csv`` of sensitivity_experiment.py.
    """
    scores = without_others(scores)
    trained = scores[(scores["weights"] == "trained") & (scores["method"] != GRADIENT)]
    near = trained[trained["step_samples"] == STEP_SAMPLES]
    shown = {
        "S: how much of the way of the direct sound the estimate goes": [
            (trained[(trained["score"] == "S") & (trained["method"] == AVERAGED)], ("xx", "yy"), False),
            (scores[(scores["weights"] == "untrained") & (scores["score"] == "S") & (scores["method"] == GRADIENT)],
             ("xx", "yy"), False),
        ],
        f"agreement (r) of profiles with real shifts of {STEP_SAMPLES} samples": [
            (near[(near["score"] == "profile_correlation") & (near["against"] == SHIFTS)], ("x", "y"), True)
        ],
        "slope of the averaged gradient against these": [
            (near[(near["score"] == "profile_slope") & (near["method"] == AVERAGED)], ("x", "y"), False)
        ],
        "agreement (r) with multilateration, which direct sound alone would give": [
            (trained[(trained["score"] == "profile_correlation") & (trained["against"] == MULTILATERATION)
                     & (trained["method"] == AVERAGED)], ("x", "y"), False)
        ],
        "share of a common delay: 0 compares microphones": [
            (trained[(trained["score"] == "common_delay_share") & (trained["method"] == AVERAGED)], ("x", "y"), False)
        ],
    }  # fmt: skip
    groups = [
        (title, [row for part, coordinates, named in parts for row in _score_rows(scores, part, coordinates, named)])
        for title, parts in shown.items()
    ]
    caption = "Means over windows; below, the 95 % interval over voices and their sources, of untrained networks the "
    return Table(caption + "middle 95 % of them", _columns(scores), groups)


def shares_table(shares: pd.DataFrame) -> Table:
    """Return which share of the relevance the direct sound gets, beside those of energy and of untrained networks.

    Parameters
    ----------
    shares : DataFrame
        ``shares.csv`` of shares_experiment.py.
    """
    direct = without_others(shares[shares["part"] == "direct"], "model")
    groups = []
    for method, score in distinct(direct, ["method", "score"]):
        here = direct[(direct["method"] == method) & (direct["score"] == score)]
        rows = []
        for model in dict.fromkeys(here["model"]):
            of_model = here[here["model"] == model]
            name = localizer_title(model)
            rows.append(Row(name, "relevance", _cells(shares, of_model, _share_cell)))
            untrained = _cells(shares, of_model, lambda row: _number(row.untrained_share))
            rows.append(Row(f"untrained {name}", "control", untrained))
        first = here.drop_duplicates("condition")
        rows.append(Row("energy", "control", _cells(shares, first, lambda row: _number(row.energy_share))))
        groups.append((f"{method_title(method)}, {score}", rows))
    caption = "Share of the direct sound in the relevance; below, the 95 % interval over voices and their sources"
    return Table(caption, _columns(shares), groups)


def intervention_table(table: pd.DataFrame) -> Table:
    """Return the MAE after each intervention, and below how much more it is than with nothing changed.

    Parameters
    ----------
    table : DataFrame
        ``interventions.csv`` of intervention_experiment.py.
    """

    def cell(row) -> Cell:
        level = " ≈" if row.verdict == "level" else ""
        more = "" if row.intervention == UNTOUCHED else f"{row.change_m:+.3f}{level}"
        return Cell(row.mae_m, metres(row.mae_m), below_text=more)

    table, groups = without_others(table), []
    for intervention, title in CHANGES.items():
        here = table[table["intervention"] == intervention]
        rows = [
            Row(localizer_title(name), _kind(name), _cells(table, here[here["localizer"] == name], cell))
            for name in dict.fromkeys(here["localizer"])
        ]
        groups += [(title, rows)] if rows else []
    caption = (
        "MAE in metres; below, how much more it is than with nothing changed, on the same windows. ≈ : the 95 % "
        "interval over voices and their sources holds 0"
    )
    return Table(caption, _columns(table), groups)


def without_others(table: pd.DataFrame, column: str = "localizer") -> pd.DataFrame:
    """Return a table without networks beside the shipped ones of one and of any room; figures and files have them."""
    shown = {*MODELS, *map(twin, MODELS)}
    return table[[name in shown or not is_network(name) for name in table[column]]]


def _columns(table: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(table["condition"]))


def _cells(table: pd.DataFrame, rows: pd.DataFrame, cell: Callable[[NamedTuple], Cell | None]) -> list[Cell | None]:
    """Return the cells of rows, at most one a condition, in the order of a table's conditions."""
    found = {row.condition: cell(row) for row in rows.itertuples()}
    return [found.get(condition) for condition in _columns(table)]


def _score_rows(scores: pd.DataFrame, part: pd.DataFrame, coordinates: Iterable[str], named: bool) -> Iterable[Row]:
    for localizer, weights, method in distinct(part, ["localizer", "weights", "method"]):
        here = part[(part["localizer"] == localizer) & (part["weights"] == weights) & (part["method"] == method)]
        name = " ".join(filter(None, ["untrained" * (weights == "untrained"), localizer_title(localizer)]))
        name += f", {METHOD_TITLES.get(method) or method_title(method)}" if named else ""
        for coordinate in coordinates:
            rows = here[here["coordinate"] == coordinate]
            kind = "control" if weights == "untrained" or not is_network(localizer) else "plain"
            yield Row(f"{name}, {coordinate[0]}", kind, _cells(scores, rows, _score_cell))


def _score_cell(row) -> Cell:
    return Cell(row.value, rounded(row.value, 2), below_text=_ends(row))


def _share_cell(row) -> Cell:
    return Cell(row.share, rounded(row.share, 2), below_text=_ends(row))


def _mae_cell(row) -> Cell:
    ends = f"{metres(row.mae_low_m)} to {metres(row.mae_high_m)}" if hasattr(row, "mae_low_m") else ""
    return Cell(row.mae_m, metres(row.mae_m), below_text=ends)


def _number(value: float) -> Cell | None:
    return None if pd.isna(value) else Cell(value, rounded(value, 2))


def _ends(row) -> str:
    return f"{rounded(row.low, 2)} to {rounded(row.high, 2)}"


def _title(name: str, coordinate: str) -> str:
    return localizer_title(name) if coordinate == HORIZONTAL else f"{localizer_title(name)}, {coordinate}"


def _kind(name: str) -> str:
    return "control" if name == CENTRE else "plain"
