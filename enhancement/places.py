"""Bins and frames of a mask that are explained: single ones, or all between two frequencies or times together."""

from __future__ import annotations

from collections.abc import Sequence

from running.errors import InputError

ALL = "all"


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
