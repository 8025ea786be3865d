"""Pieces of command lines that the scripts share."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import params
from running import ranks
from running.errors import TRACEBACK, InputError

SHOWN = (str, int, float, Path)
"""Types of defaults that a help text shows."""


def parser(doc: str) -> argparse.ArgumentParser:
    """Return a parser that shows a script's docstring and every default, and takes `running.errors.TRACEBACK`."""
    made = argparse.ArgumentParser(description=doc, formatter_class=_Formatter, allow_abbrev=False)
    made.add_argument(TRACEBACK, action=_Mark, help="show where in the code an error arose")
    return made


def add_condition(to: argparse.ArgumentParser) -> None:
    """Add ``--T60`` and ``--SNR`` of one condition."""
    default = params.CONDITIONS[0]
    to.add_argument("--T60", type=number(above=0), default=default.T60_s, help="reverberation time in seconds")
    to.add_argument("--SNR", type=_snr, default=default.snr_db, help="signal-to-noise ratio in decibels")


def add_rooms(to: argparse.ArgumentParser) -> None:
    """Add ``--T60``, ``--SNR`` and ``--rooms`` of one dataset; `condition` returns what they say."""
    default = params.CONDITIONS[0]
    add_condition(to)
    to.set_defaults(T60=None, SNR=None)
    to.add_argument(
        "--rooms",
        choices=("own", "random"),
        default="own",
        help=f"own: all sources in the room of the set-up, at {default.T60_s:g} s and {default.snr_db:g} dB unless "
        "--T60 and --SNR say otherwise; random: each in a room, with a T60 and with an SNR of its own, for networks "
        "that are to localize in any room",
    )


def condition(args: argparse.Namespace) -> params.Condition | params.AnyRoom:
    """Return the condition that ``--T60``, ``--SNR`` and ``--rooms`` say; what was left out is filled in.

    Raises
    ------
    InputError
        When a T60 or SNR is given for rooms that have their own.
    """
    if args.rooms == "random":
        for name in ("T60", "SNR"):
            if getattr(args, name) is not None:
                raise InputError(f"--{name} is for --rooms own; random rooms each have their own")
        return params.ANY_ROOM
    default = params.CONDITIONS[0]
    args.T60 = default.T60_s if args.T60 is None else args.T60
    args.SNR = default.snr_db if args.SNR is None else args.SNR
    return params.Condition(args.T60, args.SNR)


def add_conditions(to: argparse.ArgumentParser) -> None:
    """Add the choice of one condition (``--T60``, ``--SNR``) or of several (``--conditions``)."""
    add_condition(to)
    many = f"{params.ANY_ROOM.name} for sources that each have a room of their own"
    what = f"in place of --T60 and --SNR {many}, or several conditions in one table, with a pooled row"
    add_several_conditions(to, what)


def add_several_conditions(to: argparse.ArgumentParser, what: str) -> None:
    """Add ``--conditions``."""
    to.add_argument(
        "--conditions",
        nargs="+",
        type=_conditions,
        metavar="T60/SNR",
        help=f"{what}: 'all' for the four published ones, or for example 0.15/25 0.3/20",
    )


def conditions(args: argparse.Namespace) -> tuple[params.Condition | params.AnyRoom, ...]:
    """Return the conditions that were asked for, each once."""
    if not args.conditions:
        return (params.Condition(args.T60, args.SNR),)
    return tuple(dict.fromkeys(condition for group in args.conditions for condition in group))


def add_seed(to: argparse.ArgumentParser) -> None:
    """Add ``--seed``."""
    to.add_argument("--seed", type=whole(0), default=params.PUBLISHED.grid.seed, help="seed of the random draws")


def add_data_path(to: argparse.ArgumentParser) -> None:
    """Add ``--data_path``."""
    to.add_argument("--data_path", type=Path, default=Path("data"), help="folder of the datasets, one a condition")


def add_corpus(to: argparse.ArgumentParser) -> None:
    """Add ``--corpus`` and ``--speaker_pattern``."""
    to.add_argument(
        "--corpus",
        default="espeak",
        help="speech: 'espeak' (built in), 'cmu_arctic', 'cmu_arctic:FOLDER', or any folder of wav, flac or ogg files",
    )
    to.add_argument(
        "--speaker_pattern",
        metavar="REGEX",
        help="for a folder: the first group (or the whole match) in a file's relative path names its speaker; "
        "without it the first folder of the path does",
    )


