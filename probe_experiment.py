"""What single layers and filters hear: probes for correlations, tuning to delay, relevance that passes one filter.

    python probe_experiment.py --T60 0.15 --SNR 25
    python probe_experiment.py --conditions all --beside models/pretrained/any_room

reads the correlations of pairs of microphones, PHAT and cross-power, from every layer by ridge regressions; lets waves
cross the array and takes down which delay each filter answers most; and hands the relevance of x down through one
filter at a time. Beside every network stands itself with random weights, several times. Tables and figures go to
results/probes. It needs the test recordings (generate_data.py) and weights (those that are shipped, or --weights logs
after train.py).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from acoustics.recordings import Recordings, subset
from explain.layers import conditioned_on_filters, filter_layers, heard_layers, mean_activations, relevance_of_filters
from explain.lrp.rules import has_rules
from explain.methods.gradient_x_input import GradientXInput
from explain.methods.lrp import LRP
from explain.probes import LEAST_VOICES, read_out
from explain.spectral import derivative
from localization import delay_probes, delay_tuning
from localization.delay_probes import (
    ALL_PAIRS,
    CONTROLS,
    CROSS_POWER,
    NO_NETWORK,
    PHAT,
    TARGETS,
    levels,
    middle_pairs,
    pair_correlations,
    position_features,
    probe_rows,
)
from localization.delay_tuning import (
    POINT,
    WAVES,
    agreement,
    arrivals_samples,
    followed,
    mean_delay_samples,
    tuning_of,
    tuning_row,
    wave_windows,
)
from localization.localizer import Network
from localization.starts import start_m
from localization.trials import add_hearing_arguments, open_networks, open_recordings, origin_of, results_of
from report.inside import filters_figure, probes_figure, tuning_figure
from report.style import write_figure
from report.tables import as_text, rounded
from running import arguments, ranks
from running.errors import InputError, exits_cleanly
from running.files import write_csv
from running.memory import keep_freed_memory
from running.parts import by_source
from running.provenance import fingerprint

START = "x"
RELEVANCE_WINDOWS = 2
"""Of each source; relevance takes longer than activations."""
DECIMALS = 8
TRAINED, UNTRAINED = "trained", "untrained"
DEEP_PERCENTILE = 95
FIGURES = {"probes": probes_figure, "tuning": tuning_figure, "profiles": filters_figure}
"""By the table without which there is nothing to draw."""
LEGEND = """R2 of probes in voices left out, mean over pairs of microphones: what layers hold of PHAT and cross-power;
the same of {untrained} random initialisations. depth: how much filters are modulated as a talker moves along x, median;
tuned: share of them that are so more than 95 % of untrained ones; r: correlation, over filters, of what tuning curves
say with how activity, and relevance of x, goes with the delays of talkers in the recordings."""


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_hearing_arguments(parser)
    parser.set_defaults(sources=60)
    parser.add_argument("--windows", type=arguments.whole(1), default=4, help="windows of each source, spread over it")
    parser.add_argument(
        "--untrained", type=arguments.whole(1), default=3, help="random initialisations of each network"
    )
    parser.add_argument(
        "--waves", type=arguments.whole(1), default=4, help="windows of noise that each wave is made of"
    )
    parser.add_argument("--top", type=arguments.whole(1), default=2, help="filters of each layer that get a profile")
    parser.add_argument(
        "--profile_sources", type=arguments.whole(1), default=10, help="sources, a window each, that profiles are of"
    )
    return parser.parse_args(argv)


@dataclass(frozen=True)
class Heard:
    """What all networks hear in a condition.

    Parameters
    ----------
    recordings : Recordings
    args : argparse.Namespace
    """

    recordings: Recordings
    args: argparse.Namespace

    @cached_property
    def voices(self) -> list[str]:
        """Who speaks each source."""
        return [source["speaker"] for source in self.recordings.sources]

    @cached_property
    def count(self) -> int:
        """Windows of each source: as many as asked for, or as the shortest has."""
        return min(self.args.windows, *map(int, self.recordings.window_counts))

    def windows(self, row: int) -> np.ndarray:
        """Return the windows of a source, spread over it."""
        return self.recordings.windows(row)[subset(int(self.recordings.window_counts[row]), self.count)]

    def parts(self, what: str, names: list[str], compute: Callable[[int], dict], title: str, **identity) -> list[dict]:
        """Return what is computed of each name; what is kept on disk is not made again."""
        identity |= {"recordings": self.recordings.fingerprint, "windows": self.count}
        folder = self.args.results / "parts" / f"{what}-{fingerprint(identity)[:16]}"
        return by_source(folder, names, compute, f"{title} {self.recordings.condition.name}")

    def of_sources(self, what: str, compute: Callable[[int], dict], title: str, **identity) -> dict[str, np.ndarray]:
        """Return what is computed of every source, by name, shape (source, ...)."""
        found = self.parts(what, self.recordings.names, compute, title, **identity)
        return {name: np.stack([part[name] for part in found]) for name in found[0]}

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """Pairs of microphones whose correlations are read."""
        return middle_pairs(self.recordings.setup)

    @cached_property
    def correlations(self) -> dict[str, np.ndarray]:
        """The targets of probes by target and pair, and what can be heard without delays, (source, window, ...)."""

        def compute(row: int) -> dict[str, np.ndarray]:
            windows, setup = self.windows(row), self.recordings.setup
            found = {str(pair): pair_correlations(windows, pair, setup) for pair in self.pairs}
            targets = {f"{target} {pair}": found[str(pair)][target] for target in TARGETS for pair in self.pairs}
            return targets | {CONTROLS[0]: levels(windows, setup.fs_hz)}

        return self.of_sources("correlations", compute, "correlations", version=delay_probes.VERSION)

    def read(self, features: np.ndarray) -> dict[str, np.ndarray]:
        """Return the sums of squares of probes of features, shape (source, window, ...), see `probe_rows`."""
        inputs = features.reshape(-1, features.shape[-1])
        found = (self.correlations[f"{target} {pair}"] for target in TARGETS for pair in self.pairs)
        targets = [each.reshape(len(inputs), -1) for each in found]
        shape = len(TARGETS), len(self.pairs), *features.shape[:2]
        read = read_out(inputs, targets, np.repeat(self.voices, self.count))
        sums = (each.reshape(shape).sum(axis=-1) for each in read)
        return dict(zip(("errors", "spreads"), (np.moveaxis(each, -1, 0) for each in sums), strict=True))

    @cached_property
    def controls(self) -> dict[str, dict[str, np.ndarray]]:
        """The sums of squares of probes of what is no network: of levels, and of the true position."""
        position = np.repeat(position_features(self.recordings.positions_m)[:, None], self.count, axis=1)
        features = dict(zip(CONTROLS, (self.correlations[CONTROLS[0]], position), strict=True))
        read = self.parts(
            "probes", list(CONTROLS), lambda place: self.read(features[CONTROLS[place]]), "controls",
            version=delay_probes.VERSION,
        )  # fmt: skip
        return dict(zip(CONTROLS, read, strict=True))

    @cached_property
    def delays_samples(self) -> np.ndarray:
        """The delay from microphone to microphone of each source."""
        return mean_delay_samples(self.recordings.positions_m, self.recordings.setup)


@dataclass(frozen=True)
class Inside:
    """A network, or its untrained twin, in a condition.

    Parameters
    ----------
    network : Network
    heard : Heard
    weights : {"trained", "untrained"}
    number : int
        Of the initialisation.
    """

    network: Network
    heard: Heard
    weights: str
    number: int

    @property
    def title(self) -> str:
        """What is computed, for progress bars."""
        return self.network.name if self.weights == TRAINED else f"{self.weights} {self.network.name} {self.number}"

    @property
    def place(self) -> dict:
        """What tables of filters say of it."""
        return {"weights": self.weights, "number": self.number}

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

    def probes(self, layers: list[str]) -> dict[str, dict[str, np.ndarray]]:
        """Return the sums of squares of probes of every layer."""
        read = self.heard.parts(
            "probes", layers, lambda place: self.heard.read(self.activations[layers[place]]), f"probes of {self.title}",
            version=delay_probes.VERSION, **self.network.identity,
        )  # fmt: skip
        return dict(zip(layers, read, strict=True))

    @cached_property
    def curves(self) -> dict[tuple[str, str], np.ndarray]:
        """Tuning curves by wave and layer, shape (delay, filter)."""
        args, setup = self.heard.args, self.heard.recordings.setup
        identity = {"waves": args.waves, "seed": args.seed, "version": delay_tuning.VERSION} | self.network.identity
        curves = {}
        for wave in WAVES:
            arrivals, delays_samples = arrivals_samples(setup, wave)

            def compute(place: int, arrivals: np.ndarray = arrivals) -> dict[str, np.ndarray]:
                windows = wave_windows(setup, arrivals[place], args.waves, args.seed)
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

    def profiles(self, ranked: dict[str, list[int]]) -> list[dict]:
        """Return the rows of the microphones' part in what passes some filters of each layer."""
        model, device = self.network.model, self.network.device
        rows = subset(len(self.heard.recordings), self.heard.args.profile_sources)

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

    def filter_tables(self, deep: dict[tuple[str, str], float]) -> tuple[list[dict], list[pd.DataFrame]]:
        """Return a row a layer and wave about the tuning of its filters, and a table a layer with a row a filter.

        Parameters
        ----------
        deep : dict of (wave, layer) to float
            Depth above which filters count as tuned.
        """
        summaries, filters = [], []
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
            filters.append(pd.DataFrame(self.place | {"layer": layer, "filter": np.arange(len(depth))} | table))
        return summaries, filters

    def agreement(self, wave: str, layer: str, values: np.ndarray) -> dict[str, float]:
        """Tell whether a layer's filters do with talkers what their curves say."""
        heard, delays_samples = self.heard, arrivals_samples(self.heard.recordings.setup, wave)[1]
        heard_by = values, heard.delays_samples, heard.voices, heard.args.seed
        return agreement(self.curves[wave, layer], delays_samples, *heard_by)


