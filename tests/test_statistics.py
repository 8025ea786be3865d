"""Confidence intervals over sources."""

import numpy as np
import pytest

from explain.statistics import interval_over_sources


def test_interval_of_equal_sources_has_no_width():
    low, high = interval_over_sources(np.full(20, 3.0), np.full(20, 2))
    assert low == high == 1.5


def test_interval_agrees_with_the_normal_approximation(rng):
    values = rng.normal(1.0, 0.5, size=400)
    low, high = interval_over_sources(values, np.ones(400), resamples=4000)
    standard_error = values.std() / 20
    assert low == pytest.approx(values.mean() - 1.96 * standard_error, abs=0.2 * standard_error)
    assert high == pytest.approx(values.mean() + 1.96 * standard_error, abs=0.2 * standard_error)


def test_windows_of_a_source_stay_together(rng):
    """Ten copies of each value tell no more than one."""
    values = rng.normal(size=50)
    once = interval_over_sources(values, np.ones(50))
    copied = interval_over_sources(10 * values, np.full(50, 10))
    np.testing.assert_allclose(once, copied)


def test_columns_are_independent_and_empty_ones_have_no_interval():
    sums = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])
    counts = np.array([[1, 0], [1, 0], [1, 0]])
    low, high = interval_over_sources(sums, counts)
    assert 1 <= low[0] <= high[0] <= 3
    assert np.isnan(low[1])
    assert np.isnan(high[1])
