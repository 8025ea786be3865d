"""Explain NSNet2 from nothing: enhanced sounds, attributions, maps, masks, louder bins, bursts, and what they say.

    python -m enhancement
    python -m enhancement --profile full

Everything goes to results/quick/enhancement, or full, a folder each; an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from enhancement import amplify, attribute, audio, burst, enhance, maps, masks, nsnet2
from enhancement.clips import add_clip_arguments, open_clips
from models.inference import outputs
from report.enhancement_verdict import read_verdict
from report.tables import as_text
from running import arguments
from running.ending import finish, in_another
from running.errors import exits_cleanly

MAPPED = {"quick": "deeplift", "full": "deep_shap"}
"""By which method maps are."""
PROFILES = {
    "quick": {
        "sounds": "--clips 6 --seconds 1.6",
        "attribute": "--clips 4 --seconds 0.8",
        "maps": f"--clips 4 --seconds 0.8 --f_out 0:161:5 --method {MAPPED['quick']}",
        "masks": "--clips 12",
        "amplify": "--clips 8 --seconds 0.8",
        "burst": "--clips 5",
    },
    "full": {
        "sounds": "--clips 24 --seconds 3.2",
        "attribute": "--clips 24 --seconds 1.6 --baselines 20",
        "maps": f"--clips 24 --seconds 1.6 --f_out 0:161:2 --t_out 39::20 --method {MAPPED['full']}",
        "masks": "--clips 48 --seconds 3.2",
        "amplify": "--clips 48 --seconds 1.6",
        "burst": "--clips 48 --baselines 20",
    },
}
"""What each command is given: quick takes minutes, full hours."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--profile", choices=PROFILES, default="quick", help="quick: minutes; full: hours")
    parser.add_argument("--results", type=Path, help="folder of the results; results/PROFILE/enhancement by default")
    arguments.add_seed(parser)
    arguments.add_gpu(parser)
    return parser.parse_args(argv)


def clips_of(options: list[str]):
    """Return the clips that options of a command line mean."""
    parser = argparse.ArgumentParser()
    add_clip_arguments(parser)
    return open_clips(parser.parse_args(options))


def parity(window: np.ndarray) -> float:
    """Return the largest difference between masks of the network and of its ONNX file, of one clip's window."""
    from onnxruntime import InferenceSession

    session = InferenceSession(nsnet2.onnx_file(), providers=["CPUExecutionProvider"])
    (theirs,) = session.run(None, {session.get_inputs()[0].name: window[0].swapaxes(1, 2)})  # (1, frame, bin)
    network = nsnet2.trained().unrolled(window.shape[-1])
    return float(np.abs(outputs(network, window).reshape(theirs.swapaxes(1, 2).shape) - theirs.swapaxes(1, 2)).max())


@in_another()
def run(args) -> dict[str, Path]:
    """Run all commands; return the folders of their results."""
    options = {name: text.split() for name, text in PROFILES[args.profile].items()}
    seeded = ["--seed", str(args.seed)]
    common = [*seeded, "--results", str(args.results), "--gpu", str(args.gpu)]

    _say("1/6 clips, and what the network makes of them")
    clips = clips_of([*options["sounds"], *seeded])
    print(f"largest difference to masks of onnxruntime: {parity(clips.windows(0)):.1e}")
    for name, heard, clean in zip(clips.names, clips.samples, clips.reference, strict=True):
        audio.write(args.results / "sounds" / "noisy" / f"{name}.wav", heard[None])
        audio.write(args.results / "sounds" / "clean" / f"{name}.wav", clean[None])
    enhance.main([str(args.results / "sounds" / "noisy"), str(args.results / "sounds" / "enhanced")])
    _say("2/6 attributions, and what they promise")
    attribute.main([*common, *options["attribute"]])
    folders = {}
    for number, (name, verb) in enumerate(
        {"maps": maps, "masks": masks, "amplification": amplify, "bursts": burst}.items(), start=3
    ):
        _say(f"{number}/6 {name}")
        folders[name] = verb.main([*common, *options[verb.__name__.rpartition(".")[2]]])
    return folders


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run all commands; return the folder of the results."""
    args = parse(argv)
    began = time.monotonic()
    args.results = args.results or Path("results", args.profile, "enhancement")
    sentences, table = read_verdict(run(args))
    _say(f"results after {(time.monotonic() - began) / 60:.1f} minutes")
    print("\n".join(sentences))
    print(as_text(table, digits=3))
    finish([], args.results, "python -m digits")
    return args.results


def _say(what: str) -> None:
    print(f"\n== {what}", flush=True)


if __name__ == "__main__":
    main()
