"""SRP-PHAT against its definition, and what must hold of any steered response."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

import acoustics.srp_phat
from acoustics.room import delays_samples
from acoustics.srp_phat import SrpPhat
from params import PUBLISHED, MicArray
from running.errors import InputError

SHORT = replace(PUBLISHED, window_samples=1024)
SMALL = replace(PUBLISHED, array=MicArray.line_along_x(4, 0.5, (1.7, 7.0, 1.2)), window_samples=100)
PAIRS = 6


@pytest.fixture(scope="module")
def short():
    return SrpPhat(SHORT)


@pytest.fixture(scope="module")
def small():
    return SrpPhat(SMALL, spacing_m=0.5)


def literal_power(setup, window, position_m):
    """Sum over pairs and frequencies, one by one, with twice the window's 100 samples."""
    n = 2 * window.shape[1]
    spectra = np.fft.fft(window.astype(np.float64), n)
    microphones_m = setup.array.as_array()
    power = 0
    for first, second in combinations(range(len(window)), 2):
        distances_m = [np.linalg.norm(position_m - microphones_m[microphone]) for microphone in (first, second)]
        lag_samples = (distances_m[1] - distances_m[0]) / setup.c_m_s * setup.fs_hz
        for k in range(-n // 2 + 1, n // 2):
            cross = spectra[second, k] * np.conj(spectra[first, k])
            power += cross / abs(cross) * np.exp(2j * np.pi * k * lag_samples / n) / n
    assert abs(power.imag) < 1e-9
    return power.real


def heard(setup, position_m, rng):
    """Return one window of white noise from a position in the free field, delays only."""
    length = 2 * setup.window_samples
    delays = delays_samples(position_m[None], setup.array.as_array(), setup.fs_hz, setup.c_m_s)[0]
    spectrum = np.fft.rfft(rng.standard_normal(length))
    delayed = np.fft.irfft(spectrum * np.exp(-2j * np.pi * np.fft.rfftfreq(length) * delays[:, None]), length)
    return delayed[:, setup.window_samples // 2 :][:, : setup.window_samples].astype(np.float32)


def test_power_equals_its_definition(rng, small):
    for window in rng.standard_normal((2, 4, 100)).astype(np.float32):
        literal = [[literal_power(SMALL, window, np.array([x_m, y_m, 1.25])) for x_m in small.x_m] for y_m in small.y_m]
        np.testing.assert_allclose(small.map(window), literal, rtol=0, atol=1e-6 * PAIRS)
        row, column = np.unravel_index(np.argmax(literal), np.shape(literal))
        np.testing.assert_array_equal(small.estimate(window[None]), [[small.x_m[column], small.y_m[row], 1.25]])


def test_a_source_on_the_grid_is_found_exactly(rng, short):
    positions_m = short.positions_m[[0, 70, 2000, 3333, 5750]]
    windows = np.stack([heard(SHORT, position_m, rng) for position_m in positions_m])
    np.testing.assert_array_equal(short.estimate(windows), positions_m)


def test_power_comes_close_to_the_number_of_pairs_at_a_source_that_all_microphones_hear_alike(rng, short):
    assert 0.95 * 120 < short.map(heard(SHORT, short.positions_m[2000], rng)).max() < 120


def test_a_source_between_two_rows_of_the_grid_is_found_at_the_nearer_one(rng, short):
    positions_m = short.positions_m[rng.integers(71, 5000, 10)]
    off_m = np.array([0, 0.01, 0])
    windows = np.stack([heard(SHORT, position_m + off_m, rng) for position_m in positions_m])
    np.testing.assert_array_equal(short.estimate(windows), positions_m)


def test_a_source_anywhere_is_found_within_a_spacing_along_the_array_and_two_in_distance_from_it(rng, short):
    positions_m = rng.uniform((0.825, 4.5, 1.25), (2.575, 6.5, 1.25), (10, 3))
    windows = np.stack([heard(SHORT, position_m, rng) for position_m in positions_m])
    error_m = np.abs(short.estimate(windows) - positions_m)
    assert (error_m <= [0.025, 0.05, 0]).all()


def test_levels_do_not_matter_not_even_each_microphones_own(rng, small):
    window = rng.standard_normal((4, 100))
    gains = np.array([[1e-6], [3.0], [0.2], [1e5]])
    np.testing.assert_allclose(small.map(gains * window), small.map(window), atol=1e-6 * PAIRS)


def test_silence_has_no_power_and_is_placed_in_the_grids_first_corner(small):
    assert not small.map(np.zeros((4, 100))).any()
    np.testing.assert_array_equal(small.estimate(np.zeros((1, 4, 100))), [[0.825, 4.5, 1.25]])


def test_the_others_find_the_source_when_a_microphone_is_silent(rng, short):
    window = heard(SHORT, short.positions_m[2000], rng)
    window[3] = 0
    np.testing.assert_array_equal(short.estimate(window[None]), short.positions_m[[2000]])


def test_windows_do_not_depend_on_their_neighbours(rng, small, monkeypatch):
    windows = rng.standard_normal((5, 4, 100))
    together = small.estimate(windows)
    monkeypatch.setattr(acoustics.srp_phat, "WINDOWS_AT_ONCE", 2)
    np.testing.assert_array_equal(small.estimate(windows), together)
    np.testing.assert_array_equal([small.estimate(window[None])[0] for window in windows], together)


def test_no_windows_have_no_estimates(small):
    assert small.estimate(np.empty((0, 4, 100))).shape == (0, 3)


def test_the_published_grid_has_rows_and_columns_every_2_5_cm_at_the_middle_height(short):
    np.testing.assert_allclose(short.x_m, 0.825 + 0.025 * np.arange(71))
    np.testing.assert_allclose(short.y_m, 4.5 + 0.025 * np.arange(81))
    np.testing.assert_array_equal(short.positions_m[1], [short.x_m[1], 4.5, 1.25])


@pytest.mark.parametrize("spacing_m", [0.03, 0.3, 5.0])
def test_any_grid_ends_where_the_area_ends_and_is_no_coarser_than_asked(spacing_m):
    grid = SrpPhat(SMALL, spacing_m)
    for axis_m, ends_m in ((grid.x_m, SMALL.grid.x_m), (grid.y_m, SMALL.grid.y_m)):
        assert (axis_m[0], axis_m[-1]) == ends_m
        assert np.diff(axis_m).max() <= spacing_m


@pytest.mark.parametrize("shape", [(4, 100), (1, 3, 100), (1, 4, 99), (1, 1, 4, 100)])
def test_windows_of_another_shape_are_refused(shape, small):
    with pytest.raises(InputError, match="4 microphones x 100 samples"):
        small.estimate(np.ones(shape))


def test_a_map_is_of_one_window(small):
    with pytest.raises(InputError, match="4 microphones x 100 samples"):
        small.map(np.ones((1, 4, 100)))


@pytest.mark.parametrize("spacing_m", [0, -0.1, np.nan, np.inf])
def test_a_spacing_that_is_no_distance_is_refused(spacing_m):
    with pytest.raises(InputError, match="spacing"):
        SrpPhat(SMALL, spacing_m)


def test_one_microphone_is_refused():
    with pytest.raises(InputError, match="two microphones"):
        SrpPhat(replace(SMALL, array=MicArray.line_along_x(1, 0.5, (1.7, 7.0, 1.2))))
