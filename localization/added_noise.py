"""The options of `acoustics.noise_options` as interventions, several at once."""

from __future__ import annotations

import argparse

from acoustics.noise_options import add_noise_arguments, check_noise, ranges
from localization.interventions import Intervention
from localization.interventions.noise import Sinusoidal, White
from localization.interventions.reverberation import Reverberation
from running.errors import InputError

__all__ = ["add_noise_arguments", "changes_of", "read_noise"]


def read_noise(args: argparse.Namespace) -> list[Intervention]:
    """Return the interventions that the options mean.

    Raises
    ------
    InputError
        As `check_noise`, and for ranges that are none.
    """
    check_noise(args)
    if args.noise_type is None:
        return []
    if args.noise_type == Reverberation.name:
        return [Reverberation(args.reverberances)]
    kind = Sinusoidal if args.noise_type == Sinusoidal.name else White
    try:
        return [kind(*each, args.seed + place) for place, each in enumerate(ranges(args))]
    except ValueError as error:
        raise InputError(str(error)) from None


def changes_of(args: argparse.Namespace) -> list[Intervention]:
    """Return all that changes what is heard, in the order in which it can be done."""
    added, intervention = getattr(args, "added", []), getattr(args, "intervention", None)
    chosen = [intervention] if intervention else []
    return added + chosen if any(isinstance(each, Reverberation) for each in added) else chosen + added
