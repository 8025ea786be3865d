"""What single layers and filters of a network hold of delays, and what relevance passes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import torch

from acoustics.recordings import subset
from explain.layers import conditioned_on_filters, filter_layers, heard_layers, mean_activations, relevance_of_filters
from explain.lrp.rules import has_rules
from explain.methods.gradient_x_input import GradientXInput
from explain.methods.lrp import LRP
from explain.spectral import derivative
from localization.delay_tuning import (
    VERSION,
    WAVES,
    agreement,
    arrivals_samples,
    followed,
    tuning_of,
    tuning_row,
    wave_windows,
)
from localization.localizer import Network
from localization.probed_windows import ProbedWindows
from localization.starts import start_m

START = "x"
RELEVANCE_WINDOWS = 2
"""Of each source; relevance takes longer than activations."""
TRAINED, UNTRAINED = "trained", "untrained"
DEEP_PERCENTILE = 95


@dataclass(frozen=True)
class Inside:
    """A network, or its untrained twin, in a condition.

    Parameters
    ----------
    network : Network
    heard : ProbedWindows
    waves : int
        Windows of noise that each wave is made of.
    number : int, optional
        Of the random initialisation; absent of a trained network.
    """

    network: Network
    heard: ProbedWindows
    waves: int
    number: int | None = None

    @property
    def title(self) -> str:
        """What is computed, for progress bars."""
        return self.network.name if self.number is None else f"{UNTRAINED} {self.network.name} {self.number}"

    @property
    def place(self) -> dict:
        """What tables of filters say of it."""
        return {"weights": TRAINED if self.number is None else UNTRAINED, "number": self.number or 0}

    @cached_property
    def activations(self) -> dict[str, np.ndarray]:
        """Mean activations by layer, shape (source, window, channel)."""

        def compute(row: int) -> dict[str, np.ndarray]:
            return mean_activations(self.network.model, self.heard.windows(row), self.network.device)

        return self.heard.of_sources("activations", compute, f"activations of {self.title}", **self.network.identity)

    @cached_property
    def layers(self) -> list[str]:
        """Names of the layers that have filters."""
        return filter_layers(self.network.model, self.heard.windows(0), self.network.device)

    @cached_property
    def probes(self) -> dict[str, dict[str, np.ndarray]]:
        """The sums of squares of probes of every layer."""
        layers, title = heard_layers(self.network.model), f"probes of {self.title}"
        return self.heard.probes(layers, lambda layer: self.activations[layer], title, **self.network.identity)

    @cached_property
    def curves(self) -> dict[tuple[str, str], np.ndarray]:
        """Tuning curves by wave and layer, shape (delay, filter)."""
        setup, seed = self.heard.recordings.setup, self.heard.seed
        identity = {"waves": self.waves, "seed": seed, "version": VERSION} | self.network.identity
        curves = {}
        for wave in WAVES:
            arrivals, delays_samples = arrivals_samples(setup, wave)

            def compute(place: int, arrivals: np.ndarray = arrivals) -> dict[str, np.ndarray]:
                windows = wave_windows(setup, arrivals[place], self.waves, seed)
                found = mean_activations(self.network.model, windows, self.network.device)
                return {layer: found[layer].mean(axis=0) for layer in self.layers}

            names = [f"{wave}{delay_samples:+.2f}" for delay_samples in delays_samples]
            found = self.heard.parts("tuning", names, compute, f"{wave} waves, {self.title}", **identity)
            curves |= {(wave, layer): np.stack([each[layer] for each in found]) for layer in self.layers}
        return curves

    def tuning(self, wave: str, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """Return depth and best delay of a layer's filters."""
        return tuning_of(self.curves[wave, layer], arrivals_samples(self.heard.recordings.setup, wave)[1])

    @cached_property
    def relevance(self) -> dict[str, np.ndarray]:
        """Sums over time of R and |R| at the filters of every layer, shape (source, 2, window, filter)."""
        method = LRP()

        def compute(row: int) -> dict[str, np.ndarray]:
            windows = self.heard.windows(row)[:RELEVANCE_WINDOWS]
            put_in_m = start_m(START, self.network, windows)
            model, device = self.network.model, self.network.device
            return relevance_of_filters(model, windows, put_in_m, self.layers, method, device)

        identity = method.identity(self.network.model) | self.network.identity | {"first": RELEVANCE_WINDOWS}
        return self.heard.of_sources("filters", compute, f"relevance of {self.title}", start=START, **identity)

    def profiles(self, ranked: dict[str, list[int]], sources: int) -> list[dict]:
        """Return the rows of the microphones' part in what passes some filters of each layer, mean over some sources.

        Parameters
        ----------
        ranked : dict of str to list of int
            Filters by layer, that of the most relevance first.
        sources : int
            A window of each.
        """
        model, device = self.network.model, self.network.device
        rows = subset(len(self.heard.recordings), sources)

        def compute(place: int) -> dict[str, np.ndarray]:
            windows = self.heard.windows(rows[place])[:1]
            put_in_m, one = start_m(START, self.network, windows), np.array([[1, 0, 0]], dtype=np.float32)
            slopes = derivative(torch.from_numpy(windows)).numpy()
            found = {}
            for layer, filters in ranked.items():
                relevance = conditioned_on_filters(model, windows, put_in_m, layer, filters, LRP(), device)
                gradient = conditioned_on_filters(model, windows, one, layer, filters, GradientXInput(), device)
                sums = np.abs(relevance).sum(axis=-1), -(slopes * gradient).sum(axis=-1)
                found[layer] = np.stack([each[:, 0] for each in sums])  # (kind, filter, microphone)
            return found

        identity = {"ranked": ranked, "start": START} | LRP().identity(model) | self.network.identity
        names = [self.heard.recordings.names[row] for row in rows]
        found = self.heard.parts("profiles", names, compute, f"profiles of {self.title}", **identity)
        table = []
        for layer, filters in ranked.items():
            relevance, sensitivity = np.mean([each[layer] for each in found], axis=0)
            shares = relevance / relevance.sum(axis=1, keepdims=True)
            for (place, microphone), share in np.ndenumerate(shares):
                measured = {"relevance_share": share, "sensitivity_m_per_sample": sensitivity[place, microphone]}
                named = {"layer": layer, "filter": filters[place], "rank": place + 1, "microphone": microphone}
                table.append(self.place | named | measured)
        return table

    def filter_tables(self, deep: dict[tuple[str, str], float]) -> tuple[list[dict], dict[str, pd.DataFrame]]:
        """Return a row a layer and wave about the tuning of its filters, and each layer's table of a row a filter.

        Parameters
        ----------
        deep : dict of (wave, layer) to float
            Depth above which filters count as tuned.
        """
        summaries, filters = [], {}
        for layer in self.layers:
            values = {"activation": self.activations[layer]}
            table = {"activation": values["activation"].mean(axis=(0, 1))}
            if has_rules(self.network.model):
                relevance, magnitude = np.moveaxis(self.relevance[layer], 1, 0)
                values["relevance"] = relevance
                passed = magnitude.mean(axis=(0, 1))
                table |= {"relevance_m": passed, "share": passed / passed.sum()}
                table["rank"] = (-passed).argsort(kind="stable").argsort() + 1
            table |= {f"{name}_r": followed(each, self.heard.delays_samples) for name, each in values.items()}
            for wave in WAVES:
                depth, best_samples = self.tuning(wave, layer)
                table |= {f"{wave}_depth": depth, f"{wave}_best_samples": best_samples}
                row = {"layer": layer, "wave": wave} | tuning_row(depth, best_samples, deep[wave, layer])
                row |= {"carriers": 1 / np.square(table["share"]).sum()} if "share" in table else {}
                for name, each in values.items():
                    row |= {f"{name}_{key}": value for key, value in self.agreement(wave, layer, each).items()}
                summaries.append(self.place | row)
            filters[layer] = pd.DataFrame(self.place | {"layer": layer, "filter": np.arange(len(depth))} | table)
        return summaries, filters

    def agreement(self, wave: str, layer: str, values: np.ndarray) -> dict[str, float]:
        """Tell whether a layer's filters do with talkers what their curves say."""
        heard, delays_samples = self.heard, arrivals_samples(self.heard.recordings.setup, wave)[1]
        heard_by = values, heard.delays_samples, heard.voices, heard.seed
        return agreement(self.curves[wave, layer], delays_samples, *heard_by)


