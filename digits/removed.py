"""What is left of a network's answers when the most relevant part of a clip is removed, or any other.

Removal in the order of relevance, of amplitude and at random is that of S. Becker et al., "AudioMNIST", 2024; shares
from 0 to 0.95 in steps of 0.05, and the mean probability of the true class, are those of FreqRISE (arXiv 2406.13584).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.special import softmax

from digits.domains import DOMAINS
from digits.explained import SILENCE, Explained
from explain.faithfulness import MOST, answers_after
from explain.methods import METHODS, Method
from explain.methods.controls import Random
from explain.removal import ENERGY, RANDOM, RELEVANCE, Removal
from explain.sanity import rank_correlation
from explain.statistics import mean_over_voices
from running.parts import by_source
from running.provenance import fingerprint

UNTRAINED = "untrained"
CONTROLS = (ENERGY, RANDOM, UNTRAINED)
PERCENTS = tuple(range(0, 100, 5))
SCORES = ("accuracy", "probability")
JUDGED = ("rank_correlation", "missed", "seconds")
VERSION = 1
"""Raised when the same call gives other numbers, so that kept ones are computed anew."""


@dataclass(frozen=True, eq=False)
class Removed:
    """Answers of a network to clips without their most relevant part, speaker by speaker.

    Parameters
    ----------
    explained : Explained
    methods : sequence of Method
        Beside the controls energy, random and, method by method, the relevance of an untrained twin.
    kind : str
        Which class is explained, see `digits.starts`.
    seed : int
        Of the untrained twin.
    """

    explained: Explained
    methods: Sequence[Method]
    kind: str
    seed: int

    def parts(self, folder: Path) -> list[dict[str, np.ndarray]]:
        """Return the scores of each speaker's clips, kept in a folder: arrays by "domain curve method".

        They have the shape (clip, percent, score), those of `JUDGED` by "criterion method" the shape (clip,).
        """
        explained = self.explained
        methods = [explained.heard_by(method).identity(explained.model) for method in self.methods]
        identity = explained.identity | {"methods": methods, "start": self.kind, "seed": self.seed, "version": VERSION}
        identity["domains"] = {name: repr(grain) for name, grain in DOMAINS[explained.model.hears].items()}
        place = folder / f"removal-{explained.name}-{explained.task}-{fingerprint(identity)[:16]}"
        what = f"{explained.name} {explained.task} {explained.fold}"
        return by_source(place, explained.clips.names, self._of_speaker, what)

    def _of_speaker(self, row: int) -> dict[str, np.ndarray]:
        inputs, found = self.explained.heard.windows(row), {}
        twin = self.explained.untrained(self.seed)
        for method in self.methods:
            began = time.perf_counter()
            relevance, missed = attributed(self.explained, method, row, inputs, self.kind)
            seconds = (time.perf_counter() - began) / len(inputs)
            null, _ = attributed(twin, method, row, inputs, self.kind)
            judged = rank_correlation(relevance, null), missed, np.full(len(inputs), seconds)
            found |= {f"{name} {method.name}": each for name, each in zip(JUDGED, judged, strict=True)}
            for curve, attributions in ((RELEVANCE, relevance), (UNTRAINED, null)):
                scores = self._without(row, inputs, method, attributions)
                found |= {f"{domain} {curve} {method.name}": each for domain, each in scores.items()}
        for curve in (ENERGY, RANDOM):
            control = self.explained.heard_by(METHODS[curve])
            attributions = control.attribute(self.explained.model, inputs, np.zeros((len(inputs), 1)))
            scores = self._without(row, inputs, control, attributions)
            found |= {f"{domain} {curve} ": each for domain, each in scores.items()}
        return found

    def _without(self, row: int, inputs: np.ndarray, method: Method, attributions: np.ndarray) -> dict[str, np.ndarray]:
        """Return the scores without the most relevant part by domain, shape (clip, percent, score)."""
        model, labels, found = self.explained.model, self.explained.labels(row), {}
        nothing = np.full_like(inputs, SILENCE[model.hears])
        for name, grain in DOMAINS[model.hears].items():
            scores = grain.scores(torch.tensor(inputs), torch.tensor(attributions))
            if isinstance(method, Random):  # chance is chance in every domain: spectra would weigh it by energy
                scores = method.like(scores)
            logits = answers_after(
                model, inputs, {"nothing": nothing}, grain, scores, PERCENTS, self.explained.device, (MOST,)
            )[:, 0, 0]
            right = logits.argmax(-1) == labels[:, None]
            of_true = np.take_along_axis(softmax(logits, axis=-1), labels[:, None, None], axis=-1)[..., 0]
            found[name] = np.stack([right, of_true], axis=-1).astype(np.float32)
        return found


def attributed(
    explained: Explained, method: Method, row: int, inputs: np.ndarray, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return attributions of a speaker's clips, and how far their sums are from what was promised.

    The latter, shape (clip,), is in parts of the mean magnitude of the logits explained; where a method promises
    nothing, the logit itself counts as promised.
    """
    model, device, start = explained.model, explained.device, explained.start(kind).of(row, inputs)
    method = explained.heard_by(method)
    attributions = method.attribute(model, inputs, start, device)
    promised = method.promised(model, inputs, start, device)
    promised = start.sum(axis=1) if promised is None else promised
    missed = np.abs(attributions.reshape(len(inputs), -1).sum(axis=1, dtype=np.float64) - promised)
    return attributions, missed / np.abs(start.sum(axis=1)).mean()


