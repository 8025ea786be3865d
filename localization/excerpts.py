"""Some windows of every source: of what is costly to compute or to keep, a few say as much as all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from acoustics.recordings import Recordings, subset
from localization.errors import window_table
from running.provenance import fingerprint


@dataclass(frozen=True)
class Excerpts:
    """So many windows of each source, spread over it at random; they are inputs as `explain.store` takes them.

    Parameters
    ----------
    recordings : Recordings
    count : int
        Windows of each source; those that have fewer give all.
    """

    recordings: Recordings
    count: int

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the recordings' own and of how many windows are taken."""
        return fingerprint({"recordings": self.recordings.fingerprint, "windows": self.count})

    @property
    def names(self) -> list[str]:
        """Name of each source in files."""
        return self.recordings.names

    def chosen(self, row: int) -> list[int]:
        """Return which windows of a source are taken."""
        there = int(self.recordings.window_counts[row])
        return subset(there, min(there, self.count))

    def windows(self, row: int) -> np.ndarray:
        """Return the windows of a source, float32, shape (window, microphone, sample)."""
        return self.recordings.windows(row)[self.chosen(row)]

    def table(self) -> pd.DataFrame:
        """Return a row a window taken, as `localization.errors.window_table` does of all windows."""
        whole = window_table(self.recordings)
        taken = [whole["source"].eq(number) & whole["window"].isin(self.chosen(row))
                 for row, number in enumerate(self.recordings.numbers)]  # fmt: skip
        return whole[np.any(taken, axis=0)].reset_index(drop=True)
