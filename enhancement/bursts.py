"""Clips with a burst in one band, which is to explain what it changes in the mask of another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from acoustics.noise import tones
from enhancement import spectra
from enhancement.clips import Clips
from enhancement.nsnet2 import BINS, NSNet2
from enhancement.spectra import FRAMES, FS_HZ
from explain.map_summaries import enrichment
from explain.methods import Method
from models.inference import outputs
from running.errors import InputError
from running.seeds import generator

AFTER_S = 0.1
"""The mask is explained as long after the burst."""


@dataclass(frozen=True)
class Burst:
    """Tones in a band for a moment, faded in and out by half of a sine.

    Parameters
    ----------
    centre_hz, width_hz : float
    begins_s, lasts_s : float
    level_db : float
        Root mean square while it lasts, above that of the clip.
    probe_hz : float
        Where the mask is explained.
    elsewhere_hz : float
        Middle of a band as wide, in which nothing is added.
    """

    centre_hz: float = 3000.0
    width_hz: float = 300.0
    begins_s: float = 0.5
    lasts_s: float = 0.1
    level_db: float = 6.0
    probe_hz: float = 800.0
    elsewhere_hz: float = 5500.0

    def added(self, samples: np.ndarray, seed: int, number: int) -> np.ndarray:
        """Return a clip with the burst, float32, shape (sample,); phases depend on seed and number alone.

        Raises
        ------
        InputError
            When the clip is too short, or the rate too low.
        """
        first, count = round(self.begins_s * FS_HZ), round(self.lasts_s * FS_HZ)
        if first + count > len(samples):
            ends_s, clip_s = self.begins_s + self.lasts_s, len(samples) / FS_HZ
            raise InputError(f"a clip of {clip_s:g} s has no burst that ends at {ends_s:g} s; choose more --seconds")
        rms = np.sqrt(np.square(samples, dtype=np.float64).mean()) * 10 ** (self.level_db / 20)
        low, high = self._band(self.centre_hz)
        burst = tones((1, count), low, high, rms, FS_HZ, generator(seed, "burst", number))[0]
        heard = samples.astype(np.float64)
        heard[first : first + count] += burst * np.sin(np.pi * (np.arange(count) + 0.5) / count)
        return heard.astype(np.float32)

    def region(self, frames: int, centre_hz: float) -> np.ndarray:
        """Return the bins of a band while the burst lasts, bool, shape (bin, frame)."""
        hz = np.array(FRAMES.centres_hz(FS_HZ))
        low, high = self._band(centre_hz)
        return np.outer((hz >= low) & (hz <= high), self._frames(frames, self.begins_s, self.begins_s + self.lasts_s))

    def probe(self, frames: int) -> np.ndarray:
        """Return where the mask is explained, bool, shape (bin, frame)."""
        nearest = np.abs(np.array(FRAMES.centres_hz(FS_HZ)) - self.probe_hz).argmin()
        during = self._frames(frames, self.begins_s, self.begins_s + self.lasts_s + AFTER_S)
        return np.outer(np.arange(BINS) == nearest, during)

    def _band(self, centre_hz: float) -> tuple[float, float]:
        return centre_hz - self.width_hz / 2, centre_hz + self.width_hz / 2

    def _frames(self, frames: int, from_s: float, to_s: float) -> np.ndarray:
        middles_s = np.array(FRAMES.centres_s(frames * FRAMES.hop_samples, FS_HZ))
        return (middles_s >= from_s) & (middles_s <= to_s)


def found_in(
    network: NSNet2, method: Method, clips: Clips, row: int, burst: Burst, seed: int, device: str | torch.device = "cpu"
) -> dict[str, float]:
    """Return what a method says of a clip with the burst.

    Explained is the mask at the probe, each frame weighed by how far the burst moves it. So the explained sum moves by
    the sum of the squares of these changes, and what moves it is known: nothing else was changed.

    Parameters
    ----------
    network : NSNet2
        Unrolled to the length of the clips.
    method : Method
    clips : Clips
    row : int
    burst : Burst
    seed : int
        Of the burst.
    device : str or torch.device

    Returns
    -------
    dict of str to float
        Enrichment of the magnitudes in the "burst", "elsewhere", and "without": in the same place of the clip without
        it; "changed", the root mean square change of the mask at the probe; "moved" and "told", by how much the burst
        really moves the explained sum, and the sum of the attributions in it; "promised" and "delta", what all of them
        are to add up to and how far they are off. NaN where that means nothing.
    """
    without = clips.windows(row)
    heard = spectra.heard(burst.added(clips.samples[row], seed, row)[None])
    after, before = outputs(network, heard, device), outputs(network, without, device)
    probe = burst.probe(clips.frames).reshape(1, -1)
    change = np.where(probe, after - before, 0)
    reached = np.flatnonzero(probe.reshape(BINS, -1).any(axis=0))[-1] + 1
    there, elsewhere = (burst.region(clips.frames, hz)[:, :reached] for hz in (burst.centre_hz, burst.elsewhere_hz))
    found, plain = (
        method.attribute(network, window, change * mask, device)[..., :reached]
        for window, mask in ((heard, after), (without, before))
    )
    promised = method.promised(network, heard, change * after, device)
    in_unit = not (method.is_control or method.name == "gradient")
    return {
        "burst": _enriched(found, there),
        "elsewhere": _enriched(found, elsewhere),
        "without": _enriched(plain, there),
        "changed": np.sqrt(np.square(change[probe]).mean()),
        "moved": np.square(change, dtype=np.float64).sum(),
        "told": found[0, 0][there].sum(dtype=np.float64) if in_unit else np.nan,
        "promised": np.nan if promised is None else promised[0],
        "delta": np.nan if promised is None else found.sum(dtype=np.float64) - promised[0],
    }


def relative(rows: pd.DataFrame) -> pd.Series:
    """Return how far attributions are off what they promise, as a share of it."""
    return rows["delta"].abs() / rows["promised"].abs()


def _enriched(attributions: np.ndarray, region: np.ndarray) -> float:
    """Return the enrichment in a region, shape (bin, frame), of attributions of one input, (1, 1, bin, frame)."""
    return float(enrichment(attributions[:, None], region[None, None])[0, 0])