def tables_of(trained: Inside, twins: list[Inside], top: int, profile_sources: int) -> dict[str, pd.DataFrame]:
    """Return the tables of a network in a condition: probes, tuning, filters and, where it has LRP's rules, profiles.

    Parameters
    ----------
    trained : Inside
    twins : list of Inside
        The same network with random weights; the first gets profiles, too.
    top : int
        Filters of each layer that get a profile.
    profile_sources : int
        Sources that profiles are of.
    """
    probes = [
        trained.heard.scored(read, [twin.probes[layer] for twin in twins]).assign(
            layer=layer, features=trained.activations[layer].shape[-1]
        )
        for layer, read in trained.probes.items()
    ]
    deep = {
        (wave, layer): np.nanpercentile(np.stack([twin.tuning(wave, layer)[0] for twin in twins]), DEEP_PERCENTILE)
        for wave in WAVES
        for layer in trained.layers
    }
    summaries, filters, profiles = [], [], []
    for each in (trained, *twins):
        of_layers, of_filters = each.filter_tables(deep)
        summaries += of_layers
        filters += of_filters.values()
        if has_rules(each.network.model) and each.number in (None, 0):
            most = {layer: table.nsmallest(top, "rank")["filter"].tolist() for layer, table in of_filters.items()}
            profiles += each.profiles(most, profile_sources)
    tables = {"probes": pd.concat(probes), "tuning": pd.DataFrame(summaries), "filters": pd.concat(filters)}
    return tables | {"profiles": pd.DataFrame(profiles)}
