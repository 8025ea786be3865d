"""Wide figures that narrow screens get in parts."""

from __future__ import annotations

from dataclasses import dataclass

from report.page.assets import Picture


@dataclass(frozen=True)
class Plate:
    """A wide figure, and for narrow screens the same in parts.

    Parameters
    ----------
    wide : Picture
    parts : list of (title, pictures)
    """

    wide: Picture
    parts: list[tuple[str, list[Picture]]]
