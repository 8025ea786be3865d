"""Methods of attribution before the same judges: tables of criteria, ranks with their uncertainty, and agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from explain.faithfulness import MOST, OPPOSITES, ORDERS, areas, between, normalised
from explain.statistics import Draws, interval, verdict
from localization.sensitivity import multilateration

ERROR, MOVEMENT, FALL = SCORES = ("error", "movement", "fall")
"""Scores of an answer in metres: error against the truth; how far it is from the untouched one; how much less there is
of what was explained. Only the first needs the truth, only the last tells a sign."""
SHARE, PROFILE = "direct share", "delay profile"
INFIDELITY, SENSITIVITY, RANDOMISED, EXCHANGED = "infidelity", "sensitivity", "randomised", "exchanged"


@dataclass(frozen=True)
class Map:
    """Whose attributions these are.

    Parameters
    ----------
    method : str
    weights : {"trained", "untrained"}
        Of the network that was explained.
    """

    method: str
    weights: str


@dataclass(frozen=True)
class Criterion:
    """What makes a method good.

    Parameters
    ----------
    name : str
    meaning : str
        For readers.
    more_is_better : bool
    """

    name: str
    meaning: str
    more_is_better: bool = True


GRAINS = ("sample", "block", "microphone", "bin")
CRITERIA = (
    *(Criterion(f"magnitudes {grain}", f"large magnitudes move the estimate more than small ones, by {grain}")
      for grain in GRAINS),
    *(Criterion(f"signs {grain}", f"what speaks for it takes more of it away than what speaks against, by {grain}")
      for grain in GRAINS),
    Criterion(INFIDELITY, "part of the changes that attributions do not foresee", False),
    Criterion(SENSITIVITY, "how far attributions go with a little noise", False),
    Criterion(RANDOMISED, "likeness to those of networks with random upper layers", False),
    Criterion(EXCHANGED, "likeness to those of another input", False),
    Criterion(SHARE, "share of the direct sound beyond its energy's"),
    Criterion(PROFILE, "delay profile over the microphones like multilateration's"),
)  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """Everything that was found of all maps of one network in one condition.

    Parameters
    ----------
    found : dict of Map to list of dict
        For each source: "answers GRAIN", shape (window, replacement, order, percent, 3), in metres, and what else
        criteria need, see `localization.judging`.
    ends : list of dict
        For each source: "whole", shape (window, 3); "nothing", shape (window, replacement, 3); "weights", shape
        (window, 3), of what is explained; "position_m", shape (3,); "energy", shape (part,).
    replacements : sequence of str
    percents : sequence of float
    voices : sequence of str
        Of the sources.
    jacobian : array, shape (source, microphone, 3)
        Of `localization.sensitivity.delay_jacobian`.
    seed : int
        Seed of the intervals (95 %, over voices and their sources).
    """

    found: dict[Map, list[dict]]
    ends: list[dict]
    replacements: Sequence[str]
    percents: Sequence[float]
    voices: Sequence[str]
    jacobian: np.ndarray
    seed: int

    @cached_property
    def draws(self) -> Draws:
        """Resamples of the sources."""
        return Draws.of(self.voices, self.seed)

    def scores(self, answers: np.ndarray, end: dict) -> np.ndarray:
        """Return `SCORES` of answers to the windows of a source, (window, replacement, ..., 3), as the first axis."""
        places = (slice(None), *[None] * (answers.ndim - 2))
        away = answers - end["whole"][places]
        error = np.abs(answers - end["position_m"]).mean(axis=-1)
        return np.stack([error, np.linalg.norm(away, axis=-1), -(away * end["weights"][places]).sum(axis=-1)])

    @cached_property
    def curves(self) -> dict[tuple[Map, str], np.ndarray]:
        """Mean scores over windows by map and grain, shape (source, score, replacement, order, percent)."""
        return {
            (each, grain): np.stack([
                self.scores(part[f"answers {grain}"], end).mean(axis=1)
                for part, end in zip(parts, self.ends, strict=True)
            ])
            for each, parts in self.found.items()
            for grain in GRAINS
        }  # fmt: skip

    @cached_property
    def areas(self) -> dict[tuple[Map, str], np.ndarray]:
        """Areas under `curves`, shape (source, score, replacement, order)."""
        whole = np.stack([self.scores(end["whole"][:, None], end).mean(axis=1) for end in self.ends])  # (..., 1)
        nothing = np.stack([self.scores(end["nothing"], end).mean(axis=1) for end in self.ends])
        return {key: areas(each, whole, nothing, self.percents) for key, each in self.curves.items()}

    @cached_property
    def normalised_areas(self) -> dict[tuple[Map, str], np.ndarray]:
        """`areas` between those of the worst and the best order that any map has at the same grain."""
        scaled = {}
        for grain in GRAINS:
            keys = [key for key in self.areas if key[1] == grain]
            stacked = np.stack([self.areas[key] for key in keys])  # (map, source, score, replacement, order)
            scaled |= dict(zip(keys, normalised(stacked, axes=(0, 4)), strict=True))
        return scaled

    def values(self, criterion: str, each: Map) -> np.ndarray | None:
        """Return a criterion of every source, shape (source,), NaN where it was not looked at; None if nowhere."""
        kind, _, grain = criterion.partition(" ")
        if kind in OPPOSITES:
            score = SCORES.index(MOVEMENT if kind == "magnitudes" else FALL)
            return between(self.normalised_areas[each, grain][:, score], kind).mean(axis=1)
        parts = self.found[each]
        if criterion == SHARE:
            shares = [part["split"][0] / part["split"].sum() for part in parts]
            energy = [end["energy"][0] / end["energy"].sum() for end in self.ends]
            return np.array(shares) - np.array(energy)
        if not any(criterion in part for part in parts):
            return None
        return np.array([np.abs(part[criterion]).mean() if criterion in part else np.nan for part in parts])

    def resampled(self, criterion: str, each: Map) -> tuple[float, np.ndarray] | None:
        """Return a criterion's mean, and those in every resample; None where it can't be had."""
        if criterion == PROFILE:
            return self._profile(each)
        values = self.values(criterion, each)
        if values is None:
            return None
        there = ~np.isnan(values)
        means = self.draws.means(np.where(there, values, 0), there.astype(float))
        return float(values[there].mean()), means

    def _profile(self, each: Map) -> tuple[float, np.ndarray] | None:
        """Return how mean profiles over microphones correlate with multilateration's, the mean over x and y."""
        parts = self.found[each]
        if PROFILE not in parts[0]:
            return None
        profiles = np.stack([part[PROFILE].mean(axis=0) for part in parts])  # (source, coordinate, microphone)
        direct = multilateration(self.jacobian)
        ones = np.ones(profiles.shape)
        resampled = _correlation(*(self.draws.means(values, ones) for values in (profiles, direct))).mean(axis=-1)
        return float(_correlation(profiles.mean(axis=0), direct.mean(axis=0)).mean()), resampled

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables: criteria with ranks, agreement of criteria, areas, and the published experiment's end."""
        return {
            "criteria": self.criteria(),
            "agreement": self.agreement(),
            "areas": self.area_table(),
            "conclusions": self.conclusions(),
        }

    @cached_property
    def judged(self) -> dict[str, dict[Map, tuple[float, np.ndarray]]]:
        """Every criterion that maps have, of each that has it, as of `resampled`."""
        judged = {
            criterion.name: {each: found for each in self.found if (found := self.resampled(criterion.name, each))}
            for criterion in CRITERIA
        }
        return {name: found for name, found in judged.items() if found}

    def criteria(self) -> pd.DataFrame:
        """Return a row a criterion and map: value, low, high; rank, rank_low, rank_high among the trained ones."""
        rows = []
        for criterion in self._had():
            found = self.judged[criterion.name]
            ranks = self._ranks(criterion)
            for each, (value, resampled) in found.items():
                low, high = map(float, interval(resampled))
                row = {"criterion": criterion.name, **vars(each), "value": value, "low": low, "high": high}
                if each in ranks:
                    row |= dict(zip(("rank", "rank_low", "rank_high"), ranks[each], strict=True))
                rows.append(row)
        return pd.DataFrame(rows)

    def _had(self) -> list[Criterion]:
        return [criterion for criterion in CRITERIA if criterion.name in self.judged]

    def _ranks(self, criterion: Criterion) -> dict[Map, tuple[float, float, float]]:
        """Return each trained map's rank, 1 the best, and its interval."""
        found = {each: values for each, values in self.judged[criterion.name].items() if each.weights == "trained"}
        sign = -1 if criterion.more_is_better else 1
        ranks = rankdata([sign * value for value, _ in found.values()])
        of_resamples = rankdata([sign * resampled for _, resampled in found.values()], axis=0).T
        low, high = interval(of_resamples)
        return {each: (ranks[place], low[place], high[place]) for place, each in enumerate(found)}

    def agreement(self) -> pd.DataFrame:
        """Return a row a pair of criteria: rank correlation over the trained methods that have both, with interval."""
        rows = []
        for first, second in combinations(self._had(), 2):
            pair = [self.judged[each.name] for each in (first, second)]
            both = [each for each in pair[0] if each in pair[1] and each.weights == "trained"]
            signs = [1 if each.more_is_better else -1 for each in (first, second)]
            values = [np.array([[found[each][0]] for each in both]) * sign
                      for found, sign in zip(pair, signs, strict=True)]  # fmt: skip
            drawn = [np.stack([found[each][1] for each in both]) * sign
                     for found, sign in zip(pair, signs, strict=True)]  # fmt: skip
            low, high = map(float, interval(_rank_correlation(*drawn)))
            row = {"first": first.name, "second": second.name, "methods": len(both)}
            row |= {"correlation": _rank_correlation(*values)[0], "low": low, "high": high}
            rows.append(row | {"verdict": verdict(low, high)})
        return pd.DataFrame(rows)

    def area_table(self) -> pd.DataFrame:
        """Return a row a map, grain, replacement, score and order: area in metres with interval, and normalised."""
        rows = []
        for (each, grain), found in self.areas.items():
            scaled = self.normalised_areas[each, grain].mean(axis=0)
            low, high = interval(self.draws.means(found, np.ones(found.shape)))
            for (score, replacement, order), mean in np.ndenumerate(found.mean(axis=0)):
                row = {**vars(each), "grain": grain, "replacement": self.replacements[replacement]}
                row |= {"score": SCORES[score], "order": list(ORDERS)[order], "area_m": mean}
                row |= {"low_m": low[score, replacement, order], "high_m": high[score, replacement, order]}
                rows.append(row | {"normalised": scaled[score, replacement, order]})
        return pd.DataFrame(rows)

    def conclusions(self) -> pd.DataFrame:
        """Return what the published experiment would have found with each method.

        A row a method: MAE without the tenth of the samples that are most relevant, zeroed, and how far it is above
        that without the loudest, without random ones, and without those most relevant to the untrained network.
        """
        rows = []
        for each in self.found:
            if each.weights != "trained":
                continue
            row = {"method": each.method, "mae_m": self._without_a_tenth(each).mean()}
            others = {"energy": Map("energy", "trained"), "random": Map("random", "trained")}
            others["untrained"] = Map(each.method, "untrained")
            for name, other in others.items():
                if other not in self.found:
                    continue
                more = self._without_a_tenth(each) - self._without_a_tenth(other)
                low, high = map(float, interval(self.draws.means(more, np.ones(more.shape))))
                row |= {f"above_{name}_m": more.mean(), f"above_{name}_low_m": low, f"above_{name}_high_m": high}
                row[f"{name}_verdict"] = verdict(low, high)
            rows.append(row)
        return pd.DataFrame(rows)

    def _without_a_tenth(self, each: Map) -> np.ndarray:
        """Return the error of every source without the most relevant of the samples, by the smallest share removed."""
        return self.curves[each, "sample"][:, SCORES.index(ERROR), 0, list(ORDERS).index(MOST), 0]


def _correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the correlation over the last axis."""
    first, second = (each - each.mean(axis=-1, keepdims=True) for each in (first, second))
    norms = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    return np.divide((first * second).sum(axis=-1), norms, out=np.zeros_like(norms), where=norms > 0)


def _rank_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation over the first axis, the methods, shape (resample,)."""
    return _correlation(*(rankdata(each, axis=0).T for each in (first, second)))
