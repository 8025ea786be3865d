"""Speech enhancement under the same tools: louder bins, a burst, masks, and the past."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from report.enhancement import CHOICES, REVIEWERS
from report.enhancement_verdict import read_verdict
from report.page.act import Act, Chart, Column, Look, View, interval, kept
from report.page.results import Results
from report.style import method_title

LEAD = """NSNet2 hears the levels of a noisy spectrogram and answers with a mask that keeps the speech. Attributions
say which bin of what it hears counts for which bin of the mask, and are tried like the others."""
LOUDER_HOW = (
    "How far the mask opens when a tenth of the bins is made louder: those with the most and the least attribution, "
    "the loudest, and random ones. Bars: 95 % intervals over voices."
)
BURST_HOW = (
    "A burst is added that is known to change the mask. Enrichment is how much of the attribution lies on it, over "
    "chance: 1 is chance. An untrained network and one with shuffled weights are controls. Bars: 95 % intervals over "
    "voices."
)
MASKS_HOW = (
    "How the mask goes with two ideal ones, beside controls: correlation over bins. Bars: 95 % intervals over voices."
)
LAGS_HOW = (
    "How long before the output it is that the mask listens to: the share of each moment. Bands: 95 % intervals over "
    "voices."
)
LOOKS = {
    "trained": Look("vermilion"),
    "untrained": Look("blue", "square", "6 3"),
    "shuffled": Look("green", "triangle", "6 3"),
    "energy": Look("ink", "diamond", "2 3"),
    "random": Look("pale", "times", "2 3"),
}
CLIPS = Column("clips", "clips", "", 0)
EXPERIMENTS = ("maps", "masks", "amplification", "bursts")


def enhancement(read: Mapping[str, Results]) -> Act | None:
    """Return the act; None where an experiment is missing."""
    if not all(f"enhancement/{name}" in read for name in EXPERIMENTS):
        return None
    results = {name: read[f"enhancement/{name}"] for name in EXPERIMENTS}
    sentences, _ = read_verdict({name: each.folder for name, each in results.items()})
    _, past, louder, burst, mask = sentences
    views = [
        amplification(results["amplification"].tables["effects.csv"], louder),
        bursts(results["bursts"].tables["enrichments.csv"], burst),
        masks(results["masks"].tables["agreement.csv"], mask),
        lags(results["maps"].tables["lags.csv"], past),
    ]
    return Act("enhancement", "Enhancement", "The same tools on speech enhancement", LEAD, views)


def amplification(effects: pd.DataFrame, said: str) -> View:
    """Return how far louder bins open the mask."""
    named = effects["method"].map(lambda name: method_title(name) if name else "controls")
    table = effects.assign(title=named, choice=effects["choice"].map(CHOICES))
    ends = ["opened", "opened_low", "opened_high"]
    columns = [
        Column("network", "network"),
        Column("title", "bins by"),
        Column("choice", "louder"),
        *interval("change of the mean mask", "", 3, *ends),
        Column("predicted", "as attributed", "", 3),
        CLIPS,
    ]
    looks = dict(
        zip(
            CHOICES.values(),
            (Look("vermilion", "triangle"), Look("blue", "square"), Look("ink", "diamond"), Look("pale", "times")),
            strict=True,
        )
    )
    chart = Chart("dots", ends[0], "title", "choice", looks, "network", ends[1], ends[2], "clips", rules=(0,))
    return View("louder", "Louder bins", [said], LOUDER_HOW, columns, kept(table, columns), [], chart)


def bursts(enrichments: pd.DataFrame, said: str) -> View:
    """Return how far attributions are concentrated on a burst, beside what others report."""
    theirs = pd.DataFrame(
        [(method, "reviewers’", *ends) for method, ends in REVIEWERS.items()],
        columns=["method", "network", "burst_low", "burst_high"],
    )
    theirs["burst"] = theirs[["burst_low", "burst_high"]].mean(axis=1)
    theirs = theirs[theirs["method"].isin(enrichments["method"])]
    table = pd.concat([enrichments, theirs], ignore_index=True)
    table = table.assign(title=table["method"].map(method_title))
    table = table[table["burst"] > LEAST]
    ends = ["burst", "burst_low", "burst_high"]
    table["burst_low"] = table["burst_low"].clip(lower=LEAST)
    columns = [
        Column("title", "method"),
        Column("network", "network"),
        *interval("enrichment", "times chance", 2, *ends),
        CLIPS,
    ]
    looks = LOOKS | {"reviewers’": Look("pale", "")}
    chart = Chart("dots", ends[0], "title", "network", looks, "", ends[1], ends[2], "clips", rules=(1,), log=True)
    return View("bursts", "A burst", [said], BURST_HOW, columns, kept(table, columns), [], chart)


def masks(agreement: pd.DataFrame, said: str) -> View:
    """Return how the mask goes with ideal ones."""
    parts = [
        agreement.assign(
            mask=title, value=agreement[name], low=agreement[f"{name}_low"], high=agreement[f"{name}_high"]
        )
        for name, title in (("SNR", "mask of the SNR"), ("speech", "mask of the speech"))
    ]
    table = pd.concat(parts, ignore_index=True)
    columns = [Column("mask", "ideal mask"), Column("of", "mask of"), *interval("correlation", "", 2), CLIPS]
    chart = Chart("dots", "value", "of", "of", LOOKS, "mask", "low", "high", "clips", rules=(0,))
    return View("masks", "Masks", [said], MASKS_HOW, columns, kept(table, columns), [], chart)


def lags(table: pd.DataFrame, said: str) -> View:
    """Return how far before the output it is that the mask listens to, by the first method."""
    table = table[table["method"] == table["method"].iloc[0]]
    ends = ["share", "share_low", "share_high"]
    table = table.assign(**{name: 100 * table[name] for name in ends})
    columns = [
        Column("of", "of"),
        Column("lag_ms", "before the output", "ms", 0),
        *interval("share", "%", 2, *ends),
        CLIPS,
    ]
    looks = {name: Look(look.hue, "", look.dashes) for name, look in LOOKS.items()}
    chart = Chart("lines", "lag_ms", ends[0], "of", looks, "", ends[1], ends[2], "clips")
    return View("lags", "The past", [said], LAGS_HOW, columns, kept(table, columns), [], chart)


LEAST = 0.05
"""Enrichments below are not drawn: a logarithm has no end."""
