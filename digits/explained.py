"""Trained networks, the clips that test them, and what methods say of their answers."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import nn

from digits.clips import Clips
from digits.folds import TASKS
from digits.hearing import FLOOR_DB, HEARING
from digits.scores import Run, find_runs
from digits.starts import TRUE, ClassLogit
from digits.train import DATA, RUNS
from digits.training import labels_of
from digits.weights import untrained
from explain.methods import Method
from explain.methods.noise import Floor
from explain.store import AttributionStore, model_fingerprint
from running import arguments
from running.errors import InputError
from running.provenance import fingerprint
from running.seeds import generator

METHOD = "lrp_epsilon_plus"
"""Used by later work of the authors of AudioMNIST and by FreqRISE (arXiv 2406.13584)."""
LEVELS = "spectrogram"
FLOOR = Floor(FLOOR_DB, jitter=10 / np.log(10) * np.pi / np.sqrt(6))
"""Levels of nothing: the lowest there are, and around it 5.6 dB, by which the bins of white noise differ."""
SILENCE = {"waveform": 0.0, LEVELS: FLOOR_DB}
"""Value of an input where nothing is heard, by what a network hears."""


PLACES = ("data", "runs", "results", "gpu")
"""Arguments of `add_arguments` that change nothing in results, beside what those say of networks and clips."""


@dataclass(frozen=True, eq=False)
class Heard:
    """Clips as a network hears them, as `explain.store.Inputs`; an item is a speaker.

    Parameters
    ----------
    clips : Clips
    hears : str
        Key of `digits.hearing.HEARING`.
    """

    clips: Clips
    hears: str

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint({"clips": self.clips.fingerprint, "hears": self.hears})

    @property
    def names(self) -> list[str]:
        return self.clips.names

    def windows(self, row: int) -> np.ndarray:
        """Return the inputs of a speaker's clips, shape (clip, 1, ...)."""
        return HEARING[self.hears](torch.from_numpy(self.clips.windows(row))).numpy()


@dataclass(frozen=True, eq=False)
class Explained:
    """A network and the clips that it is asked about.

    Parameters
    ----------
    model : torch.nn.Module
        With `hears` and `title`, as those of `digits.networks.NETWORKS`.
    name : str
        Of the network in tables.
    task : str
        Key of `digits.folds.TASKS`.
    fold : int
    clips : Clips
    device : str or torch.device
    """

    model: nn.Module
    name: str
    task: str
    fold: int
    clips: Clips
    device: str | torch.device = "cpu"

    @cached_property
    def heard(self) -> Heard:
        return Heard(self.clips, self.model.hears)

    @cached_property
    def identity(self) -> dict:
        """Return all that its answers depend on."""
        return {"weights": model_fingerprint(self.model), "inputs": self.heard.fingerprint}

    @property
    def described(self) -> dict:
        """What a record of results says of it."""
        return {"network": self.name, "task": self.task, "fold": self.fold} | self.identity

    def labels(self, row: int) -> np.ndarray:
        """Return the true classes of a speaker's clips, int of shape (clip,)."""
        own = self.clips.table["speaker"] == int(self.clips.names[row])
        return labels_of(self.clips, self.task)[own.to_numpy()]

    def start(self, kind: str = TRUE) -> ClassLogit:
        """Return what is explained: the logit of the true class, or of the predicted one."""
        return ClassLogit(self.model, self.labels, kind, self.device)

    def heard_by(self, method: Method) -> Method:
        """Return a method as it serves the inputs: a spectrogram is levels above a floor.

        Raises
        ------
        InputError
            Where it does not serve the network.
        """
        if not method.serves(self.model):
            raise InputError(f"{method.name} does not serve {self.name}; choose another --method")
        return method.above(FLOOR) if self.model.hears == LEVELS else method

    def store(self, folder: Path, method: Method, kind: str = TRUE) -> AttributionStore:
        """Return the attributions of all clips by a method, speaker by speaker."""
        return AttributionStore(folder, self.heard, self.model, self.heard_by(method), self.start(kind), self.device)

    def with_clips(self, clips: Clips) -> Explained:
        """Return it asked about other clips."""
        return replace(self, clips=clips)

    def untrained(self, seed: int) -> Explained:
        """Return its untrained twin, asked about the same clips."""
        return replace(self, model=untrained(self.model, seed), name=f"untrained {self.name}")


def add_arguments(parser: ArgumentParser) -> None:
    """Add what all experiments on trained networks take."""
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of the run folders")
    parser.add_argument("--data", type=Path, default=DATA, help="preprocessed clips")
    parser.add_argument("--results", type=Path, default=Path("results/digits"), help="folder of the results")
    arguments.add_seed(parser)
    arguments.add_gpu(parser)


def open_explained(
    logs: Path,
    clips: Clips,
    tasks: Sequence[str] = tuple(TASKS),
    networks: Sequence[str] | None = None,
    device: str | torch.device = "cpu",
) -> list[Explained]:
    """Open trained networks, each with the clips by speakers that it never heard, sorted by task, network and fold.

    Parameters
    ----------
    logs : Path
        Folder of the run folders.
    clips : Clips
    tasks : sequence of str
    networks : sequence of str, optional
        All by default.
    device : str or torch.device

    Raises
    ------
    InputError
        When there is none, when a task, network and fold has several, or when the clips are of no such speaker.
    """
    found = {}
    for run in map(Run.open, find_runs(logs)):
        key = run.task, run.record["network"], run.record["fold"]
        if run.task not in tasks or (networks and key[1] not in networks):
            continue
        if key in found:
            raise InputError(f"{logs} has several runs of {key[1]} for {key[0]}, fold {key[2]}; keep one of them there")
        unheard = run.test_clips(clips)
        if unheard is None:
            raise InputError(f"{clips.name} has no clip by a speaker whom {run.folder} did not learn from")
        found[key] = Explained(run.network.to(device), key[1], run.task, key[2], unheard, device)
    if not found:
        asked = f"{' or '.join(networks or ['a network'])} for {' or '.join(tasks)}"
        raise InputError(f"{logs} has no finished run of {asked}; train with python -m digits.train")
    return [found[key] for key in sorted(found)]


def some_clips(clips: Clips, count: int, seed: int) -> Clips:
    """Draw so many clips of each speaker, or all where there are fewer; they depend on seed and speaker alone."""
    table, kept = clips.table, []
    for speaker, rows in table.groupby("speaker").groups.items():
        drawn = generator(seed, "clips", speaker).permutation(len(rows))[:count]
        kept += sorted(rows[drawn])
    return replace(clips, table=table.loc[kept].reset_index(drop=True))
