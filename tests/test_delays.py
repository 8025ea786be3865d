"""Experiment 2: delays of signals that carry known ones, and the summary against a literal one."""

import numpy as np
import pandas as pd
import pytest

import params
from localization.delays import (
    PROTOCOLS,
    delay_rows,
    delay_verdicts,
    estimated_lags_samples,
    summarise_delays,
    true_lags_samples,
)

POSITION_M = np.array([1.2, 5.0, 1.3])


@pytest.fixture
def delayed(rng):
    """White noise that reaches each microphone with the exact delay of a source, and no room."""
    microphones_m = params.PUBLISHED.array.as_array()
    delays = np.linalg.norm(POSITION_M - microphones_m, axis=1) / 343 * 16000
    n = 8192
    spectrum = np.fft.rfft(rng.standard_normal((4, 1, n)))
    shifted = spectrum * np.exp(-2j * np.pi * np.fft.rfftfreq(n) * delays[:, None])
    return np.fft.irfft(shifted, n)[..., 1000:6120]


def test_refined_delays_of_a_free_field_are_right(delayed):
    protocol = PROTOCOLS["refined"]
    truth = true_lags_samples(POSITION_M, params.PUBLISHED, protocol)
    lags = estimated_lags_samples(delayed, params.PUBLISHED, protocol)
    assert lags.shape == (4, 4)
    np.testing.assert_allclose(lags, np.broadcast_to(truth[:, None], lags.shape), atol=0.2)


def test_published_delays_of_a_free_field_are_within_a_sample(delayed):
    protocol = PROTOCOLS["published"]
    truth = true_lags_samples(POSITION_M, params.PUBLISHED, protocol)
    lags = estimated_lags_samples(delayed, params.PUBLISHED, protocol)
    assert truth == int(truth[0])
    assert np.abs(lags - truth[:, None]).max() <= 1


def test_rows_tell_pair_window_and_anomaly():
    protocol = PROTOCOLS["refined"]
    lags = np.arange(8.0).reshape(4, 2)
    rows = delay_rows(lags, np.zeros(4), 6, protocol)
    assert rows["pair"].tolist() == ["7-8", "7-8", "6-9", "6-9", "5-10", "5-10", "0-15", "0-15"]
    assert rows["window"].tolist() == [0, 1] * 4
    assert rows["anomaly"].tolist() == [False] * 4 + [True] * 4


def named(rows, signal, source, method="", model="", initialisation="", condition="a"):
    place = {"condition": condition, "signal": signal, "method": method, "model": model}
    return rows.assign(**place, initialisation=initialisation, source=source, speaker=f"voice {source % 3}")


def of_one_pair(lags, truth):
    return delay_rows(np.atleast_2d(np.asarray(lags, float)), np.array([float(truth)]), 8, PROTOCOLS["published"])


def test_summary_equals_a_literal_one(rng):
    rows = pd.concat(
        named(of_one_pair(rng.integers(-9, 9, 5), 1), "microphones", source, condition=condition)
        for condition in ("a", "b")
        for source in range(6)
    )
    summary = summarise_delays(rows).set_index("condition")
    for condition in ("a", "b", "pooled"):
        chosen = [row for row in rows.itertuples() if condition in (row.condition, "pooled")]
        errors = [abs(row.lag_samples - 1) for row in chosen]
        usual = [error for error in errors if error <= 4]
        assert summary.loc[condition, "windows"] == len(errors)
        assert summary.loc[condition, "anomalies_percent"] == pytest.approx(100 * (1 - len(usual) / len(errors)))
        assert summary.loc[condition, "mae_samples"] == pytest.approx(sum(usual) / len(usual))
        assert summary.loc[condition, "mae_samples_low"] <= summary.loc[condition, "mae_samples"]
        right, wrong = (sum(row.lag_samples * sign > 0 for row in chosen) for sign in (1, -1))
        assert summary.loc[condition, "direction_percent"] == pytest.approx(100 * (right - wrong) / len(chosen))


def test_a_signal_of_anomalies_only_has_no_mae():
    summary = summarise_delays(named(of_one_pair([50.0] * 3, 0), "microphones", 0))
    assert summary["anomalies_percent"].item() == 100
    assert np.isnan(summary["mae_samples"].item())


def relevance_and_null(lag_of, rng, sources=60, untrained=20):
    """Relevance whose lag follows from the truth, and untrained networks whose lags know nothing."""
    truths = [(-1) ** source * (1 + source % 3) for source in range(sources)]
    tables = [
        named(of_one_pair([lag_of(truth)] * 4, truth), "relevance", source, "lrp", "net")
        for source, truth in enumerate(truths)
    ]
    for number in range(untrained):
        side = rng.choice([-1, 1], size=sources)
        tables += [
            named(of_one_pair([side[source]] * 4, truths[source]), "untrained", source, "lrp", "net", number)
            for source in range(0, sources, 2)
        ]
    return pd.concat(tables, ignore_index=True)


def test_untrained_networks_are_summed_up_over_their_initialisations(rng):
    rows = relevance_and_null(lambda truth: 0.0, rng)
    row = summarise_delays(rows).set_index("signal").loc["untrained"]
    null = rows[rows["signal"] == "untrained"]
    sides = np.sign(null["lag_samples"]) * np.sign(null["true_lag_samples"])
    same = 100 * sides.groupby(null["initialisation"]).mean()
    assert row["direction_percent"] == pytest.approx(same.mean())
    assert (row["direction_percent_low"], row["direction_percent_high"]) == pytest.approx(
        tuple(np.quantile(same, [0.025, 0.975]))
    )


@pytest.mark.parametrize(
    ("lag_of", "expected"),
    [
        (lambda truth: 0.0, {"mae_samples": "level", "direction_percent": "level"}),
        (lambda truth: truth, {"mae_samples": "below", "direction_percent": "above"}),
        (lambda truth: -truth, {"mae_samples": "above", "direction_percent": "below"}),
    ],
    ids=["lag 0", "the truth", "the other side"],
)
def test_verdicts_on_delays_that_are_known(rng, lag_of, expected):
    verdicts = delay_verdicts(relevance_and_null(lag_of, rng)).set_index("score")
    assert {score: verdicts.loc[score, "verdict"] for score in expected} == expected
    assert verdicts["against"].to_dict() == {
        "anomalies_percent": "always lag 0", "mae_samples": "always lag 0", "direction_percent": "untrained",
    }  # fmt: skip


def test_the_direction_is_compared_on_the_sources_that_the_untrained_networks_heard(rng):
    """Relevance is right on even sources, all that the null heard, and wrong on the others."""
    rows = relevance_and_null(lambda truth: truth, rng)
    odd = (rows["signal"] == "relevance") & (rows["source"] % 2 == 1)
    rows.loc[odd, "lag_samples"] *= -1
    verdicts = delay_verdicts(rows).set_index("score")
    assert verdicts.loc["direction_percent", "value"] == 100
