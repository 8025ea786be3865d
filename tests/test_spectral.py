"""Level and delay halves of inputs and gradients, in float64 against real gains and real delays."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from explain.gradients import output_gradients
from explain.spectral import bands, cross_spectrum, delay_half, derivative, level_half, octaves

FS_HZ = 16000.0


@pytest.fixture
def toy():
    """Return a smooth network of three microphones and two outputs that hears levels and delays."""
    torch.manual_seed(0)
    layers = nn.Conv1d(3, 6, 5), nn.Tanh(), nn.Conv1d(6, 4, 5), nn.Tanh(), nn.AdaptiveAvgPool1d(3), nn.Flatten()
    return nn.Sequential(*layers, nn.Linear(12, 2)).double()


def turned(signals, samples):
    """Delay by the shift theorem, one period: every frequency turned but the Nyquist, whose real part stays."""
    n = signals.shape[-1]
    turn = torch.exp(-2j * math.pi * torch.arange(n // 2 + 1, dtype=torch.float64) / n * samples)
    return torch.fft.irfft(torch.fft.rfft(signals) * turn, n)


def with_microphone(windows, microphone, signal):
    return torch.cat([windows[:, :microphone], signal[:, None], windows[:, microphone + 1 :]], dim=1)


def halves(model, windows):
    """Return the sums over all bins, (window, output, microphone): delay, level."""
    cross = cross_spectrum(windows[:, None], output_gradients(model, windows))
    return delay_half(cross, windows.shape[-1]).sum(-1), level_half(cross).sum(-1)


@pytest.mark.parametrize("n_samples", [64, 63])
def test_the_derivative_is_that_of_every_tone_and_nothing_of_the_nyquist_frequency(n_samples):
    n = torch.arange(n_samples, dtype=torch.float64)
    for k in range((n_samples + 1) // 2):
        tone, slope = (f(2 * math.pi * k * n / n_samples + 0.3) for f in (torch.sin, torch.cos))
        np.testing.assert_allclose(derivative(tone), slope * 2 * math.pi * k / n_samples, atol=1e-12)
    if n_samples % 2 == 0:
        np.testing.assert_allclose(derivative((-1.0) ** n), 0, atol=1e-12)


@pytest.mark.parametrize("n_samples", [64, 63])
def test_the_cross_spectrum_equals_its_definition_over_all_frequencies(rng, n_samples):
    x, g = rng.standard_normal((2, n_samples))
    n = np.arange(n_samples)
    literal = np.zeros(n_samples // 2 + 1, complex)
    for k in range(-((n_samples - 1) // 2), n_samples // 2 + 1):
        wave = np.exp(-2j * np.pi * k * n / n_samples)
        value = (x @ wave) * np.conj(g @ wave) / n_samples
        literal[abs(k)] += value if k >= 0 else np.conj(value)
    given = cross_spectrum(torch.tensor(x), torch.tensor(g)).numpy()
    np.testing.assert_allclose(given, literal, atol=1e-12)
    assert given.real.sum() == pytest.approx(x @ g)
    if n_samples % 2 == 0:
        assert given[-1].imag == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("n_samples", [64, 63])
def test_the_delay_half_is_the_change_with_a_real_delay_of_each_microphone(rng, toy, n_samples):
    windows = torch.tensor(rng.standard_normal((4, 3, n_samples)))
    delay, _ = halves(toy, windows)
    step = 1e-4
    for microphone in range(3):
        later, earlier = (
            toy(with_microphone(windows, microphone, turned(windows[:, microphone], sign * step))) for sign in (1, -1)
        )
        slope = (later - earlier).detach() / (2 * step)
        np.testing.assert_allclose(delay[..., microphone], slope, rtol=1e-5, atol=1e-8)
        gradients = output_gradients(toy, windows)[:, :, microphone]
        by_samples = -(derivative(windows[:, microphone])[:, None] * gradients).sum(-1)
        np.testing.assert_allclose(delay[..., microphone], by_samples, rtol=1e-10, atol=1e-14)


def test_the_level_half_is_the_change_with_a_real_gain_of_each_microphone(rng, toy):
    windows = torch.tensor(rng.standard_normal((4, 3, 64)))
    _, level = halves(toy, windows)
    step = 1e-4
    for microphone in range(3):
        louder, softer = (
            toy(with_microphone(windows, microphone, windows[:, microphone] * math.exp(sign * step)))
            for sign in (1, -1)
        )
        np.testing.assert_allclose(
            level[..., microphone], (louder - softer).detach() / (2 * step), rtol=1e-5, atol=1e-8
        )


class PhaseDifference(nn.Module):
    """Delay of a tone at the second microphone against the first; loudness tells it nothing."""

    bin = 3

    def forward(self, windows):
        spectrum = torch.fft.rfft(windows)[..., self.bin]
        frequency = 2 * math.pi * self.bin / windows.shape[-1]
        return torch.angle(spectrum[:, 0] * spectrum[:, 1].conj())[:, None] / frequency


def test_a_network_that_hears_delays_alone_has_no_level_half(rng):
    windows = torch.tensor(rng.standard_normal((4, 2, 64)))
    delay, level = halves(PhaseDifference(), windows)
    np.testing.assert_allclose(delay[:, 0], [[-1, 1]] * 4, atol=1e-12)
    np.testing.assert_allclose(level, 0, atol=1e-12)


@pytest.mark.parametrize("n_samples", [640, 641])
def test_octaves_hold_every_frequency_once(rng, n_samples):
    edges_hz = octaves(FS_HZ)
    assert edges_hz == [0, 125, 250, 500, 1000, 2000, 4000, 8000]
    values = torch.tensor(rng.standard_normal((2, n_samples // 2 + 1)))
    summed = bands(values, n_samples, FS_HZ, edges_hz)
    np.testing.assert_allclose(summed.sum(-1), values.sum(-1))
    literal = torch.zeros(2, 7, dtype=torch.float64)
    for k in range(values.shape[-1]):
        hz = k * FS_HZ / n_samples
        band = next((number for number in range(7) if edges_hz[number] <= hz < edges_hz[number + 1]), 6)
        literal[:, band] += values[:, k]
    np.testing.assert_allclose(summed, literal)


def test_bands_between_given_edges_leave_out_the_rest():
    values = torch.ones(641, dtype=torch.float64)  # bins of 12.5 Hz
    assert bands(values, 1280, FS_HZ, [100, 200, 300]).tolist() == [8, 9]


@pytest.mark.parametrize("n_samples", [320, 1280])
def test_ends_that_are_periodic_instead_of_real_matter_little_even_for_noise(rng, n_samples):
    """White noise and white gradients, the worst case: the derivative of a long recording, and that of its window."""
    recordings = torch.tensor(rng.standard_normal((300, 3 * n_samples)))
    gradients = torch.tensor(rng.standard_normal((300, n_samples)))
    inside = slice(n_samples, 2 * n_samples)
    real = (derivative(recordings)[:, inside] * gradients).sum(-1)
    periodic = (derivative(recordings[:, inside]) * gradients).sum(-1)
    assert (periodic - real).std() / real.std() == pytest.approx(3 / n_samples**0.5, rel=0.3)
