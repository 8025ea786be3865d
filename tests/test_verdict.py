"""What was found, in five lines: they follow from the tables, whatever these say."""

from itertools import product

import pandas as pd
import pytest
from verdict_tables import HIGH, LOW, tables

from report import verdict
from report.verdict import delays_beat_zero, follow, localize, pronounce, read_verdict, removal_hurts

NETWORKS = ("loc_cnn", "sample_cnn")


def errors(centre, baseline):
    """Return who errs less than whom: verdicts of each network against the constant and SRP-PHAT."""
    rows = [
        ("pooled", name, against, found)
        for against, each in (("always the centre", centre), ("SRP-PHAT", baseline))
        for name, found in zip(NETWORKS, each, strict=True)
    ]
    rows += [("SNR_25_T60_0.15", name, against, "odd") for _, name, against, _ in rows]
    return pd.DataFrame(rows, columns=["condition", "localizer", "against", "verdict"])


def removal(*found):
    """Return what removing a tenth does against removing the loudest, by network."""
    rows = [("pooled", name, "lrp", against, percent, said if (against, percent) == ("energy", 10) else "below")
            for name, said in zip(NETWORKS, found, strict=True)
            for against in ("energy", "random") for percent in (0, 10)]  # fmt: skip
    return pd.DataFrame(rows, columns=["condition", "model", "method", "against", "percent", "verdict"])


def delays(*pairs):
    """Return verdicts on anomalies and MAE of each pair, the same for both networks."""
    rows = [("pooled", name, "lrp", "always lag 0", str(pair), score, said)
            for name in NETWORKS for pair, found in enumerate(pairs)
            for score, said in zip(("anomalies_percent", "mae_samples"), found, strict=True)]  # fmt: skip
    return pd.DataFrame(rows, columns=["condition", "model", "method", "against", "pair", "score", "verdict"])


BELOW, LEVEL, ABOVE = ("below",) * 2, ("level",) * 2, ("above",) * 2


@pytest.mark.parametrize(
    ("centre", "baseline", "words"),
    [
        (BELOW, BELOW, ("err less than a constant", "and less than SRP-PHAT")),
        (LEVEL, ABOVE, ("can’t be told from a constant", "SRP-PHAT errs less")),
        (ABOVE, LEVEL, ("err more than a constant", "no clear difference from SRP-PHAT")),
        (("below", "level"), ("above", "level"), ("not all networks err less", "not all alike")),
    ],
)
def test_whether_the_networks_localize_stands_beside_the_constant_and_srp_phat(centre, baseline, words):
    assert all(word in localize(errors(centre, baseline)) for word in words)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "direct sound less (SRP-PHAT unsure) and early reflections more"),
        ({"SRP-PHAT": (HIGH, LOW)}, "direct sound less (SRP-PHAT too) and early"),
        (
            {"delays": (LOW, HIGH), "early": (HIGH, LOW)},
            "direct sound more (SRP-PHAT unsure) and early reflections less",
        ),
        (
            {"delays": (HIGH, HIGH), "control": (LOW, HIGH)},
            "sound (change unclear) and early reflections (change",
        ),
        ({"sample_cnn": (HIGH, HIGH)}, "direct sound differently each"),
        ({"findable": False}, "direct sound (unclear how far) and early reflections (unclear how far)"),
    ],
)
def test_what_they_follow_stands_beside_srp_phat(given, words):
    given = {"SRP-PHAT": (HIGH, HIGH)} | given
    assert words in follow(tables(**given)["cues"]["weights.csv"])


@pytest.mark.parametrize(
    ("own", "baseline", "words"),
    [
        ("above", "level", ("err more than in their own", "learned nothing, does not")),
        ("level", "below", ("no change of their errors", "errs less there")),
        ("below", "above", ("err less than in their own", "so does SRP-PHAT")),
    ],
)
def test_how_they_err_elsewhere_stands_beside_srp_phat(own, baseline, words):
    line = verdict.elsewhere(tables(own=own, baseline=baseline)["rooms"]["verdicts.csv"])
    assert all(word in line for word in words)


@pytest.mark.parametrize(
    ("shares", "found", "zero", "words"),
    [
        (
            "above",
            ABOVE,
            [BELOW],
            "shows all of this: it beats its controls in 6 of 6 tests; gradient x input does mark",
        ),
        ("above", ("above", "level"), [LEVEL], "shows part of this: it beats its controls in 3 of 6 tests"),
        ("level", ("above", "level"), [LEVEL], "little of this: it beats its controls in 1 of 6 tests; nor does"),
        ("level", LEVEL, [ABOVE], "shows nothing of this: it beats its controls in 0 of 6 tests; nor does gradient x"),
    ],
)
def test_what_relevance_shows_is_counted_against_controls(shares, found, zero, words):
    made = tables(favoured=shares, lrp=shares)
    made |= {"perturbation": {"verdicts.csv": removal(*found)}, "tdoa_refined": {"verdicts.csv": delays(*zero)}}
    assert words in pronounce(made).sentences[-1]


