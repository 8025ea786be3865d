"""What the experiments share: their arguments, and the trials - a network in a condition - that they run."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

import params
from acoustics.recordings import Recordings
from explain.relevance import STARTS
from explain.rules import GATES
from explain.store import RelevanceStore
from models import MODELS
from models.checkpoints import load_checkpoint
from models.weights import SHIPPED, find_weights
from running import arguments, ranks
from running.errors import InputError
from running.files import remove_parts
from running.memory import keep_freed_memory
from running.provenance import origin, plain

USUAL = {"split": "test", "start": "ground_truth", "gate": "published"}


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which networks in which conditions hear which recordings, and where results go."""
    arguments.add_conditions(parser)
    parser.add_argument("--model_name", nargs="+", choices=MODELS, default=list(MODELS), help="one network or both")
    arguments.add_data_path(parser)
    parser.add_argument(
        "--weights",
        nargs="+",
        type=Path,
        default=[SHIPPED],
        metavar="PLACE",
        help="files of weights, or folders of train.py's runs, of shipped or of the published weights; the first "
        "place that has a network and condition counts",
    )
    parser.add_argument("--split", choices=params.SPLITS, default=USUAL["split"], help="recordings to use")
    parser.add_argument("--sources", type=arguments.whole(1), metavar="N", help="only N sources, spread over the split")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of the results")
    arguments.add_gpu(parser)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what all experiments with relevance can be asked for."""
    add_network_arguments(parser)
    parser.add_argument(
        "--start", choices=STARTS, default=USUAL["start"], help="relevance put in at the network's output"
    )
    parser.add_argument(
        "--gate", choices=GATES, default=USUAL["gate"], help="what inherits the relevance of squeeze-excite products"
    )
    arguments.add_seed(parser)


@dataclass(frozen=True)
class Trial:
    """A network in a condition.

    Parameters
    ----------
    condition : params.Condition
    model_name : str
    weights : Path
    model : torch.nn.Module
        In evaluation mode.
    recordings : Recordings
    relevance : RelevanceStore
        Relevance of the recordings for the network.
    """

    condition: params.Condition
    model_name: str
    weights: Path
    model: nn.Module
    recordings: Recordings
    relevance: RelevanceStore

    def origin(self) -> dict:
        """Return what a result's JSON says of the trial."""
        return {
            "condition": self.condition.name,
            "model_name": self.model_name,
            "weights": self.weights,
            "sources": [row["source"] for row in self.recordings.sources],
            "relevance": self.relevance.identity,
        }


def open_trials(args: argparse.Namespace) -> list[Trial]:
    """Open all networks in all conditions that the arguments name.

    Raises
    ------
    InputError
        When recordings or weights are missing or do not fit each other.
    """
    device = arguments.device(args)
    keep_freed_memory()
    trials = []
    for condition in arguments.conditions(args):
        recordings = Recordings(args.data_path / condition.name / args.split, args.sources)
        for model_name in networks(args):
            weights, model = open_network(args, model_name, condition, recordings)
            store = RelevanceStore(args.results / "relevance", recordings, model, args.start, args.gate, device=device)
            if ranks.is_main():
                remove_parts(store.folder)
            trials.append(Trial(condition, model_name, weights, model, recordings, store))
    ranks.barrier()
    return trials


def open_network(
    args: argparse.Namespace, model_name: str, condition: params.Condition, recordings: Recordings
) -> tuple[Path, nn.Module]:
    """Find and load a network for a condition; return its file too.

    Raises
    ------
    InputError
        When there are no weights, or they do not fit the recordings.
    """
    weights = find_weights(model_name, condition, args.weights)
    return weights, load_network(weights, model_name, recordings.setup)


def load_network(weights: Path, model_name: str, setup: params.Setup) -> nn.Module:
    """Load a network that is to hear the windows of a set-up; raise InputError when it can't."""
    model, _ = load_checkpoint(weights, model_name)
    check_fit(model, setup, weights)
    return model


def check_fit(model: nn.Module, setup: params.Setup, weights: Path) -> None:
    """Raise InputError when a network can't hear windows of this set-up."""
    try:
        with torch.inference_mode():
            model(torch.zeros(1, len(setup.array), setup.window_samples))
    except RuntimeError:
        raise InputError(
            f"the network of {weights} does not fit windows of {len(setup.array)} microphones and "
            f"{setup.window_samples} samples"
        ) from None


def always_the_centre_mae_m(recordings: Recordings) -> np.ndarray:
    """Return what the mean training and validation position scores, the mean over windows of each coordinate, (3,)."""
    error_m = np.abs(recordings.positions_m - recordings.setup.grid.centre_m())
    return np.average(error_m, axis=0, weights=recordings.window_counts)


def networks(args: argparse.Namespace) -> list[str]:
    """Return the networks that the arguments name, each once."""
    return list(dict.fromkeys(args.model_name))


def results_folder(args: argparse.Namespace, experiment: str) -> Path:
    """Return the folder of an experiment's results.

    It is named by the conditions, the network where it is not both, and split, start and gate where they are not the
    usual ones.
    """
    conditions = arguments.conditions(args)
    names = ["pooled"] if set(conditions) == set(params.CONDITIONS) else [condition.name for condition in conditions]
    names += networks(args) if len(networks(args)) == 1 else []
    asked = vars(args)
    names += [asked[name] for name, usual in USUAL.items() if asked.get(name, usual) != usual]
    return args.results / experiment / "_".join(names)


def origin_of(args: argparse.Namespace, trials: list[Trial], **more) -> dict:
    """Return the JSON that says how an experiment's results came about; `more` is added to it."""
    return origin(vars(args)) | plain({"trials": [trial.origin() for trial in trials]} | more)