def slug(corpus: str) -> str:
    """Return a corpus as a part of the name of a folder."""
    return re.sub(r"\W+", "_", Path(corpus).name)


def add_simulator(to: argparse.ArgumentParser, simulators: Iterable[str]) -> None:
    """Add ``--simulator`` with the given choices beside ``auto``."""
    to.add_argument(
        "--simulator",
        choices=("auto", *simulators),
        default="auto",
        help="simulator of the room impulse responses; auto: gpurir where it can run, else finufft",
    )


def add_gpu(to: argparse.ArgumentParser) -> None:
    """Add ``--gpu``."""
    to.add_argument(
        "--gpu",
        type=_gpu,
        default="auto",
        help="index of the CUDA device, 'cpu', or 'auto': the first GPU where there is one",
    )


def device(args: argparse.Namespace):
    """Return the `torch.device` that ``--gpu`` asks for; under torchrun each local rank has its own GPU.

    Raises
    ------
    InputError
        When there is no such GPU.
    """
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if args.gpu == "cpu" or (args.gpu == "auto" and count == 0):
        return torch.device("cpu")
    index = ranks.local_rank() if args.gpu == "auto" or ranks.world_size() > 1 else args.gpu
    if index >= count:
        have = f"there are {count}, counted from 0" if count else "there is no CUDA device"
        raise InputError(f"GPU {index} can't be used: {have}; leave --gpu out or say --gpu cpu")
    torch.backends.cudnn.allow_tf32 = False  # fp32 is then that of the CPU
    return torch.device("cuda", index)


def add_setup(to: argparse.ArgumentParser) -> None:
    """Add ``--setup``."""
    to.add_argument(
        "--setup",
        type=_setup,
        default=params.PUBLISHED,
        metavar="JSON",
        help="another room, array, grid or window length; what the file leaves out stays as published",
    )


def number(above: float = -math.inf, least: float = -math.inf, most: float = math.inf):
    """Return an argparse type for a finite number, above `above` and from `least` to `most`."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
        if not math.isfinite(value):
            raise argparse.ArgumentTypeError(f"{text!r} is not a finite number")
        if value <= above:
            raise argparse.ArgumentTypeError(f"{text} is not above {above:g}")
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text} is not between {least:g} and {most:g}")
        return value

    return parse


def whole(least: int):
    """Return an argparse type for a whole number of at least `least`."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is below {least}")
        return value

    return parse


def refusing(read: Callable):
    """Return an argparse type that calls `read` on the text; its InputError becomes the argument's."""

    def parse(text: str):
        try:
            return read(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse


def shown_path(path: Path) -> str:
    """Return a path as a user would type it: relative to the working folder where it lies inside."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the docstring's lines, and shows the defaults that can be typed."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        defaults = action.default if isinstance(action.default, (list, tuple)) else [action.default]
        typed = [value for value in defaults if isinstance(value, SHOWN) and value != argparse.SUPPRESS]
        return f"{action.help} (default: {' '.join(map(_typed, typed))})" if typed else action.help


class _Mark(argparse.Action):
    """A flag that `running.errors` reads and that is no argument of what a script makes."""

    def __init__(self, option_strings: list[str], dest: str, **details):
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, default=argparse.SUPPRESS, **details)

    def __call__(self, *_) -> None:
        pass


def _typed(value) -> str:
    return shown_path(value) if isinstance(value, Path) else str(value)


def _snr(text: str) -> float:
    return number(least=-100, most=100)(text)  # beyond, 24 bits do not hold speech and noise both


def _gpu(text: str) -> str | int:
    return text if text in ("auto", "cpu") else whole(0)(text)


def _setup(text: str) -> params.Setup:
    try:
        return params.Setup.from_json(text)
    except (OSError, TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from None


def _conditions(text: str) -> tuple[params.Condition | params.AnyRoom, ...]:
    if text == "all":
        return params.CONDITIONS
    if text == params.ANY_ROOM.name:
        return (params.ANY_ROOM,)
    T60_text, slash, snr_text = text.partition("/")
    if not slash:
        raise argparse.ArgumentTypeError(f"{text!r} is not 'all', '{params.ANY_ROOM.name}' or T60/SNR, such as 0.15/25")
    return (params.Condition(number(above=0)(T60_text), _snr(snr_text)),)
