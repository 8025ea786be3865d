"""What each experiment found, in words: they follow from its table, whatever that says."""

import pandas as pd
import pytest
from verdict_tables import HIGH, LOW, tables

from report import enhancement_verdict as enhanced
from report import found
from report.often import often

MIXED = ("above", "above", "below", "level")


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        (["above", "above"], "more (2 of 2 cases)"),
        (["below", "level"], "less (1 of 2 cases)"),
        (MIXED, "more (2 of 4 cases; less in 1)"),
        (["level", "level"], "neither clearly more nor clearly less (0 of 2 cases)"),
    ],
)
def test_a_count_says_what_is_clear_and_in_how_many_cases(verdicts, words):
    assert often(verdicts, "more", "less") == words


def cases(verdicts, **columns):
    """Return a table with a row a verdict, each of a network in a condition, beside a row of all conditions pooled."""
    rows = [{"condition": f"SNR_{number}", "localizer": "loc_cnn", "model": "loc_cnn", "method": "lrp"}
            | columns | {"verdict": verdict} for number, verdict in enumerate(verdicts)]  # fmt: skip
    return pd.DataFrame([*rows, rows[0] | {"condition": "pooled", "verdict": "odd"}])


def test_errors_stand_beside_the_constant_and_srp_phat():
    verdicts = pd.concat([cases(["below"] * 2, against="always the centre"), cases(["level"] * 2, against="SRP-PHAT"),
                          cases(["above"], localizer="SRP-PHAT", against="always the centre")])  # fmt: skip
    constant, baseline = found.localized(verdicts)
    assert "err less (2 of 2 cases) than a constant" in constant
    assert "neither clearly more nor clearly less (0 of 2 cases) than SRP-PHAT" in baseline
    assert found.localized(verdicts[verdicts["against"] != "SRP-PHAT"]) == [constant]


def test_removal_is_told_of_the_smallest_share_beside_chance_and_the_loudest():
    verdicts = pd.concat([cases(each, against=against, percent=percent)
                          for against, each in (("random", ["above"]), ("energy", ["level"]))
                          for percent in (5, 10)]
                         + [cases(["level"], against="random", percent=0)])  # fmt: skip
    (sentence,) = found.removed(verdicts)
    assert "most relevant 5 %" in sentence
    assert "err more (1 of 1 cases) than without a random" in sentence
    assert "neither clearly more nor clearly less (0 of 1 cases) than without the loudest" in sentence
    assert found.removed(verdicts[verdicts["percent"] == 0]) == []


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        (("below", "level"), "better (1 of 1 cases)"),
        (("above", "above"), "worse (1 of 1 cases)"),
        (("below", "above"), "neither clearly worse nor clearly better (0 of 1 cases)"),
    ],
)
def test_delays_are_told_by_both_scores_beside_lag_zero(scores, words):
    zero = [cases([verdict], against="always lag 0", score=score, pair="7-8", low=0.1)
            for score, verdict in zip(("anomalies_percent", "mae_samples"), scores, strict=True)]  # fmt: skip
    side = cases(["above"], against="untrained", score="direction_percent", pair="7-8", low=0.1)
    assert words in found.delayed(pd.concat(zero))[0]
    assert "more often (1 of 1 cases) than those of untrained" in found.delayed(pd.concat([*zero, side]))[1]
    assert len(found.delayed(pd.concat([*zero, side.assign(low=float("nan"))]))) == 1


def test_cues_are_counted_where_a_control_finds_them():
    weights = pd.concat([
        cases(["above", "level"], cue=cue, coordinate="horizontal", findable=cue != "late").iloc[:2]
        for cue in ("delays", "levels", "early", "late")
    ])  # fmt: skip
    counted, hidden = found.cued(weights.assign(condition="any_room"))
    assert "delays 1 of 2, levels 1 of 2, early reflections 1 of 2 cases" in counted
    assert hidden.startswith("No control finds late reflections")
    (nothing,) = found.cued(weights.assign(condition="any_room", findable=False))
    assert nothing.startswith("No control finds the direct sound’s delays or levels or")
    several = tables(delays=(HIGH, LOW))["cues"]["weights.csv"].assign(verdict="above")
    assert "As reverberation grows" in found.cued(several)[-1]


