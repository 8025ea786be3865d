"""Spectrograms stretched along frequency or time, and whether a network then answers otherwise.

A network that tells women from men by how high they speak should take a man for a woman when all his frequencies are
raised. Stretched in time, all frequencies stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from digits.explained import SILENCE, Explained
from digits.layout import GENDERS
from explain.removal import Removal
from models.inference import outputs
from running.parts import by_source
from running.provenance import fingerprint

FREQUENCY, TIME = "frequency", "time"
FACTORS = (0.5, 0.57, 0.66, 0.75, 0.87, 1.0, 1.15, 1.33, 1.5, 1.75, 2.0)
TRAINED, UNTRAINED = "trained", "untrained"
CURVES = ((TRAINED, FREQUENCY), (TRAINED, TIME), (UNTRAINED, FREQUENCY))
ANSWERS = ("female", "flipped")
VERSION = 1


def stretched(levels: torch.Tensor, factor: float, axis: str, floor: float) -> torch.Tensor:
    """Return spectrograms of which bin k is where bin k / factor was, linearly between bins.

    Parameters
    ----------
    levels : tensor, shape (clip, 1, frequency, frame)
    factor : float
        Above 1 all is higher, or lasts longer.
    axis : {"frequency", "time"}
        Frequencies are stretched from 0 Hz on, times from the middle of the sound, the mean of the frames by how far
        their levels are above the floor.
    floor : float
        Level of what comes in from beyond the edges.
    """
    above = levels - floor
    fixed = torch.full((len(levels),), -1.0).to(levels)  # in units of affine_grid: -1 the first bin, 1 the last
    if axis == TIME:
        frames = torch.linspace(-1, 1, levels.shape[-1]).to(levels)
        by_frame = above.sum((1, 2))
        fixed = (by_frame @ frames) / by_frame.sum(1).clamp_min(torch.finfo(levels.dtype).tiny)
    same = torch.zeros(len(levels), 2, 3).to(levels)
    same[:, 0, 0] = same[:, 1, 1] = 1
    row = (TIME, FREQUENCY).index(axis)
    same[:, row, row], same[:, row, 2] = 1 / factor, fixed * (1 - 1 / factor)
    grid = functional.affine_grid(same, list(levels.shape), align_corners=True)
    return functional.grid_sample(above, grid, align_corners=True) + floor


@dataclass(frozen=True, eq=False)
class Stretched:
    """Which clips a network and its untrained twins take for a woman's when they are stretched.

    Parameters
    ----------
    explained : Explained
        Of the task "gender"; it hears spectrograms.
    factors : sequence of float
    untrained : int
        Number of twins.
    seed : int
        Of the first of them.
    """

    explained: Explained
    factors: Sequence[float]
    untrained: int
    seed: int

    def parts(self, folder: Path) -> list[dict[str, np.ndarray]]:
        """Return by "network axis", for each speaker, which clips are taken for a woman's, (twin, clip, factor)."""
        asked = {"factors": self.factors, "untrained": self.untrained, "seed": self.seed, "version": VERSION}
        place = folder / f"stretch-{self.explained.name}-{fingerprint(self.explained.identity | asked)[:16]}"
        return by_source(place, self.explained.clips.names, self._of_speaker, f"{self.explained.name} stretched")

    def _of_speaker(self, row: int) -> dict[str, np.ndarray]:
        twins = [self.explained.untrained(self.seed + number).model for number in range(self.untrained)]
        networks = {TRAINED: [self.explained.model], UNTRAINED: twins}
        levels = torch.from_numpy(self.explained.heard.windows(row))
        floor = SILENCE[self.explained.model.hears]
        found = {}
        for network, axis in CURVES:
            heard = [stretched(levels, factor, axis, floor) for factor in (1.0, *self.factors)]
            answers = [[outputs(model, each, self.explained.device).argmax(1) for each in heard]
                       for model in networks[network]]  # fmt: skip
            found[f"{network} {axis}"] = np.array(answers, bool).transpose(0, 2, 1)
        return found


def table(stretched: Sequence[Stretched], folder: Path) -> pd.DataFrame:
    """Return how often clips of men and of women are taken for a woman's, over all folds of a network.

    Returns
    -------
    DataFrame
        A row an answer ("female", or "flipped": another answer than to the clip as it is), network, axis, gender and
        factor, with mean and 95 % interval over speakers; of the trained network stretched in frequency the difference
        to being stretched in time, and to untrained networks, with verdicts.
    """
    parts = [part for each in stretched for part in each.parts(folder)]
    clips = pd.concat([each.explained.clips.table for each in stretched], ignore_index=True)
    factors, seed = stretched[0].factors, stretched[0].seed
    name = stretched[0].explained.name
    name_of = {TRAINED: name, UNTRAINED: f"untrained {name}"}
    gathered = {curve: np.concatenate([part[" ".join(curve)] for part in parts], axis=1) for curve in CURVES}
    female = {curve: each[..., 1:].mean(axis=0) for curve, each in gathered.items()}  # (clip, factor)
    flipped = {curve: (each[..., 1:] != each[..., :1]).mean(axis=0) for curve, each in gathered.items()}
    tables = []
    for answer, scores in zip(ANSWERS, (female, flipped), strict=True):
        for gender, code in GENDERS.items():
            own = (clips["gender"] == code).to_numpy()
            if not own.any():
                continue
            of_clips = {curve: list(each[own][:, None]) for curve, each in scores.items()}
            items = clips.loc[own, "digit"].astype(str) + " " + clips.loc[own, "take"].astype(str)
            removal = Removal(of_clips, clips.loc[own, "speaker"], items, factors, seed)
            for curve in CURVES:
                rows = removal.curve(curve)
                if curve == CURVES[0]:
                    for control, other in zip((TIME, UNTRAINED), CURVES[1:], strict=True):
                        difference = removal.difference(curve, other).drop(columns="percent")
                        rows = rows.join(difference.add_prefix(f"{control}_"))
                network = name_of[curve[0]]
                place = {"network": network, "axis": curve[1], "answer": answer, "gender": gender}
                rows = rows.rename(columns={"percent": "factor"})
                tables.append(pd.concat([pd.DataFrame(place, index=rows.index), rows], axis=1))
    return pd.concat(tables, ignore_index=True)
