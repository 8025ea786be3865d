"""The question, and the answer in one picture: what estimates follow as rooms reverberate longer."""

from __future__ import annotations

from collections.abc import Mapping

from localization.cues import HORIZONTAL
from models import PUBLISHED_MODELS
from params import SRP_PHAT
from report.page.act import (
    LOCALIZER,
    LOOKS,
    T60,
    Act,
    Chart,
    Column,
    View,
    interval,
    kept,
    with_condition,
    with_localizer,
)
from report.page.results import Results
from report.verdict import read_verdict

CUES = {"delays": "the direct sound’s delays", "early": "early reflections"}
LEAD = """Two networks, LocCNN and SampleCNN, hear the raw signals of sixteen microphones and say where a talker is.
A paper (<a href="https://arxiv.org/abs/2404.03436">Comanducci, Antonacci, Sarti, EUSIPCO 2024</a>) infers from
relevance, the share of each input sample in the answer, that they “seem to” remove noise and reverberation. Here the
networks are asked."""
HOW = (
    "How far an estimate follows one cue when that cue alone is moved: 1 is all the way, 0 not at all. T60 is how long "
    "the room reverberates. SRP-PHAT compares delays between microphones and has learned nothing. Bars: 95 % intervals "
    "over voices and trials."
)


def question(read: Mapping[str, Results]) -> Act:
    """Return the first act; the verdict, and the picture, where there are results for it."""
    views = []
    if "cues" in read:
        names = [*PUBLISHED_MODELS, SRP_PHAT]
        weights = read["cues"].tables["weights.csv"]
        shown = (
            weights["localizer"].isin(names) & weights["cue"].isin(list(CUES)) & (weights["coordinate"] == HORIZONTAL)
        )
        table = with_localizer(with_condition(weights[shown])).replace({"cue": CUES})
        table = table.sort_values("cue", key=lambda cue: cue.map(list(CUES.values()).index), kind="stable")
        columns = [
            Column("cue", "cue"),
            LOCALIZER,
            T60,
            *interval("weight", "", 2, "weight"),
            Column("trials", "trials", "", 0),
        ]
        chart = Chart("lines", T60.name, "weight", LOCALIZER.name, LOOKS, "cue", "low", "high", "trials", rules=(0, 1))
        views.append(
            View("weights", "Weights of two cues", _verdict(read), HOW, columns, kept(table, columns), chart=chart)
        )
    return Act("question", "Question", "What do localization networks hear?", LEAD, views)


def _verdict(read: Mapping[str, Results]) -> list[str]:
    return read_verdict({name: each.folder for name, each in read.items()}).sentences
