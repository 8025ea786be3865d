"""Bring a corpus of spoken digits to what the networks take: 8 kHz, one second, as published.

    python -m digits.preprocess
    python -m digits.preprocess --corpus AudioMNIST/data --to data/digits/audiomnist_8khz

reads the public layout of AudioMNIST at any sampling rate: its own recordings, or what digits.speak, digits.record
and digits.import_flat write. Every clip is resampled by its Fourier transform and put at a random place of 8000
samples, in the scale of 16-bit integers. A clip that is longer, unreadable, silent or of several channels is named and
left out. The folder gets a file a speaker, and clips.json last; interrupted, the same command goes on.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import numpy as np
from scipy.signal import resample

from acoustics.speech.corpus import check_sound
from acoustics.speech.files import read_speech
from digits.hearing import CLIP_SAMPLES, FS_HZ
from digits.layout import Clip, Layout
from running import arguments
from running.arrays import read_arrays
from running.ending import command, finish
from running.errors import InputError, exits_cleanly
from running.files import check_space, read_json, write_json
from running.parts import files_by_source
from running.provenance import fingerprint, origin, plain
from running.results import refuse_other
from running.seeds import generator

FORMAT = 1
FULL_SCALE = 2**15


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    parser.add_argument(
        "--corpus", type=Path, default=Path("data/digits/espeak"), help="folder in the public layout, or its parent"
    )
    parser.add_argument("--to", type=Path, help="folder of the preprocessed clips; the corpus' with _8khz by default")
    arguments.add_seed(parser)
    return parser.parse_args(argv)


def waveform(clip: Clip, path: Path, seed: int) -> np.ndarray:
    """Return a clip as the networks take it, float32 of shape (8000,).

    Raises
    ------
    InputError
        When it can't be read, is silent or empty, has several channels, or lasts longer than a second.
    """
    samples, rate_hz = read_speech(path)
    check_sound(samples, rate_hz, str(path))
    n_samples = -(-len(samples) * FS_HZ // rate_hz)
    if not 0 < n_samples <= CLIP_SAMPLES:
        raise InputError(f"{path} lasts {len(samples) / rate_hz:.3g} s, which is not up to a second; trim or remove it")
    rng = generator(seed, "offset", clip.speaker, clip.digit, clip.take)
    begin = rng.integers(CLIP_SAMPLES - n_samples + 1)
    placed = np.zeros(CLIP_SAMPLES, dtype=np.float32)
    placed[begin : begin + n_samples] = resample(samples.astype(np.float64) * FULL_SCALE, n_samples)
    return placed


def arrays_of(files: list[tuple[Clip, Path]], seed: int) -> dict[str, np.ndarray]:
    """Return a speaker's arrays; each clip that can't be used is named in a line and left out."""
    waveforms, used = [], []
    for clip, path in files:
        try:
            waveforms.append(waveform(clip, path, seed))
        except InputError as error:
            print(f"left out: {error}", flush=True)
        else:
            used.append(clip)
    return {
        "waveforms": np.array(waveforms, dtype=np.float32).reshape(-1, CLIP_SAMPLES),
        "digits": np.array([clip.digit for clip in used], dtype=np.int64),
        "takes": np.array([clip.take for clip in used], dtype=np.int64),
    }


@exits_cleanly
def main(argv: list[str] | None = None) -> None:
    """Run the script."""
    args = parse(argv)
    layout = Layout.open(args.corpus)
    args.to = args.to or layout.folder.with_name(f"{layout.name}_8khz")
    of = {
        "format": FORMAT,
        "corpus": {"name": layout.name, "fingerprint": layout.fingerprint()},
        "seed": args.seed,
        "genders": plain(layout.genders),
    }
    described = args.to / "clips.json"
    if described.exists():
        there = read_json(described)
        refuse_other(args.to, {key: there.get(key) for key in of}, of, "--to")
    by_speaker = {
        speaker: list(files) for speaker, files in groupby(layout.files.items(), lambda item: item[0].speaker)
    }
    check_space(args.to, 4 * CLIP_SAMPLES * len(layout.files))
    made = fingerprint(of)
    paths = files_by_source(
        args.to,
        [f"{speaker:02d}" for speaker in by_speaker],
        lambda row: arrays_of(list(by_speaker.values())[row], args.seed),
        args.to.name,
        {"fingerprint": made},
        packed=False,
    )
    skipped = left_out(by_speaker, paths)
    usable = {speaker for speaker, files in by_speaker.items() if any(clip.name not in skipped for clip, _ in files)}
    if not usable:
        raise InputError(f"none of the {len(skipped)} clips in {layout.folder} can be used")
    write_json(described, origin(vars(args)) | of | {"skipped": skipped, "fingerprint": made})
    made = f"{len(layout.files) - len(skipped)} clips by {len(usable)} speakers; {len(skipped)} are left out."
    finish([made], args.to, command("-m digits.train", args, args, data=args.to))


def left_out(by_speaker: dict[int, list[tuple[Clip, Path]]], paths: list[Path]) -> list[str]:
    """Return the names of the clips that the files of their speakers do not hold."""
    found = []
    for (speaker, files), path in zip(by_speaker.items(), paths, strict=True):
        arrays = read_arrays(path)[0]
        used = {Clip(speaker, *of) for of in zip(arrays["digits"].tolist(), arrays["takes"].tolist(), strict=True)}
        found += [clip.name for clip, _ in files if clip not in used]
    return found


if __name__ == "__main__":
    main()
