"""A network on its way: epochs over the clips of the training speakers, and validation by other speakers."""

from __future__ import annotations

import copy
import math
import time
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from digits.clips import Clips
from digits.folds import TASKS
from digits.hearing import HEARING
from digits.recipes import Recipe
from digits.weights import build
from models.inference import evaluating
from running.errors import InputError
from running.precision import autocast
from running.run_folder import Resumable, RunFolder
from running.seeds import generator
from running.weights import write_weights

PIECE = 25
"""Clips that the network hears at once; a step adds up the gradients of as many pieces as its batch has."""


@dataclass(frozen=True)
class Plan:
    """What to train.

    Parameters
    ----------
    network : str
        Key of `digits.networks.NETWORKS`.
    task : str
        Key of `digits.folds.TASKS`.
    fold : int
    recipe : Recipe
        Of precision "bf16" or "fp32".
    seed : int
    """

    network: str
    task: str
    fold: int
    recipe: Recipe
    seed: int

    def splits(self, clips: Clips) -> dict[str, Clips]:
        """Return the clips to train and to validate with, of those of the fold's speakers that there are.

        Raises
        ------
        InputError
            When there are none.
        """
        there = set(clips.table["speaker"])
        speakers = {split: there.intersection(named) for split, named in TASKS[self.task].speakers(self.fold).items()}
        if not (speakers["train"] and speakers["val"]):
            raise InputError(
                f"{clips.name} has no speaker to train or to validate fold {self.fold} of {self.task} with"
            )
        return {split: clips.select(speakers[split]) for split in ("train", "val")}

    def identity(self, splits: dict[str, Clips]) -> dict:
        """Return all that the weights depend on."""
        data = {split: clips.fingerprint for split, clips in splits.items()}
        return asdict(self) | {"corpus": splits["train"].name, "data": data}

    @property
    def described(self) -> dict:
        """What a file of weights says of its network."""
        of = {"network": self.network, "task": self.task, "fold": self.fold}
        return of | {"n_classes": len(TASKS[self.task].labels)}


