"""Time-frequency maps of what counts for each coordinate of the estimates."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from explain.map_summaries import summary
from explain.maps import Maps, energy_maps, map_files, maps_of
from explain.methods import Method, choose_methods
from explain.store import AttributionStore
from explain.time_frequency import FRAMES
from localization.added_noise import add_noise_arguments, read_noise
from localization.excerpts import Excerpts
from localization.interventions.intervened import check_microphone
from localization.localizer import Network
from localization.sensitivity_scores import COORDINATES
from localization.starts import Start
from localization.trials import (
    add_gate_argument,
    add_method_argument,
    add_network_arguments,
    chosen_gate,
    heard_in,
    open_networks,
    open_recordings,
    origin_of,
    results_of,
)
from params import Setup
from running import arguments
from running.arrays import read_arrays
from running.memory import keep_freed_memory
from running.parts import by_source
from running.provenance import fingerprint
from running.results import Results

VERSION = 1
"""Raised when summaries are made otherwise, so that kept ones are computed anew."""


Heard = TypeVar("Heard", bound=Excerpts)


@dataclass(frozen=True)
class CoordinateMaps(Generic[Heard]):
    """The maps of a network for windows of recordings by a method, on disk.

    Parameters
    ----------
    network : Network
    excerpts : Excerpts
    method : Method
    results : Path
        Folder of all results.
    """

    network: Network
    excerpts: Heard
    method: Method
    results: Path

    @property
    def stores(self) -> dict[str, AttributionStore]:
        """Attributions from the start of each coordinate."""
        return self._stores_of(self.network)

    @property
    def paths(self) -> list[Path]:
        """Files of the maps of all sources, see `explain.maps.map_files`; what is missing is made first."""
        recordings = self.excerpts.recordings
        title = f"{self.network.name} {recordings.condition.name} {self.method.name}"
        return map_files(
            self.results / "time_frequency", self.stores, FRAMES, recordings.setup.fs_hz, "m", f"maps {title}"
        )

    def read(self) -> Iterator[Maps]:
        """Yield the maps of each source."""
        for path in self.paths:
            yield Maps(**read_arrays(path)[0])

    def untrained(self, rows: list[int], count: int, seed: int, microphone: int | None) -> list[list[dict]]:
        """Return the `summaries` of networks with random weights, for some of the sources: a list a network."""
        found = []
        for number in range(count):
            stores = self._stores_of(self.network.untrained(seed, number))
            identity = {"version": VERSION, "frames": FRAMES, "microphone": microphone}
            identity |= {name: store.identity for name, store in stores.items()}

            def compute(place: int, stores: dict = stores) -> dict[str, np.ndarray]:
                return halves_summary(maps_of(stores, rows[place], FRAMES), microphone)

            folder = self.results / "parts" / f"maps-{fingerprint(identity)[:16]}"
            names = [self.excerpts.names[row] for row in rows]
            found.append(by_source(folder, names, compute, f"untrained {self.network.name} {number}"))
        return found

    def _stores_of(self, network: Network) -> dict[str, AttributionStore]:
        positions_m = self.excerpts.recordings.positions_m
        return {
            name: AttributionStore(
                self.results / "relevance",
                self.excerpts,
                network.model,
                self.method,
                Start(name, network, positions_m),
                network.device,
            )
            for name in COORDINATES
        }


def frame_centres(setup: Setup) -> tuple[np.ndarray, np.ndarray]:
    """Return the middles of the bins of maps, in hertz, and of the frames of a window, in seconds."""
    return np.array(FRAMES.centres_hz(setup.fs_hz)), np.array(FRAMES.centres_s(setup.window_samples, setup.fs_hz))


def halves_summary(maps: Maps, microphone: int | None) -> dict[str, np.ndarray]:
    """Return the summaries of both halves, at one microphone or all; `of_half` tells them apart again."""
    both = maps.of_microphone(microphone)._asdict()
    return {f"{half} {name}": each for half, values in both.items() for name, each in summary(values).items()}


def of_half(summaries: list[dict], half: str) -> list[dict]:
    """Return the summaries of one half."""
    return [
        {name.removeprefix(f"{half} "): each for name, each in of.items() if name.startswith(half)} for of in summaries
    ]


def energy_summaries(excerpts: Excerpts, microphone: int | None) -> list[dict]:
    """Return the summaries of maps of the energy, which has one output for all coordinates."""
    rows = range(len(excerpts.recordings))
    return [halves_summary(energy_maps(excerpts.windows(row), FRAMES), microphone) for row in rows]


def add_map_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what all experiments with maps can be asked for; `open_maps` takes what they say."""
    add_network_arguments(parser)
    add_method_argument(parser)
    add_gate_argument(parser)
    add_noise_arguments(parser)
    parser.set_defaults(sources=20)
    parser.add_argument("--windows", type=arguments.whole(1), default=2, help="windows of each source, spread over it")
    parser.add_argument(
        "--microphone", type=arguments.whole(0), metavar="N", help="look at one microphone, in place of all"
    )


def add_null_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how many untrained networks hear how much."""
    parser.add_argument(
        "--untrained", type=arguments.whole(1), default=3, help="random initialisations of each network"
    )
    parser.add_argument(
        "--null_sources", type=arguments.whole(1), default=8, help="sources of each condition that these hear"
    )


def open_maps(
    args: argparse.Namespace, experiment: str, excerpt: Callable = Excerpts
) -> tuple[list[dict[str, CoordinateMaps]], Results]:
    """Open what the arguments name, and the place of its results.

    Parameters
    ----------
    args : argparse.Namespace
    experiment : str
        Names the place.
    excerpt : callable
        From recordings and a number of windows to `Excerpts`.

    Returns
    -------
    opened : list of dict from methods' names to CoordinateMaps
        An entry a condition and network.
    results : Results

    Raises
    ------
    InputError
        When recordings, weights or the microphone are missing, or options do not belong together.
    """
    keep_freed_memory()
    args.added = read_noise(args)
    methods = choose_methods(args.method, gate=chosen_gate(args.gate))
    opened, origins, networks = [], [], []
    for recordings in open_recordings(args):
        check_microphone(args.microphone or 0, recordings)
        for network in open_networks(args, recordings):
            heard = excerpt(recordings, args.windows)
            fit = [heard_in(each, recordings) for each in methods]
            opened.append({each.name: CoordinateMaps(network, heard, each, args.results) for each in fit})
            origins.append(origin_of(recordings, network))
            networks.append(network)
    return opened, results_of(args, experiment, origins, networks)