def test_other_rooms_and_changed_recordings_stand_beside_srp_phat():
    networks, control = cases(MIXED, against="own room"), cases(["level"], localizer="SRP-PHAT", against="own room")
    single = pd.concat([networks, control])[lambda rows: rows["condition"] != "pooled"]
    (sentence,) = found.elsewhere(single)
    assert "networks err more (2 of 4 cases; less in 1) than in their own, SRP-PHAT neither" in sentence
    changed = pd.concat([single.assign(intervention="no_early"), single.assign(intervention="untouched")])
    assert "networks err more (2 of 4 cases; less in 1) than on untouched" in found.changed(changed)[0]


def test_shares_are_told_by_method_beside_energy_and_untrained_networks():
    rows = [("lrp", "split", "below"), ("lrp", "dominated", "above"), ("gradient_x_input", "exact", "above"),
            ("gradient_x_input", "split", "level")]  # fmt: skip
    shares = pd.DataFrame(rows, columns=["method", "score", "energy_verdict"]).assign(part="direct")
    of_lrp, of_gradient = found.shared(shares.assign(untrained_verdict="level"))
    assert "Of LRP the direct sound gets less (1 of 1 cases) than its share of the energy, and neither" in of_lrp
    assert "Of gradient x input the direct sound gets more (1 of 1 cases)" in of_gradient


def test_sensitivity_counts_what_surely_follows_beside_the_soft_srp_phat():
    rows = [("loc_cnn", "xx", "all"), ("loc_cnn", "yy", "unsure"), ("soft SRP-PHAT", "xx", "part"),
            ("soft SRP-PHAT", "yy", "none"), ("loc_cnn", "xy", "")]  # fmt: skip
    scores = pd.DataFrame(rows, columns=["localizer", "coordinate", "verdict"])
    scores = scores.assign(score="S", method="delay_sensitivity averaged")
    assert "x in 1 of 1 (soft SRP-PHAT: 1 of 1), y in 0 of 1 (soft SRP-PHAT: 0 of 1)" in found.followed(scores)[0]
    assert found.followed(scores[scores["verdict"] == ""]) == []


def test_of_a_single_method_no_trial_is_told():
    criteria = pd.DataFrame({"method": ["lrp", "energy", "random"]})
    assert found.tried({"criteria": criteria}) == []


def test_what_is_kept_stands_beside_energy_and_untrained_networks():
    sounds = pd.DataFrame({"control": ["relevance", "energy"], "value": 1.0, "energy_verdict": ["below", "above"],
                           "untrained_verdict": ["level", "above"]})  # fmt: skip
    (sentence,) = found.heard(sounds)
    assert "less clean (1 of 1 cases) than what the energy keeps" in sentence
    assert "neither clearly cleaner nor clearly less clean" in sentence


def test_clusters_count_beyond_chance():
    clusters = pd.DataFrame({"by": ["voice", "voice", "position"], "p": [0.01, 0.2, 0.5]})
    assert "voice in 1 of 2, position in 0 of 1 cases, beyond chance" in found.mapped(clusters)[0]
    assert found.mapped(clusters[:0]) == []


def test_amplified_bins_stand_beside_random_and_loudest_ones():
    effects = pd.DataFrame({"choice": ["top", "bottom"], "random_verdict": ["above", "below"],
                            "energy_verdict": ["level", "below"]})  # fmt: skip
    assert "up (1 of 1 cases) against random ones, neither clearly up" in found.amplified_by(effects)[0]


