"""What was found, in words that follow from the verdicts: each number beside the control that says what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from params import CENTRE, LAG_ZERO, SRP_PHAT
from report.page.tables import POOLED, metres, signal_kind, smallest_share
from report.style import (
    condition_title,
    curve_titles,
    distinct,
    has_several_methods,
    localizer_title,
    method_title,
    signal_titles,
)
from report.tables import rounded

CONSTANT = {
    "below": "{name} errs less than a constant that hears nothing.",
    "above": "{name} errs more than a constant that hears nothing.",
    "level": "{name} can’t be told from a constant that hears nothing.",
}
BASELINE = {
    "below": "{name} errs less than SRP-PHAT, which has learned nothing.",
    "above": "{name} errs more than SRP-PHAT, which has learned nothing.",
    "level": "{name} can’t be told from SRP-PHAT, which has learned nothing.",
}
HURT = {
    "below": "{name}: removing the most relevant input hurts less than removing random input.",
    "above": "{name}: removing the most relevant input hurts more than removing random input.",
    "level": "{name}: removing the most relevant input can’t be told from removing random input.",
}
LOUD = {
    "below": "It hurts less than removing the loudest.",
    "above": "It hurts more than removing the loudest, too.",
    "level": "It can’t be told from removing the loudest.",
}
ZERO = {
    (True, False): "Delays from the relevance of {name} are better than saying “lag 0” always.",
    (
        True,
        True,
    ): "Delays from the relevance of {name} are better than saying “lag 0” always in one score, worse in the other.",
    (False, True): "Delays from the relevance of {name} are no better than saying “lag 0” always.",
    (False, False): "Delays from the relevance of {name} can’t be told from saying “lag 0” always.",
}
DIRECTION = {
    True: "On microphones {pair} they point to the right side more often than those of untrained networks: right less "
    "wrong is {percent} % of the windows that both heard, with untrained networks {control} %.",
    False: "They do not point to the right side clearly more often than those of untrained networks.",
}
Tables = Mapping[str, Mapping[str, pd.DataFrame]]


@dataclass(frozen=True)
class Mark:
    """A number with its 95 % interval.

    Parameters
    ----------
    name, kind, text : str
    value, low, high : float
    """

    name: str
    kind: str
    text: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Finding:
    """A question, the answer, and the numbers that it follows from.

    Parameters
    ----------
    question : str
    answers : list of str
    unit : str
        What the marks are, with their unit.
    marks : list of Mark
    control, control_text : str
        What the reference is, and its score for readers.
    reference : float
        What the control scores.
    """

    question: str
    answers: list[str]
    unit: str
    marks: list[Mark]
    control: str
    control_text: str
    reference: float

    @property
    def end(self) -> float:
        """Where the axis of the marks ends; it begins at zero."""
        return 1.05 * float(np.nanmax([self.reference, *(mark.high for mark in self.marks)])) or 1.0


def find(tables: Tables) -> tuple[str, list[Finding]]:
    """Return of which conditions the findings are, in words, and the findings.

    Parameters
    ----------
    tables : mapping from names of experiments to mappings from files to DataFrames
        ``curves.csv`` and ``verdicts.csv`` of "perturbation", ``summary.csv`` and ``verdicts.csv`` of "tdoa"; where
        they are, ``verdicts.csv`` of "tdoa_refined" and of "localization".
    """
    curves = tables["perturbation"]["curves.csv"]
    condition = POOLED if POOLED in set(curves["condition"]) else curves["condition"].iloc[0]

    def of(experiment: str, file: str) -> pd.DataFrame:
        table = tables[experiment][file]
        return table[table["condition"] == condition]

    curves, removal = of("perturbation", "curves.csv"), of("perturbation", "verdicts.csv")
    delays = of("tdoa_refined" if "tdoa_refined" in tables else "tdoa", "verdicts.csv")
    localization = of("localization", "verdicts.csv") if "localization" in tables else None
    return condition_title(condition), [
        _localization(curves[curves["percent"] == 0], removal[removal["percent"] == 0], localization),
        _removal(curves, removal),
        _delays(of("tdoa", "summary.csv"), of("tdoa", "verdicts.csv"), delays),
    ]


def _localization(whole: pd.DataFrame, removal: pd.DataFrame, localization: pd.DataFrame | None) -> Finding:
    networks = whole[whole["curve"] == "energy"]
    marks = [
        Mark(localizer_title(row.model), "plain", metres(row.mae_m), row.mae_m, row.low_m, row.high_m)
        for row in networks.itertuples()
    ]
    against_centre = removal[removal["against"] == CENTRE].drop_duplicates("model")
    answers = [CONSTANT[row.verdict].format(name=localizer_title(row.model)) for row in against_centre.itertuples()]
    if localization is not None:
        compared = localization[localization["localizer"].isin(networks["model"])]
        against_baseline = compared[compared["against"] == SRP_PHAT]
        answers += [
            BASELINE[row.verdict].format(name=localizer_title(row.localizer)) for row in against_baseline.itertuples()
        ]
        baseline = localization[localization["localizer"] == SRP_PHAT].head(1)
        marks += [
            Mark(SRP_PHAT, "plain", metres(row.mae_m), row.mae_m, row.mae_low_m, row.mae_high_m)
            for row in baseline.itertuples()
        ]
    centre_m = _centre_m(whole)
    return Finding(
        "Do the networks localize?", answers, "MAE in metres, all input", marks, CENTRE, metres(centre_m), centre_m
    )


def _removal(curves: pd.DataFrame, verdicts: pd.DataFrame) -> Finding:
    percent = smallest_share(curves)
    removed = curves[curves["percent"] == percent].set_index(["model", "curve", "method"])
    verdicts = verdicts[verdicts["percent"] == percent].set_index(["model", "method", "against"])["verdict"]
    titles, named = curve_titles(curves), has_several_methods(curves)
    answers = [
        words[verdicts[model, method, against]].format(name=_network(model, method if named else ""))
        for model in dict.fromkeys(curves["model"])
        for curve, method in titles
        if curve == "relevance"
        for words, against in ((HURT, "random"), (LOUD, "energy"))
    ]
    marks = [
        Mark(f"{localizer_title(model)}, {title}", curve, metres(row.mae_m), row.mae_m, row.low_m, row.high_m)
        for model in dict.fromkeys(curves["model"])
        for (curve, method), title in titles.items()
        for row in [removed.loc[(model, curve, method)]]
    ]
    unit, centre_m = f"MAE in metres, {percent:g} % of the input removed", _centre_m(curves)
    return Finding("Is relevant input needed?", answers, unit, marks, CENTRE, metres(centre_m), centre_m)


def _delays(summary: pd.DataFrame, verdicts: pd.DataFrame, directions: pd.DataFrame) -> Finding:
    pair = summary["pair"].iloc[0]
    scores = summary[summary["pair"] == pair]
    named = has_several_methods(summary)
    marks = [
        Mark(title, signal_kind(row.signal), _scores(row), row.mae_samples, row.mae_samples_low, row.mae_samples_high)
        for row, title in zip(scores.itertuples(), signal_titles(scores).values(), strict=True)
        if row.signal != LAG_ZERO
    ]
    answers = []
    for method, model in distinct(verdicts, ["method", "model"]):
        zero, direction = (_of_relevance(table, method, model) for table in (verdicts, directions))
        zero = set(zero.loc[(zero["pair"] == pair) & (zero["against"] == LAG_ZERO), "verdict"])
        answers.append(ZERO["below" in zero, "above" in zero].format(name=_network(model, method if named else "")))
        answers += _direction(direction[direction["score"] == "direction_percent"])
    zero = next(scores[scores["signal"] == LAG_ZERO].itertuples())
    unit = f"MAE in samples · anomalies; microphones {_pair(pair)}"
    return Finding(
        "Do relevance signals carry delays?", answers, unit, marks, LAG_ZERO, _scores(zero), zero.mae_samples
    )


def _direction(verdicts: pd.DataFrame) -> list[str]:
    """Say on which pair of microphones relevance points best to the right side; nothing where no pair has a side."""
    told = verdicts.dropna(subset="low")
    above = told[told["verdict"] == "above"]
    if above.empty:
        return [DIRECTION[False]] * (not told.empty)
    best = above.loc[above["low"].idxmax()]
    percent, control = (rounded(best[name], 0) for name in ("value", "control"))
    return [DIRECTION[True].format(pair=_pair(best["pair"]), percent=percent, control=control)]


def _of_relevance(verdicts: pd.DataFrame, method: str, model: str) -> pd.DataFrame:
    return verdicts[(verdicts["method"] == method) & (verdicts["model"] == model)]


def _network(model: str, method: str) -> str:
    return f"{localizer_title(model)} ({method_title(method)})" if method else localizer_title(model)


def _centre_m(curves: pd.DataFrame) -> float:
    return float(curves.loc[curves["curve"] == CENTRE, "mae_m"].iloc[0])


def _pair(name: str) -> str:
    return name.replace("-", " and ")


def _scores(row) -> str:
    return f"{row.mae_samples:.2f} · {row.anomalies_percent:.1f} %"
