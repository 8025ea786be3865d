"""Ship a trained network with the repository: run folder -> models/pretrained, in half precision.

    python -m maintenance.ship_weights logs/loc_cnn_SNR_25_T60_0.15_mixed_seed_5000
    python -m maintenance.ship_weights logs/loc_cnn_any_room_mixed_seed_5000 --to models/pretrained/any_room

The JSON beside the weights says how to make them again (command, corpus, seed, commit, versions), how the training went
(history, best epoch), and the errors of the shipped weights on all validation and test windows. The training curves of
all weights in the folder are drawn anew.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
from torch import nn

import params
from acoustics.recordings import Recordings
from localization.errors import error_table, estimate_sources
from localization.localizer import Centre, Network
from models.checkpoints import save_checkpoint
from models.weights import SHIPPED, shipped_name
from report.figures import training_curves
from report.style import write_figure
from running import arguments
from running.errors import InputError, exits_cleanly
from running.files import read_json

PLACES = ("data_path", "log_dir", "gpu")
"""Arguments of train.py that change nothing in the weights."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    parser.add_argument("run", type=Path, help="run folder of train.py")
    arguments.add_data_path(parser)
    parser.add_argument("--to", type=Path, default=SHIPPED, help="folder of shipped weights")
    arguments.add_gpu(parser)
    return parser.parse_args(argv)


def command(trained_with: dict) -> str:
    """Return the command that trains again what was trained with these arguments."""
    words = [f"--{name} {value}" for name, value in trained_with.items() if value is not None and name not in PLACES]
    return " ".join(["python train.py", *words])


def histories(folder: Path) -> dict[tuple[str, str], list[dict]]:
    """Return the histories of all weights in a folder, by network and condition, from the shortest T60."""
    records = map(read_json, sorted(folder.glob("*.json")))
    records = sorted(records, key=lambda record: (record["model_name"], np.max(record["condition"]["T60_s"])))
    return {
        (record["model_name"], params.condition_from_dict(record["condition"]).name): record["history"]
        for record in records
    }


def in_half(model: nn.Module) -> nn.Module:
    """Round the weights of a network, but not the few numbers of its biases and batch norms, to half precision."""
    for parameter in model.parameters():
        if parameter.ndim > 1:
            parameter.data = parameter.data.half()
    return model


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the shipped file."""
    args = parse(argv)
    config = read_json(args.run / "config.json")
    if not (args.run / "last.safetensors").exists():
        raise InputError(f"{args.run} has not finished training; give train.py's command again")
    trained_with = config["arguments"]
    condition = arguments.condition(Namespace(**{"rooms": "own"} | trained_with))
    data = args.data_path / condition.name
    splits = {split: Recordings(data / split) for split in ("val", "test")}
    network = Network(args.run / "best.safetensors", splits["test"].setup, device=arguments.device(args))
    record = read_json(args.run / "best.json")
    if splits["val"].fingerprint != record["identity"]["data"][1]:
        raise InputError(f"{data} is not what {args.run} was trained on")
    path = args.to / shipped_name(record["model_name"], condition)
    described = {
        "condition": vars(condition),
        "command": command(trained_with),
        "corpus": splits["test"].dataset.arguments["corpus"],
    }
    described |= {key: record[key] for key in ("epoch", "identity", "versions", "commit", "history")}
    in_half(network.model).float()
    errors = {
        split: error_table(estimate_sources([network, Centre(recordings.setup)], recordings)).to_dict("records")
        for split, recordings in splits.items()
    }
    described["errors"] = errors
    save_checkpoint(path, network.name, in_half(network.model), network.arguments, described)
    test = errors["test"][0]
    write_figure(args.to / "training_curves.png", training_curves(histories(args.to)))
    print(f"{path.name}: test MAE {test['mae_m']:.4f} m (x {test['mae_x_m']:.3f}, y {test['mae_y_m']:.3f})")
    return path


if __name__ == "__main__":
    main()