class Training(Resumable):
    """A network on its way, as `running.run_folder.train` takes it.

    Parameters
    ----------
    plan : Plan
    splits : dict of Clips
        "train" and "val".
    device : torch.device
    """

    def __init__(self, plan: Plan, splits: dict[str, Clips], device: torch.device):
        self.plan, self.device = plan, device
        task = TASKS[plan.task]
        self.model = build(plan.network, len(task.labels), plan.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            plan.recipe.initialise(self.model)
        self.model.to(device, memory_format=torch.channels_last)  # AlexNet takes a third of the time
        self.waveforms = {split: clips.waveforms() for split, clips in splits.items()}
        self.labels = {split: torch.from_numpy(labels_of(clips, plan.task)) for split, clips in splits.items()}
        self.optimizer = plan.recipe.make_optimizer(self.model)
        self.steps = -(-len(self.labels["train"]) // plan.recipe.batch_size)
        self.epochs = plan.recipe.epochs_of(self.steps)
        self.schedule = plan.recipe.make_schedule(self.optimizer, self.epochs * self.steps)
        self.history: list[dict] = []

    @property
    def epoch(self) -> int:
        """Number of epochs done."""
        return len(self.history)

    @property
    def best_epoch(self) -> int:
        """Epoch of the highest validation accuracy, and of the lowest loss among such, from 1."""
        rank = [(row["val_accuracy"], -row["val_loss"]) for row in self.history]
        return 1 + rank.index(max(rank))

    @property
    def finished(self) -> bool:
        return self.epoch >= self.epochs

    def parts(self) -> dict:
        return {"model": self.model, "optimizer": self.optimizer, "schedule": self.schedule}

    def save(self, run: RunFolder, name: str) -> None:
        """Write the weights, and how they came about."""
        record = run.record(self.epoch, self.history)
        write_weights(run.folder / name, self.plan.described, self.plain().state_dict(), record)

    def plain(self) -> nn.Module:
        """Return a copy of the network that takes inputs as they are, not standardised."""
        model = copy.deepcopy(self.model)
        mean, std = self.plan.recipe.input_mean, self.plan.recipe.input_std
        first = next(layer for layer in model.modules() if isinstance(layer, (nn.Conv1d, nn.Conv2d)))
        with torch.no_grad():
            first.weight /= std
            first.bias -= mean * first.weight.flatten(1).sum(1)
        return model

    def run_epoch(self, bar: tqdm) -> dict:
        """Train one epoch, validate, and return its row of the history.

        Raises
        ------
        InputError
            When the loss is no finite number.
        """
        learning_rate = self.optimizer.param_groups[0]["lr"]
        start_s = time.perf_counter()
        train_loss, train_accuracy = self._train(bar)
        clips_per_s = len(self.labels["train"]) / (time.perf_counter() - start_s)
        val_loss, val_accuracy = self._validate()
        if not math.isfinite(train_loss + val_loss):
            raise InputError(f"the loss of epoch {self.epoch + 1} is no finite number; choose another recipe")
        row = {"epoch": self.epoch + 1, "train_loss": train_loss, "train_accuracy": train_accuracy}
        row |= {"val_loss": val_loss, "val_accuracy": val_accuracy}
        row |= {"learning_rate": learning_rate, "clips_per_s": round(clips_per_s, 1)}
        self.history.append(row)
        bar.set_postfix_str(f"epoch {self.epoch}, validation accuracy {val_accuracy:.3f}", refresh=False)
        return row

    def _train(self, bar: tqdm) -> tuple[float, float]:
        """Take all steps of an epoch; return mean loss and accuracy while learning."""
        rng = generator(self.plan.seed, "digits", self.epoch + 1)
        order = rng.permutation(len(self.labels["train"]))
        torch.manual_seed(int(rng.integers(2**63)))  # dropout
        self.model.train()
        size, clipping = self.plan.recipe.batch_size, self.plan.recipe.clipping
        sums = np.zeros(2)
        for first in range(0, len(order), size):
            batch = order[first : first + size]
            self.optimizer.zero_grad(set_to_none=True)
            for start in range(0, len(batch), PIECE):
                rows = batch[start : start + PIECE]
                waveforms = self.waveforms["train"][rows]
                loss, right = self._heard(moved(waveforms, rng) if self.plan.recipe.moves else waveforms, "train", rows)
                (loss / len(batch)).backward()
                sums += loss.item(), right.item()
            if clipping:
                nn.utils.clip_grad_norm_(self.model.parameters(), clipping)
            self.optimizer.step()
            self.schedule.step()
            bar.update()
        return tuple((sums / len(order)).tolist())

    def _validate(self) -> tuple[float, float]:
        """Return loss and accuracy of all validation clips."""
        rows = np.arange(len(self.labels["val"]))
        with evaluating(self.model), torch.inference_mode():
            found = [
                torch.stack(self._heard(self.waveforms["val"][piece], "val", piece)).double()
                for piece in np.split(rows, range(PIECE, len(rows), PIECE))
            ]
        return tuple((torch.stack(found).sum(0) / len(rows)).tolist())

    def _heard(self, waveforms: np.ndarray, split: str, rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the summed cross-entropy of some clips, and how many of them the network has right."""
        labels = self.labels[split][rows].to(self.device)
        inputs = HEARING[self.model.hears](torch.from_numpy(waveforms).to(self.device))
        standard = (inputs - self.plan.recipe.input_mean) / self.plan.recipe.input_std
        with autocast(self.plan.recipe.precision, self.device):
            logits = self.model(standard).float()
        return functional.cross_entropy(logits, labels, reduction="sum"), (logits.argmax(1) == labels).sum()


def labels_of(clips: Clips, task: str) -> np.ndarray:
    """Return the right answers, int64 of shape (clip,); raise InputError where one is not known."""
    labels = clips.table[task].to_numpy(np.int64, copy=True)
    if (labels < 0).any():
        raise InputError(f"{clips.name} does not say the {task} of every speaker")
    return labels


def moved(waveforms: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lay each clip, shape (clip, sample), at a random place among its zeros: the offset of preprocessing, drawn anew.

    All values stay; what is zero before and after them is shared out anew.
    """
    sounding = waveforms != 0
    n_samples = waveforms.shape[1]
    first = np.where(sounding.any(1), sounding.argmax(1), 0)
    after = np.where(sounding.any(1), n_samples - sounding[:, ::-1].argmax(1), 0)
    steps = rng.integers(n_samples - (after - first) + 1) - first
    return np.take_along_axis(waveforms, (np.arange(n_samples) - steps[:, None]) % n_samples, axis=1)
