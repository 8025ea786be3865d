"""Spoken digits under the same tools: accuracy, removal, and voices made higher."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from explain.removal import RELEVANCE
from report.digits import DOMAIN_TITLES, GENDER_TITLES, REMOVED_BY, SCORE_TITLES
from report.digits_verdict import CONTROLS, titled, told, turned
from report.often import often
from report.page.act import Act, Chart, Column, Look, View, interval, kept, listed
from report.page.results import Results
from report.style import method_title

LEAD = """AudioNet hears a waveform, AlexNet its spectrogram, and says which digit is spoken, or by a man or a woman:
the networks of <a href="https://arxiv.org/abs/1807.03418">AudioMNIST</a>, trained here on sixty synthetic voices,
under the same removal and controls."""
ACCURACY_HOW = (
    "Right answers by speakers that a network never heard, the mean over folds. Bars: 95 % intervals over speakers. "
    "Crosses: published, of other recordings."
)
REMOVAL_HOW = (
    "What is left of the answer when a share of the input is removed, the most relevant first, beside controls. Lower "
    "means: needed more. Bands: 95 % intervals over speakers."
)
STRETCH_HOW = (
    "How often “female” is answered when frequencies are stretched, and as a control when times are. Bands: 95 % "
    "intervals over speakers."
)
VOICES = {"espeak": "synthetic voices", "fsdd": "people (FSDD)"}
NETWORK = Column("network", "network")
INPUTS = Column("inputs", "clips", "", 0)


def digits(read: Mapping[str, Results]) -> Act | None:
    """Return the act; None without results."""
    views = []
    if "digits" in read:
        views.append(accuracy(read["digits"].tables["over_folds.csv"]))
    if "digits/removal" in read:
        views.append(removal(read["digits/removal"].tables))
    if "digits/stretch" in read:
        views.append(stretch(read["digits/stretch"].tables["stretch.csv"]))
    return Act("digits", "Digits", "The same tools on spoken digits", LEAD, views) if views else None


def voices_title(corpus: str) -> str:
    """Return whose voices a corpus holds, for readers; its name where that is not known."""
    return next((title for name, title in VOICES.items() if corpus.startswith(name)), corpus)


def accuracy(over_folds: pd.DataFrame) -> View:
    """Return right answers by corpus, network and task, beside the published ones."""
    table = titled(over_folds)
    table["corpus"] = table["corpus"].map(voices_title)
    theirs = table[table["published"].notna()].drop_duplicates(["task", "network"])
    theirs = theirs.assign(
        corpus="AudioMNIST, published", accuracy=theirs["published"], low=None, high=None, folds=None
    )
    table = pd.concat([table, theirs], ignore_index=True)
    table = table.assign(what=table["network"] + ", " + table["task"])
    table[["accuracy", "low", "high"]] = 100 * table[["accuracy", "low", "high"]].astype(float)
    columns = [
        Column("what", "network and task"),
        Column("corpus", "voices"),
        *interval("right", "%", 1, "accuracy"),
        Column("folds", "folds", "", 0),
    ]
    corpora = [name for name in dict.fromkeys(table["corpus"])]
    own = (Look("blue"), Look("vermilion", "square"), Look("green", "triangle"))
    looks = dict(zip(corpora, own, strict=False)) | {"AudioMNIST, published": Look("pale", "times")}
    chart = Chart("dots", "accuracy", "what", "corpus", looks, "", "low", "high", "folds")
    return View(
        "accuracy",
        "Accuracy",
        told(over_folds),
        ACCURACY_HOW,
        columns,
        kept(table, columns),
        [],
        chart,
    )


def removal(tables: Mapping[str, pd.DataFrame]) -> View:
    """Return scores against the share removed, a panel a domain."""
    curves = titled(tables["curves.csv"])
    named = [
        REMOVED_BY[curve].format(method_title(method))
        for curve, method in zip(curves["curve"], curves["method"], strict=True)
    ]
    table = curves.assign(by=named, domain=curves["domain"].map(DOMAIN_TITLES), score=curves["score"].map(SCORE_TITLES))
    table[["mean", "low", "high"]] = 100 * table[["mean", "low", "high"]]
    columns = [
        NETWORK,
        Column("score", "score"),
        Column("domain", "removed are"),
        Column("by", "in the order of"),
        Column("percent", "share removed", "%", 0),
        *interval("score", "%", 1, "mean"),
        INPUTS,
    ]
    hues = {
        method: hue
        for method, hue in zip(
            filter(None, dict.fromkeys(curves["method"])), ("vermilion", "purple", "green"), strict=False
        )
    }
    looks = {}
    for curve, method, title in zip(curves["curve"], curves["method"], named, strict=True):
        hue = hues.get(method, "blue" if curve == "energy" else "pale")
        looks[title] = Look(hue, "", {"untrained": "2 3", "energy": "6 3", "random": "1 3"}.get(curve, ""))
    chart = Chart("lines", "percent", "mean", "by", looks, "domain", "low", "high", "inputs")
    return View(
        "removal",
        "Removal",
        removal_sentence(tables["areas.csv"]),
        REMOVAL_HOW,
        columns,
        kept(table, columns),
        [NETWORK.name, "score"],
        chart,
    )


def removal_sentence(areas: pd.DataFrame) -> list[str]:
    """Say how often it hurts more to remove relevant input than by each control."""
    own = areas[(areas["curve"] == RELEVANCE) & (areas["score"] == "probability")]
    than = [f"{often(own[f'{name}_verdict'], 'less', 'more')} than by {title}" for name, title in CONTROLS.items()]
    return [f"To remove input by relevance hurts {listed(than)}."]


def stretch(table: pd.DataFrame) -> View:
    """Return how often "female" is answered against the factor, frequencies beside times."""
    said = turned(table)
    table = titled(table[table["answer"] == "female"])
    table = table.assign(
        gender=table["gender"].map(GENDER_TITLES), axis=table["axis"].map({"frequency": "frequencies", "time": "times"})
    )
    table[["mean", "low", "high"]] = 100 * table[["mean", "low", "high"]]
    columns = [
        NETWORK,
        Column("axis", "stretched"),
        Column("gender", "voices"),
        Column("factor", "factor", "", 2),
        *interval("“female”", "%", 1, "mean"),
        INPUTS,
    ]
    looks = {GENDER_TITLES["female"]: Look("vermilion"), GENDER_TITLES["male"]: Look("blue", "square")}
    chart = Chart("lines", "factor", "mean", "gender", looks, "axis", "low", "high", "inputs")
    return View("stretch", "A higher voice", said, STRETCH_HOW, columns, kept(table, columns), [NETWORK.name], chart)
