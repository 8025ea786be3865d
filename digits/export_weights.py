"""Write a trained network as ONNX, for programs in other languages and on other machines.

    python -m digits.export_weights logs/digits/audio_net_digit_fold_0_two_cores_seed_5000 --to audio_net.onnx

The file says what goes in and comes out, licence, citation and commit; any number of clips may go in at once. Beside it
a JSON says how the weights came about. It is tried in ONNX Runtime, where that is installed, before it appears.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import torch
from torch import nn

from digits.folds import TASKS
from digits.hearing import CLIP_SAMPLES, FS_HZ, HEARING
from digits.weights import load_network
from running import arguments
from running.ending import finish
from running.errors import exits_cleanly
from running.onnx_file import Described, check_place, in_words, where_from, write_onnx
from running.provenance import origin

CITATION = (
    'S. Becker et al., "AudioMNIST: Exploring Explainable Artificial Intelligence for audio analysis on a simple '
    'benchmark", Journal of the Franklin Institute 361(1), 2024'
)
LEVELS = {
    "waveform": "outside the network: divide a clip by the 95th percentile of its values in the scale of 16-bit "
    "integers, plus 0.001",
    "spectrogram": "outside the network: decibels below the clip's maximum, at least -80, as digits/hearing.py says",
}
"""Where loudness is taken out, by what a network hears."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    parser.add_argument("run", type=Path, help="run folder of python -m digits.train")
    parser.add_argument("--to", type=Path, metavar="FILE", help="ends in .onnx; by default named after the run")
    return parser.parse_args(argv)


def described(network: nn.Module, record: dict, weights: Path) -> Described:
    """Return what a network's file says of itself."""
    _, *shape = HEARING[network.hears](torch.zeros(1, CLIP_SAMPLES)).shape
    task, axes = TASKS[record["task"]], ", ".join(map(str, shape))
    answers = ", ".join(task.labels)
    said = {
        "name": network.title,
        "task": f"{task.name} of a spoken digit",
        "input": f"clips, float32, (clip, channel, ...) = (any number, {axes}): a {network.hears} of one second",
        "sample_rate_hz": str(FS_HZ),
        "window_samples": str(CLIP_SAMPLES),
        "level": LEVELS[network.hears],
        "output": f"logits, float32, (clip, {len(task.labels)}): the highest is the answer, of {answers}",
        "citation": CITATION,
    }
    doc = f"{said['name']}: {said['task']}. Input: {said['input']}, at {FS_HZ} Hz. Level: {said['level']}. Output: "
    return Described("clips", "logits", "clip", tuple(shape), said | where_from(weights, record), doc + said["output"])


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the file."""
    args = parse(argv)
    path = args.to or Path(f"{args.run.resolve().name}.onnx")
    check_place(path)
    network, record = load_network(args.run)
    weights = args.run / "best.safetensors"
    difference = write_onnx(
        path, network, described(network, record, weights), record | {"exported": origin({"weights": weights})}
    )
    files = [path, Path(f"{path}.json")]
    finish([in_words(difference)], files, f"python -m digits.test --runs {shlex.quote(str(args.run.parent))}")
    return path


if __name__ == "__main__":
    main()
