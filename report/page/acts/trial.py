"""Methods on trial: every attribution method under the same criteria, and what it would have let us conclude."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from report.page.act import (
    CONDITION,
    LOCALIZER,
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
from report.page.results import Results
from report.style import method_title
from report.trial import CONTROLS, sentences

LEAD = """LRP is one of many ways to explain an answer. Here each is asked the same: does what it marks count, do its
signs, does it foresee what happens, is it stable, does it look at the network and at the input, does it find the
direct sound and its delays?"""
RANKS_HOW = (
    "The rank of each method (row) by each criterion (column), 1 is best and strongest; the best by the mean of ranks "
    "is on top. Energy and random are controls. † misses by more than a tenth what it promises to add up to."
)
AGAINST_HOW = (
    "How much more the error grows without the most relevant tenth of the samples than without a tenth by a control: "
    "right of 0 the published experiment would have found relevance. Bars: 95 % intervals over voices and their "
    "sources."
)
AGAINST = {"random": "than at random", "energy": "than by energy", "untrained": "than by the same method, untrained"}
MISSED = 0.1
"""Share of what a method promises to add up to from which on missing it is marked."""
ALL = "all conditions"


def trial(read: Mapping[str, Results]) -> Act | None:
    """Return the act; None without results."""
    if "faithfulness" not in read:
        return None
    results = read["faithfulness"]
    tables = {name.removesuffix(".csv"): table for name, table in results.tables.items()}
    *ranked, published = sentences(tables)
    views = [ranks(tables, ranked, results.sources), conclusions(tables, [published], results.sources)]
    return Act("trial", "Methods", "Which explanation can be trusted?", LEAD, views)


def ranks(tables: Mapping[str, pd.DataFrame], said: list[str], sources: Mapping[str, int]) -> View:
    """Return the rank of every method by every criterion: the mean over conditions, and in each."""
    own = tables["criteria"]
    own = own[own["rank"].notna() & (own["weights"] == "trained")]
    keys = ["model", "criterion", "method"]
    mean = own.groupby(keys, sort=False)["rank"].mean().reset_index().assign(condition=ALL)
    table = with_localizer(with_condition(pd.concat([mean, own], ignore_index=True)), "model")
    means = table.groupby(["model", "condition", "method"])["rank"].mean()
    place = means.loc[pd.MultiIndex.from_frame(table[["model", "condition", "method"]])].to_numpy()
    table = table.assign(mean=place, title=_titles(table, tables["costs"]), sources=table["condition"].map(sources))
    order = table.groupby(["model", "condition"], sort=False).ngroup()
    table = table.assign(order=order).sort_values(["order", "mean"], kind="stable")
    columns = [
        LOCALIZER,
        CONDITION,
        Column("title", "method"),
        Column("criterion", "criterion"),
        Column("rank", "rank", "", 1),
        *interval("value", "", 2),
        Column("sources", "sources", "", 0),
    ]
    chart = Chart("cells", "criterion", "title", "rank", low="low", high="high", count="sources")
    return View(
        "ranks", "Ranks", said, RANKS_HOW, columns, kept(table, columns), [LOCALIZER.name, CONDITION.name], chart
    )


def conclusions(tables: Mapping[str, pd.DataFrame], said: list[str], sources: Mapping[str, int]) -> View:
    """Return how much more relevance hurts than controls, by every method."""
    found = tables["conclusions"]
    found = found[~found["method"].isin(CONTROLS)]
    parts = []
    for name, title in AGAINST.items():
        names = {f"above_{name}_m": "value", f"above_{name}_low_m": "low", f"above_{name}_high_m": "high"}
        part = found[["condition", "model", "method", "mae_m", *names]].rename(columns=names).assign(against=title)
        parts.append(part[part["value"].notna()])
    table = pd.concat(parts, ignore_index=True)
    table = with_localizer(with_condition(table), "model")
    table = table.assign(title=_titles(table, tables["costs"]), sources=table["condition"].map(sources))
    columns = [
        LOCALIZER,
        CONDITION,
        Column("title", "method"),
        Column("against", "more"),
        *interval("MAE", "m", 3),
        Column("mae_m", "MAE without the most relevant tenth", "m", 3),
        Column("sources", "sources", "", 0),
    ]
    looks = {title: Look(hue) for title, hue in zip(AGAINST.values(), ("green", "blue", "purple"), strict=True)}
    chart = Chart("dots", "value", "title", "against", looks, "against", "low", "high", "sources", rules=(0,))
    choices = [LOCALIZER.name, CONDITION.name]
    return View(
        "conclusions", "The published experiment", said, AGAINST_HOW, columns, kept(table, columns), choices, chart
    )


def _titles(table: pd.DataFrame, costs: pd.DataFrame) -> list[str]:
    """Return the names of methods for readers; † where in the mean over conditions they miss what they promise."""
    promised = costs.dropna(subset=["promised_m"])
    of_network = promised.groupby(["model", "method"])[["delta_m", "promised_m"]].mean()
    missing = set(of_network.index[of_network["delta_m"].abs() > MISSED * of_network["promised_m"].abs()])
    keys = zip(table["model"], table["method"], strict=True)
    return [method_title(method) + " †" * ((model, method) in missing) for model, method in keys]
