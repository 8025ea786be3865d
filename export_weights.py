"""Write a network as ONNX, for programs in other languages and on other machines.

    python export_weights.py --model_name loc_cnn --T60 0.15 --SNR 25
    python export_weights.py --model_name steered_cnn --rooms random --to steered_cnn.onnx
    python export_weights.py --weights logs/loc_cnn_SNR_25_T60_0.15_mixed_seed_5000
    python export_weights.py --weights model_SNR_25_T60_0.15.pth --to published.onnx

The file says what goes in and comes out, for which microphones, room and noise it was trained, licence, citation and
commit; any number of windows may go in at once. Beside it a JSON says how the weights came about. It is tried in ONNX
Runtime, where that is installed, before it appears. Digits have python -m digits.export_weights.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import params
from localization.localizer import Network
from models import MODELS, PUBLISHED_MODELS
from models.checkpoints import load_checkpoint
from models.onnx import write_localizer
from models.weights import SHIPPED, find_weights
from running import arguments
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import read_json
from running.onnx_file import check_place, in_words


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--model_name", choices=MODELS, help=f"network; {PUBLISHED_MODELS[0]} unless the weights say")
    arguments.add_rooms(parser)
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="PLACE",
        help="a file of weights (.safetensors, or a published .pth), a run folder of train.py, or a folder of either; "
        "by default those that come with the repository",
    )
    arguments.add_setup(parser)
    parser.add_argument(
        "--to", type=Path, metavar="FILE", help="ends in .onnx; by default named after network and room"
    )
    return parser.parse_args(argv)


def chosen_weights(args) -> tuple[Path, params.Condition | params.AnyRoom | None]:
    """Return the file of the weights, and what they were trained for, where that is known."""
    asked = args.T60 is not None or args.SNR is not None or args.rooms == "random"
    place = args.weights
    if place and (place / "best.safetensors").is_file():
        place = place / "best.safetensors"
    if place and not place.is_dir():
        return place, arguments.condition(args) if asked else trained_for(place)
    condition = arguments.condition(args)
    place = place or (SHIPPED / condition.name if condition == params.ANY_ROOM else SHIPPED)
    weights = find_weights(args.model_name or PUBLISHED_MODELS[0], condition, [place])
    return weights, trained_for(weights) or condition


def trained_for(weights: Path) -> params.Condition | params.AnyRoom | None:
    """Return what weights were trained for, as their JSON or their run folder says."""
    for path in (weights.with_suffix(".json"), weights.parent / "config.json"):
        said = read_json(path) if path.is_file() else {}
        if "condition" in said:
            return params.condition_from_dict(said["condition"])
        if "arguments" in said and "rooms" in said["arguments"]:
            return arguments.condition(Namespace(**said["arguments"]))
    return None


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the file."""
    args = parse(argv)
    weights, condition = chosen_weights(args)
    network = Network(weights, args.setup, args.model_name)
    path = args.to or Path(f"{network.kind}_{condition.name}.onnx" if condition else f"{network.kind}.onnx")
    check_place(path)
    difference = write_localizer(path, network.model, load_checkpoint(weights)[1], weights, args.setup, condition)
    general = {"weights": SHIPPED / params.ANY_ROOM.name} if condition == params.ANY_ROOM and not args.weights else {}
    following = command("localization_experiment.py", args, parse([]), **general)
    finish([in_words(difference)], [path, Path(f"{path}.json")], following)
    return path


if __name__ == "__main__":
    main()
