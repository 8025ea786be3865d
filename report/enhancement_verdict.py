"""What results say of the enhancer, in a few lines and a table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from explain.statistics import verdict
from report.often import often
from report.style import method_title
from running.files import read_csv

CONTROLS = ("energy", "random")
BY = "deep_shap"
"""The method that sentences are about, where there are several."""


def read_verdict(folders: dict[str, Path]) -> tuple[list[str], pd.DataFrame]:
    """Return sentences, and a table with a row a number: of the trained network, an untrained one, energy and chance.

    Parameters
    ----------
    folders : dict of str to Path
        Results of "maps", "masks", "amplification" and "bursts".
    """
    maps = read_csv(folders["maps"] / "means.csv")
    maps = maps[maps["method"] == maps["method"].iloc[0]].set_index("of")
    masks = read_csv(folders["masks"] / "agreement.csv").set_index("of")
    effects = read_csv(folders["amplification"] / "effects.csv").set_index(["network", "method", "choice"])
    predicted = read_csv(folders["amplification"] / "predictions.csv").set_index(["network", "by"])
    bursts = read_csv(folders["bursts"] / "enrichments.csv").set_index(["network", "method"])
    trained, burst = maps.loc["trained"], bursts.loc[("trained", BY)]
    top, bottom = (effects.loc[("trained", BY, choice)] for choice in ("top", "bottom"))
    future = maps["future"].max()
    idle = bursts.loc[("untrained", BY)]
    mask, heard = masks.loc["trained", "SNR"], masks.loc["energy", "SNR"]
    sentences = [
        f"The mask at a frequency listens {_more(trained, 'near')} to its neighbourhood than to other frequencies; an "
        f"untrained network {maps.loc['untrained', 'near']:.1f} times.",
        f"Half of what it listens to is more than {trained['median_ms']:.0f} ms old (untrained: "
        f"{maps.loc['untrained', 'median_ms']:.0f} ms); the largest magnitude in its future is {future:g}.",
        f"The most attributed bins, made louder, {_moves(top)}, the least attributed ones {_moves(bottom)}; "
        f"attributions foretell it with a correlation of {predicted.loc[('trained', BY), 'correlation']:.2f}.",
        f"A burst that is known to change the mask gets {burst['over_without']:.1f} times as much as the same place "
        f"without it, in an untrained network {idle['over_without']:.1f} times. Enrichment alone, as it was published, "
        f"is {burst['burst']:.1f}, and {idle['burst']:.1f} untrained.",
        f"The mask goes {_beside(_above(masks, 'SNR'))} with the SNR mask than the level that is heard does "
        f"({mask:.2f} and {heard:.2f}).",
    ]
    rows = {
        "near its own frequency, over chance": _row(maps["near"], maps),
        "half is later than so many ms before": _row(maps["median_ms"], maps),
        "correlation with the speech mask": _row(masks["speech"], masks),
        "correlation with the SNR mask": _row(masks["SNR"], masks),
    }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.loc["top bins louder: change of the mask"] = {
        network: effects.loc[(network, BY, "top"), "opened"] for network in ("trained", "untrained")
    } | {control: effects.loc[("trained", "", control), "opened"] for control in ("energy", "random")}
    for method in dict.fromkeys(bursts.index.get_level_values("method")):
        if method not in CONTROLS:
            table.loc[f"burst found by {method_title(method)}, over chance"] = {
                network: bursts.loc[(network, method), "burst"] for network in ("trained", "untrained")
            } | {control: bursts.loc[("trained", control), "burst"] for control in ("energy", "random")}
    return sentences, table.reset_index(names="")


def mapped(means: pd.DataFrame) -> list[str]:
    """Say where the mask listens, a sentence a network and method, from ``means.csv`` of enhancement.maps."""
    own = means[~means["of"].isin(CONTROLS)]
    return [
        f"By {method_title(row['method'])} a mask of the {row['of']} network listens {_more(row, 'near')} to "
        "its neighbourhood than to other frequencies."
        for _, row in own.iterrows()
    ]


def masked(agreement: pd.DataFrame) -> list[str]:
    """Say how masks agree with the SNR beside the level heard, from ``agreement.csv`` of enhancement.masks."""
    table = agreement.set_index("of")
    return [
        f"The mask of the {name} network goes {_beside(_above(table, 'SNR', name))} with the SNR mask than the level "
        f"that is heard does ({table.loc[name, 'SNR']:.2f} and {table.loc['energy', 'SNR']:.2f})."
        for name in table.index.drop("energy")
    ]


def opened_by(effects: pd.DataFrame) -> list[str]:
    """Say what changing the most attributed bins does, a sentence a network, from ``effects.csv`` of amplify."""
    found = []
    for network, top in effects[effects["choice"] == "top"].groupby("network", sort=False):
        chance, energy = (often(top[f"{name}_verdict"], "more", "less") for name in ("random", "energy"))
        found.append(f"Changed, the most attributed bins open the mask of the {network} network {chance} than random "
                     f"ones, {energy} than the loudest.")  # fmt: skip
    return found


def found_burst(enrichments: pd.DataFrame) -> list[str]:
    """Say whether methods find the burst, a sentence a network, from ``enrichments.csv`` of enhancement.burst."""
    found = []
    for network, own in enrichments[~enrichments["method"].isin(CONTROLS)].groupby("network", sort=False):
        signs = map(verdict, own["over_without_log2_low"], own["over_without_log2_high"])
        without, energy = (often(each, "more", "less") for each in (signs, own["energy_verdict"]))
        found.append(f"In the {network} network methods mark the burst {without} than its place without it, {energy} "
                     "than the energy does.")  # fmt: skip
    return found


def kept(completeness: pd.DataFrame) -> list[str]:
    """Say how far attributions miss what they promise, from ``completeness.csv`` of enhancement.attribute."""
    promised = completeness.dropna(subset="promised")
    missed = (promised["delta"] / promised["promised"]).abs().groupby(promised["method"], sort=False).max()
    return [f"Attributions by {method_title(name)} miss what they promise by {100 * share:.2g} % of it at most."
            for name, share in missed.items()]  # fmt: skip


def _row(values: pd.Series, table: pd.DataFrame) -> dict[str, float]:
    return {name: values[name] for name in ("trained", "untrained", "energy", "random") if name in table.index}


def _more(row: pd.Series, name: str) -> str:
    said = _beside(verdict(row[f"{name}_low"], row[f"{name}_high"], 1))
    return f"{said} ({row[name]:.1f} times, {row[f'{name}_low']:.1f} to {row[f'{name}_high']:.1f})"


def _moves(row: pd.Series) -> str:
    said = verdict(row["opened_low"], row["opened_high"])
    how = {"above": "open the mask", "below": "close it", "level": "do neither", "": "do nothing"}[said]
    return f"{how} (by {row['opened']:.3f}; random ones: {row['opened'] - row['beyond_random']:.3f})"


def _above(table: pd.DataFrame, name: str, network: str = "trained") -> str:
    """Return whether a network's interval lies above that of the energy."""
    own, energy = table.loc[network], table.loc["energy"]
    if own[f"{name}_low"] > energy[f"{name}_high"]:
        return "above"
    return "below" if own[f"{name}_high"] < energy[f"{name}_low"] else "level"


def _beside(said: str) -> str:
    return {"above": "more", "below": "less", "level": "neither more nor less", "": "as much"}[said]
