"""The published numbers, as data: MAE against the share of input removed, digitised from the paper's figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import params
from acoustics.recordings import Recordings
from localization.interventions import Intervened

CURVES = Path(__file__).parent.parent / "docs" / "paper_perturbation_digitised.csv"
MODEL_NAMES = {"LocCNN": "loc_cnn", "SampleCNN": "sample_cnn"}
SPLIT = "test"
METHODS = ("", "lrp")
"""Attribution methods of the published curves: none (of energy and random), and LRP with the published gate."""


def published_curves() -> pd.DataFrame:
    """Return the published removal curves.

    Columns `model`, `condition`, `curve` ("relevance", "energy", "random"), `percent`, `mae_m`; accurate to 2e-4 m.
    """
    table = pd.read_csv(CURVES)
    names = [f"SNR_{snr:g}_T60_{T60:g}" for snr, T60 in zip(table["SNR"], table["T60"], strict=True)]
    table = table.assign(model=table["model"].map(MODEL_NAMES), condition=names)
    return table[["model", "condition", "curve", "percent", "mae_m"]]


def published_mae_m(recordings: Recordings, model: str) -> float:
    """Return the published MAE of a network with nothing removed, see `published_removal_m`."""
    (mae_m,) = published_removal_m([recordings], model, "random", "", [0])
    return mae_m


def published_removal_m(
    recordings: Sequence[Recordings], model: str, curve: str, method: str, percents: Sequence[float]
) -> list[float]:
    """Return the published MAE in metres for each share of the input removed, NaN where none can be compared.

    Parameters
    ----------
    recordings : sequence of Recordings
        What the network heard. Published are the test recordings of the published set-up, one condition each; not
        several conditions together, nor recordings after an intervention.
    model : str
        Name of a network, or of something else that localizes.
    curve : str
        "relevance", "energy" or "random".
    method : str
        Attribution method of the curve, "" where it has none.
    percents : sequence of float
    """
    if len(recordings) != 1 or not _as_published(recordings[0]) or method not in METHODS:
        return [np.nan] * len(percents)
    known_m = published_curves().set_index(["condition", "model", "curve", "percent"])["mae_m"]
    return [float(known_m.get((recordings[0].condition.name, model, curve, percent), np.nan)) for percent in percents]


def _as_published(recordings: Recordings) -> bool:
    altered = isinstance(recordings, Intervened)
    return recordings.setup == params.PUBLISHED and recordings.folder.name == SPLIT and not altered
