"""Attributions from what the enhancer hears to its mask, [f_out, t_out, f_in, t_in]: a file an f_out of a clip."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from enhancement.clips import Clips
from enhancement.nsnet2 import BINS, NSNet2
from enhancement.spectra import FRAMES, FS_HZ
from explain.methods import Method
from explain.methods.noise import Floor
from explain.store import model_fingerprint
from models.inference import outputs
from running.arrays import read_arrays
from running.parts import files_by_source
from running.provenance import fingerprint

FORMAT = 1
FLOOR = Floor(level=-8.0, jitter=0.1)
"""Where levels hold nothing, in powers of ten; draws are 1 dB around it."""
AXES = ("t_out", "f_in", "t_in")


@dataclass(frozen=True)
class Attributions:
    """Attributions of a network's masks by one method, from chosen places of the masks.

    What is explained is the sum of the mask over the bins of `f_out` and the frames of `t_out`.

    Parameters
    ----------
    folder : Path
        Holds those of all networks and methods; these get a folder inside, named by what they depend on.
    network : NSNet2
        Unrolled to the length of the clips.
    method : explain.methods.Method
    clips : Clips
    f_out, t_out : mapping
        Bins and frames by name, see `enhancement.places`.
    device : str or torch.device
    """

    folder: Path
    network: NSNet2
    method: Method
    clips: Clips
    f_out: Mapping[str, Sequence[int]]
    t_out: Mapping[str, Sequence[int]]
    device: object = "cpu"

    def files(self) -> list[list[Path]]:
        """Return the files of each clip, one an f_out; those that are not there, damaged or of others are made first.

        Each holds the arrays "attributions", shape `AXES`, and "start", "promised" and "reached", shape (t_out,): the
        explained sum of the mask, what attributions are to add up to (NaN where nothing is promised), and what they
        do. Its attributes say what it holds.
        """
        identity = {
            "format": FORMAT,
            "frames": FRAMES,
            "t_out": self.t_out,
            "weights": model_fingerprint(self.network),
            "inputs": self.clips.fingerprint,
        } | self.method.identity(self.network)
        own = fingerprint(identity)
        attributes = {
            "fingerprint": own,
            "axes": AXES,
            "t_out": list(self.t_out),
            "frequency_hz": FRAMES.centres_hz(FS_HZ),
            "time_s": FRAMES.centres_s(self.clips.samples.shape[1], FS_HZ),
            "method": json.dumps(self.method.identity(self.network)),
            "weights": identity["weights"],
            "inputs": identity["inputs"],
        }
        sources = [(row, bins) for row in range(len(self.clips.names)) for bins in self.f_out]
        found = files_by_source(
            self.folder / f"{self.method.name}-{own[:16]}",
            [f"{self.clips.names[row]}/{bins}" for row, bins in sources],
            lambda place: self._of(sources[place][0], self.f_out[sources[place][1]]),
            self.method.title,
            attributes,
        )
        return [found[first : first + len(self.f_out)] for first in range(0, len(found), len(self.f_out))]

    def table(self) -> pd.DataFrame:
        """Return a row for each explained place: method, clip, voice, f_out, t_out, start, promised, reached, delta."""
        rows = []
        for name, voice, files in zip(self.clips.names, self.clips.voices, self.files(), strict=True):
            for bins, file in zip(self.f_out, files, strict=True):
                arrays, _ = read_arrays(file)
                place = {"method": self.method.name, "clip": name, "voice": voice, "f_out": bins}
                sums = {key: arrays[key] for key in ("start", "promised", "reached")}
                rows.append(pd.DataFrame(place | {"t_out": list(self.t_out)} | sums))
        table = pd.concat(rows, ignore_index=True)
        return table.assign(delta=table["reached"] - table["promised"])

    def _of(self, row: int, bins: Sequence[int]) -> dict[str, np.ndarray]:
        """Return the arrays of a file."""
        window = self.clips.windows(row)
        mask = outputs(self.network, window, self.device).reshape(BINS, -1)
        starts = np.zeros((len(self.t_out), *mask.shape), np.float32)
        for start, frames in zip(starts, self.t_out.values(), strict=True):
            start[np.ix_(bins, frames)] = mask[np.ix_(bins, frames)]
        starts = starts.reshape(len(starts), -1)
        windows = window.repeat(len(starts), axis=0)
        attributions = self.method.attribute(self.network, windows, starts, self.device)[:, 0]  # AXES
        promised = self.method.promised(self.network, windows, starts, self.device)
        return {
            "attributions": attributions,
            "start": starts.sum(axis=1, dtype=np.float64),
            "promised": np.full(len(starts), np.nan) if promised is None else promised.astype(np.float64),
            "reached": attributions.sum(axis=(1, 2), dtype=np.float64),
        }


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return how far attributions are from what they promise to add up to, a row a network and method."""
    relative = table["delta"].abs() / table["promised"].abs()
    sizes = table.assign(off=table["delta"].abs(), relative=relative, size=table["promised"].abs())
    of_each = sizes.groupby(["network", "method"], sort=False)
    return pd.DataFrame({
        "explained": of_each.size(),
        "promised, median": of_each["size"].median(),
        "delta, median": of_each["off"].median(),
        "delta, worst": of_each["off"].max(),
        "relative, median": of_each["relative"].median(),
        "relative, worst": of_each["relative"].max(),
    }).reset_index()  # fmt: skip
