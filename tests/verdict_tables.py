"""Made result files of experiments on what is heard, whose every verdict can be chosen."""

import numpy as np
import pandas as pd

DRY, WET = "SNR_25_T60_0.15", "SNR_10_T60_0.6"
NAMES = ("loc_cnn", "sample_cnn", "loc_cnn (paper)", "SRP-PHAT")
LOW, HIGH = 0.2, 0.8


def tables(
    delays=(HIGH, LOW),
    early=(LOW, HIGH),
    control=(LOW, LOW),
    own="above",
    baseline="level",
    findable=True,
    relevance=0.1,
    favoured="above",
    lrp="level",
    **odd,
):
    """Return result files in which every network has these weights in the two conditions, `odd` ones excepted."""
    weights = [
        (condition, name, "horizontal", cue, weight, weight - 0.1, weight + 0.1, findable)
        for name in NAMES
        for cue, of_cue in (("delays", odd.get(name, delays)), ("early", early if name != "SRP-PHAT" else control))
        for condition, weight in zip((WET, DRY), of_cue[::-1], strict=True)
    ]
    columns = ["condition", "localizer", "coordinate", "cue", "weight", "low", "high", "findable"]
    compared = [
        (condition, name, against, (own if name != "SRP-PHAT" else baseline) if condition == WET else "level")
        for condition in (DRY, WET) for name in NAMES for against in ("own room", "always the centre")
    ]  # fmt: skip
    errors = [
        (condition, place, name, number + 0.1 * (place == "other rooms"))
        for condition in (DRY, WET) for place in ("own room", "other rooms") for number, name in enumerate(NAMES)
    ]  # fmt: skip
    scores = [
        (name, method, coordinate, "profile_correlation", "finite shifts", step, value if step == 0.5 else np.nan)
        for name in NAMES[:3]
        for method, value in (("delay_sensitivity averaged", 0.97), ("delay_sensitivity", -0.3),
                              ("gradient_x_input", relevance), ("lrp", -0.4))
        for coordinate in "xyz" for step in (0.5, 1.0)
    ]  # fmt: skip
    shares = [
        (condition, name, method, score, part, found if condition == WET else "level")
        for condition in (DRY, WET) for name in NAMES[:3] for part in ("direct", "early")
        for method, score, found in (("lrp", "split", lrp), ("gradient_x_input", "split", "level"),
                                     ("gradient_x_input", "exact", favoured))
    ]  # fmt: skip
    shares = pd.DataFrame(shares, columns=["condition", "model", "method", "score", "part", "untrained_verdict"])
    shares = shares.assign(share=0.4, energy_share=0.1, untrained_share=0.123, energy_verdict="above")
    names = ["localizer", "method", "coordinate", "score", "against", "step_samples", "value"]
    return {
        "cues": {"weights.csv": pd.DataFrame(weights, columns=columns)},
        "rooms": {
            "verdicts.csv": pd.DataFrame(compared, columns=["condition", "localizer", "against", "verdict"]),
            "errors.csv": pd.DataFrame(errors, columns=["condition", "place", "localizer", "mae_m"]),
        },
        "sensitivity": {"scores.csv": pd.DataFrame(scores, columns=names)},
        "shares": {"shares.csv": shares},
    }
