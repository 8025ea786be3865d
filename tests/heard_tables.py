"""Small tables as the experiments on what is heard write them, with numbers that can be told apart."""

from itertools import product

import numpy as np
import pandas as pd

from localization.cues import CUES

CONDITIONS = ("SNR_25_T60_0.15", "SNR_10_T60_0.6")
NETWORKS = ("loc_cnn", "sample_cnn (paper)")
METHODS = ("delay_sensitivity", "delay_sensitivity averaged", "gradient_x_input", "finite shifts")


def weights_table():
    """``weights.csv``: falling from cue to cue, below zero for the last; one that no control finds."""
    names = (*NETWORKS, "SRP-PHAT", "always the centre", "untrained loc_cnn")
    rows = [
        {"condition": condition, "localizer": name, "coordinate": coordinate, "cue": cue,
         "weight": 0.6 - 0.25 * number - 0.01 * len(name), "findable": (coordinate, cue) != ("y", "late")}
        for condition, name, coordinate in product(CONDITIONS, names, ("x", "y", "z", "horizontal"))
        for number, cue in enumerate(CUES)
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    return table.assign(low=table["weight"] - 0.1, high=table["weight"] + 0.1, r2=0.7)


def rooms_tables():
    """``errors.csv`` and ``verdicts.csv``."""
    names = ("always the centre", *NETWORKS, "SRP-PHAT")
    errors = [
        {"condition": condition, "place": place, "localizer": name, "mae_m": 0.1 + number / 10 + 0.05 * len(place) / 10}
        for number, (condition, place, name) in enumerate(product(CONDITIONS, ("own room", "other rooms"), names))
    ]
    errors = pd.DataFrame(errors)
    others = errors[errors["place"] == "other rooms"].drop(columns="place")
    verdicts = others.assign(mae_low_m=others["mae_m"] - 0.02, mae_high_m=others["mae_m"] + 0.03, against="own room")
    return errors, verdicts


def profiles_table():
    """``profiles.csv`` of one localizer; real shifts of a whole sample are there, too."""
    rng = np.random.default_rng(2)
    rows = [
        {"condition": condition, "localizer": "loc_cnn", "coordinate": coordinate, "microphone": microphone,
         "method": method, "step_samples": step, "mean": rng.normal(), "multilateration": rng.normal()}
        for condition, coordinate, microphone in product(CONDITIONS, "xyz", range(5))
        for method, step in [*((method, np.nan) for method in METHODS[:3]), (METHODS[3], 0.5), (METHODS[3], 1.0)]
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    return table.assign(low=table["mean"] - 0.1, high=table["mean"] + 0.2)


def scores_table():
    """Correlations of ``scores.csv`` with real shifts, of one localizer and condition."""
    rows = [
        {"method": method, "score": "profile_correlation", "against": "finite shifts", "step_samples": step,
         "coordinate": coordinate, "value": 0.9 if method != "gradient_x_input" else -0.4}
        for method, step, coordinate in product(METHODS[:3], (0.5, 1.0), "xyz")
    ]  # fmt: skip
    return pd.DataFrame(rows)
