"""What methods mark in spoken digits, to see and to hear, and which frequencies they mark for women and for men.

    python -m digits.heatmaps --runs logs/digits
    python -m digits.heatmaps --method gradient_x_input --network audio_net

draws what a method marks in the first take of every digit by the first test speaker, beside energy and an untrained
network, and for waveforms writes what it sounds like: the input times the positive part of relevance, beside the same
with an untrained network's, with energy and with random numbers. For networks that tell gender by spectrograms it draws
relevance over frequency, with 95 % intervals over all test speakers. All goes to results/digits/heatmaps.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import torch

from digits.clips import Clips
from digits.explained import LEVELS, METHOD, PLACES, Explained, add_arguments, open_explained, some_clips
from digits.hearing import CLIP_SAMPLES, FLOOR_DB, FS_HZ, WINDOW_SAMPLES
from digits.layout import GENDERS
from digits.networks import NETWORKS
from digits.starts import KINDS, TRUE
from explain.methods import METHODS, Method, choose_methods
from explain.methods.controls import Random
from explain.removal import ENERGY, RANDOM, Removal
from report.digits import frequency_profiles, spectrogram_heatmaps, waveform_heatmaps
from report.sounds import match_loudness
from report.style import write_figure
from running import arguments
from running.arrays import write_arrays
from running.ending import finish
from running.errors import exits_cleanly
from running.files import whole_file, write_csv
from running.memory import keep_freed_memory
from running.results import Results

RELEVANCE, UNTRAINED = "relevance", "relevance, untrained"
STEP_HZ = FS_HZ / WINDOW_SAMPLES


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_arguments(parser)
    parser.add_argument("--network", nargs="+", choices=NETWORKS, default=list(NETWORKS), help="those that are trained")
    parser.add_argument("--method", choices=METHODS, default=METHOD, help="attribution method")
    parser.add_argument("--explain", choices=KINDS, default=TRUE, help="class whose logit is explained")
    parser.add_argument(
        "--clips", type=arguments.whole(1), default=5, help="clips of each test speaker for relevance over frequency"
    )
    return parser.parse_args(argv)


def first_takes(clips: Clips) -> Clips:
    """Return the first take of every digit by the first speaker."""
    table = clips.table[clips.table["speaker"] == clips.table["speaker"].iloc[0]]
    return replace(clips, table=table.groupby("digit").head(1).reset_index(drop=True))


def marked(explained: Explained, method: Method, args, row: int = 0) -> dict[str, np.ndarray]:
    """Return the relevance of a speaker's clips in a network and in its untrained twin, shape (clip, ...) each."""
    networks = {RELEVANCE: explained, UNTRAINED: explained.untrained(args.seed)}
    folder = args.results / "parts"
    stores = {name: each.store(folder, method, args.explain) for name, each in networks.items()}
    return {name: store.attributions(row)[:, 0].astype(np.float64) for name, store in stores.items()}


def write_pictures(to: Path, explained: Explained, maps: dict[str, np.ndarray]) -> None:
    """Write the figure of heatmaps of a network, and what it shows as arrays, from which any figure can be drawn."""
    inputs = explained.heard.windows(0)[:, 0]
    labels = explained.clips.table["digit"].astype(str).tolist()
    of_levels = explained.model.hears == LEVELS
    draw, hz = (spectrogram_heatmaps, inputs.shape[1] * STEP_HZ) if of_levels else (waveform_heatmaps, FS_HZ)
    maps = maps if of_levels else {ENERGY: inputs**2} | maps
    said = {"network": type(explained.model).__name__, "task": explained.task, "labels": labels, "hz": hz}
    write_arrays(to.with_suffix(".h5"), {"inputs": inputs} | maps, said | {"maps": list(maps)})
    write_figure(to.with_suffix(".png"), draw(inputs, maps, labels, hz))


