"""The whole method, in order: recordings, weights, relevance and the experiments, ending with a table of results.

    python reproduce.py                     quick: all conditions, both networks, on a part of the data
    python reproduce.py --profile paper     everything at full scale, from scratch: hours; days with --recipe paper
    python reproduce.py --profile smoke     everything at toy size, to see that it runs

An interrupted run goes on where it stopped when the same command is given; what is there is reused.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

import generate_data
import params
import perturbation_experiment
import relevance_check
import tdoa_experiment
import train
from acoustics.simulators import SIMULATORS
from models import MODELS
from models.weights import SHIPPED, find_weights
from report.summary import read_summary
from report.tables import as_text
from running import arguments
from running.errors import InputError, exits_cleanly
from training.recipes import RECIPES


@dataclass(frozen=True)
class Profile:
    """How much of everything.

    Parameters
    ----------
    sources : dict of str to int
        Sources of each split.
    epochs, batch_size : int, optional
        In place of the recipe's.
    shipped : bool
        Whether weights of the repository are used where it has them.
    note : str
        What the numbers are worth when the networks were trained by this profile.
    """

    sources: dict[str, int]
    epochs: int | None
    batch_size: int | None
    shipped: bool
    note: str


EVERY_SOURCE = {split: len(positions_m) for split, positions_m in params.PUBLISHED.grid.splits().items()}
PROFILES = {
    "smoke": Profile({"train": 6, "val": 3, "test": 2}, 1, 3, False, "toy networks: the numbers mean nothing"),
    "quick": Profile(
        {"train": 240, "val": 40, "test": 20}, 15, 30, True, "networks trained for a minute: the numbers mean little"
    ),
    "paper": Profile(EVERY_SOURCE, None, None, False, "networks trained at full scale"),
}

CHECKED_SOURCES = 2


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--profile", choices=PROFILES, default="quick", help="how much of everything")
    arguments.add_several_conditions(parser, "conditions; all by default")
    parser.set_defaults(conditions=[params.CONDITIONS])
    arguments.add_corpus(parser)
    arguments.add_simulator(parser, SIMULATORS)
    parser.add_argument("--recipe", choices=RECIPES, default="conditioned", help="how the networks are trained")
    parser.add_argument("--folder", type=Path, help="place of all files; by default results/ and profile and corpus")
    arguments.add_seed(parser)
    arguments.add_gpu(parser)
    return parser.parse_args(argv)


def main_folder(args) -> Path:
    """Return the folder of all that a run makes."""
    slug = re.sub(r"\W+", "_", Path(args.corpus).name)
    return args.folder or Path("results") / (args.profile if args.corpus == "espeak" else f"{args.profile}_{slug}")


def weights_are_shipped(conditions) -> bool:
    """Tell whether the repository has weights of both networks for all conditions."""
    try:
        return all(find_weights(model_name, condition, [SHIPPED]) for condition in conditions for model_name in MODELS)
    except InputError:
        return False


def condition_arguments(condition: params.Condition) -> list[str]:
    """Return a condition as a script's arguments."""
    return ["--T60", f"{condition.T60_s:g}", "--SNR", f"{condition.snr_db:g}"]


@exits_cleanly
def main(argv: list[str] | None = None) -> None:
    """Run the script."""
    args = parse(argv)
    began = time.monotonic()
    profile, folder = PROFILES[args.profile], main_folder(args)
    conditions = arguments.conditions(args)
    shipped = profile.shipped and weights_are_shipped(conditions)
    data_path, log_dir = str(folder / "data"), str(folder / "logs")
    common = ["--data_path", data_path, "--seed", str(args.seed)]
    device = ["--gpu", str(args.gpu)]

    _say("1/5 recordings")
    splits = ("test",) if shipped else params.SPLITS
    speech = ["--corpus", args.corpus, *(["--speaker_pattern", args.speaker_pattern] if args.speaker_pattern else [])]
    sources = ["--splits", *splits, "--sources", *(str(profile.sources[split]) for split in splits)]
    for condition in conditions:
        made = condition_arguments(condition)
        generate_data.main([*made, *common, *speech, *sources, "--simulator", args.simulator])

    _say("2/5 networks")
    if shipped:
        print(f"the weights in {SHIPPED.name} are used")
    else:
        sizes = ["--epochs", str(profile.epochs)] if profile.epochs else []
        sizes += ["--batch_size", str(profile.batch_size)] if profile.batch_size else []
        for condition in conditions:
            for model_name in MODELS:
                what = ["--model_name", model_name, "--recipe", args.recipe, "--log_dir", log_dir, *sizes, *device]
                train.main([*condition_arguments(condition), *common, *what])

    named = ["--conditions", *(f"{condition.T60_s:g}/{condition.snr_db:g}" for condition in conditions)]
    weights = ["--weights", str(SHIPPED) if shipped else log_dir, "--results", str(folder)]
    number = ["--sources", str(profile.sources["test"])]
    few = ["--sources", str(min(CHECKED_SOURCES, profile.sources["test"]))]
    _say("3/5 conservation of relevance")
    check = relevance_check.main([*named, *common, *weights, *few, *device])
    _say("4/5 removal of relevant input")
    perturbation = perturbation_experiment.main([*named, *common, *weights, *number, *device])
    _say("5/5 time delays")
    tdoa = tdoa_experiment.main([*named, *common, *weights, *number, *device])

    removal, delays = read_summary(perturbation, tdoa)
    _say(f"results after {(time.monotonic() - began) / 60:.1f} minutes")
    print("MAE in metres, published in brackets: with nothing removed, and with a tenth of the input removed")
    print(as_text(removal))
    print("\ntime delays: anomalies, and MAE in samples of the other estimates")
    print(as_text(delays))
    if not shipped:
        print(f"\nnote: {profile.note}")
    print("\nfiles:")
    for path in sorted(path for place in (check, perturbation, tdoa) for path in place.iterdir()):
        print(f"  {path}")


def _say(what: str) -> None:
    print(f"\n== {what}", flush=True)


if __name__ == "__main__":
    main()
