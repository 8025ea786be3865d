"""Preprocessed clips on disk, by speaker, and choices of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from digits.hearing import CLIP_SAMPLES
from running.errors import InputError
from running.files import read_json
from running.provenance import fingerprint

COLUMNS = ["speaker", "digit", "take", "gender"]


@dataclass(frozen=True, eq=False)
class Clips:
    """Clips of a preprocessed corpus, all or some.

    As `explain.store.Inputs` an item is a speaker.

    Attributes
    ----------
    folder : Path
    name : str
        Of the corpus.
    made : str
        Hash of all that the preprocessed corpus depends on.
    table : DataFrame
        A row a clip, sorted by speaker, digit and take: speaker, digit, take, gender (0 male, 1 female, -1 not known).
    """

    folder: Path
    name: str
    made: str
    table: pd.DataFrame

    @classmethod
    def open(cls, folder: Path) -> Clips:
        """Open what ``python -m digits.preprocess`` made; raise InputError where it is absent or damaged."""
        folder = Path(folder)
        if not (folder / "clips.json").exists():
            raise InputError(f"{folder} holds no preprocessed clips, or not all; run python -m digits.preprocess")
        described = read_json(folder / "clips.json")
        try:
            name, made = described["corpus"]["name"], described["fingerprint"]
            genders = {int(speaker): int(gender) for speaker, gender in described["genders"].items()}
        except (KeyError, TypeError, ValueError, AttributeError):
            raise InputError(f"{folder / 'clips.json'} is damaged; remove it and run digits.preprocess again") from None
        tables = [_table(_path(folder, speaker), gender) for speaker, gender in sorted(genders.items())]
        return cls(folder, name, made, pd.concat(tables, ignore_index=True)[COLUMNS])

    def select(self, speakers: Collection[int] | None = None, takes: int | None = None) -> Clips:
        """Return the clips of some speakers, and at most the first so many takes of each digit by each of them.

        Raises
        ------
        InputError
            When a speaker has no clip.
        """
        table = self.table
        if speakers is not None:
            absent = sorted(set(speakers) - set(table["speaker"]))
            if absent:
                raise InputError(f"{self.folder} has no clip by speaker {', '.join(map(str, absent))}")
            table = table[table["speaker"].isin(speakers)]
        if takes is not None:
            table = table[table.groupby(["speaker", "digit"]).cumcount() < takes]
        return replace(self, table=table.reset_index(drop=True))

    @cached_property
    def fingerprint(self) -> str:
        """Return the hash of the preprocessed corpus and of which clips of it these are."""
        return fingerprint({"clips": self.made, "chosen": self.table[COLUMNS].to_numpy().tolist()})

    @cached_property
    def names(self) -> list[str]:
        """Return the speakers as two digits, in order."""
        return [f"{speaker:02d}" for speaker in self.table["speaker"].unique()]

    def windows(self, row: int) -> np.ndarray:
        """Return the waveforms of a speaker by its place in `names`, float32 of shape (clip, 8000)."""
        return self.waveforms(np.flatnonzero(self.table["speaker"] == int(self.names[row])))

    def waveforms(self, rows: np.ndarray | None = None) -> np.ndarray:
        """Read waveforms from disk.

        Parameters
        ----------
        rows : ndarray of int, shape (clip,), optional
            Of the table, in any order; all by default.

        Returns
        -------
        float32 array, shape (clip, 8000)
            At 8 kHz, in the scale of 16-bit integers.
        """
        chosen = self.table if rows is None else self.table.iloc[rows]
        found = np.empty((len(chosen), CLIP_SAMPLES), dtype=np.float32)
        for speaker, places in chosen.groupby("speaker").indices.items():
            path = _path(self.folder, speaker)
            with _opened(path) as file:
                there = {clip: row for row, clip in enumerate(zip(file["digits"][()], file["takes"][()], strict=True))}
                wanted = chosen.iloc[places][["digit", "take"]].itertuples(index=False, name=None)
                lie = np.array([there[clip] for clip in wanted])
                first, last = lie.min(), lie.max() + 1
                found[places] = file["waveforms"][first:last][lie - first]
        return found


def _path(folder: Path, speaker: int) -> Path:
    return folder / f"{speaker:02d}.h5"


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    try:
        with h5py.File(path) as file:
            yield file
    except (OSError, KeyError, RuntimeError):
        raise InputError(f"{path} is damaged; remove it and run digits.preprocess again") from None


def _table(path: Path, gender: int) -> pd.DataFrame:
    with _opened(path) as file:
        digits, takes = file["digits"][()], file["takes"][()]
        if file["waveforms"].shape != (len(digits), CLIP_SAMPLES):
            raise InputError(f"{path} is damaged; remove it and run digits.preprocess again")
    return pd.DataFrame({"speaker": int(path.stem), "digit": digits, "take": takes, "gender": gender})
