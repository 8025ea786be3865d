"""What probes of every network in a condition share: the windows they hear, what is to be read, and the controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from acoustics.recordings import Recordings
from explain.probes import LEAST_VOICES, read_out
from localization.delay_probes import (
    CONTROLS,
    TARGETS,
    VERSION,
    levels,
    middle_pairs,
    pair_correlations,
    position_features,
    probe_rows,
)
from localization.delay_tuning import mean_delay_samples
from localization.excerpts import Excerpts
from running.errors import InputError
from running.parts import by_source
from running.provenance import fingerprint


@dataclass(frozen=True)
class ProbedWindows:
    """Equally many windows of every source, and what is computed of them, kept on disk.

    Parameters
    ----------
    recordings : Recordings
    most : int
        Windows of each source; all give as many as the shortest has, where that is fewer.
    results : Path
        Folder of all results.
    seed : int
        Of the intervals.

    Raises
    ------
    InputError
        When there are too few voices to fit probes on some and try them on others.
    """

    recordings: Recordings
    most: int
    results: Path
    seed: int

    def __post_init__(self):
        voices = len(set(self.voices))
        if voices < LEAST_VOICES:
            raise InputError(
                f"probes are fitted on some voices and tried on others: {voices} in {self.recordings.condition.name} "
                "are too few, take more --sources"
            )

    @cached_property
    def voices(self) -> list[str]:
        """Who speaks each source."""
        return [source["speaker"] for source in self.recordings.sources]

    @cached_property
    def count(self) -> int:
        """Windows of each source."""
        return min(self.most, *map(int, self.recordings.window_counts))

    def windows(self, row: int) -> np.ndarray:
        """Return the windows of a source, spread over it."""
        return Excerpts(self.recordings, self.count).windows(row)

    def parts(self, what: str, names: list[str], compute: Callable[[int], dict], title: str, **identity) -> list[dict]:
        """Return what is computed of each name; what is kept on disk is not made again."""
        identity |= {"recordings": self.recordings.fingerprint, "windows": self.count}
        folder = self.results / "parts" / f"{what}-{fingerprint(identity)[:16]}"
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
    def delays_samples(self) -> np.ndarray:
        """The delay from microphone to microphone of each source."""
        return mean_delay_samples(self.recordings.positions_m, self.recordings.setup)

    @cached_property
    def correlations(self) -> dict[str, np.ndarray]:
        """The targets of probes by target and pair, and what can be heard without delays, (source, window, ...)."""

        def compute(row: int) -> dict[str, np.ndarray]:
            windows, setup = self.windows(row), self.recordings.setup
            found = {str(pair): pair_correlations(windows, pair, setup) for pair in self.pairs}
            targets = {f"{target} {pair}": found[str(pair)][target] for target in TARGETS for pair in self.pairs}
            return targets | {CONTROLS[0]: levels(windows, setup.fs_hz)}

        return self.of_sources("correlations", compute, "correlations", version=VERSION)

    def probes(self, names: list[str], features_of: Callable[[str], np.ndarray], title: str, **identity) -> dict:
        """Return the sums of squares of probes of each name's features, (source, window, feature); see `probe_rows`."""
        read = self.parts(
            "probes", names, lambda place: self._read(features_of(names[place])), title, version=VERSION, **identity
        )
        return dict(zip(names, read, strict=True))

    def _read(self, features: np.ndarray) -> dict[str, np.ndarray]:
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
        return self.probes(list(CONTROLS), features.__getitem__, "controls")

    def scored(self, read: dict[str, np.ndarray], untrained: list[dict[str, np.ndarray]]) -> pd.DataFrame:
        """Return `probe_rows` of the sums of one layer, beside those of untrained networks and of levels alone."""
        null, control = np.stack([each["errors"] for each in untrained]), self.controls[CONTROLS[0]]["errors"]
        return probe_rows(read["errors"], read["spreads"], null, control, self.pairs, self.voices, self.seed)

    def control_table(self) -> pd.DataFrame:
        """Return how well targets are read from what is no network; layer names it."""
        tables = []
        for name, read in self.controls.items():
            table = self.scored(read, [read])
            kept = [column for column in table if "untrained" not in column]
            tables.append(table[kept].assign(layer=name))
        return pd.concat(tables)
