"""A network on its way: epochs of steps, and validation; `running.run_folder.train` runs them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import distributed, nn
from tqdm import tqdm

from acoustics.recordings import Recordings
from models import MODELS, build_model
from models.checkpoints import load_checkpoint
from models.network import Hyperparameters, Network
from running import precision as precisions
from running import ranks
from running.errors import InputError
from running.provenance import file_hash
from running.run_folder import Resumable
from training.learner import Learner
from training.mixtures import Mixtures
from training.recipes import Recipe
from training.run_folder import RunFolder
from training.windows import draw_epoch, generator, in_batches, read_ahead


@dataclass(frozen=True)
class Plan:
    """What to train.

    Parameters
    ----------
    model_name : str
    recipe : Recipe
        Of precision "bf16" or "fp32".
    seed : int
    init : Path, optional
        Weights to start from, in place of random ones.
    learning_rate : float, optional
        In place of the network's.
    """

    model_name: str
    recipe: Recipe
    seed: int
    init: Path | None = None
    learning_rate: float | None = None

    @property
    def hyperparameters(self) -> Hyperparameters:
        """How the network is trained by the recipe."""
        own = MODELS[self.model_name].hyperparameters(self.recipe.name)
        return replace(own, learning_rate=self.learning_rate or own.learning_rate)

    def model_arguments(self, recordings: Recordings) -> dict:
        """Return the arguments of the network."""
        setup = recordings.setup
        heard = {"microphones": len(setup.array), "window_samples": setup.window_samples}
        return heard | MODELS[self.model_name].geometry_of(setup) | self.hyperparameters.arguments

    def identity(self, train_set: Recordings, val_set: Recordings) -> dict:
        """Return all that the weights depend on; without the number of epochs where more of them only go on."""
        identity = asdict(self) | {
            "learning_rate": self.hyperparameters.learning_rate,
            "model_arguments": self.model_arguments(train_set),
            "data": [train_set.fingerprint, val_set.fingerprint],
            "sources": [len(train_set), len(val_set)],
            "ranks": ranks.world_size(),
            "init": self.init and file_hash(self.init),
        }
        if self.recipe.schedule == "plateau":
            del identity["recipe"]["epochs"]
        return identity


class Training(Resumable):
    """A network on its way, an epoch at a time.

    Parameters
    ----------
    plan : Plan
    train_set, val_set : Recordings
    device : torch.device

    Raises
    ------
    InputError
        When the sets differ in their set-up or have too few sources or windows.
    """

    def __init__(self, plan: Plan, train_set: Recordings, val_set: Recordings, device: torch.device):
        if train_set.setup != val_set.setup:
            raise InputError("training and validation data were made with different set-ups")
        self.plan, self.train_set, self.val_set, self.device = plan, train_set, val_set, device
        self.least = 2 * ranks.world_size()  # batch norm needs two windows
        if min(plan.recipe.batch_size, len(train_set)) < self.least or len(val_set) == 0:
            raise InputError(f"training takes batches of at least {self.least} sources, and one source to validate")
        if min(train_set.window_counts.min(), val_set.window_counts.min()) == 0:
            raise InputError("a recording is shorter than one window; make the data anew with longer utterances")
        torch.manual_seed(plan.seed)
        self.model = build_model(plan.model_name, **plan.model_arguments(train_set)).to(device)
        if ranks.world_size() > 1 and device.type == "cuda":
            self.model = nn.SyncBatchNorm.convert_sync_batchnorm(self.model)
        scale = plan.recipe.target_scale(train_set.positions_m)
        self.learner = Learner(self.model, scale.scaled(torch.from_numpy(train_set.positions_m).float())).to(device)
        self.scale = scale.to(device)
        if plan.init:
            self._start_from(plan.init)
        talkers = plan.recipe.talkers
        self.mixtures = Mixtures(train_set, talkers, plan.seed, device) if talkers else None
        self.weights = torch.tensor(plan.recipe.loss_weights, device=device)
        self.optimizer = plan.recipe.make_optimizer(self.learner, plan.hyperparameters.learning_rate)
        self.steps = len(self._batches(0))
        self.schedule = plan.recipe.make_schedule(self.optimizer, plan.recipe.epochs * self.steps)
        self.history: list[dict] = []

    @property
    def epoch(self) -> int:
        """Number of epochs done."""
        return len(self.history)

    @property
    def best_epoch(self) -> int:
        """Epoch of the lowest validation loss, from 1."""
        return 1 + min(range(self.epoch), key=lambda epoch: self.history[epoch]["val_loss_m2"])

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or as many without a better validation loss as end it early."""
        stop_after = self.plan.recipe.stop_after_epochs
        stale = self.epoch > 0 and stop_after is not None and self.epoch - self.best_epoch > stop_after
        return self.epoch >= self.plan.recipe.epochs or stale

    def parts(self) -> dict:
        return {"learner": self.learner, "optimizer": self.optimizer, "schedule": self.schedule}

    @property
    def epochs(self) -> int:
        """Number of epochs at most."""
        return self.plan.recipe.epochs

    def save(self, run: RunFolder, name: str) -> None:
        """Write the network as checkpoint `name` of its run folder."""
        run.save_weights(name, self.in_metres(), self.epoch, self.history)

    def in_metres(self) -> Network:
        """Return a copy of the network that answers in metres."""
        return self.scale.folded(self.model)

    def run_epoch(self, bar: tqdm) -> dict:
        """Train one epoch, validate, and return its row of the history.

        Raises
        ------
        InputError
            When the loss is no finite number.
        """
        learning_rate = self.optimizer.param_groups[0]["lr"]
        start_s = time.perf_counter()
        train_loss_m2 = self._train(bar)
        seconds = time.perf_counter() - start_s
        val_squared_m2, val_absolute_m = self._validate()
        if not (math.isfinite(train_loss_m2) and np.isfinite(val_squared_m2).all()):
            raise InputError(
                f"the loss of epoch {self.epoch + 1} is no finite number; look at the data or choose another recipe"
            )
        val_loss_m2 = float(val_squared_m2.mean())
        if self.plan.recipe.schedule == "plateau":
            self.schedule.step(val_loss_m2)
        row = {"epoch": self.epoch + 1, "train_loss_m2": train_loss_m2, "val_loss_m2": val_loss_m2}
        row |= {f"val_mae_{axis}_m": float(mae) for axis, mae in zip("xyz", val_absolute_m, strict=True)}
        row |= {"learning_rate": learning_rate, "windows_per_s": round(len(self.train_set) / seconds, 1)}
        self.history.append(row)
        return row

    def _start_from(self, path: Path) -> None:
        """Take the weights of a checkpoint, whose network answers in metres."""
        model, _ = load_checkpoint(path, self.plan.model_name)
        try:
            self.model.load_state_dict(self.scale.to("cpu").unfolded(model).state_dict())
        except RuntimeError:
            raise InputError(f"{path} does not fit: it is of another number of microphones or window length") from None

    def _batches(self, epoch: int) -> list:
        rng = generator(self.plan.seed, "train", epoch)
        drawn = self.mixtures.draw_epoch(rng) if self.mixtures else draw_epoch(self.train_set.window_counts, rng)
        batches = in_batches(drawn, self.plan.recipe.batch_size)
        return [batch for batch in batches if len(batch) >= self.least]

    def _train(self, bar: tqdm) -> float:
        """Take all steps of an epoch; return the mean squared error over windows and coordinates."""
        _seed_dropout(self.plan.seed, self.epoch)
        self.model.train()
        bar.set_postfix_str(f"epoch {self.epoch + 1}{self._last_mae()}", refresh=False)
        batches = self._batches(self.epoch)
        squared_m2 = torch.zeros(3, device=self.device)
        for batch, (windows, positions_m) in zip(batches, self._heard(batches), strict=True):
            self.optimizer.zero_grad(set_to_none=True)
            with precisions.autocast(self.plan.recipe.precision, self.device):
                squared, divergence = self.learner(windows, self.scale.scaled(positions_m))
            loss = (squared @ self.weights / 3 + self.plan.recipe.bins_weight * divergence) / len(batch)
            loss.backward()
            for parameter in self.learner.parameters():
                _add_over_ranks(parameter.grad)
            self.optimizer.step()
            if self.plan.recipe.schedule == "one_cycle":
                self.schedule.step()
            squared_m2 += squared.detach() * self.scale.std_m.square()
            bar.update()
        _add_over_ranks(squared_m2)
        return squared_m2.sum().item() / (3 * sum(map(len, batches)))

    def _validate(self) -> tuple[np.ndarray, np.ndarray]:
        """Return squared (m2) and absolute (m) error over one window of each validation source, shape (3,) each."""
        self.model.eval()
        _spread_buffers(self.model)
        drawn_in = 0 if self.plan.recipe.fixed_validation else self.epoch
        drawn = draw_epoch(self.val_set.window_counts, generator(self.plan.seed, "val", drawn_in))
        batches = in_batches(drawn, self.plan.recipe.batch_size)
        totals = torch.zeros(2, 3, dtype=torch.float64, device=self.device)
        with torch.inference_mode():
            for windows, positions_m in self._read(self.val_set, batches):
                error_m = (self.scale.metres(self.model(windows)) - positions_m).double()
                totals += torch.stack([error_m.square().sum(0), error_m.abs().sum(0)])
        _add_over_ranks(totals)
        squared_m2, absolute_m = totals.cpu().numpy() / len(self.val_set)
        return squared_m2, absolute_m

    def _heard(self, batches: list) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield this rank's share of the training windows."""
        return (
            map(self.mixtures.mix, map(ranks.share, batches)) if self.mixtures else self._read(self.train_set, batches)
        )

    def _read(self, recordings: Recordings, batches: list) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for windows, positions_m in read_ahead(recordings, [own for own in map(ranks.share, batches) if len(own)]):
            yield windows.to(self.device, non_blocking=True), positions_m.to(self.device, non_blocking=True)

    def _last_mae(self) -> str:
        if not self.history:
            return ""
        return f", val MAE x {self.history[-1]['val_mae_x_m']:.3f} y {self.history[-1]['val_mae_y_m']:.3f} m"


def _seed_dropout(seed: int, epoch: int) -> None:
    torch.manual_seed(int(np.random.SeedSequence([seed, epoch, ranks.rank()]).generate_state(1, np.uint64)[0]))


def _add_over_ranks(values: torch.Tensor) -> None:
    if ranks.world_size() > 1:
        distributed.all_reduce(values)


def _spread_buffers(model: nn.Module) -> None:
    """Give all ranks the batch norm statistics of the first one."""
    if ranks.world_size() > 1:
        for buffer in model.buffers():
            distributed.broadcast(buffer, 0)