def test_removal_is_told_of_each_network_by_a_tenth_against_the_loudest():
    assert removal_hurts(removal("above", "level")) == [True, False]


def test_delays_beat_lag_zero_where_they_are_better_on_most_pairs():
    better, worse = ("below", "level"), ("below", "above")
    assert delays_beat_zero(delays(better, better, LEVEL)) == [True, True]
    assert delays_beat_zero(delays(better, LEVEL)) == [False, False]
    assert delays_beat_zero(delays(better, worse, worse)) == [False, False]


def many_rooms(monkeypatch, **found):
    level = {"more": 4, "less": 4}
    monkeypatch.setattr(verdict, "changes", lambda _: {name: verdict.Counter(found.get(name, level))
                                                       for name in ("own", "baseline", "delays")})  # fmt: skip
    return verdict.in_many_rooms({})


@pytest.mark.parametrize(
    ("count", "own", "baseline", "direct"),
    [
        ({"more": 8}, "err more in new", "more than SRP-PHAT", "follow the direct sound more"),
        ({"less": 5, "level": 3}, "err less in new", "less than SRP-PHAT", "follow the direct sound less"),
        ({"less": 4, "level": 4}, "no clear change", "SRP-PHAT: unclear", "sound: no clear change"),
        ({"more": 7, "less": 1}, "no clear change", "SRP-PHAT: unclear", "sound: no clear change"),
    ],
)
def test_what_many_rooms_change_holds_in_most_conditions_and_the_contrary_in_none(
    monkeypatch, count, own, baseline, direct
):
    line = many_rooms(monkeypatch, own=count, baseline=count, delays=count)
    assert all(words in line for words in (own, baseline, direct))
    assert many_rooms(monkeypatch, own=count).endswith("direct sound: no clear change.")


def test_what_is_not_there_is_not_spoken_of():
    made = tables()
    assert len(pronounce(made).sentences) == 3
    assert [line.split()[0] for line in pronounce({"rooms": made["rooms"]}).sentences] == ["In"]
    of_none = pronounce({})
    assert (of_none.sentences, of_none.numbers) == ([], [])


def test_of_other_networks_and_without_srp_phat_no_more_is_said_than_there_is():
    verdicts = errors(BELOW, LEVEL)
    assert localize(verdicts.assign(localizer="steered_cnn")) is None
    assert localize(verdicts[verdicts["against"] == "always the centre"]).endswith("than a constant answer.")
    made = tables()
    assert verdict.elsewhere(made["rooms"]["verdicts.csv"].assign(localizer="steered_cnn")) is None
    assert follow(made["cues"]["weights.csv"].replace({"localizer": dict.fromkeys(NETWORKS, "steered_cnn")})) is None
    shares = made["shares"]["shares.csv"].assign(model="steered_cnn")
    assert verdict.relevance_shows({"shares": {"shares.csv": shares}}) is None


def test_numbers_stand_behind_it_and_files_are_read(tmp_path):
    made = tables()
    for name, files in made.items():
        (tmp_path / name).mkdir()
        for file, table in files.items():
            table.to_csv(tmp_path / name / file, index=False)
    read = read_verdict({name: tmp_path / name for name in made} | {"sounds": tmp_path})
    assert read == pronounce(made)
    assert len(read.numbers) == 4


def test_every_line_fits_the_terminal():
    lines = [first + second for words in ((verdict.LOCALIZE, verdict.UNTRAINED), (verdict.ROOMS, verdict.UNLEARNED))
             for first, second in product(*(each.values() for each in words))]  # fmt: skip
    directs = [words.format(too=too) for words in verdict.DIRECT.values() for too in verdict.TOO.values()]
    lines += [verdict.FOLLOW.format(direct=each, early=other)
              for each, other in product(directs, verdict.EARLY.values())]  # fmt: skip
    lines += list(map("".join, product(*(each.values() for each in
                                         (verdict.MANY, verdict.BESIDE, verdict.MORE_DIRECT)))))  # fmt: skip
    shown = verdict.SHOWN.format(much="nothing", passed=0, total=6)
    lines += [shown + words for words in verdict.FAVOUR.values()]
    assert max(map(len, lines)) <= 120
