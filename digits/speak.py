"""Make the built-in corpus of spoken digits: sixty voices by espeak-ng, in small rooms.

    python -m digits.speak --takes 50
    python -m digits.speak --takes 3 --speakers 1 2 12 --to data/digits/few

writes the public layout of AudioMNIST, a folder a speaker with clips of 16 bits, and audioMNIST_meta.txt, which says
of every speaker that the voice is synthetic. The twelve women have the public numbers. Takes differ in speed, pitch,
level and room: take k of all speakers is heard in room k. All clips are the same, bit for bit, for any --workers and
after any interruption.
"""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import oaconvolve
from tqdm import tqdm

from acoustics.speech.trimming import trim
from digits.layout import SPEAKERS, WORDS, Clip, add_meta, claim
from digits.rooms import response
from digits.voices import VOICES, meta_of, say
from running import arguments
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import whole_folder
from running.seeds import generator
from running.workers import by_workers

TRIM_DB = -40
"""Relative to the peak: what lies below it before the speech, and after it of the room's decay, is cut off."""
PEAK_DB = (-12.0, -3.0)


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--to", type=Path, default=Path("data/digits/espeak"), help="folder of the corpus")
    parser.add_argument("--takes", type=arguments.whole(1), default=50, help="clips of each digit by each speaker")
    parser.add_argument(
        "--speakers", nargs="+", type=int, choices=SPEAKERS, metavar="N", default=SPEAKERS, help="only some speakers"
    )
    arguments.add_seed(parser)
    parser.add_argument(
        "--workers", type=arguments.whole(1), default=len(os.sched_getaffinity(0)), help="processes at work"
    )
    return parser.parse_args(argv)


def clip_sound(clip: Clip, seed: int) -> tuple[np.ndarray, int]:
    """Return a clip as it is heard in its room, float of shape (sample,), and its rate in Hz."""
    samples, rate_hz = say(clip, seed)
    heard = trim(oaconvolve(samples, response(clip.take, rate_hz, seed)), TRIM_DB)
    peak_db = generator(seed, "level", clip.speaker, clip.digit, clip.take).uniform(*PEAK_DB)
    return heard * (10 ** (peak_db / 20) / np.abs(heard).max()), rate_hz


@dataclass(frozen=True)
class Studio:
    """Makes the clips of speakers: a folder each, whole or not at all."""

    to: Path
    takes: int
    seed: int

    def make(self, speaker: int) -> None:
        """Make the clips of a speaker, unless they are there."""
        folder = self.to / f"{speaker:02d}"
        if folder.exists():
            return
        with whole_folder(folder) as beside:
            for digit, take in product(range(len(WORDS)), range(self.takes)):
                clip = Clip(speaker, digit, take)
                soundfile.write(beside / Path(clip.name).name, *clip_sound(clip, self.seed), "PCM_16")


@exits_cleanly
def main(argv: list[str] | None = None) -> None:
    """Run the script."""
    args = parse(argv)
    made_from = {"takes": args.takes, "seed": args.seed, "voices": VOICES}
    claim(args.to, made_from)
    speakers = sorted(set(args.speakers))
    done = by_workers(Studio(args.to, args.takes, args.seed).make, speakers, args.workers)
    with closing(done), tqdm(total=len(speakers), desc=args.to.name, unit="speaker") as bar:
        for _ in done:
            bar.update()
    add_meta(args.to, {speaker: meta_of(speaker) for speaker in speakers})
    made = f"{len(speakers) * len(WORDS) * args.takes} clips by {len(speakers)} voices, which are no people."
    finish([made], args.to, command("-m digits.preprocess", args, args, corpus=args.to))


if __name__ == "__main__":
    main()
