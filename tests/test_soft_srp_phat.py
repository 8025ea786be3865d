"""The differentiable SRP-PHAT against SRP-PHAT, and its gradient against real delays and gains."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch

from acoustics.room import delays_samples
from acoustics.srp_phat import SrpPhat
from explain.gradients import output_gradients
from explain.methods import METHODS
from explain.methods.lrp import LRP
from explain.spectral import cross_spectrum, delay_half, level_half
from localization.localizer import SoftSteeredResponse
from localization.steered import SoftSrpPhat
from params import PUBLISHED, MicArray
from running.errors import InputError

SMALL = replace(PUBLISHED, array=MicArray.line_along_x(4, 0.5, (1.7, 7.0, 1.2)), window_samples=100)
FREE = replace(PUBLISHED, array=MicArray.line_along_x(8, 0.3, (1.7, 7.0, 1.2)), window_samples=1024)


@pytest.fixture(scope="module")
def soft():
    return SoftSrpPhat(FREE)


@pytest.fixture
def small():
    return SoftSrpPhat(SMALL, spacing_m=0.25, temperature=0.5).double()


def heard(setup, position_m, rng):
    """Return one window of white noise from a position in the free field, delays only."""
    length = 2 * setup.window_samples
    delays = delays_samples(position_m[None], setup.array.as_array(), setup.fs_hz, setup.c_m_s)[0]
    spectrum = np.fft.rfft(rng.standard_normal(length))
    delayed = np.fft.irfft(spectrum * np.exp(-2j * np.pi * np.fft.rfftfreq(length) * delays[:, None]), length)
    return delayed[:, setup.window_samples // 2 :][:, : setup.window_samples].astype(np.float32)


@pytest.mark.parametrize("highest_hz", [None, 3000.0])
def test_the_power_of_every_position_is_that_of_srp_phat(rng, highest_hz):
    windows = rng.standard_normal((3, 4, 100)).astype(np.float32)
    hard = SrpPhat(SMALL, spacing_m=0.25, highest_hz=highest_hz)
    powers = SoftSrpPhat(SMALL, spacing_m=0.25, highest_hz=highest_hz).power(torch.tensor(windows))
    for window, power in zip(windows, powers.numpy(), strict=True):
        expected = hard.map(window).ravel()
        np.testing.assert_allclose(power, expected, atol=1e-3 * np.abs(expected).max())
        assert power.argmax() == expected.argmax()


def test_frequencies_above_the_highest_do_not_count(rng):
    """Sum over pairs and frequencies, one by one, below 3 kHz."""
    window = rng.standard_normal((4, 100))
    hard = SrpPhat(SMALL, spacing_m=1.0, highest_hz=3000.0)
    spectra = np.fft.fft(window, 200)
    for position_m, power in zip(hard.positions_m, hard.map(window).ravel(), strict=True):
        delays = delays_samples(position_m[None], SMALL.array.as_array(), SMALL.fs_hz, SMALL.c_m_s)[0]
        literal = 0
        for first, second in combinations(range(4), 2):
            for k in (k for k in range(-100, 100) if abs(k) * 16000 / 200 < 3000):
                cross = spectra[second, k] * np.conj(spectra[first, k])
                literal += cross / abs(cross) * np.exp(2j * np.pi * k * (delays[second] - delays[first]) / 200) / 200
        assert power == pytest.approx(literal.real, abs=1e-5)
    with pytest.raises(InputError, match="frequencies above 0 Hz"):
        SrpPhat(SMALL, highest_hz=0.0)


def test_in_the_free_field_it_answers_what_srp_phat_answers(rng, soft):
    positions_m = rng.uniform((1.2, 5.0, 1.25), (2.2, 6.0, 1.25), (12, 3))
    windows = np.stack([heard(FREE, position_m, rng) for position_m in positions_m])
    with torch.no_grad():
        estimates_m = soft(torch.tensor(windows)).numpy()
    off_m = np.abs(estimates_m - SrpPhat(FREE).estimate(windows))
    assert (np.median(off_m, axis=0) < [0.02, 0.05, 1e-4]).all()
    assert np.median(np.abs(estimates_m - positions_m), axis=0) == pytest.approx([0, 0, 0], abs=0.04)


def test_silence_is_placed_in_the_middle_of_the_area(soft):
    with torch.no_grad():
        estimate_m = soft(torch.zeros(1, 8, 1024))[0].numpy()
    np.testing.assert_allclose(estimate_m, [1.7, 5.5, 1.25], atol=1e-4)


def test_every_method_but_lrp_runs_on_it(rng, small):
    windows = rng.standard_normal((3, 4, 100)).astype(np.float32)
    start = np.tile([1.5, 5.4, 1.3], (3, 1))
    for method in METHODS.values():
        if not method.serves(small):
            assert isinstance(method, LRP)
            continue
        given = method.attribute(small.float(), windows, start)
        assert given.shape == windows.shape
        assert np.isfinite(given).all()
        assert given.any()


def test_its_halves_are_the_changes_with_real_delays_and_gains_in_float64(rng, small):
    windows = torch.tensor(rng.standard_normal((2, 4, 100)))
    assert small(windows).dtype == torch.float64
    cross = cross_spectrum(windows[:, None], output_gradients(small, windows))
    delay, level = delay_half(cross, 100).sum(-1), level_half(cross).sum(-1)
    frequencies = 2j * np.pi * torch.arange(51, dtype=torch.float64) / 100
    step = 1e-5
    for microphone in range(4):
        moved = []
        for sign in (1, -1):
            turned = windows.clone()
            spectrum = torch.fft.rfft(turned[:, microphone]) * torch.exp(-frequencies * sign * step)
            turned[:, microphone] = torch.fft.irfft(spectrum, 100)
            moved.append(small(turned).detach())
        slope = (moved[0] - moved[1]) / (2 * step)
        np.testing.assert_allclose(delay[..., microphone], slope, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(level, 0, atol=1e-10)
    assert delay.abs().max() > 1e-3


def test_as_a_localizer_it_says_what_it_depends_on(rng):
    localizer = SoftSteeredResponse(SMALL)
    windows = rng.standard_normal((2, 4, 100)).astype(np.float32)
    with torch.no_grad():
        np.testing.assert_array_equal(localizer.estimate(windows), localizer.model(torch.tensor(windows)).numpy())
    assert set(localizer.identity) == {"spacing_m", "highest_hz", "temperature", "version"}
