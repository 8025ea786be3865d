"""What the networks hear, in words: they follow from the tables, whatever these say."""

import numpy as np
import pandas as pd
import pytest

from report.verdict import pronounce

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
        (condition, name, method, score, part, favoured if condition == WET and score == "exact" else "level")
        for condition in (DRY, WET) for name in NAMES[:3] for part in ("direct", "early")
        for method, score in (("lrp", "split"), ("gradient_x_input", "split"), ("gradient_x_input", "exact"))
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


@pytest.mark.parametrize(
    ("given", "direct", "early"),
    [
        ({}, "the less the networks go by when the direct", "the more by its early reflections"),
        ({"delays": (LOW, HIGH), "early": (HIGH, LOW)}, "the more the networks go by when", "the less by its early"),
        ({"delays": (HIGH, HIGH), "early": (LOW, LOW)}, "go as much by when the direct", "no change can be told"),
        ({"control": (LOW, HIGH)}, "the less the networks go by", "no change can be told beyond that of SRP-PHAT"),
        ({"sample_cnn": (HIGH, HIGH)}, "not of one kind", "the more by its early reflections"),
        ({"findable": False}, "no control finds it", "no control finds them"),
    ],
)
def test_the_first_sentence_follows_from_the_weights_of_cues(given, direct, early):
    first = pronounce(tables(**given)).sentences[0]
    assert direct in first
    assert early in first


@pytest.mark.parametrize(
    ("own", "baseline", "words"),
    [
        ("above", "level", ("err more than in their own", "does not")),
        ("above", "above", ("err more than in their own", "so does SRP-PHAT")),
        ("level", "below", ("can’t be told from", "errs less there")),
        ("below", "level", ("err less", "does not")),
    ],
)
def test_the_second_sentence_follows_from_the_verdicts_on_rooms(own, baseline, words):
    second = pronounce(tables(own=own, baseline=baseline)).sentences[1]
    assert all(word in second for word in words)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "favours the direct sound beyond"),
        ({"favoured": "level"}, "does not favour the direct sound"),
        ({"relevance": 0.1}, "the gradient’s other half does"),
        ({"relevance": 0.99}, "neither it nor the gradient’s other half"),
    ],
)
def test_the_third_sentence_follows_from_shares_and_the_agreement_with_real_delays(given, words):
    assert words in pronounce(tables(**given)).sentences[2]


def test_four_numbers_stand_behind_it_for_the_shipped_networks_and_srp_phat():
    verdict = pronounce(tables(sample_cnn=(0.7, 0.3)))
    assert len(verdict.numbers) == 4
    assert all(list(number.values) == ["loc_cnn", "sample_cnn", "SRP-PHAT"] for number in verdict.numbers)
    delays, early, rooms, shares = (number.values for number in verdict.numbers)
    assert delays["sample_cnn"] == "0.70 (0.60 to 0.80) → 0.30 (0.20 to 0.40)"
    assert early["SRP-PHAT"] == "0.20 (0.10 to 0.30) → 0.20 (0.10 to 0.30)"
    assert rooms["sample_cnn"] == "1.000 → 1.100"
    assert shares["loc_cnn"] == "0.10 → 0.40 (0.12)"
    assert list(verdict.table().columns) == ["", "LocCNN", "SampleCNN", "SRP-PHAT"]


def test_of_one_condition_nothing_is_said_that_needs_two():
    one = {name: {file: each.query(f"condition == '{WET}'") if "condition" in each else each
                  for file, each in files.items()} for name, files in tables().items()}  # fmt: skip
    verdict = pronounce(one)
    assert len(verdict.sentences) == 2
    assert verdict.numbers[0].values["loc_cnn"] == "0.20 (0.10 to 0.30)"