def tables_of(network: Network, heard: Heard) -> dict[str, pd.DataFrame]:
    """Return the tables of a network in a condition."""
    args, place = heard.args, {"condition": heard.recordings.condition.name, "localizer": network.name}
    trained = Inside(network, heard, TRAINED, 0)
    twins = [Inside(network.untrained(args.seed, n), heard, UNTRAINED, n) for n in range(args.untrained)]
    layers = heard_layers(network.model)
    read, null = trained.probes(layers), [twin.probes(layers) for twin in twins]
    control = heard.controls[CONTROLS[0]]["errors"]
    probes = []
    for layer in layers:
        untrained = np.stack([each[layer]["errors"] for each in null])
        own = read[layer]["errors"], read[layer]["spreads"], untrained, control
        table = probe_rows(*own, heard.pairs, heard.voices, args.seed)
        probes.append(table.assign(layer=layer, features=trained.activations[layer].shape[-1]))
    summaries, filters, profiles = [], [], []
    deep = {
        (wave, layer): np.nanpercentile(np.stack([twin.tuning(wave, layer)[0] for twin in twins]), DEEP_PERCENTILE)
        for wave in WAVES
        for layer in trained.layers
    }
    for each in (trained, *twins):
        of_layers, of_filters = each.filter_tables(deep)
        summaries += of_layers
        filters += of_filters
        if has_rules(network.model) and each in (trained, twins[0]):
            ranked = {
                table["layer"].iat[0]: table.nsmallest(args.top, "rank")["filter"].tolist() for table in of_filters
            }
            profiles += each.profiles(ranked)
    tables = {"probes": pd.concat(probes), "tuning": pd.DataFrame(summaries), "filters": pd.concat(filters)}
    tables["profiles"] = pd.DataFrame(profiles)
    return {name: _placed(place, table) for name, table in tables.items()}


