"""Delays: GCC-PHAT against its definition, correlation time, anomalies, true lags."""

import numpy as np
import pytest

import params
from acoustics.gcc import correlation_time_samples, gcc_phat, is_anomaly, peak_lag_samples, true_lag_samples


def literal_gcc_phat(first, second):
    n = 1
    while n < len(first) + len(second) + 1:
        n *= 2
    cross = np.fft.fft(second, n) * np.conj(np.fft.fft(first, n))
    circular = np.fft.ifft(cross / np.abs(cross)).real
    return np.array([circular[lag % n] for lag in range(-n // 2, n // 2 + 1)])


def test_gcc_phat_equals_its_definition(rng):
    first, second = rng.standard_normal((2, 3, 300))
    lags_samples, correlation = gcc_phat(first, second)
    assert lags_samples[0] == -512
    assert lags_samples[-1] == 512
    for row in range(3):
        np.testing.assert_allclose(correlation[row], literal_gcc_phat(first[row], second[row]), atol=1e-12)


def test_windows_of_5120_samples_take_a_16384_point_transform():
    assert gcc_phat(np.ones(5120), np.ones(5120))[0][-1] == 8192


@pytest.mark.parametrize("lag", [-7, -1, 0, 3])
def test_lag_is_positive_when_the_second_microphone_hears_later(rng, lag):
    signal = rng.standard_normal(1000)
    first, second = signal[100:900], signal[100 - lag : 900 - lag]
    assert peak_lag_samples(*gcc_phat(first, second)) == lag


def test_sub_sample_peak_finds_a_fractional_delay(rng):
    n, delay = 4096, 2.4
    spectrum = np.fft.rfft(rng.standard_normal(n))
    second = np.fft.irfft(spectrum * np.exp(-2j * np.pi * np.fft.rfftfreq(n) * delay), n)
    peak = gcc_phat(np.fft.irfft(spectrum, n), second)
    assert peak_lag_samples(*peak) == 2
    assert peak_lag_samples(*peak, sub_sample=True) == pytest.approx(delay, abs=0.15)


def test_limited_search_stays_within_the_limit(rng):
    signal = rng.standard_normal(800)
    peak = gcc_phat(signal[50:750], signal[:700])
    assert peak_lag_samples(*peak) == 50
    assert abs(peak_lag_samples(*peak, max_lag_samples=6.5)) <= 7


def test_silence_has_no_correlation_and_no_nan():
    _, correlation = gcc_phat(np.zeros(100), np.ones(100))
    assert not correlation.any()


def test_correlation_time_equals_the_published_procedure(rng):
    signal = np.convolve(rng.standard_normal(2001), np.hanning(9), "same")
    spectrum = np.fft.fft(signal)
    autocorrelation = np.fft.fftshift(np.fft.ifft(spectrum * spectrum.conj()).real)
    autocorrelation /= autocorrelation.max()
    peak = autocorrelation.argmax()
    left = np.flatnonzero(autocorrelation[:peak] < 1 / np.sqrt(2))[-1]
    right = np.flatnonzero(autocorrelation[peak:] < 1 / np.sqrt(2))[0] + peak
    assert correlation_time_samples(signal) == right - left


def test_correlation_time_of_a_sine_is_a_quarter_period():
    sine = np.sin(2 * np.pi * np.arange(1600) / 80)
    assert correlation_time_samples(sine) == 2 * 11  # cos(2 pi k / 80) < cos(pi / 4) from k = 11


def test_anomaly_exceeds_half_the_correlation_time():
    np.testing.assert_array_equal(is_anomaly(np.array([2, 3, -3]), np.array([4, 4, 6])), [False, True, False])


def test_true_lags_of_the_published_pair():
    positions_m = params.PUBLISHED.grid.splits()["test"]
    microphones_m = params.PUBLISHED.array.as_array()
    lags = true_lag_samples(positions_m, microphones_m[7], microphones_m[8], 16000)
    assert dict(zip(*np.unique(lags, return_counts=True), strict=True)) == {-2: 2, -1: 80, 0: 127, 1: 73, 2: 3}
    assert np.abs(lags).mean() == pytest.approx(0.572, abs=5e-4)


@pytest.mark.parametrize(("pair", "mae_samples"), [((6, 9), 1.78), ((5, 10), 2.88), ((0, 15), 7.18)])
def test_saying_zero_on_other_pairs(pair, mae_samples):
    positions_m = params.PUBLISHED.grid.splits()["test"]
    microphones_m = params.PUBLISHED.array.as_array()
    lags = true_lag_samples(positions_m, *microphones_m[list(pair)], 16000)
    assert np.abs(lags).mean() == pytest.approx(mae_samples, abs=5e-3)


def test_true_lag_is_that_of_two_unit_impulses():
    microphones_m = params.PUBLISHED.array.as_array()
    for position_m in params.PUBLISHED.grid.splits()["test"][::40]:
        impulses = np.zeros((2, 5120))
        for row, microphone in enumerate((5, 10)):
            impulses[row, int(np.linalg.norm(position_m - microphones_m[microphone]) / 343 * 16000)] = 1
        expected = peak_lag_samples(*gcc_phat(*impulses))
        assert true_lag_samples(position_m, microphones_m[5], microphones_m[10], 16000) == expected


def test_fractional_truth_is_within_one_sample_of_the_published_one():
    positions_m = params.PUBLISHED.grid.splits()["test"]
    microphones_m = params.PUBLISHED.array.as_array()
    pair = microphones_m[0], microphones_m[15]
    difference = true_lag_samples(positions_m, *pair, 16000, fractional=True) - true_lag_samples(
        positions_m, *pair, 16000
    )
    assert 0 < np.abs(difference).max() < 1
