"""What the page says of a network that enhances speech: what its mask listens to, and what attributions find."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from report.enhancement import effect_bars, enrichment_points, lag_curves, transfer_matrices
from report.enhancement_verdict import read_verdict
from report.page.assets import Assets, Picture
from report.page.players import clip_players
from report.page.results import Results
from report.page.tables import Cell, Row, Table
from report.tables import rounded
from running.arrays import read_arrays

EXPERIMENTS = ("maps", "masks", "amplification", "bursts")


def gather_enhancement(read: dict[str, Results], assets: Assets) -> dict | None:
    """Return what the template shows of speech enhancement, with all files that it names written; None without those.

    Parameters
    ----------
    read : dict of str to Results
        "enhancement/maps" and the other `EXPERIMENTS`.
    assets : Assets
    """
    if not all(f"enhancement/{name}" in read for name in EXPERIMENTS):
        return None
    results = {name: read[f"enhancement/{name}"] for name in EXPERIMENTS}
    sentences, numbers = read_verdict({name: each.folder for name, each in results.items()})
    lags = results["maps"].tables["lags.csv"]
    return {
        "sentences": sentences,
        "numbers": number_table(numbers),
        "frequencies": frequency_picture(results["maps"], assets),
        "pictures": {
            "lags": assets.picture(
                "enhancement/lags",
                "How long before the output it is that the mask listens to",
                partial(lag_curves, lags),
            ),
            "bursts": assets.picture(
                "enhancement/bursts",
                "How far attributions are concentrated on a burst that changed the mask, by every method",
                partial(enrichment_points, results["bursts"].tables["enrichments.csv"]),
            ),
            "effects": assets.picture(
                "enhancement/effects",
                "Change of the mask when the most and the least attributed bins are made louder, beside controls",
                partial(effect_bars, results["amplification"].tables["effects.csv"]),
            ),
        },
        "players": clip_players(results["maps"].folder.parent / "sounds", assets),
    }


def number_table(numbers: pd.DataFrame) -> Table:
    """Return the numbers behind the sentences: a row each, a column the trained network and each control."""
    named, *columns = numbers.columns
    rows = [Row(row[named], "plain", [_cell(row[name]) for name in columns]) for _, row in numbers.iterrows()]
    return Table("The network beside controls from the same estimator", columns, [("", rows)])


def frequency_picture(maps: Results, assets: Assets) -> Picture:
    """Draw from which input frequency to which output frequency the first method says that the network listens."""
    method = maps.tables["means.csv"]["method"].iloc[0]
    arrays, said = read_arrays(maps.folder / method / "frequency_to_frequency.h5")
    inputs_khz, outputs_khz = (np.asarray(said[name]) / 1e3 for name in ("inputs_hz", "outputs_hz"))
    found = {name: arrays[name] for name in said["of"]}
    draw = partial(transfer_matrices, found, inputs_khz, outputs_khz, "frequency (kHz)")
    alt = "Which input frequency counts for which frequency of the mask"
    return assets.picture("enhancement/frequencies", alt, draw)


def _cell(value: float) -> Cell | None:
    return None if pd.isna(value) else Cell(value, rounded(value, 2))
