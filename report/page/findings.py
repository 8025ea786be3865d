"""What was found, in words that follow from the numbers: each number beside the control that says what it is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from explain.statistics import mean_over_sources
from params import CENTRE, LAG_ZERO, SRP_PHAT
from report.page.tables import POOLED, metres, signal_kind, smallest_share
from report.style import REMOVED, condition_title, method_title, signal_title
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
    True: "On microphones {pair} they point to the right side more often than to the wrong one, by {percent} % of "
    "the windows; those of an untrained network by {control} %.",
    False: "They do not point to the right side clearly more often than those of an untrained network.",
}


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


def find(
    curves: pd.DataFrame,
    delays: pd.DataFrame,
    refined: pd.DataFrame | None = None,
    estimates: pd.DataFrame | None = None,
) -> tuple[str, list[Finding]]:
    """Return of which conditions the findings are, in words, and the findings.

    Parameters
    ----------
    curves : DataFrame
        ``curves.csv`` of perturbation_experiment.py.
    delays : DataFrame
        ``summary.csv`` of tdoa_experiment.py.
    refined : DataFrame, optional
        The same, of the refined protocol.
    estimates : DataFrame, optional
        ``estimates.csv`` of localization_experiment.py.
    """
    condition = POOLED if POOLED in set(curves["condition"]) else curves["condition"].iloc[0]
    if estimates is not None and condition != POOLED:
        estimates = estimates[estimates["condition"] == condition]
    if refined is not None:
        refined = refined[refined["condition"] == condition]
    curves, delays = (table[table["condition"] == condition] for table in (curves, delays))
    whole = curves[curves["percent"] == 0]
    centre_m = float(whole.loc[whole["curve"] == CENTRE, "mae_m"].iloc[0])
    return condition_title(condition), [
        _localization(whole, centre_m, estimates),
        _removal(curves, centre_m),
        _delays(delays[delays["pair"] == delays["pair"].iloc[0]], delays if refined is None else refined),
    ]


def compare(low: float, high: float, value: float) -> str:
    """Tell whether an interval lies "below" or "above" a value; "level" where it holds it."""
    if high < value:
        return "below"
    return "above" if low > value else "level"


def _localization(whole: pd.DataFrame, centre_m: float, estimates: pd.DataFrame | None) -> Finding:
    marks = [
        Mark(method_title(row.model), "plain", metres(row.mae_m), row.mae_m, row.low_m, row.high_m)
        for row in whole[whole["curve"] == "relevance"].itertuples()
    ]
    answers = [CONSTANT[compare(mark.low, mark.high, centre_m)].format(name=mark.name) for mark in marks]
    if estimates is not None and SRP_PHAT in set(estimates["method"]):
        errors_m = _errors(estimates)
        for model_name in whole["model"].unique():
            _, *above_m = mean_over_sources(errors_m[model_name] - errors_m[SRP_PHAT], errors_m["source"])
            answers.append(BASELINE[compare(*above_m, 0)].format(name=method_title(model_name)))
        mae_m, *interval_m = mean_over_sources(errors_m[SRP_PHAT], errors_m["source"])
        marks.append(Mark(SRP_PHAT, "plain", metres(mae_m), mae_m, *interval_m))
    return Finding(
        "Do the networks localize?", answers, "MAE in metres, all input", marks, CENTRE, metres(centre_m), centre_m
    )


def _errors(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the error of each method, mean of x, y and z in metres: a row a window, a column a method."""
    error_m = sum((estimates[f"estimate_{axis}_m"] - estimates[f"{axis}_m"]).abs() for axis in "xyz") / 3
    heard = estimates[["condition", "source", "window", "method"]].assign(error_m=error_m)
    return heard.pivot(index=["condition", "source", "window"], columns="method", values="error_m").reset_index()


def _removal(curves: pd.DataFrame, centre_m: float) -> Finding:
    percent = smallest_share(curves)
    marks, answers = [], []
    for model, rows in curves[curves["percent"] == percent].groupby("model", sort=False):
        at, title = {row.curve: row for row in rows.itertuples()}, method_title(model)
        for words, other in ((HURT, at["random"]), (LOUD, at["energy"])):
            verdict = compare(other.relevance_above_low_m, other.relevance_above_high_m, 0)
            answers.append(words[verdict].format(name=title))
        marks += [
            Mark(f"{title}, {removed}", curve, metres(row.mae_m), row.mae_m, row.low_m, row.high_m)
            for curve, removed in REMOVED.items()
            for row in [at[curve]]
        ]
    unit = f"MAE in metres, {percent:g} % of the input removed"
    return Finding("Is relevant input needed?", answers, unit, marks, CENTRE, metres(centre_m), centre_m)


def _delays(delays: pd.DataFrame, all_pairs: pd.DataFrame) -> Finding:
    zero = next(row for row in delays.itertuples() if row.signal == LAG_ZERO)
    marks, answers = [], []
    for row in delays[delays["signal"] != LAG_ZERO].itertuples():
        kind = signal_kind(row.signal)
        interval = row.mae_samples_low, row.mae_samples_high
        marks.append(Mark(signal_title(row.signal), kind, _scores(row), row.mae_samples, *interval))
        if kind == "relevance":
            scores = [
                compare(row.mae_above_zero_samples_low, row.mae_above_zero_samples_high, 0),
                compare(row.anomalies_above_zero_percent_low, row.anomalies_above_zero_percent_high, 0),
            ]
            model_name = row.signal.split()[1]
            answers.append(ZERO["below" in scores, "above" in scores].format(name=method_title(model_name)))
            answers.append(_direction(all_pairs, model_name))
    unit = f"MAE in samples · anomalies; microphones {_pair(zero.pair)}"
    return Finding(
        "Do relevance signals carry delays?", answers, unit, marks, LAG_ZERO, _scores(zero), zero.mae_samples
    )


def _direction(delays: pd.DataFrame, model_name: str) -> str:
    """Say on which pair of microphones the relevance of a network points best to the right side, if it does at all."""
    of_signal = {signal: rows.set_index("pair") for signal, rows in delays.groupby("signal")}
    trained, untrained = of_signal[f"relevance {model_name}"], of_signal[f"untrained {model_name}"]
    margin = trained["direction_percent_low"] - untrained["direction_percent_high"].clip(lower=0)
    if not (margin > 0).any():
        return DIRECTION[False]
    pair = margin.idxmax()
    percent, control = (rounded(rows.loc[pair, "direction_percent"], 0) for rows in (trained, untrained))
    return DIRECTION[True].format(pair=_pair(pair), percent=percent, control=control)


def _pair(name: str) -> str:
    return name.replace("-", " and ")


def _scores(row) -> str:
    return f"{row.mae_samples:.2f} · {row.anomalies_percent:.1f} %"