def control_table(heard: Heard) -> pd.DataFrame:
    """Return how well targets are read from what is no network, in a condition."""
    tables = []
    for name, found in heard.controls.items():
        table = probe_rows(
            found["errors"], found["spreads"], found["errors"][None], heard.controls[CONTROLS[0]]["errors"],
            heard.pairs, heard.voices, heard.args.seed,
        )  # fmt: skip
        kept = [column for column in table if "untrained" not in column]
        tables.append(table[kept].assign(layer=name))
    return _placed({"condition": heard.recordings.condition.name, "localizer": NO_NETWORK}, pd.concat(tables))


def shown(probes: pd.DataFrame, tuning: pd.DataFrame) -> pd.DataFrame:
    """Return a table to print: a row a condition, network and layer."""
    keys = ["condition", "localizer", "layer"]
    means = probes[probes["pair"] == ALL_PAIRS].set_index([*keys, "target"])[["R2", "untrained_R2"]].unstack("target")
    table = means.loc[probes.set_index(keys).index.unique()]
    table.columns = [f"{target}{' untrained' * (name != 'R2')}" for name, target in table.columns]
    trained = tuning[(tuning["weights"] == TRAINED) & (tuning["wave"] == POINT)].set_index(keys)
    chosen = {"depth": "depth", "tuned": "tuned_share", "r activity": "activation_r", "r relevance": "relevance_r"}
    for title, column in chosen.items():
        table[title] = trained[column].reindex(table.index) if column in trained else np.nan
    return table.reset_index()


