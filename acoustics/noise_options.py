"""The options by which sound is added to what networks hear: tones in bands, white noise at times, reverberation."""

from __future__ import annotations

import argparse
from functools import partial
from typing import NamedTuple

from running import arguments
from running.errors import InputError

SINUSOIDAL, WHITE, REVERBERATION = "sinusoidal", "white", "reverberation"
NOISE_TYPES = {SINUSOIDAL: "freq_ranges", WHITE: "time_ranges", REVERBERATION: "reverberances"}
"""Kinds of noise, and the option that each needs."""


class Range(NamedTuple):
    """Where noise lies, in hertz or seconds, and its root mean square amplitude there."""

    low: float
    high: float
    rms: float


def add_noise_arguments(parser: argparse.ArgumentParser, default: str | None = None, speech_rms: float = 0.01) -> None:
    """Add what sound is to be added; `check_noise` checks it, `ranges` reads it.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    default : str, optional
        A choice that adds nothing; without it the option is left out for that.
    speech_rms : float
        Of the recordings, to give users a measure.
    """
    parser.add_argument(
        "--noise_type",
        choices=NOISE_TYPES if default is None else (default, *NOISE_TYPES),
        default=default,
        help="add to what the networks hear: tones in bands, white noise at times, or other reverberation",
    )
    ranges = partial(parser.add_argument, nargs="+", type=_range, metavar="LOW-HIGH")
    ranges("--freq_ranges", help="for sinusoidal: bands in Hz, such as 1000-2000")
    ranges("--time_ranges", help="for white: seconds from the start of every window, such as 0.0-0.1")
    parser.add_argument(
        "--rms_amplitudes",
        nargs="+",
        type=arguments.number(above=0),
        metavar="RMS",
        help="of the noise where it is, one for each range or for all, in the recordings' unit; speech has some "
        f"{speech_rms:g}",
    )
    parser.add_argument(
        "--reverberances", type=arguments.number(above=0), metavar="T60", help="for reverberation: T60 in seconds"
    )


def check_noise(args: argparse.Namespace) -> None:
    """Raise InputError for an option that is missing or of another type of noise, or amplitudes of another number."""
    needed = {NOISE_TYPES.get(args.noise_type)} - {None}
    needed |= {"rms_amplitudes"} if needed & {"freq_ranges", "time_ranges"} else set()
    for option in (*NOISE_TYPES.values(), "rms_amplitudes"):
        given = getattr(args, option) is not None
        if given and option not in needed:
            raise InputError(f"--{option} is not for --noise_type {args.noise_type}; leave it out or choose another")
        if not given and option in needed:
            raise InputError(f"--noise_type {args.noise_type} needs --{option}")
    if "rms_amplitudes" in needed:
        count, rms = len(getattr(args, NOISE_TYPES[args.noise_type])), args.rms_amplitudes
        if len(rms) not in (1, count):
            raise InputError(f"{len(rms)} --rms_amplitudes do not fit {count} ranges; give one, or one for each")


def ranges(args: argparse.Namespace) -> list[Range]:
    """Return the ranges of tones or of white noise that checked options mean."""
    bounds = getattr(args, NOISE_TYPES[args.noise_type])
    rms = args.rms_amplitudes * (len(bounds) if len(args.rms_amplitudes) == 1 else 1)
    return [Range(low, high, amplitude) for (low, high), amplitude in zip(bounds, rms, strict=True)]


def _range(text: str) -> tuple[float, float]:
    low, dash, high = text.partition("-")
    if not dash:
        raise argparse.ArgumentTypeError(f"{text!r} is no range; write LOW-HIGH, such as 1000-2000")
    low, high = map(arguments.number(least=0), (low, high))
    if low >= high:
        raise argparse.ArgumentTypeError(f"{text} does not rise")
    return low, high
