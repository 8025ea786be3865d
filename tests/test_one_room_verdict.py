"""What the networks hear of one room, in words: they follow from the tables, whatever these say."""

import pytest
from verdict_tables import HIGH, LOW, WET, tables

from report.one_room import describe


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
    first = describe(tables(**given)).sentences[0]
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
    second = describe(tables(own=own, baseline=baseline)).sentences[1]
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
    assert words in describe(tables(**given)).sentences[2]


def test_four_numbers_stand_behind_it_for_the_shipped_networks_and_srp_phat():
    verdict = describe(tables(sample_cnn=(0.7, 0.3)))
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
    verdict = describe(one)
    assert len(verdict.sentences) == 2
    assert verdict.numbers[0].values["loc_cnn"] == "0.20 (0.10 to 0.30)"
