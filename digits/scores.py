"""What trained networks answer to speakers that they never heard, as tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from digits.clips import Clips
from digits.folds import DIGIT, TASKS
from digits.hearing import HEARING
from digits.weights import load_network
from explain.statistics import mean_over_voices
from explain.store import model_fingerprint
from models.inference import outputs
from running.errors import InputError
from running.files import read_csv

PUBLISHED = {("digit", "alex_net"): (0.9582, 0.0149), ("digit", "audio_net"): (0.9253, 0.0204)}
"""Accuracy and its standard deviation over folds by task and network, on the published recordings: S. Becker et al.,
"AudioMNIST", 2024, as later papers cite it."""
OF_RUN = ["task", "network", "recipe", "seed", "fold"]
OF_FOLDS = ["corpus", "task", "network", "recipe", "seed"]
CLIP = ["speaker", "digit", "take", "gender"]
PIECE = 200


@dataclass(frozen=True)
class Run:
    """A run folder's network.

    Attributes
    ----------
    folder : Path
    network : torch.nn.Module
    record : dict
        Of `digits.weights.load_network`.
    """

    folder: Path
    network: nn.Module
    record: dict

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Load a run; raise InputError when its weights can't be."""
        return cls(folder, *load_network(folder))

    @property
    def task(self) -> str:
        """Key of `digits.folds.TASKS`."""
        return self.record["task"]

    @property
    def columns(self) -> dict:
        """What tables say of the run."""
        identity = self.record["identity"]
        trained = {"recipe": identity["recipe"]["name"], "seed": identity["seed"]}
        return {name: (self.record | trained)[name] for name in OF_RUN}

    @property
    def fingerprint(self) -> str:
        """Hash of the weights."""
        return model_fingerprint(self.network)

    def test_clips(self, clips: Clips) -> Clips | None:
        """Return the clips of a corpus by the fold's test speakers and by those that are in no fold; None without any.

        Clips whose answer is not known are left out.
        """
        table = clips.table[clips.table[self.task] >= 0]
        known = set(sum(DIGIT.blocks, ()))
        heard = known - set(TASKS[self.task].speakers(self.record["fold"])["test"])
        speakers = sorted(set(table["speaker"]) - heard)
        return clips.select(speakers) if speakers else None

    def probabilities(self, clips: Clips, device: torch.device) -> np.ndarray:
        """Return the probability of each answer, float32 of shape (clip, answer)."""
        hear = HEARING[self.network.hears]
        rows = np.arange(len(clips.table))
        pieces = [clips.waveforms(rows[first : first + PIECE]) for first in range(0, len(rows), PIECE)]
        logits = [outputs(self.network, hear(torch.from_numpy(waveforms)), device) for waveforms in pieces]
        return torch.from_numpy(np.concatenate(logits)).softmax(1).numpy()

    def predictions(self, clips: Clips, probabilities: np.ndarray) -> pd.DataFrame:
        """Return a row a clip: who says what, the right answer, the network's, and the probability of the right one."""
        truth = clips.table[self.task].to_numpy()
        labels = np.array(TASKS[self.task].labels)
        answers = {
            "truth": labels[truth],
            "answer": labels[probabilities.argmax(1)],
            "p_truth": probabilities[np.arange(len(truth)), truth],
            "right": (probabilities.argmax(1) == truth).astype(int),
        }
        return pd.DataFrame(
            {"corpus": clips.name} | self.columns | {name: clips.table[name] for name in CLIP} | answers
        )


def find_runs(folder: Path) -> Iterator[Path]:
    """Yield the folders of all runs that are finished.

    Raises
    ------
    InputError
        When there are none.
    """
    found = sorted(path.parent for path in folder.glob("*/last.safetensors"))
    if not found:
        raise InputError(f"{folder} has no finished run; train with python -m digits.train")
    yield from found


def histories(runs: list[Run]) -> pd.DataFrame:
    """Return how the runs went, a row an epoch."""
    tables = [read_csv(run.folder / "history.csv").assign(**run.columns) for run in runs]
    return pd.concat(tables, ignore_index=True)


def accuracies(predictions: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return the share of right answers, with 95 % intervals over speakers and their clips.

    Parameters
    ----------
    predictions : DataFrame
    by : list of str
        A row each of what these columns hold.
    """
    rows = []
    for key, group in predictions.groupby(by, sort=False):
        items = group["digit"].astype(str) + "-" + group["take"].astype(str)
        accuracy, low, high = mean_over_voices(group["right"], group["speaker"], items)
        counts = {"speakers": group["speaker"].nunique(), "clips": len(group)}
        rows.append(dict(zip(by, key, strict=True)) | counts | {"accuracy": accuracy, "low": low, "high": high})
    return pd.DataFrame(rows)


def confusion(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return how many clips of each truth got each answer, over all folds: a row a pair, zeros too."""
    rows = []
    for key, group in predictions.groupby(OF_FOLDS, sort=False):
        labels = list(TASKS[key[OF_FOLDS.index("task")]].labels)
        counts = pd.crosstab(group["truth"], group["answer"]).reindex(index=labels, columns=labels, fill_value=0)
        of = dict(zip(OF_FOLDS, key, strict=True))
        rows += [
            of | {"truth": truth, "answer": answer, "clips": int(counts.loc[truth, answer])}
            for truth in labels
            for answer in labels
        ]
    return pd.DataFrame(rows)


def over_folds(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard deviation over folds, with the interval over all speakers, beside what was published."""
    by_fold = accuracies(predictions, ["corpus", *OF_RUN])
    pooled = accuracies(predictions, OF_FOLDS)[[*OF_FOLDS, "low", "high"]]
    found = by_fold.groupby(OF_FOLDS, sort=False)["accuracy"].agg(["count", "mean", "std"]).reset_index()
    found = found.rename(columns={"count": "folds", "mean": "accuracy", "std": "std_over_folds"}).merge(pooled)
    published = [PUBLISHED.get((row.task, row.network), (np.nan, np.nan)) for row in found.itertuples()]
    found[["published", "published_std"]] = published
    return found
