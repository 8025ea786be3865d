"""Bins and frames of a mask that are explained: single ones, or all between two frequencies or times together."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from enhancement.clips import Clips
from enhancement.spectra import FRAMES, FS_HZ
from running.errors import InputError

ALL = "all"


def add_places(parser: argparse.ArgumentParser, f_out: Sequence[str], t_out: Sequence[str]) -> None:
    """Add ``--f_out`` and ``--t_out`` with their defaults; `places_of` reads them."""
    written = "numbers from 0, FIRST:LAST:STEP each alone, LOW-HIGH in {} summed, or all summed"
    parser.add_argument("--f_out", nargs="+", default=list(f_out), help=f"bins of the mask: {written.format('Hz')}")
    parser.add_argument(
        "--t_out", nargs="+", default=list(t_out), help=f"frames of the mask: {written.format('seconds')}"
    )


def places_of(args: argparse.Namespace, clips: Clips) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Return the bins and the frames of masks that the options mean."""
    time_s = FRAMES.centres_s(clips.samples.shape[1], FS_HZ)
    return places(args.f_out, FRAMES.centres_hz(FS_HZ), "Hz"), places(args.t_out, time_s, "s")


def places(texts: Sequence[str], centres: Sequence[float], unit: str) -> dict[str, list[int]]:
    """Return the places along an axis that texts mean, by names fit for files.

    Parameters
    ----------
    texts : sequence of str
        Each a number; ``FIRST:LAST:STEP`` as Python slices, each place of it alone; ``LOW-HIGH``, all from one value to
        below another together; or ``all``, all together.
    centres : sequence of float
        Value of each place, rising.
    unit : str
        Of the values.

    Raises
    ------
    InputError
        For a text that means nothing, or no place of the axis.
    """
    found = {}
    for text in texts:
        here = _places(text, centres, unit)
        if not any(here.values()):
            raise InputError(f"{text} holds none of the {len(centres)} places from {_ends(centres)} {unit}")
        found |= here
    return found


def _places(text: str, centres: Sequence[float], unit: str) -> dict[str, list[int]]:
    every = range(len(centres))
    try:
        if text == ALL:
            return {ALL: list(every)}
        if ":" in text:
            return {_name(n): [n] for n in every[slice(*(int(part) if part else None for part in text.split(":")))]}
        if "-" in text.lstrip("-"):
            low, high = map(float, text.split("-"))
            return {f"{text}{unit}": [n for n in every if low <= centres[n] < high]}
        return {_name(every.index(int(text))): [int(text)]}
    except (TypeError, ValueError):
        raise InputError(
            f"{text!r} is none of the {len(centres)} places from {_ends(centres)} {unit}; write a number from 0, "
            f"FIRST:LAST:STEP, LOW-HIGH in {unit}, or {ALL}"
        ) from None


def _name(number: int) -> str:
    return f"{number:04d}"


def _ends(centres: Sequence[float]) -> str:
    return f"{centres[0]:g} to {centres[-1]:g}"
