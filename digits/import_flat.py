"""Bring a flat folder of spoken digits into the public layout of AudioMNIST.

    python -m digits.import_flat --files recordings --to data/digits/fsdd --men george jackson lucas --origin FSDD

takes files called {digit}_{name}_{take}.wav or .flac, as in the Free Spoken Digit Dataset. The names get numbers, in
the order of the alphabet; audioMNIST_meta.txt says who is who, and the gender of those that --men and --women name. A
file that can't be read or has several channels is named and left out.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import soundfile

from acoustics.speech.files import read_speech
from digits.layout import META_KEYS, SPEAKERS, Clip, add_meta, claim
from running import arguments
from running.ending import command, finish
from running.errors import InputError, exits_cleanly
from running.files import whole_folder
from running.provenance import fingerprint

FILE = re.compile(r"(?P<digit>\d)_(?P<name>.+)_(?P<take>\d+)\.(wav|flac)")


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--files", type=Path, required=True, help="flat folder of recordings")
    parser.add_argument("--to", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--men", nargs="+", default=(), metavar="NAME", help="speakers who are men")
    parser.add_argument("--women", nargs="+", default=(), metavar="NAME", help="speakers who are women")
    parser.add_argument("--origin", default="", help="where the recordings are from")
    parser.add_argument(
        "--first_speaker", type=arguments.whole(1), default=len(SPEAKERS) + 1, help="number of the first name"
    )
    return parser.parse_args(argv)


def recordings(folder: Path) -> dict[str, dict[tuple[int, int], Path]]:
    """Return the files of every name by digit and take; raise InputError where there are none, or two for one."""
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}")
    found = {}
    for path in sorted(folder.iterdir()):
        match = FILE.fullmatch(path.name)
        if match:
            of, clip = found.setdefault(match["name"], {}), (int(match["digit"]), int(match["take"]))
            if clip in of:
                raise InputError(f"{path} and {of[clip]} are the same take; remove one")
            of[clip] = path
    if not found:
        raise InputError(f"{folder} has no files such as 3_jackson_12.wav (jackson's three, take 12)")
    return dict(sorted(found.items()))


def bring(speaker: int, files: dict[tuple[int, int], Path], to: Path) -> int:
    """Write a speaker's folder, unless it is there, and return how many clips it has."""
    folder = to / f"{speaker:02d}"
    if not folder.exists():
        with whole_folder(folder) as beside:
            for (digit, take), path in files.items():
                try:
                    samples, rate_hz = read_speech(path)
                except InputError as error:
                    print(f"left out: {error}", flush=True)
                    continue
                steps = np.round(samples * 2**15).clip(-(2**15), 2**15 - 1).astype(np.int16)
                soundfile.write(beside / Path(Clip(speaker, digit, take).name).name, steps, rate_hz)
    return len(list(folder.iterdir()))


@exits_cleanly
def main(argv: list[str] | None = None) -> None:
    """Run the script."""
    args = parse(argv)
    found = recordings(args.files)
    gender_of = dict.fromkeys(args.men, "male") | dict.fromkeys(args.women, "female")
    strangers = sorted(set(gender_of) - set(found)) + sorted(set(args.men) & set(args.women))
    if strangers:
        raise InputError(f"--men and --women must name each speaker once, of {', '.join(found)}; not {strangers[0]}")
    files = {name: [path.name for path in of.values()] for name, of in found.items()}
    claim(args.to, {"files": fingerprint(files), "first_speaker": args.first_speaker})
    numbers = {name: number for number, name in enumerate(found, start=args.first_speaker)}
    n_clips = sum(bring(numbers[name], of, args.to) for name, of in found.items())
    said = dict.fromkeys(META_KEYS, "unknown") | ({"origin": args.origin} if args.origin else {})
    genders = {name: {"gender": gender_of[name]} if name in gender_of else {} for name in found}
    add_meta(args.to, {number: {"name": name} | said | genders[name] for name, number in numbers.items()})
    made = f"{n_clips} clips by {', '.join(f'{name} ({number})' for name, number in numbers.items())}."
    finish([made], args.to, command("-m digits.preprocess", args, args, corpus=args.to))


if __name__ == "__main__":
    main()