def tables(removed: Sequence[Removed], folder: Path) -> dict[str, pd.DataFrame]:
    """Return the tables of a network's folds together: "curves", "areas" and "methods".

    Parameters
    ----------
    removed : sequence of Removed
        Of one network and task.
    folder : Path
        Of what is kept.

    Returns
    -------
    dict of DataFrame
        "curves": a row a domain, curve, method, score and percent, with mean and 95 % interval over speakers. "areas":
        the same of areas under them, divided by the widest share, and of relevance its difference from every control on
        the same clips; "below" means that removing by it hurts more. "methods": criteria of each method.
    """
    explained, seed = removed[0].explained, removed[0].seed
    place = {"task": explained.task, "network": explained.name}
    parts = [part for each in removed for part in each.parts(folder)]
    clips = pd.concat([each.explained.clips.table for each in removed], ignore_index=True)
    voices, items = clips["speaker"], clips["digit"].astype(str) + " " + clips["take"].astype(str)
    gathered = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    curves, areas = [], []
    for domain in DOMAINS[explained.model.hears]:
        of_domain = {
            (words[1], words[2]): each for key, each in gathered.items() if (words := key.split(" "))[0] == domain
        }
        for number, score in enumerate(SCORES):
            of_it = place | {"domain": domain, "score": score}
            heights = {key: each[..., number].astype(np.float64) for key, each in of_domain.items()}
            removal = Removal(
                {key: list(each[:, None]) for key, each in heights.items()}, voices, items, PERCENTS, seed
            )
            curves += [labelled(of_it, key, removal.curve(key)) for key in heights]
            areas.append(area_rows(of_it, heights, voices, items, seed))
    methods = [
        place | {"method": method.name, "criterion": name}
        | dict(zip(("mean", "low", "high"),
                   mean_over_voices(pd.Series(gathered[f"{name} {method.name}"]), voices, items, seed), strict=True))
        for method in removed[0].methods for name in JUDGED
    ]  # fmt: skip
    return {"curves": pd.concat(curves, ignore_index=True), "areas": pd.concat(areas, ignore_index=True),
            "methods": pd.DataFrame(methods)}  # fmt: skip


def area_rows(of_it: dict, heights: dict[tuple[str, str], np.ndarray], voices, items, seed: int) -> pd.DataFrame:
    """Return the areas under curves, shape (clip, percent) each, and how relevance's differ from the controls'."""
    found = {key: [[[area(clip)]] for clip in each] for key, each in heights.items()}
    removal = Removal({key: list(map(np.array, each)) for key, each in found.items()}, voices, items, [np.nan], seed)
    rows = []
    for key in heights:
        row = labelled(of_it, key, removal.curve(key)).drop(columns="percent")
        if key[0] == RELEVANCE:
            for control in CONTROLS:
                other = (control, key[1] if control == UNTRAINED else "")
                differs = removal.difference(key, other).drop(columns="percent")
                row = row.join(differs.add_prefix(f"{control}_"))
        rows.append(row)
    return pd.concat(rows, ignore_index=True)


def area(heights: np.ndarray) -> float:
    """Return the area under a curve over `PERCENTS` by the trapezoidal rule, over its width: its mean height."""
    return np.trapezoid(heights, PERCENTS) / (PERCENTS[-1] - PERCENTS[0])


def labelled(of_it: dict, key: tuple[str, str], table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of a curve with what it is of in its first columns."""
    of_it = of_it | {"curve": key[0], "method": key[1]}
    return pd.concat([pd.DataFrame(of_it, index=table.index), table], axis=1)