def test_a_burst_stands_beside_another_place_the_energy_and_untrained_networks():
    row = {"elsewhere_verdict": "above", "energy_verdict": "below", "untrained_verdict": "level"}
    table = pd.DataFrame([row | {"coordinate": "all"}, dict.fromkeys(row, "above") | {"coordinate": "x"}])
    (sentence,) = found.burst_found(table)
    assert "more (1 of 1 cases) than another place, but less (1 of 1 cases) than the energy" in sentence
    assert "neither clearly more nor clearly less (0 of 1 cases) than those of untrained" in sentence


def test_probes_tell_of_the_best_layer_alone():
    probes = cases(["level"], pair="mean", target="PHAT").iloc[:1]
    probes = pd.concat(
        [probes.assign(R2=0.9, untrained_verdict="below"), probes.assign(R2=0.5, untrained_verdict="above")]
    )
    assert "gives PHAT worse (1 of 1 cases) than it does untrained" in found.probed(probes.reset_index(drop=True))[0]
    assert found.probed(probes[:0]) == []


def test_conservation_is_what_reaches_the_input():
    ledger = pd.DataFrame(
        {"model": ["loc_cnn"] * 3, "kind": ["linear", "input", "input"], "share": [1.0, -0.011, 0.02]}
    )
    assert found.conserved(ledger)[0].startswith("LocCNN: of the relevance put in at the output")
    assert found.conserved(ledger)[0].endswith("the input gets -1.1 to 2.0 %.")
    assert found.conserved(ledger[:2])[0].endswith("the input gets -1.1 %.")


def test_a_training_stands_beside_the_constant():
    errors = pd.DataFrame({"localizer": ["loc_cnn", "always the centre"], "mae_m": [0.1, 0.2]})
    assert found.trained(errors) == [
        "LocCNN errs by 0.100 m on validation windows, a constant that hears nothing by 0.200 m."
    ]


def near(low, high):
    return pd.DataFrame([{"method": "deep_shap", "of": name, "near": 1.5, "near_low": low, "near_high": high}
                         for name in ("trained", "energy")])  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(1.2, 1.8, "listens more (1.5"), (0.2, 0.8, "listens less"), (0.8, 1.8, "listens neither more nor less")],
)
def test_where_the_enhancer_listens_follows_from_the_interval(low, high, words):
    (sentence,) = enhanced.mapped(near(low, high))
    assert words in sentence


@pytest.mark.parametrize(
    ("low", "word"), [(0.6, "more with"), (0.0, "neither more nor less with"), (-0.9, "less with")]
)
def test_masks_stand_beside_the_level_heard(low, word):
    rows = [("trained", 0.5, low, low + 0.3), ("energy", 0.2, 0.1, 0.3)]
    (sentence,) = enhanced.masked(pd.DataFrame(rows, columns=["of", "SNR", "SNR_low", "SNR_high"]))
    assert word in sentence


def test_the_enhancer_s_bins_bursts_and_sums_stand_beside_their_controls():
    effects = pd.DataFrame({"network": "trained", "choice": ["top", "bottom"]})
    effects = effects.assign(random_verdict="above", energy_verdict="level")
    assert "more (1 of 1 cases) than random ones, neither clearly" in enhanced.opened_by(effects)[0]
    bursts = pd.DataFrame({"method": ["lrp", "energy"], "over_without_log2_low": [0.1, 1.0]})
    bursts = bursts.assign(network="untrained", over_without_log2_high=2.0, energy_verdict="below")
    (sentence,) = enhanced.found_burst(bursts)
    assert "In the untrained network methods mark the burst" in sentence
    assert "more (1 of 1 cases) than its place without it, less (1 of 1 cases) than the energy" in sentence
    sums = pd.DataFrame({"promised": [2.0, -4.0, None], "delta": [0.1, 0.4, None]})
    told = enhanced.kept(sums.assign(method=["deep_shap", "deep_shap", "lrp"]))
    assert told == ["Attributions by DeepSHAP miss what they promise by 10 % of it at most."]
