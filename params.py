"""The published set-up as data: room, array, source grid, conditions and splits.

Everything here is taken from L. Comanducci, F. Antonacci, A. Sarti, "Interpreting End-to-End Deep Learning Models for
Speech Source Localization Using Layer-wise Relevance Propagation", EUSIPCO 2024. Importing this module has no effect.
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

SPLITS = ("train", "val", "test")
CENTRE = "always the centre"
"""Name, in every table, of the control that answers `SourceGrid.centre_m` whatever it hears."""
LAG_ZERO = "always lag 0"
"""Name, in every table, of the control that answers a delay of 0 samples whatever it hears."""
SRP_PHAT = "SRP-PHAT"
"""Name, in every table, of the method that localizes without training, `acoustics.srp_phat`."""


def _check(holds: bool, name: str, kind: str, value) -> None:
    """Refuse a value that is not of its kind."""
    if not holds:
        raise ValueError(f"{name} must be {kind}, not {reprlib.repr(value)}")


def _are_numbers(values, count: int, kind: Any = Real, above: float = -1e9, most: float = 1e9) -> bool:
    """Tell whether `values` are `count` numbers of a kind, each above one limit and at most the other; NaN is none."""
    return (
        isinstance(values, tuple)
        and len(values) == count
        and all(isinstance(value, kind) and not isinstance(value, bool) and above < value <= most for value in values)
    )


def point_m(values: Iterable[float]) -> tuple[float, float, float]:
    """Return x, y and z in metres as plain numbers."""
    x_m, y_m, z_m = map(float, values)
    return x_m, y_m, z_m


@dataclass(frozen=True)
class Room:
    """A shoebox room.

    Parameters
    ----------
    size_m : tuple of float
        Length along x, y and z in metres.
    """

    size_m: tuple[float, float, float] = (3.6, 8.2, 2.4)

    def __post_init__(self):
        _check(_are_numbers(self.size_m, 3, above=0), "room.size_m", "three positive numbers", self.size_m)

    def contains(self, points_m: np.ndarray) -> np.ndarray:
        """Tell which points, shape (..., 3), lie strictly inside the room; shape (...)."""
        return np.all((points_m > 0) & (points_m < np.asarray(self.size_m)), axis=-1)


@dataclass(frozen=True)
class MicArray:
    """Microphone positions.

    Parameters
    ----------
    positions_m : tuple of (x, y, z) tuples
        One position for each microphone, in metres.
    """

    positions_m: tuple[tuple[float, float, float], ...]

    def __post_init__(self):
        is_list = isinstance(self.positions_m, tuple) and len(self.positions_m) > 0
        _check(is_list, "array.positions_m", "one position or more", self.positions_m)
        for position_m in self.positions_m:
            _check(_are_numbers(position_m, 3), "each of array.positions_m", "three numbers", position_m)

    @classmethod
    def line_along_x(cls, count: int, spacing_m: float, center_m: tuple[float, float, float]) -> MicArray:
        """Return a uniform linear array of `count` microphones, centred on `center_m`."""
        x_m, y_m, z_m = center_m
        offsets_m = (np.arange(count) - (count - 1) / 2) * spacing_m
        return cls(tuple((float(round(x_m + offset_m, 9)), y_m, z_m) for offset_m in offsets_m))

    def __len__(self) -> int:
        return len(self.positions_m)

    def as_array(self) -> np.ndarray:
        """Return the positions as a float64 array of shape (microphone, 3)."""
        return np.asarray(self.positions_m, dtype=np.float64)


@dataclass(frozen=True)
class SourceGrid:
    """Source positions on a horizontal grid with random heights, a rectangle of which is held out for the test.

    Parameters
    ----------
    x_m, y_m : (first, last)
        Extent of the grid in metres, both ends included.
    z_m : (lowest, highest)
        Heights are drawn uniformly between these, in metres.
    nx, ny : int
        Number of grid points along x and y.
    held_out_x_m, held_out_y_m : (from, to)
        Open rectangle whose sources form the test split, in metres.
    val_share : float
        Share of the remaining sources that is used for validation, rounded up.
    seed : int
        Seed of the heights and of the train/validation split.
    """

    x_m: tuple[float, float] = (0.825, 2.575)
    y_m: tuple[float, float] = (4.5, 6.5)
    z_m: tuple[float, float] = (1.0, 1.5)
    nx: int = 65
    ny: int = 65
    held_out_x_m: tuple[float, float] = (1.45, 1.95)
    held_out_y_m: tuple[float, float] = (5.25, 5.75)
    val_share: float = 0.2
    seed: int = 5000

    def __post_init__(self):
        for name in ("x_m", "y_m", "z_m", "held_out_x_m", "held_out_y_m"):
            ends_m = getattr(self, name)
            ordered = _are_numbers(ends_m, 2) and ends_m[0] <= ends_m[1]
            _check(ordered, f"grid.{name}", "two numbers, the smaller one first", ends_m)
        for name in ("nx", "ny"):
            count = getattr(self, name)
            _check(_are_numbers((count,), 1, Integral, 0, 1000), f"grid.{name}", "a whole number from 1 to 1000", count)
        share = _are_numbers((self.val_share,), 1, above=0, most=1)
        _check(share, "grid.val_share", "a number between 0 and 1", self.val_share)
        seed = _are_numbers((self.seed,), 1, Integral, -1, 2**32 - 1)
        _check(seed, "grid.seed", "a whole number from 0 to 4294967295", self.seed)

    def positions_m(self) -> np.ndarray:
        """Return all positions in grid order (x runs fastest), shape (ny * nx, 3), in metres."""
        x_m, y_m = np.meshgrid(np.linspace(*self.x_m, self.nx), np.linspace(*self.y_m, self.ny))
        z_m = np.random.default_rng(self.seed).uniform(*self.z_m, size=x_m.size)
        return np.column_stack([x_m.ravel(), y_m.ravel(), z_m])

    def splits(self) -> dict[str, np.ndarray]:
        """Return the positions of each split, {"train" | "val" | "test": (n, 3)}, in metres.

        Equal to scikit-learn's ``train_test_split(test_size=val_share, random_state=seed)`` over the sources that are
        not held out, in grid order; test sources stay in grid order.
        """
        positions_m = self.positions_m()
        x_m, y_m = positions_m[:, 0], positions_m[:, 1]
        held_out = (
            (x_m > self.held_out_x_m[0])
            & (x_m < self.held_out_x_m[1])
            & (y_m > self.held_out_y_m[0])
            & (y_m < self.held_out_y_m[1])
        )
        remaining_m = positions_m[~held_out]
        order = np.random.RandomState(self.seed).permutation(len(remaining_m))
        val_count = int(np.ceil(len(remaining_m) * self.val_share))
        return {
            "train": remaining_m[order[val_count:]],
            "val": remaining_m[order[:val_count]],
            "test": positions_m[held_out],
        }

    def centre_m(self) -> np.ndarray:
        """Return the mean position of the train and validation sources, shape (3,): the best constant estimate."""
        splits = self.splits()
        return np.concatenate([splits["train"], splits["val"]]).mean(axis=0)


@dataclass(frozen=True, order=True)
class Condition:
    """Reverberation time in seconds and signal-to-noise ratio in decibels."""

    T60_s: float
    snr_db: float

    def __post_init__(self):
        _check(_are_numbers((self.T60_s,), 1, above=0), "T60_s", "a positive number", self.T60_s)
        _check(_are_numbers((self.snr_db,), 1), "snr_db", "a number", self.snr_db)

    @property
    def name(self) -> str:
        """Folder name of the condition, such as ``SNR_25_T60_0.15``."""
        return f"SNR_{self.snr_db:g}_T60_{self.T60_s:g}"


@dataclass(frozen=True)
class AnyRoom:
    """In place of one condition in one room: each source has a room, a T60 and an SNR of its own.

    All are drawn uniformly and independently of one another, but that a room must be able to have the T60.

    Parameters
    ----------
    T60_s : (shortest, longest)
        Reverberation time in seconds.
    snr_db : (lowest, highest)
        Signal-to-noise ratio in decibels.
    sizes_m : tuple of three (smallest, largest)
        Length of the room along x, y and z in metres: small offices to class rooms.
    margin_m : float
        Array and source area keep at least so far from every wall, in metres.
    """

    T60_s: tuple[float, float] = (0.15, 0.6)
    snr_db: tuple[float, float] = (10, 25)
    sizes_m: tuple[tuple[float, float], ...] = ((3.2, 6.5), (4.5, 10.0), (2.3, 3.5))
    margin_m: float = 0.3

    name: ClassVar[str] = "any_room"

    def __post_init__(self):
        for kind, ranges in {"T60_s": (self.T60_s,), "snr_db": (self.snr_db,), "sizes_m": self.sizes_m}.items():
            ordered = all(_are_numbers(ends, 2) and ends[0] <= ends[1] for ends in ranges)
            _check(ordered, kind, "two numbers, the smaller one first", ranges if kind == "sizes_m" else ranges[0])


CONDITIONS = (Condition(0.15, 25), Condition(0.3, 20), Condition(0.4, 15), Condition(0.6, 10))
ANY_ROOM = AnyRoom()
"""The four conditions and all between them, in rooms that nothing is known of."""


def condition_from_dict(values: dict) -> Condition | AnyRoom:
    """Build what `dataclasses.asdict` or JSON made of a condition; raises TypeError or ValueError for anything else."""
    kind = AnyRoom if "sizes_m" in values else Condition
    return kind(**_known(kind, values))


@dataclass(frozen=True)
class Setup:
    """All that stays the same from condition to condition; the defaults are the published values.

    Parameters
    ----------
    room : Room
    array : MicArray
    grid : SourceGrid
    fs_hz : int
        Sampling rate.
    c_m_s : float
        Speed of sound.
    window_samples : int
        Length of a network's input; windows do not overlap.
    """

    room: Room = field(default_factory=Room)
    array: MicArray = field(default_factory=lambda: MicArray.line_along_x(16, 0.15, (1.7, 7.0, 1.2)))
    grid: SourceGrid = field(default_factory=SourceGrid)
    fs_hz: int = 16000
    c_m_s: float = 343.0
    window_samples: int = 5120

    def __post_init__(self):
        for name in ("fs_hz", "window_samples"):
            count = getattr(self, name)
            _check(_are_numbers((count,), 1, Integral, 0), name, "a positive whole number", count)
        _check(_are_numbers((self.c_m_s,), 1, above=0), "c_m_s", "a positive number", self.c_m_s)
        if not self.room.contains(self.array.as_array()).all():
            raise ValueError(f"a microphone lies outside the room of {self.room.size_m} m")
        if not self.room.contains(self.grid.positions_m()).all():
            raise ValueError(f"a source lies outside the room of {self.room.size_m} m")
        empty = [split for split, positions_m in self.grid.splits().items() if len(positions_m) == 0]
        if empty:
            raise ValueError(f"the grid has no source for {', '.join(empty)}; change it or the rectangle held out")

    def to_dict(self) -> dict:
        """Return plain lists, numbers and dicts, ready for JSON."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_dict(cls, values: dict) -> Setup:
        """Build a set-up from `to_dict`'s form; what is absent keeps its published value.

        Raises
        ------
        ValueError
            For an unknown key or a value of the wrong kind.
        """
        published, values = cls(), _known(cls, values)
        for key in values.keys() & {"room", "array", "grid"}:
            part = getattr(published, key)
            values[key] = replace(part, **_known(type(part), values[key]))
        return cls(**values)

    @classmethod
    def from_json(cls, path: str | Path) -> Setup:
        """Read a set-up from a JSON file; raises ValueError as `from_dict` does."""
        return cls.from_dict(json.loads(Path(path).read_text()))


PUBLISHED = Setup()


def _known(cls, values: dict) -> dict:
    """Return a copy of `values` with lists as tuples, after checking that `cls` has all its keys."""
    if not isinstance(values, dict):
        raise ValueError(f"{cls.__name__} must be a JSON object")
    unknown = set(values) - {item.name for item in fields(cls)}
    if unknown:
        raise ValueError(f"{cls.__name__} has no {', '.join(sorted(unknown))}")
    return {key: _as_tuple(value) for key, value in values.items()}


def _as_tuple(value):
    return tuple(_as_tuple(item) for item in value) if isinstance(value, list) else value
