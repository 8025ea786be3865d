"""Train networks to tell which digit is spoken, or whether by a man or a woman: clips -> weights, a run folder a fold.

    python -m digits.train --network audio_net --task digit --fold 0
    python -m digits.train --network audio_net alex_net --task digit gender --fold all
    python -m digits.train --network alex_net --recipe paper --data data/digits/audiomnist_8khz

It needs preprocessed clips (python -m digits.preprocess). No speaker is in two splits of a fold. An interrupted run
goes on where it stopped when the same command is given, and what is trained stays.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from dataclasses import replace
from pathlib import Path

from digits.clips import Clips
from digits.folds import TASKS
from digits.networks import NETWORKS
from digits.recipes import DEFAULT, RECIPES
from digits.training import Plan, Training
from running import arguments, precision, ranks
from running.ending import command, finish
from running.errors import InputError, exits_cleanly
from running.run_folder import RunFolder, train

RUNS = Path("logs/digits")
DATA = Path("data/digits/espeak_8khz")


def parse(argv: list[str] | None):
    parser = arguments.parser(__doc__)
    parser.add_argument("--network", nargs="+", choices=NETWORKS, default=["audio_net"], help="one or several")
    parser.add_argument("--task", nargs="+", choices=TASKS, default=["digit"], help="what to tell of a clip")
    parser.add_argument(
        "--fold", "--folds", nargs="+", type=_fold, default=[0], help="numbers from 0, or 'all' of the task's"
    )
    parser.add_argument(
        "--recipe", choices=RECIPES, default=DEFAULT, help="'two_cores' for minutes on two cores, 'paper' as published"
    )
    parser.add_argument("--data", type=Path, default=DATA, help="preprocessed clips")
    parser.add_argument("--log_dir", type=Path, default=RUNS, help="folder of the run folders")
    parser.add_argument("--takes", type=arguments.whole(1), help="at most so many of each digit by each speaker")
    parser.add_argument("--epochs", type=arguments.whole(1), help="in place of the recipe's")
    arguments.add_seed(parser)
    arguments.add_gpu(parser)
    return parser.parse_args(argv)


@exits_cleanly
def main(argv: list[str] | None = None) -> list[Path]:
    """Train; return the run folders."""
    args = parse(argv)
    device = arguments.device(args)
    precision.prepare(device)
    clips = Clips.open(args.data).select(takes=args.takes)
    plans = [
        Plan(network, task, fold, _recipe(args, network, device), args.seed)
        for task in args.task
        for network in args.network
        for fold in _folds(args.fold, task)
    ]
    folders, found = zip(*(_trained(plan, clips, args, device) for plan in plans), strict=True)
    if ranks.is_main():
        finish(found, list(folders), command("-m digits.test", args, parse([]), runs=args.log_dir))
    return list(folders)


def run_name(plan: Plan) -> str:
    """Return the name of a run's folder, such as ``audio_net_digit_fold_0_two_cores_seed_5000``."""
    return f"{plan.network}_{plan.task}_fold_{plan.fold}_{plan.recipe.name}_seed_{plan.seed}"


def _trained(plan: Plan, clips: Clips, args, device) -> tuple[Path, str]:
    """Train; return the run folder, and how good the network is beside chance."""
    splits = plan.splits(clips)
    run = RunFolder(args.log_dir / run_name(plan), plan.identity(splits))
    run.check()
    training = Training(plan, splits, device)
    counted = ", ".join(f"{len(clips.table)} clips to {split}" for split, clips in splits.items())
    print(f"{plan.network}, {plan.task}, fold {plan.fold}: {counted}, in {arguments.shown_path(run.folder)}")
    train(run, training, vars(args))
    best = training.history[training.best_epoch - 1]
    print(f"best in epoch {training.best_epoch} of {training.epoch}: validation accuracy {best['val_accuracy']:.3f}")
    right, chance = (100 * share for share in (best["val_accuracy"], 1 / len(TASKS[plan.task].labels)))
    found = f"{plan.network} tells the {plan.task} in {right:.0f} % of validation clips; chance: {chance:.0f} %."
    return run.folder, found


def _recipe(args, network: str, device):
    chosen = RECIPES[args.recipe][network]
    length = {"epochs": args.epochs, "steps": None} if args.epochs else {}
    return replace(chosen, precision=precision.resolve(chosen.precision, device), **length)


def _fold(text: str) -> int | str:
    try:
        return text if text == "all" else arguments.whole(0)(text)
    except ArgumentTypeError:
        raise ArgumentTypeError(f"{text!r} is neither a number from 0 nor 'all'") from None


def _folds(asked: list[int | str], task: str) -> list[int]:
    of_task = range(TASKS[task].folds)
    absent = sorted(set(asked) - {"all", *of_task})
    if absent:
        raise InputError(f"{task} has {len(of_task)} folds, counted from 0; there is no fold {absent[0]}")
    return list(of_task) if "all" in asked else [fold for fold in dict.fromkeys(asked) if isinstance(fold, int)]


if __name__ == "__main__":
    main()
