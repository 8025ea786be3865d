"""Intervals over voices and their sources, comparisons with nulls."""

import numpy as np
import pandas as pd
import pytest

from explain.statistics import Draws, above_null, interval, mean_over_voices, verdict


def series(values):
    return pd.Series(list(values))


def test_interval_of_equal_values_has_no_width():
    assert mean_over_voices(series([1.5] * 8), series("aabbccdd"), series(range(8))) == (1.5, 1.5, 1.5)


def test_every_resample_draws_as_many_voices_as_there_are_and_all_sources_of_each():
    voices = list("aaaaabbc")
    counts = Draws.of(voices, seed=3, resamples=200).counts
    sizes = {voice: voices.count(voice) for voice in "abc"}
    drawn = np.stack([counts[:, [each == voice for each in voices]].sum(axis=1) / sizes[voice] for voice in "abc"])
    assert (drawn == drawn.round()).all()
    assert (drawn.sum(axis=0) == 3).all()
    assert counts.mean(axis=0) == pytest.approx(1, abs=0.35)


def test_intervals_equal_a_literal_nested_bootstrap(rng):
    """Draw voices with replacement, then sources of each with replacement, one at a time."""
    voices = np.repeat(np.arange(12), 5)
    values = rng.normal(size=12)[voices] + rng.normal(size=60)
    literal = []
    for _ in range(4000):
        drawn = []
        for voice in rng.integers(12, size=12):
            drawn += list(rng.choice(values[voices == voice], 5))
        literal.append(np.mean(drawn))
    _, low, high = mean_over_voices(series(values), series(voices), series(range(60)))
    width = np.subtract(*np.quantile(literal, [0.975, 0.025]))
    assert (low, high) == pytest.approx(np.quantile(literal, [0.025, 0.975]), abs=0.12 * width)


def test_sources_of_one_voice_tell_less_than_as_many_of_several(rng):
    of_voice = rng.normal(size=10)
    values = series(np.repeat(of_voice, 10) + 0.1 * rng.normal(size=100))
    together = mean_over_voices(values, series(np.repeat(np.arange(10), 10)), series(range(100)))
    apart = mean_over_voices(values, series(range(100)), series(range(100)))
    assert together[2] - together[1] > 2 * (apart[2] - apart[1])


def test_windows_of_a_source_stay_together(rng):
    """Ten copies of each value tell no more than one, in one condition or in ten."""
    values, voices = rng.normal(size=40), np.repeat(np.arange(8), 5)
    once = mean_over_voices(series(values), series(voices), series(range(40)))
    copied = mean_over_voices(series(np.tile(values, 10)), series(np.tile(voices, 10)), series(list(range(40)) * 10))
    np.testing.assert_allclose(once, copied)


def test_columns_are_independent_and_empty_ones_have_no_interval():
    draws = Draws.of("abc")
    means = draws.means(np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]), np.array([[1, 0], [1, 0], [1, 0]]))
    low, high = interval(means)
    assert 1 <= low[0] <= high[0] <= 3
    assert np.isnan([low[1], high[1]]).all()
    assert np.isnan(mean_over_voices(series([]), series([]), series([]))).all()


def network_table(rng, networks, shift):
    place = pd.DataFrame({"voice": np.repeat(list("abcde"), 6), "item": np.arange(30)})
    tables = [place.assign(network=number, score=shift + offset + rng.normal(size=30) / 5)
              for number, offset in enumerate(rng.normal(size=networks))]  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def test_a_network_like_the_null_is_level_with_it_and_one_beyond_all_is_above(rng):
    null = network_table(rng, 20, 0)
    difference, low, high, null_mean = above_null(null[null["network"] == 3], null, "score")
    assert low < 0 < high
    own = null.loc[null["network"] == 3, "score"].mean()
    assert (difference, null_mean) == pytest.approx((own - null["score"].mean(), null["score"].mean()))
    beyond = network_table(rng, 1, 10)
    assert above_null(beyond, null, "score")[1] > 0


def test_the_chance_of_an_initialisation_widens_the_comparison(rng):
    trained, null = network_table(rng, 1, 0), network_table(rng, 20, 0)
    alike = null.assign(score=null["score"] - null.groupby("network")["score"].transform("mean"))
    widths = [high - low for _, low, high, _ in (above_null(trained, each, "score") for each in (null, alike))]
    assert widths[0] > 3 * widths[1]


def test_verdicts_say_on_which_side_an_interval_lies():
    assert [verdict(*ends) for ends in ((-2, -1), (1, 2), (-1, 1), (0, 0), (np.nan, np.nan))] == [
        "below", "above", "level", "level", "",
    ]  # fmt: skip
    assert verdict(1, 2, reference=3) == "below"
