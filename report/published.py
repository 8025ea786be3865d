"""The published numbers, as data: MAE against the share of input removed, digitised from the paper's figures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

CURVES = Path(__file__).parent.parent / "docs" / "paper_perturbation_digitised.csv"
MODEL_NAMES = {"LocCNN": "loc_cnn", "SampleCNN": "sample_cnn"}


def published_curves() -> pd.DataFrame:
    """Return the published removal curves.

    Columns `model`, `condition`, `curve` ("relevance", "energy", "random"), `percent`, `mae_m`; accurate to 2e-4 m.
    """
    table = pd.read_csv(CURVES)
    names = [f"SNR_{snr:g}_T60_{T60:g}" for snr, T60 in zip(table["SNR"], table["T60"], strict=True)]
    table = table.assign(model=table["model"].map(MODEL_NAMES), condition=names)
    return table[["model", "condition", "curve", "percent", "mae_m"]]


def published_maes_m() -> dict[tuple[str, str], float]:
    """Return the published MAE with nothing removed, by condition and network."""
    curves = published_curves()
    whole = curves[(curves["percent"] == 0) & (curves["curve"] == "relevance")]
    return whole.set_index(["condition", "model"])["mae_m"].to_dict()
