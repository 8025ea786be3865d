"""The options by which sound is added to what networks hear: interventions, several at once."""

from __future__ import annotations

import argparse

from localization.interventions import Intervention
from localization.interventions.noise import Sinusoidal, White
from localization.interventions.reverberation import Reverberation
from running import arguments
from running.errors import InputError

NOISE_TYPES = {Sinusoidal.name: "freq_ranges", White.name: "time_ranges", Reverberation.name: "reverberances"}
"""Kinds of noise, and the option that each needs."""


def add_noise_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what sound is to be added; `read_noise` reads it."""
    parser.add_argument(
        "--noise_type",
        choices=NOISE_TYPES,
        help="add to what the networks hear: tones in bands, white noise at times, or other reverberation",
    )
    ranges = {"nargs": "+", "type": _range, "metavar": "LOW-HIGH"}
    parser.add_argument("--freq_ranges", **ranges, help="for sinusoidal: bands in Hz, such as 1000-2000")
    parser.add_argument(
        "--time_ranges", **ranges, help="for white: seconds from the start of every window, such as 0.0-0.1"
    )
    parser.add_argument(
        "--rms_amplitudes",
        nargs="+",
        type=arguments.number(above=0),
        metavar="RMS",
        help="of the noise where it is, one for each range or for all, in the recordings' unit; speech has some 0.01",
    )
    parser.add_argument(
        "--reverberances", type=arguments.number(above=0), metavar="T60", help="for reverberation: T60 in seconds"
    )


def read_noise(args: argparse.Namespace) -> list[Intervention]:
    """Return the interventions that the options mean.

    Raises
    ------
    InputError
        For an option that is missing or of another type of noise, ranges that are none, amplitudes of another number.
    """
    needed = {NOISE_TYPES.get(args.noise_type)} - {None}
    needed |= {"rms_amplitudes"} if needed & {"freq_ranges", "time_ranges"} else set()
    for option in (*NOISE_TYPES.values(), "rms_amplitudes"):
        given = getattr(args, option) is not None
        if given and option not in needed:
            raise InputError(f"--{option} is not for --noise_type {args.noise_type}; leave it out or choose another")
        if not given and option in needed:
            raise InputError(f"--noise_type {args.noise_type} needs --{option}")
    if not needed:
        return []
    if args.noise_type == Reverberation.name:
        return [Reverberation(args.reverberances)]
    ranges, rms = getattr(args, NOISE_TYPES[args.noise_type]), args.rms_amplitudes
    if len(rms) not in (1, len(ranges)):
        raise InputError(f"{len(rms)} --rms_amplitudes do not fit {len(ranges)} ranges; give one, or one for each")
    kind = Sinusoidal if args.noise_type == Sinusoidal.name else White
    try:
        return [kind(*each, (rms * len(ranges))[place], args.seed + place) for place, each in enumerate(ranges)]
    except ValueError as error:
        raise InputError(str(error)) from None


def changes_of(args: argparse.Namespace) -> list[Intervention]:
    """Return all that changes what is heard, in the order in which it can be done."""
    added, intervention = getattr(args, "added", []), getattr(args, "intervention", None)
    chosen = [intervention] if intervention else []
    return added + chosen if any(isinstance(each, Reverberation) for each in added) else chosen + added


def _range(text: str) -> tuple[float, float]:
    low, dash, high = text.partition("-")
    if not dash:
        raise argparse.ArgumentTypeError(f"{text!r} is no range; write LOW-HIGH, such as 1000-2000")
    low, high = map(arguments.number(least=0), (low, high))
    if low >= high:
        raise argparse.ArgumentTypeError(f"{text} does not rise")
    return low, high
