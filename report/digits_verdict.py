"""What results of spoken digits say, in sentences."""

from __future__ import annotations

import pandas as pd

from explain.removal import RELEVANCE
from report.digits import DOMAIN_TITLES
from report.style import method_title

TITLES = {"audio_net": "AudioNet", "alex_net": "AlexNet"}
CONTROLS = {"random": "chance", "energy": "energy", "untrained": "an untrained network’s relevance"}
VOICES = {"male": "men", "female": "women"}
TELLING = {"male": 1.5, "female": 0.66, "unknown": 1.5}
"""Factors by which a voice of a gender should become one of the other."""


def titled(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table in which networks, and their untrained twins, have their names for readers."""
    return table.replace({"network": TITLES | {f"untrained {name}": f"untrained {TITLES[name]}" for name in TITLES}})


def flips(stretch: pd.DataFrame) -> pd.DataFrame:
    """Return how often trained networks change their answer with frequencies by `TELLING`, or the nearest there is."""
    own = stretch[(stretch["answer"] == "flipped") & stretch["network"].isin(TITLES) & (stretch["axis"] == "frequency")]
    rows = []
    for (_, gender), found in own.groupby(["network", "gender"], sort=False):
        distance = (found["factor"] - TELLING[gender]).abs()
        rows.append(found[distance == distance.min()])
    return pd.concat(rows)[["network", "gender", "factor", "mean", "low", "high", "time_verdict", "untrained_verdict"]]


def sentences(over_folds: pd.DataFrame, areas: pd.DataFrame, stretch: pd.DataFrame) -> list[str]:
    """Return what was found, from the tables of digits.test, digits.removal and digits.stretch."""
    return [*told(over_folds), *removed(areas), *turned(stretch)]


def told(over_folds: pd.DataFrame) -> list[str]:
    """Say how many clips networks get right; of several corpora the first is spoken of."""
    tested = over_folds[over_folds["corpus"] == over_folds["corpus"].iloc[0]]
    return [
        f"{row.network} tells the {row.task} in {100 * row.accuracy:.1f} % of clips by speakers that it never heard "
        f"({100 * row.low:.1f} to {100 * row.high:.1f})."
        for row in titled(tested).itertuples()
    ]


def removed(areas: pd.DataFrame) -> list[str]:
    """Say beyond which controls it hurts to remove relevant input."""
    own = areas[(areas["curve"] == RELEVANCE) & (areas["score"] == "probability")]
    found = []
    for (task, network, method), rows in titled(own).groupby(["task", "network", "method"], sort=False):
        by_control: dict[str, list[str]] = {}
        for row in rows.itertuples():
            beaten = [title for name, title in CONTROLS.items() if getattr(row, f"{name}_verdict") == "below"]
            than = f"more than by {_listed(beaten)}" if beaten else "no more than by any control"
            by_control.setdefault(than, []).append(DOMAIN_TITLES[row.domain])
        said = "; ".join(f"removing {_listed(domains)} hurts {than}" for than, domains in by_control.items())
        found.append(f"{network}, {task}, in the order of {method_title(method)}: {said}.")
    return found


def turned(stretch: pd.DataFrame) -> list[str]:
    """Say how many clips get another answer when frequencies are stretched, beside stretched times."""
    found = []
    for row in titled(flips(stretch)).itertuples():
        than = {"above": "more", "below": "fewer"}.get(row.time_verdict, "not surely more")
        share = f"{100 * row.mean:.0f} % of clips by {VOICES.get(row.gender, 'others')} get another answer"
        found.append(f"{row.network}: {share} with frequencies times {row.factor:g}, {than} than with times.")
    return found


def _listed(names: list[str]) -> str:
    """Return names as a sentence lists them."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
