"""Does relevance show it: removal of relevant input, time delays of relevance, and its shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from models import PUBLISHED_MODELS
from params import CENTRE, LAG_ZERO
from report.found import delayed, removed, shared
from report.page.act import (
    CONDITION,
    LOCALIZER,
    T60,
    WEIGHTS,
    Act,
    Chart,
    Column,
    Look,
    View,
    interval,
    kept,
    with_condition,
    with_localizer,
)
from report.page.acts.hear import shipped
from report.page.results import Results
from report.style import curve_titles, method_title, signal_titles

LEAD = """The paper’s argument rests on relevance: layer-wise relevance propagation (LRP) hands an answer back
through the layers until every input sample has its share. If relevance points at what a network needs, removing it
must hurt; if it carries delays, they must be right; if it leaves out reflections, the direct sound must get more
than its energy. Each is tried beside a control that hears nothing of it."""
REMOVAL_HOW = (
    "Error after a share of the input is set to zero. It means something only below that of “always the centre”, a "
    "constant. Dotted: published."
)
REMOVAL_DETAILS = (
    "Zeroed are the samples with the largest relevance, the loudest ones, or random ones. Bands: 95 % intervals over "
    "voices and their sources."
)
DELAYS_HOW = (
    "Delays between two microphones, read from their signals, from their relevance, and from controls that know "
    "nothing."
)
DELAYS_DETAILS = (
    "Delays are read by GCC-PHAT, which compares phases. An anomaly is off by more than half of the speech’s "
    "correlation time; the error is that of the rest. Direction is how often a delay has the right sign less how "
    "often the wrong one, where the true one is a sample or more. Bars: 95 % intervals over voices and their sources, "
    "of untrained networks over their initialisations."
)
SHARES_HOW = (
    "Shares of each part of the sound in the relevance, beside its share of the energy, and that in the relevance of "
    "the network untrained."
)
SHARES_DETAILS = (
    "A network that removes reverberation would give the direct sound more relevance than it has energy, and more "
    "than untrained. Exact: by linearity; split and dominated: by samples. Bars: 95 % intervals over voices and their "
    "sources."
)
HUES = {"relevance": Look("vermilion", ""), "energy": Look("blue", "", "6 3"), "random": Look("green", "", "2 2")}
PROTOCOLS = {"tdoa": "as published", "tdoa_refined": "refined: exact delays, between samples"}
MEASURES = {
    "mae_samples": "error without anomalies (samples)",
    "anomalies_percent": "anomalies (%)",
    "direction_percent": "direction: right less wrong (%)",
}
PARTS = {"direct": "direct sound", "early": "early reflections", "late": "late reflections", "noise": "noise"}


def relevance(read: Mapping[str, Results]) -> Act:
    """Return the act, on the experiments that every page has, and shares where they are."""
    views = [
        removal(read["perturbation"].tables),
        delays({name: read[name].tables for name in PROTOCOLS if name in read}),
    ]
    if "shares" in read:
        views.append(shares(read["shares"].tables["shares.csv"], read["shares"].sources))
    return Act("relevance", "Relevance", "Does relevance show it?", LEAD, views)


def removal(tables: Mapping[str, pd.DataFrame]) -> View:
    """Return the errors against the share removed, beside the published ones and a constant."""
    curves = tables["curves.csv"]
    titles = curve_titles(curves)
    named = [
        titles.get((curve, method), curve) for curve, method in zip(curves["curve"], curves["method"], strict=True)
    ]
    table = curves.assign(removed=named)
    theirs = table[table["published_mae_m"].notna()]
    theirs = theirs.assign(mae_m=theirs["published_mae_m"], low_m=None, high_m=None, windows=None)
    theirs["removed"] += ", published"
    table = with_localizer(with_condition(_pooled_first(pd.concat([table, theirs], ignore_index=True))), "model")
    columns = [
        LOCALIZER,
        CONDITION,
        Column("removed", "removed"),
        Column("percent", "share removed", "%", 0),
        *interval("MAE", "m", 3, "mae_m", "low_m", "high_m"),
        Column("windows", "windows", "", 0),
    ]
    looks = {title: _of_method(HUES[curve], method, curves) for (curve, method), title in titles.items()}
    looks |= {f"{title}, published": replace(look, dashes="1 3") for title, look in looks.items()}
    looks[CENTRE] = Look("pale", "", "3 3")
    chart = Chart("lines", "percent", "mae_m", "removed", looks, "", "low_m", "high_m", "windows")
    said = removed(tables["verdicts.csv"])
    return View(
        "removal",
        "Removal",
        said,
        REMOVAL_HOW,
        columns,
        kept(table, columns),
        [LOCALIZER.name, CONDITION.name],
        chart,
        REMOVAL_DETAILS,
    )


def delays(tables: Mapping[str, Mapping[str, pd.DataFrame]]) -> View:
    """Return how well delays are told, by each protocol, for each pair of microphones."""
    parts = []
    for name in reversed(list(tables)):
        summary = tables[name]["summary.csv"]
        titles = signal_titles(summary)
        keys = zip(summary["signal"], summary["method"], summary["model"], strict=True)
        summary = summary.assign(read=[titles[key] for key in keys], protocol=PROTOCOLS[name])
        parts += [_measured(summary, measure) for measure in MEASURES]
    table = with_condition(_pooled_first(pd.concat(parts, ignore_index=True)))
    table = table.assign(pair=table["pair"].str.replace("-", " and "))
    columns = [
        Column("protocol", "delays"),
        Column("pair", "microphones"),
        CONDITION,
        Column("measure", "measure"),
        Column("read", "read from"),
        *interval("value", "", 2),
        Column("windows", "windows", "", 0),
    ]
    kinds = {
        "microphones": Look("blue", "square"),
        "relevance": Look("vermilion"),
        "untrained": Look("pale", "diamond"),
        LAG_ZERO: Look("ink", "times"),
    }
    looks = {
        title: kinds[key[0]] for name in tables for key, title in signal_titles(tables[name]["summary.csv"]).items()
    }
    chart = Chart("dots", "value", "read", "read", looks, "measure", "low", "high", "windows", free=True)
    said = delayed(list(tables.values())[-1]["verdicts.csv"])
    choices = ["protocol", "pair", CONDITION.name]
    return View("delays", "Delays", said, DELAYS_HOW, columns, kept(table, columns), choices, chart, DELAYS_DETAILS)


def shares(table: pd.DataFrame, sources: Mapping[str, int]) -> View:
    """Return the share of each part of the sound in energy, in relevance, and in that of untrained networks."""
    said = shared(table[table["model"].isin(PUBLISHED_MODELS)])
    table = shipped(table.rename(columns={"model": "localizer"}))
    own = table.assign(of="relevance", value=table["share"])
    energy = table.assign(of="energy", value=table["energy_share"], low=None, high=None)
    untrained = table.assign(of="relevance, untrained", value=table["untrained_share"], low=None, high=None)
    table = with_localizer(with_condition(pd.concat([own, energy, untrained], ignore_index=True)))
    how = [f"{method_title(method)}, {score}" for method, score in zip(table["method"], table["score"], strict=True)]
    table = table.assign(how=how, part=table["part"].map(PARTS), sources=table["condition"].map(sources))
    table = table.iloc[(~table["method"].eq("gradient_x_input")).argsort(kind="stable")]
    columns = [
        Column("how", "relevance"),
        WEIGHTS,
        LOCALIZER,
        Column("part", "part"),
        Column("of", "share of"),
        T60,
        *interval("share", "", 2),
        Column("sources", "sources", "", 0),
    ]
    looks = {
        "relevance": Look("vermilion"),
        "energy": Look("blue", "square", "6 3"),
        "relevance, untrained": Look("pale", "diamond", "2 3"),
    }
    chart = Chart("lines", T60.name, "value", "of", looks, "part", "low", "high", "sources")
    choices = [LOCALIZER.name, WEIGHTS.name, "how"]
    return View("shares", "Shares", said, SHARES_HOW, columns, kept(table, columns), choices, chart, SHARES_DETAILS)


def _measured(summary: pd.DataFrame, measure: str) -> pd.DataFrame:
    names = {measure: "value", f"{measure}_low": "low", f"{measure}_high": "high"}
    table = summary[["condition", "pair", "read", "protocol", "windows", *names]].rename(columns=names)
    return table[table["value"].notna()].assign(measure=MEASURES[measure])


def _pooled_first(table: pd.DataFrame) -> pd.DataFrame:
    return table.iloc[(table["condition"] != "pooled").argsort(kind="stable")]


def _of_method(look: Look, method: str, curves: pd.DataFrame) -> Look:
    """Return the look of a relevance curve: the first method's is the look itself, others have symbols."""
    methods = [each for each in dict.fromkeys(curves["method"]) if each]
    symbols = ("", "square", "diamond", "triangle")
    return replace(look, symbol=symbols[methods.index(method) % len(symbols)]) if method in methods else look
