"""What louder bins do to the mask: the most and the least attributed ones, the loudest and random ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from enhancement import spectra
from enhancement.clips import Clips
from enhancement.nsnet2 import NSNet2
from enhancement.spectra import FRAMES, LEAST_GAIN
from explain.amplification import BOTTOM, ENERGY, RANDOM, TOP, Change, chosen_bins, random_bins
from explain.methods import Method
from explain.methods.compared import Compared
from explain.methods.noise import Floor
from models.inference import outputs

SMALL = 0.1
"""Levels nearer to where attributions start from count as so far away when slopes are taken."""


@dataclass(frozen=True)
class Amplified:
    """Bins that are made louder.

    Parameters
    ----------
    change : Change
        A gain.
    percent : float
        Share of the bins.
    draws : int
        Random choices.
    seed : int
    """

    change: Change
    percent: float
    draws: int
    seed: int

    def chosen(self, attributions: Mapping[str, np.ndarray], window: np.ndarray, row: int) -> dict[tuple, np.ndarray]:
        """Return which bins are made louder, bool, shape (bin, frame), by (method, choice, draw).

        Parameters
        ----------
        attributions : mapping of str to arrays, shape (1, 1, bin, frame)
            By method.
        window : array, of that shape
            The levels that are heard.
        row : int
            Random choices depend on seed, row and draw alone.
        """
        found = {}
        for method, values in attributions.items():
            found[method, TOP, 0] = chosen_bins(values, self.percent)
            found[method, BOTTOM, 0] = chosen_bins(-values, self.percent)
        found["", ENERGY, 0] = chosen_bins(window, self.percent)
        for draw in range(self.draws):
            found["", RANDOM, draw] = random_bins(window.shape, self.percent, self.seed, row, draw)
        return {key: mask[0, 0] for key, mask in found.items()}

    def sound(self, samples: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Return a sound, float32, shape (sample,), of which the chosen bins are louder."""
        louder = self.change.inputs(torch.tensor(samples, dtype=torch.float64), torch.tensor(chosen), FRAMES)
        return louder.float().numpy()


def mean_mask(network: NSNet2, window: np.ndarray, device: str | torch.device = "cpu") -> np.ndarray:
    """Return the start by which the mean of the mask is explained, shape (1, output)."""
    mask = outputs(network, window, device)
    return mask / mask.size


def slopes(method: Method, attributions: np.ndarray, window: np.ndarray, floor: Floor) -> np.ndarray:
    """Return by how much the answer rises with each level, as attributions say: each over what it was compared with.

    Parameters
    ----------
    method : Method
    attributions, window : arrays of one shape
    floor : Floor
        What a method compares with, where it does.
    """
    if method.name == "gradient":
        return attributions
    compared = isinstance(method, Compared) and method.name != "smoothgrad"
    above = window - (floor.level if compared else 0.0)
    return attributions * above / (np.square(above) + SMALL**2)


def effects_on(
    network: NSNet2,
    methods: list[Method],
    clips: Clips,
    row: int,
    amplified: Amplified,
    floor: Floor,
    device: str | torch.device = "cpu",
) -> pd.DataFrame:
    """Return what each choice of bins does to the mask of a clip.

    The louder sound is heard anew: frames lap, so that neighbours of a bin become louder, too. What attributions
    predict is of the levels that are then heard.

    Returns
    -------
    DataFrame
        A row a method that says something, choice and draw: method, by (whose prediction it is), choice, draw; opened,
        the change of the mean mask; ratio_db, the mean logarithm of the ratio of both masks; predicted, what `by` says
        of opened, to first order.
    """
    window = clips.windows(row)
    before = outputs(network, window, device)
    attributions = {
        method.name: method.attribute(network, window, mean_mask(network, window, device), device) for method in methods
    }
    rising = {method.name: slopes(method, attributions[method.name], window, floor) for method in methods}
    rows = []
    for (method, choice, draw), chosen in amplified.chosen(attributions, window, row).items():
        louder = spectra.heard(amplified.sound(clips.samples[row], chosen)[None])
        after = outputs(network, louder, device)
        ratio_db = 20 * np.log10(after.clip(min=LEAST_GAIN) / before.clip(min=LEAST_GAIN)).mean()
        told = {"choice": choice, "draw": draw, "opened": float((after - before).mean()), "ratio_db": float(ratio_db)}
        rows += [
            {
                "method": method,
                "by": by,
                **told,
                "predicted": float(np.sum(rises * (louder - window), dtype=np.float64)),
            }
            for by, rises in rising.items()
            if method in ("", by)
        ]
    return pd.DataFrame(rows)


def predictions(effects: pd.DataFrame) -> pd.DataFrame:
    """Compare what attributions predict with what is, a row a network and method: correlation, slope, same_sign.

    Parameters
    ----------
    effects : DataFrame
        Of `effects_on`, with a column network.
    """
    rows = []
    for (network, by), table in effects.groupby(["network", "by"], sort=False):
        predicted, real = table["predicted"].to_numpy(), table["opened"].to_numpy()
        varies = np.ptp(predicted) > 0 and np.ptp(real) > 0
        rows.append({
            "network": network,
            "by": by,
            "correlation": np.corrcoef(predicted, real)[0, 1] if varies else np.nan,
            "slope": predicted @ real / (predicted @ predicted) if predicted.any() else np.nan,
            "same_sign": np.mean(np.sign(predicted) == np.sign(real)),
        })  # fmt: skip
    return pd.DataFrame(rows)
