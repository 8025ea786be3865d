"""All attribution methods on a network in a condition: what is measured of each, source by source, and its tables."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import pandas as pd
import torch

from acoustics.recordings import Recordings
from explain.faithfulness import PERCENTS, answers_after, infidelity, max_sensitivity
from explain.grains import grains
from explain.methods import Method, choose_methods
from explain.methods.controls import Random
from explain.methods.noise import SNR_DB, noise_below
from explain.sanity import randomised, rank_correlation
from explain.spectral import derivative
from explain.time_frequency import multipliers
from localization.criteria import EXCHANGED, INFIDELITY, PROFILE, RANDOMISED, SENSITIVITY, Judged, Map
from localization.excerpts import Excerpts
from localization.localizer import Network
from localization.sensitivity import delay_jacobian
from localization.shares import energy_sums, part_windows, relevance_sums
from localization.starts import start_m
from localization.trials import chosen_gate, heard_in, null_rows, origin_of
from params import Condition
from running.parts import by_source
from running.provenance import fingerprint

VERSION = 1
"""Raised when parts are computed otherwise, so that kept ones are computed anew."""
BLOCK_S = 0.01
QUIETER_DB = 15
"""How far the noise of the sensitivity is below that of the condition."""
STAGES = (0.25, 0.5, 0.75, 1)
"""Shares of the layers that are randomised, from the output down."""
TRAINED, UNTRAINED = "trained", "untrained"


@dataclass(frozen=True)
class Judging:
    """All methods on a network in a condition.

    Parameters
    ----------
    network : Network
    recordings : Recordings
    args : argparse.Namespace
    """

    network: Network
    recordings: Recordings
    args: argparse.Namespace

    def origin(self) -> dict:
        """Return what a result's JSON says of it."""
        methods = {each.name: each.identity(self.network.model) for each in self.methods}
        return origin_of(self.recordings, self.network) | {"methods": methods}

    @cached_property
    def snr_db(self) -> float:
        """That of the condition, or a usual one where each source has its own."""
        condition = self.recordings.condition
        return condition.snr_db if isinstance(condition, Condition) else SNR_DB

    @cached_property
    def methods(self) -> list[Method]:
        """Those that serve the network."""
        chosen = choose_methods(self.args.method, gate=chosen_gate(self.args.gate))
        return [heard_in(each, self.recordings) for each in chosen if each.serves(self.network.model)]

    @cached_property
    def twin(self) -> Network:
        """The network untrained."""
        return self.network.untrained(self.args.seed, 0)

    @property
    def block_samples(self) -> int:
        """Samples of a block."""
        return round(BLOCK_S * self.recordings.setup.fs_hz)

    @cached_property
    def excerpts(self) -> Excerpts:
        """The windows that are looked at."""
        return Excerpts(self.recordings, self.args.windows)

    def others(self, row: int) -> dict[str, np.ndarray]:
        """Return what features are replaced by: zeros, the condition's noise, the utterance half of it later."""
        every, windows = self.recordings.windows(row), self.excerpts.windows(row)
        noise = torch.cat([noise_below(each, self.snr_db, 1, self.args.seed) for each in torch.tensor(windows)])
        later = [(place + max(1, len(every) // 2)) % len(every) for place in self.excerpts.chosen(row)]
        return {"zeros": np.zeros_like(windows), "noise": noise.numpy(), "other": every[later]}

    def attribute(self, method: Method, network: Network, row: int, windows: np.ndarray, start: str) -> np.ndarray:
        """Return attributions of windows of a source."""
        put_in_m = start_m(start, network, windows, self.recordings.positions_m[row])
        return method.attribute(network.model, windows, put_in_m, network.device)

    def end(self, row: int) -> dict[str, np.ndarray]:
        """Return what all methods have in common for a source, see `localization.criteria.Judged`."""
        windows, position_m = self.excerpts.windows(row), self.recordings.positions_m[row]
        whole_m = self.network.estimate(windows)
        nothing = [self.network.estimate(other) for other in self.others(row).values()]
        put_in_m = start_m(self.args.start, self.network, windows, position_m)
        parts = part_windows(self.recordings, row)[:, self.excerpts.chosen(row)]
        return {
            "whole": whole_m,
            "nothing": np.stack(nothing, axis=1),
            "weights": put_in_m / whole_m,
            "position_m": position_m,
            "energy": energy_sums(parts)["split"],
        }

    def untrained_map(self, method: Method, row: int) -> dict[str, np.ndarray]:
        """Return what the order of the untrained network's attributions does to the trained one, and their shares."""
        attributions = self.attribute(method, self.twin, row, self.excerpts.windows(row), self.args.start)
        return self._removal(method, row, attributions)

    def map(self, method: Method, row: int, sane: list[int]) -> dict[str, np.ndarray]:
        """Return all that is found of a method's attributions of a source."""
        windows, position_m = self.excerpts.windows(row), self.recordings.positions_m[row]
        put_in_m = start_m(self.args.start, self.network, windows, position_m)
        attributions, found = method.attribute(self.network.model, windows, put_in_m, self.network.device), {}
        promised = method.promised(self.network.model, windows, put_in_m, self.network.device)
        if promised is not None:
            found |= {"promised": promised, "delta": attributions.sum(axis=(1, 2)) - promised}
        noise = self.others(row)["noise"]
        missed = partial(infidelity, self.network.model, windows, put_in_m, attributions, noise)
        found[INFIDELITY] = missed(self.block_samples, device=self.network.device)
        if not method.is_control:
            found[PROFILE] = np.stack([self._profile(method, row, windows, each) for each in "xy"], axis=1)
        if row in sane and not method.is_control:
            found |= self._sanity(method, row, windows, attributions)
        return found | self._removal(method, row, attributions)

    def cost(self, method: Method, row: int) -> dict[str, np.ndarray]:
        """Return how long a method takes for a window of a source, the shortest of three times."""
        windows, taken_s = self.excerpts.windows(row)[:1], []
        for _ in range(3):
            began = time.process_time()
            self.attribute(method, self.network, row, windows, self.args.start)
            taken_s.append(time.process_time() - began)
        return {"seconds": np.min(taken_s)}

    def _removal(self, method: Method, row: int, attributions: np.ndarray) -> dict[str, np.ndarray]:
        windows, others, found = self.excerpts.windows(row), self.others(row), {}
        for name, grain in grains(self.block_samples).items():
            scores = grain.scores(torch.tensor(windows), torch.tensor(attributions))
            if isinstance(method, Random):  # chance is chance at every grain: spectra would weigh it by energy
                scores = method.like(scores)
            heard = answers_after(self.network.model, windows, others, grain, scores, device=self.network.device)
            found[f"answers {name}"] = heard
        parts = part_windows(self.recordings, row)[:, self.excerpts.chosen(row)]
        return found | {"split": relevance_sums(parts, attributions, linear=False)["split"]}

    def _profile(self, method: Method, row: int, windows: np.ndarray, coordinate: str) -> np.ndarray:
        """Return what a method says of the delay of each microphone, shape (window, microphone)."""
        attributions = torch.tensor(self.attribute(method, self.network, row, windows, coordinate)).double()
        if method.of_delays:
            return attributions.sum(dim=-1).numpy()
        heard = torch.tensor(windows).double()
        return -(derivative(heard) * multipliers(heard, attributions)).sum(dim=-1).numpy()

    def _sanity(self, method: Method, row: int, windows: np.ndarray, attributions: np.ndarray) -> dict:
        start, whole_m = self.args.start, self.network.estimate(windows)
        weights = start_m(start, self.network, windows, self.recordings.positions_m[row]) / whole_m
        likeness = []
        for share in STAGES:
            mixed = randomised(self.network.model, self.twin.model, share).eval()
            with torch.no_grad():
                put_in = weights * mixed(torch.tensor(windows, device=self.network.device)).cpu().numpy()
            there = method.attribute(mixed, windows, put_in, self.network.device)
            likeness.append(rank_correlation(attributions, there))
        following = (row + 1) % len(self.recordings)
        others = np.resize(self.excerpts.windows(following), windows.shape)
        exchanged = self.attribute(method, self.network, following, others, start)
        return {
            RANDOMISED: np.stack(likeness, axis=1),
            EXCHANGED: rank_correlation(attributions, exchanged),
            SENSITIVITY: max_sensitivity(
                lambda heard: self.attribute(method, self.network, row, heard, start),
                windows,
                self.snr_db + QUIETER_DB,
            ),
        }

    def parts(self, compute: Callable[[int], dict], title: str, sources: int | None = None, **identity) -> list[dict]:
        """Return what is computed of every source, or the first ones; what is kept on disk is not made again."""
        identity |= {"recordings": self.recordings.fingerprint, "version": VERSION, "windows": self.args.windows}
        identity |= {"start": self.args.start, "seed": self.args.seed} | self.network.identity
        folder = self.args.results / "parts" / f"faithfulness-{fingerprint(identity)[:16]}"
        what = f"{self.network.name} {self.recordings.condition.name} {title}"
        return by_source(folder, self.recordings.names[:sources], compute, what)

    def judged(self) -> Judged:
        """Return all that was found of all methods."""
        sane = null_rows(self.recordings, self.args.sane_sources)
        found = {}
        for method in self.methods:
            identity = method.identity(self.network.model)
            compute = partial(self.map, method, sane=sane)
            found[Map(method.name, TRAINED)] = self.parts(compute, method.title, method=identity, sane=sane)
            if not method.is_control:
                compute = partial(self.untrained_map, method)
                title = f"{method.title}, untrained"
                found[Map(method.name, UNTRAINED)] = self.parts(compute, title, method=identity, untrained=True)
        ends = self.parts(self.end, "ends")
        voices = [source["speaker"] for source in self.recordings.sources]
        jacobian = delay_jacobian(self.recordings.positions_m, self.recordings.setup)
        return Judged(found, ends, list(self.others(0)), PERCENTS, voices, jacobian, self.args.seed)

    def costs(self, judged: Judged) -> pd.DataFrame:
        """Return what each method takes for a window on a processor, and how it keeps what it promises."""
        rows = []
        for method in self.methods:
            identity = method.identity(self.network.model)
            title = f"cost of {method.title}"
            (taken,) = self.parts(partial(self.cost, method), title, 1, method=identity, cost=True)
            row = {"method": method.name, "ms_a_window": 1e3 * float(taken["seconds"])}
            parts = judged.found[Map(method.name, TRAINED)]
            if "delta" in parts[0]:
                delta, promised = (np.concatenate([part[name] for part in parts]) for name in ("delta", "promised"))
                row |= {"promised_m": np.abs(promised).mean(), "delta_m": np.abs(delta).mean()}
            rows.append(row)
        return pd.DataFrame(rows)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return all tables."""
        judged = self.judged()
        place = {"condition": self.recordings.condition.name, "model": self.network.name}
        tables = judged.tables() | {"costs": self.costs(judged)}
        return {
            name: pd.concat([pd.DataFrame(place, index=table.index), table], axis=1) for name, table in tables.items()
        }