def verdicts(probes: pd.DataFrame, tuning: pd.DataFrame) -> list[str]:
    """Return a sentence for every condition and network."""
    sentences = []
    means = probes[(probes["pair"] == ALL_PAIRS) & (probes["localizer"] != NO_NETWORK)]
    for (condition, localizer), rows in means.groupby(["condition", "localizer"], sort=False):
        of = {target: rows[rows["target"] == target].set_index("layer") for target in TARGETS}
        layer = of[PHAT]["R2"].idxmax()
        held = [_held(target, of[target].loc[layer]) for target in (PHAT, CROSS_POWER)]
        sentence = f"{condition} {localizer} holds most PHAT in {layer}: {'; '.join(held)}"
        filters = tuning[(tuning["condition"] == condition) & (tuning["localizer"] == localizer)]
        sentence += _tuned(filters[filters["wave"] == POINT])
        sentences.append(sentence)
    return sentences


def _held(target: str, row: pd.Series) -> str:
    than = {"above": "more than", "below": "less than", "level": "as much as can be told from", "": "beside"}
    return (
        f"{target} {rounded(row['R2'], 2)} ({row['low']:.2f} to {row['high']:.2f}), {than[row['untrained_verdict']]} "
        f"untrained ({rounded(row['untrained_R2'], 2)})"
    )


def _tuned(filters: pd.DataFrame) -> str:
    """Say in words how the filters of a network's last layer that has filters are tuned, and how many carry x."""
    if filters.empty:
        return ""
    last = filters[filters["layer"] == filters["layer"].iloc[-1]].groupby("weights").mean(numeric_only=True)
    own, null = last.loc[TRAINED], last.loc[UNTRAINED]
    said = f"; in {filters['layer'].iloc[-1]} {100 * own['tuned_share']:.0f} % of the filters are tuned"
    if "carriers" in last:
        said += f", {own['carriers']:.0f} of {own['filters']:.0f} carry x (untrained {null['carriers']:.0f})"
    return said


def _placed(place: dict, table: pd.DataFrame) -> pd.DataFrame:
    names = pd.DataFrame(place, index=table.index)
    layer = ["layer"] if "layer" in table else []
    return pd.concat([names, table[layer], table.drop(columns=layer)], axis=1)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    keep_freed_memory()
    heard_by = [(Heard(recordings, args), open_networks(args, recordings)) for recordings in open_recordings(args)]
    for heard, _ in heard_by:
        if len(set(heard.voices)) < LEAST_VOICES:
            raise InputError(
                f"probes are fitted on some voices and tried on others: {len(set(heard.voices))} in "
                f"{heard.recordings.condition.name} are too few, take more --sources"
            )
    networks = [network for _, several in heard_by for network in several]
    origins = [origin_of(heard.recordings, network) for heard, several in heard_by for network in several]
    results = results_of(args, "probes", origins, networks)
    with ranks.process_group():
        parts = [tables_of(network, heard) for heard, several in heard_by for network in several]
        controls = [control_table(heard) for heard, _ in heard_by]
    if not ranks.is_main():
        return results.folder
    tables = {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]}
    tables["probes"] = pd.concat([tables["probes"], *controls], ignore_index=True)
    for name, table in tables.items():
        write_csv(results.folder / f"{name}.csv", table.round(DECIMALS))
    for condition, _ in tables["probes"].groupby("condition", sort=False):
        here = {name: table[table["condition"] == condition] for name, table in tables.items() if len(table)}
        for name in here.keys() & FIGURES.keys():
            write_figure(results.folder / f"{name}_{condition}.png", FIGURES[name](here))
    results.finish()
    print(LEGEND.format(**vars(args)))
    print(as_text(shown(tables["probes"], tables["tuning"]), digits=2))
    print("\n".join(verdicts(tables["probes"], tables["tuning"])))
    print(f"results: {results.folder}")
    return results.folder


if __name__ == "__main__":
    main()
