"""What networks for any room change, in words: they follow from the tables, whatever these say."""

import pandas as pd
import pytest

from report.any_room import compare, twin

CONDITIONS = ("SNR_25_T60_0.15", "SNR_10_T60_0.6")
OWN = ("loc_cnn", "sample_cnn")
NAMES = (*OWN, *map(twin, (*OWN, "steered_cnn")), "SRP-PHAT")


def tables(delays=0.3, early=-0.3, profile=0.0, share=0.0, own="below", baseline="above", names=NAMES):
    """Return result files in which every network for any room is so much above its twin of one room."""

    def row(name, number, more):
        value = 0.5 + (more if name.endswith("(any room)") else 0.0) + number / 100
        return {"localizer": name, "value": value, "weight": value, "share": value, "low": value - 0.1,
                "high": value + 0.1}  # fmt: skip

    weights, scores, shares, verdicts, errors = [], [], [], [], []
    for condition in CONDITIONS:
        for number, name in enumerate(names):
            at = {"condition": condition}
            weights += [
                at | {"cue": cue, "coordinate": "horizontal", "findable": True} | row(name, number, more)
                for cue, more in (("delays", delays), ("early", early))
            ]
            said = {"weights": "trained", "method": "delay_sensitivity averaged", "coordinate": "y"}
            said |= {"score": "profile_correlation", "against": "multilateration"}
            scores.append(at | said | row(name, number, profile))
            exact = {"method": "gradient_x_input", "score": "exact", "part": "direct", "energy_share": 0.1}
            shares.append(at | exact | {"model": name, "untrained_share": 0.1} | row(name, number, share))
            against = {"SRP-PHAT": baseline, name.split(" (")[0]: own}
            verdicts += [at | {"localizer": name, "against": each, "verdict": said} for each, said in against.items()]
            errors += [at | {"place": place, "localizer": name, "mae_m": 0.1} for place in ("own room", "other rooms")]
    networks = pd.DataFrame(shares).query("model != 'SRP-PHAT'").drop(columns="localizer")
    return {
        "cues": {"weights.csv": pd.DataFrame(weights)},
        "rooms": {"verdicts.csv": pd.DataFrame(verdicts), "errors.csv": pd.DataFrame(errors)},
        "sensitivity": {"scores.csv": pd.DataFrame(scores)},
        "shares": {"shares.csv": networks},
    }


@pytest.mark.parametrize(
    ("given", "number", "words"),
    [
        ({}, 0, "err less (4 of 4) than networks of one room, and more (4 of 4) than SRP-PHAT"),
        (
            {"own": "level", "baseline": "below"},
            0,
            "err neither more nor less (0 of 4) than networks of one",
        ),
        ({}, 1, "delays more (4 of 4) and its early reflections less (4 of 4)"),
        ({"delays": 0.1, "early": 0.4}, 1, "delays neither more nor less (0 of 4) and its early reflections more (4 o"),
        ({"profile": -0.4}, 2, "is less (4 of 4) like multilateration in y"),
        ({"share": 0.4}, 3, "gets more (4 of 4) of their relevance"),
        ({"baseline": "below"}, 4, "SteeredCNN, which compares microphones by construction, errs less (2 of 2)"),
    ],
)
def test_the_sentences_follow_from_the_tables(given, number, words):
    assert words in compare(tables(**given)).sentences[number]


def test_numbers_are_those_of_the_networks_for_any_room():
    verdict = compare(tables())
    assert [list(number.values) for number in verdict.numbers] == [[*NAMES[2:5], "SRP-PHAT"]] * 4
    assert verdict.numbers[0].values[twin("loc_cnn")].startswith("0.82 (0.72 to 0.92)")
    assert "LocCNN (any room)" in verdict.table().columns


def test_what_differs_from_condition_to_condition_is_counted():
    mixed = tables()
    wet = mixed["rooms"]["verdicts.csv"]
    wet.loc[(wet["condition"] == CONDITIONS[1]) & (wet["against"] == "sample_cnn"), "verdict"] = "above"
    assert "err less (3 of 4; more in 1) than networks of one room" in compare(mixed).sentences[0]


def test_a_cue_that_no_control_finds_does_not_count():
    mixed = tables()
    weights = mixed["cues"]["weights.csv"]
    weights.loc[(weights["condition"] == CONDITIONS[0]) & (weights["cue"] == "early"), "findable"] = False
    assert "delays more (4 of 4) and its early reflections less (2 of 2)" in compare(mixed).sentences[1]


def test_nothing_is_said_without_them():
    assert compare(tables(names=(*OWN, "SRP-PHAT"))) is None
