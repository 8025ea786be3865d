"""Experiment 2: delays of signals that carry known ones, and the summary against a literal one."""

import numpy as np
import pandas as pd
import pytest

import params
from explain.delays import PROTOCOLS, delay_rows, estimated_lags_samples, summarise_delays, true_lags_samples

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


def test_summary_equals_a_literal_one(rng):
    frames = []
    for condition in ("a", "b"):
        for source in range(6):
            rows = delay_rows(rng.integers(-9, 9, (1, 5)).astype(float), np.array([1.0]), 8, PROTOCOLS["published"])
            frames.append(rows.assign(condition=condition, signal="microphones", source=source))
    rows = pd.concat(frames)
    summary = summarise_delays(rows).set_index("condition")
    for condition in ("a", "b", "pooled"):
        chosen = [row for row in rows.itertuples() if condition in (row.condition, "pooled")]
        errors = [abs(row.lag_samples - row.true_lag_samples) for row in chosen]
        usual = [error for error in errors if error <= 4]
        assert summary.loc[condition, "windows"] == len(errors)
        assert summary.loc[condition, "anomalies_percent"] == pytest.approx(100 * (1 - len(usual) / len(errors)))
        assert summary.loc[condition, "mae_samples"] == pytest.approx(sum(usual) / len(usual))
        assert summary.loc[condition, "mae_samples_low"] <= summary.loc[condition, "mae_samples"]
        assert summary.loc[condition, "anomalies_above_zero_percent"] == summary.loc[condition, "anomalies_percent"]
        assert summary.loc[condition, "mae_above_zero_samples"] == pytest.approx(sum(usual) / len(usual) - 1)
        right, wrong = (sum(row.lag_samples * sign > 0 for row in chosen) for sign in (1, -1))
        assert summary.loc[condition, "direction_percent"] == pytest.approx(100 * (right - wrong) / len(chosen))


def test_lag_zero_is_level_with_itself_and_truth_above_it():
    truth = np.array([-3.0, -0.4, 0.4, 3.0])
    frames = [
        delay_rows(np.full((1, 2), lag), np.array([true]), 4, PROTOCOLS["published"]).assign(signal=name, source=source)
        for source, true in enumerate(truth)
        for name, lag in (("always lag 0", 0.0), ("truth", true), ("other side", -true))
    ]
    summary = summarise_delays(pd.concat(frames).assign(condition="a")).set_index("signal")
    scores = ["anomalies_above_zero_percent", "mae_above_zero_samples", "direction_percent"]
    assert summary.loc["always lag 0", scores].tolist() == [0, 0, 0]
    assert summary.loc["truth", scores].tolist() == [-50, pytest.approx(-1.7), 100]
    assert summary.loc["other side", "direction_percent"] == -100


def test_a_signal_of_anomalies_only_has_no_mae():
    rows = delay_rows(np.full((1, 3), 50.0), np.zeros(1), 4, PROTOCOLS["published"])
    summary = summarise_delays(rows.assign(condition="a", signal="x", source=0))
    assert summary["anomalies_percent"].item() == 100
    assert np.isnan(summary["mae_samples"].item())
