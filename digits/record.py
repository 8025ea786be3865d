"""Record spoken digits of your own with a microphone, for the networks to answer.

    python -m digits.record --speaker 61 --gender female --to data/digits/mine
    python -m digits.record --speaker 61 --to data/digits/mine --takes 10

asks for the digits in a random order. A recording that is too quiet, overdriven, too short or longer than a second is
asked for again; a good one is trimmed and written, in the public layout of AudioMNIST. What is there is not asked for
again: Ctrl-C ends a session, the same command goes on. It needs the package sounddevice (requirements-record.txt). With
--from_files the files of a folder, in the order of their names, are heard in place of the microphone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import soundfile

from acoustics.speech.files import SUFFIXES, read_speech
from acoustics.speech.trimming import trim
from digits.layout import GENDERS, META, META_KEYS, WORDS, Clip, add_meta, read_meta
from running import arguments
from running.ending import command, finish
from running.errors import InputError, exits_cleanly
from running.files import remove_parts, whole_file
from running.seeds import generator

RATE_HZ, LISTEN_S = 48000, 2.0
QUIETEST_DB, TRIM_DB, MARGIN_S = -30, -30, 0.02
SHORTEST_S, LONGEST_S = 0.1, 1.0


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--speaker", type=arguments.whole(1), required=True, help="your number, from 61 on")
    parser.add_argument("--to", type=Path, default=Path("data/digits/mine"), help="folder of the corpus")
    parser.add_argument("--takes", type=arguments.whole(1), default=5, help="clips of each digit")
    parser.add_argument("--gender", choices=GENDERS, help="for the meta file, as what follows")
    parser.add_argument("--age", type=arguments.whole(1), help="in years")
    parser.add_argument("--accent", help="of your English")
    parser.add_argument("--native_speaker", choices=("yes", "no"), help="of English")
    parser.add_argument("--origin", help="where you are from")
    parser.add_argument("--room", help="where you record")
    parser.add_argument("--from_files", type=Path, metavar="FOLDER", help="recordings in place of the microphone")
    arguments.add_seed(parser)
    return parser.parse_args(argv)


def microphone() -> Callable[[str], tuple[np.ndarray, int]]:
    """Return what prompts for a word and hears it; raise InputError where there is no microphone."""
    try:
        import sounddevice
    except (ImportError, OSError):
        raise InputError(
            "the package sounddevice or its library PortAudio is missing; pip install -r requirements-record.txt "
            "(on Debian also apt-get install libportaudio2), or give --from_files"
        ) from None
    try:
        sounddevice.check_input_settings(channels=1, samplerate=RATE_HZ)
    except (ValueError, sounddevice.PortAudioError) as error:
        raise InputError(f"there is no microphone to record with ({error}); connect one or give --from_files") from None

    def hear(word: str) -> tuple[np.ndarray, int]:
        try:
            input(f'press Enter, then say "{word}" ')
            heard = sounddevice.rec(round(LISTEN_S * RATE_HZ), RATE_HZ, channels=1, dtype="float32", blocking=True)
        except (EOFError, sounddevice.PortAudioError) as error:
            raise InputError(f"recording broke off ({error}); the same command goes on") from None
        return heard[:, 0], RATE_HZ

    return hear


def files_in(folder: Path) -> Callable[[str], tuple[np.ndarray, int]]:
    """Return what hears the next file of a folder, whatever the word; raise InputError where there is none."""
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}")
    left = iter(sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES))

    def hear(word: str) -> tuple[np.ndarray, int]:
        path = next(left, None)
        if path is None:
            raise InputError(f'{folder} has no more files, "{word}" is to come; what is done is kept')
        print(f'"{word}": {path.name}')
        return read_speech(path)

    return hear


def problem(samples: np.ndarray, rate_hz: int) -> str:
    """Say what is wrong with a recording, before it is trimmed; nothing where it is good."""
    peak = np.abs(samples).max(initial=0)
    if peak < 10 ** (QUIETEST_DB / 20):
        return "too quiet: speak up or come closer"
    if peak >= 1 - 2**-15:
        return "overdriven: speak lower or turn the microphone down"
    duration_s = len(speech_in(samples, rate_hz)) / rate_hz
    if duration_s < SHORTEST_S + 2 * MARGIN_S:
        return "too short: no more than a click"
    if duration_s > LONGEST_S:
        return f"longer than a second ({duration_s:.1f} s): speak faster, in a quieter place"
    return ""


def speech_in(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Return what is speech in a recording, with a margin."""
    return trim(samples, TRIM_DB, round(MARGIN_S * rate_hz))


def ask(clip: Clip, hear: Callable[[str], tuple[np.ndarray, int]], to: Path) -> None:
    """Hear a clip until it is good, and write it."""
    while True:
        samples, rate_hz = hear(WORDS[clip.digit])
        wrong = problem(samples, rate_hz)
        if not wrong:
            break
        print(f"{wrong}; once more", flush=True)
    with whole_file(to / clip.name) as beside:
        soundfile.write(beside, speech_in(samples, rate_hz), rate_hz, "PCM_16")


def describe(args) -> None:
    """Write who the speaker is into the meta file; what is not said again stays, what was never said is unknown."""
    there = read_meta(args.to).get(f"{args.speaker:02d}", {}) if (args.to / META).exists() else {}
    today = time.strftime("%y-%m-%d-%H-%M-%S")
    said = (args.accent, args.age, args.gender, args.native_speaker, args.origin, today, args.room)
    given = {key: value for key, value in zip(META_KEYS, said, strict=True) if value is not None}
    add_meta(args.to, {args.speaker: dict.fromkeys(META_KEYS, "unknown") | there | given})


@exits_cleanly
def main(argv: list[str] | None = None) -> None:
    """Run the script."""
    args = parse(argv)
    clips = [Clip(args.speaker, *of) for of in product(range(len(WORDS)), range(args.takes))]
    order = generator(args.seed, "prompts", args.speaker).permutation(len(clips))
    wanted = [clips[place] for place in order if not (args.to / clips[place].name).exists()]
    if wanted:
        hear = microphone() if args.from_files is None else files_in(args.from_files)
        remove_parts(args.to / f"{args.speaker:02d}")
        describe(args)
    for count, clip in enumerate(wanted, start=1):
        print(f"{count} of {len(wanted)}: ", end="", flush=True)
        ask(clip, hear, args.to)
    made = f"{len(clips)} clips by speaker {args.speaker}."
    finish([made], args.to, command("-m digits.preprocess", args, args, corpus=args.to))


if __name__ == "__main__":
    main()
