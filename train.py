"""Train a network on the recordings of one condition: recordings -> weights.

Under torchrun the ranks share each batch. An interrupted run goes on where it stopped when the same command is given.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch

import params
from acoustics.recordings import Recordings
from models import MODELS
from models.checkpoints import load_checkpoint
from running import arguments, ranks
from running.errors import exits_cleanly
from running.files import read_csv, write_csv
from training import precision
from training.evaluate import mae_table
from training.loop import Plan, Training, train
from training.recipes import DEFAULT, RECIPES
from training.run_folder import RunFolder, run_name


def parse(argv: list[str] | None):
    parser = arguments.parser(__doc__)
    parser.add_argument("--model_name", choices=MODELS, default="loc_cnn", help="network")
    parser.add_argument("--recipe", choices=RECIPES, default=DEFAULT, help="how to train; 'paper': as published")
    parser.add_argument("--init", type=Path, metavar="WEIGHTS", help="start from these weights, of any condition")
    arguments.add_condition(parser)
    arguments.add_data_path(parser)
    parser.add_argument("--log_dir", type=Path, default=Path("logs"), help="folder of the run folders")
    parser.add_argument("--epochs", type=arguments.whole(1), help="in place of the recipe's")
    parser.add_argument("--batch_size", type=arguments.whole(2), help="in place of the recipe's; over all ranks")
    parser.add_argument("--learning_rate", type=arguments.number(above=0), help="in place of the recipe's highest")
    parser.add_argument("--precision", choices=precision.PRECISIONS, help="in place of the recipe's")
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
    condition = params.Condition(args.T60, args.SNR)
    train_set, val_set = (Recordings(args.data_path / condition.name / split) for split in ("train", "val"))
    chosen = RECIPES[args.recipe]
    recipe = replace(
        chosen,
        epochs=args.epochs or chosen.epochs,
        batch_size=args.batch_size or chosen.batch_size,
        learning_rate=chosen.learning_rate | ({args.model_name: args.learning_rate} if args.learning_rate else {}),
        precision=precision.resolve(args.precision or chosen.precision, device),
    )
    plan = Plan(args.model_name, recipe, args.seed, args.init)
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
        print_errors(run, val_set, device)
    return folder


def print_errors(run: RunFolder, val_set: Recordings, device: torch.device) -> None:
    """Print the errors of the best weights on all validation windows, beside the control's; measured once."""
    if not run.validation_path.exists():
        model, _ = load_checkpoint(run.folder / "best.safetensors")
        write_csv(run.validation_path, pd.DataFrame(mae_table(model, val_set, device)))
    print(f"{'MAE (m)':18} {'x':>6} {'y':>6} {'z':>6} {'all':>6}")
    for row in read_csv(run.validation_path).to_dict("records"):
        maes_m = (row[key] for key in ("mae_x_m", "mae_y_m", "mae_z_m", "mae_m"))
        print(f"{row['model']:18} " + " ".join(f"{mae_m:6.3f}" for mae_m in maes_m))


if __name__ == "__main__":
    main()
