"""Train a network on the recordings of one condition, or of any room: recordings -> weights.

    python train.py --model_name loc_cnn --T60 0.15 --SNR 25
    python train.py --model_name loc_cnn --rooms random
    python train.py --T60 0.3 --SNR 20 --init models/pretrained/loc_cnn_SNR_25_T60_0.15.safetensors --learning_rate 1e-3
    python train.py --recipe paper --epochs 40

It needs the training and validation recordings (generate_data.py). The experiments take the weights by --weights logs.
Under torchrun the ranks share each batch. An interrupted run goes on where it stopped when the same command is given.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch

import params
from acoustics.recordings import Recordings
from localization.errors import error_table, estimate_sources
from localization.localizer import Centre, Network
from models import MODELS
from models.weights import RUNS
from report.found import trained
from report.tables import as_text
from running import arguments, precision, ranks
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import read_csv, write_csv
from running.run_folder import train
from training.loop import Plan, Training
from training.recipes import DEFAULT, RECIPES
from training.run_folder import RunFolder, run_name


def parse(argv: list[str] | None):
    parser = arguments.parser(__doc__)
    parser.add_argument("--model_name", choices=MODELS, default="loc_cnn", help="network")
    parser.add_argument(
        "--recipe",
        choices=RECIPES,
        default=DEFAULT,
        help="how to train: 'mixed' for networks that localize best; 'paper', as published, to compare with the paper, "
        "with estimates drawn half of the way to the mean",
    )
    parser.add_argument(
        "--init",
        type=Path,
        metavar="WEIGHTS",
        help="start from these weights, of any condition: a condition of longer T60 learns faster from a shorter one's",
    )
    arguments.add_rooms(parser)
    arguments.add_data_path(parser)
    parser.add_argument("--log_dir", type=Path, default=RUNS, help="folder of the run folders")
    parser.add_argument(
        "--epochs",
        type=arguments.whole(1),
        help="in place of the recipe's: fewer to try something, such as 4; a one-cycle schedule is as long as they are",
    )
    parser.add_argument("--batch_size", type=arguments.whole(2), help="in place of the recipe's; over all ranks")
    parser.add_argument(
        "--learning_rate",
        type=arguments.number(above=0),
        help="in place of the network's highest; about half of it with --init, as a warm start forgets at a high one",
    )
    parser.add_argument(
        "--precision",
        choices=precision.PRECISIONS,
        help="in place of the recipe's; bf16 is faster where it can be",
    )
    arguments.add_seed(parser)
    arguments.add_gpu(parser)
    return parser.parse_args(argv)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Train; return the run folder."""
    args = parse(argv)
    device = arguments.device(args)
    precision.prepare(device)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    condition = arguments.condition(args)
    train_set, val_set = (Recordings(args.data_path / condition.name / split) for split in ("train", "val"))
    chosen = RECIPES[args.recipe]
    recipe = replace(
        chosen,
        epochs=args.epochs or chosen.epochs,
        batch_size=args.batch_size or chosen.batch_size,
        precision=precision.resolve(args.precision or chosen.precision, device),
    )
    plan = Plan(args.model_name, recipe, args.seed, args.init, args.learning_rate)
    folder = args.log_dir / run_name(args.model_name, condition, args.recipe, args.seed)
    run = RunFolder(folder, plan.identity(train_set, val_set))
    run.check()
    with ranks.process_group("nccl" if device.type == "cuda" else "gloo"):
        training = Training(plan, train_set, val_set, device)
        if ranks.is_main():
            print(
                f"{args.model_name}, {condition.name}, recipe {args.recipe}, {recipe.precision} on {device}: "
                f"{len(train_set)} sources to train, {len(val_set)} to validate, in {folder}"
            )
        train(run, training, vars(args))
    if ranks.is_main():
        print(f"finished after {training.epoch} epochs; best in epoch {training.best_epoch}; all validation windows:")
        errors = errors_of(run, val_set, device)
        shown = {"localizer": "MAE (m)", "mae_x_m": "x", "mae_y_m": "y", "mae_z_m": "z", "mae_m": "all"}
        print(as_text(errors[list(shown)].rename(columns=shown), digits=3))
        finish(trained(errors), folder, following(parse(argv), condition, folder))
    return folder


def following(args, condition: params.Condition | params.AnyRoom, folder: Path) -> str:
    """Return the next command: how well the new network localizes."""
    own = {"model_name": args.model_name, "weights": folder}
    anywhere = {"conditions": condition} if isinstance(condition, params.AnyRoom) else {}
    return command("localization_experiment.py", args, parse([]), **own, **anywhere)


def errors_of(run: RunFolder, val_set: Recordings, device: torch.device) -> pd.DataFrame:
    """Return the errors of the best weights on all validation windows, beside the control's; measured once."""
    if not run.validation_path.exists():
        network = Network(run.folder / "best.safetensors", val_set.setup, device=device)
        write_csv(run.validation_path, error_table(estimate_sources([network, Centre(val_set.setup)], val_set)))
    return read_csv(run.validation_path)


if __name__ == "__main__":
    main()
