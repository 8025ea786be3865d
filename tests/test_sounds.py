"""Signals to listen to: equally loud, never clipped."""

import numpy as np

from report.sounds import PEAK, audible, match_loudness


def test_signals_are_equally_loud_and_as_loud_as_they_can_be(rng):
    speech, relevance = rng.standard_normal(1000), 1e-7 * (3 + rng.standard_normal(800) ** 5)
    matched = match_loudness([speech, relevance], 16000)
    first, second = (np.sqrt(np.mean(np.square(signal, dtype=np.float64))) for signal in matched)
    np.testing.assert_allclose(first, second, rtol=1e-6)
    np.testing.assert_allclose(max(np.abs(signal).max() for signal in matched), PEAK, rtol=1e-6)
    for before, after in zip((speech, relevance), matched, strict=True):
        np.testing.assert_allclose(np.corrcoef(audible(before, 16000), after)[0, 1], 1)


def test_silence_stays_silent():
    silence, sound = match_loudness([np.zeros(50), 1e-9 * np.eye(50)[20]], 16000)
    assert not silence.any()
    np.testing.assert_allclose(np.abs(sound).max(), PEAK, rtol=1e-6)
    assert not match_loudness([np.zeros(50)], 16000)[0].any()


def test_what_is_too_low_to_be_heard_goes_and_the_rest_stays():
    seconds = np.arange(16000) / 16000
    voice = np.sin(2 * np.pi * 200 * seconds)
    heard = audible(voice + 3 + np.sin(2 * np.pi * 5 * seconds), 16000)
    np.testing.assert_allclose(heard[4000:-4000], voice[4000:-4000], atol=0.02)