def sounds(inputs: np.ndarray, maps: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """Return what there is to hear, by name, all clips one after the other, equally loud clip by clip.

    Parameters
    ----------
    inputs : float array, shape (clip, sample)
    maps : dict of arrays, of the same shape
    seed : int
        Of the random numbers.
    """
    inputs = inputs.astype(np.float64)
    weights = maps | {ENERGY: inputs**2, RANDOM: Random(seed).like(torch.from_numpy(inputs)).numpy()}
    weighted = {"input": inputs} | {name: np.maximum(each, 0) * inputs for name, each in weights.items()}
    levelled = [match_loudness(of_clip, FS_HZ) for of_clip in zip(*weighted.values(), strict=True)]
    return {name: np.concatenate(each) for name, each in zip(weighted, zip(*levelled, strict=True), strict=True)}


def profiles(folds: list[Explained], method: Method, args) -> pd.DataFrame:
    """Return what of all magnitude of clips lies at which frequency, with its sign, by source and gender.

    Sources are relevance, that of untrained networks, and energy: levels above their floor.
    """
    found, tables = {}, []
    for explained in folds:
        for row in range(len(explained.clips.names)):
            maps = marked(explained, method, args, row) | {ENERGY: explained.heard.windows(row)[:, 0] - FLOOR_DB}
            for source, each in maps.items():
                totals = np.abs(each).sum(axis=(1, 2))[:, None]
                shares = np.divide(each.sum(axis=2), totals, out=np.zeros(each.shape[:2]), where=totals > 0)
                found.setdefault(source, []).append(shares)
    clips = pd.concat([explained.clips.table for explained in folds], ignore_index=True)
    shares = {source: np.concatenate(each) for source, each in found.items()}
    frequencies_hz = np.arange(shares[RELEVANCE].shape[1]) * STEP_HZ
    for gender, code in GENDERS.items():
        own = (clips["gender"] == code).to_numpy()
        if own.any():
            of_gender = {source: list(each[own][:, None]) for source, each in shares.items()}
            items = clips.loc[own, "digit"].astype(str) + " " + clips.loc[own, "take"].astype(str)
            removal = Removal(of_gender, clips.loc[own, "speaker"], items, frequencies_hz, args.seed)
            for source in shares:
                curve = removal.curve(source).rename(columns={"percent": "frequency_hz"})
                place = {"network": folds[0].name, "method": method.name, "source": source, "gender": gender}
                tables.append(pd.concat([pd.DataFrame(place, index=curve.index), curve], axis=1))
    return pd.concat(tables, ignore_index=True)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    keep_freed_memory()
    (method,), device = choose_methods([args.method]), arguments.device(args)
    opened = open_explained(args.runs, Clips.open(args.data), networks=args.network, device=device)
    described = {"networks": [each.described for each in opened]}
    results = Results(args.results / "heatmaps", vars(args), PLACES, described)
    tables = []
    for (task, name), folds in groupby(opened, lambda each: (each.task, each.name)):
        folds = list(folds)
        first = folds[0].with_clips(first_takes(folds[0].clips))
        maps = marked(first, method, args)
        write_pictures(results.folder / f"{name}_{task}", first, maps)
        if first.model.hears == LEVELS:
            if task == "gender":
                few = [each.with_clips(some_clips(each.clips, args.clips, args.seed)) for each in folds]
                tables.append(profiles(few, method, args))
            continue
        for sound, signal in sounds(first.heard.windows(0)[:, 0], maps, args.seed).items():
            heard = "_".join([name, task, sound.replace(", ", "_")])
            with whole_file(results.folder / "sounds" / f"{heard}.wav") as beside:
                soundfile.write(beside, signal, FS_HZ)
    if tables:
        table = pd.concat(tables, ignore_index=True)
        write_csv(results.folder / "profiles.csv", table)
        for name in dict.fromkeys(table["network"]):
            write_figure(results.folder / f"{name}_profiles.png", frequency_profiles(table[table["network"] == name]))
    results.finish()
    drawn = f"Heatmaps of each digit, and sounds of {CLIP_SAMPLES / FS_HZ:g} s, beside those of an untrained network."
    finish([drawn], results.folder, "python -m digits.record --speaker 61")
    return results.folder


if __name__ == "__main__":
    main()
