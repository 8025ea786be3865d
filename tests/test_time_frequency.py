"""Attributions over time and frequency: against dense matrices, real gains and real delays, in float64."""

import numpy as np
import pytest
import torch
from torch import nn

from explain.gradients import output_gradients
from explain.methods import METHODS
from explain.time_frequency import Frames, FromSpectrogram, halves, halves_of_slopes, multipliers

FRAMES = Frames(32, 8)
SAMPLES = 200


@pytest.fixture
def signals(rng):
    return torch.tensor(rng.standard_normal((3, 2, SAMPLES)))


@pytest.fixture
def toy():
    torch.manual_seed(0)
    layers = nn.Conv1d(2, 6, 5), nn.Tanh(), nn.Conv1d(6, 4, 5), nn.Tanh(), nn.AdaptiveAvgPool1d(3), nn.Flatten()
    return nn.Sequential(*layers, nn.Linear(12, 2)).double()


def inverse_matrix(frames: Frames, n_samples: int) -> np.ndarray:
    """The inverse transform as a dense matrix from real and imaginary parts of all bins to samples, literally."""
    length, hop = frames.length_samples, frames.hop_samples
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    n_bins, n_frames = length // 2 + 1, n_samples // hop + 1
    padded = n_samples + length
    total = np.zeros(padded)
    matrix = np.zeros((padded, n_bins, n_frames, 2))
    for frame in range(n_frames):
        at = np.arange(length) + frame * hop
        total[at] += window**2
        for number in range(n_bins):
            twice = 1 if number in (0, length // 2) else 2
            angle = 2 * np.pi * number * np.arange(length) / length
            matrix[at, number, frame, 0] += window * twice * np.cos(angle) / length
            matrix[at, number, frame, 1] -= window * twice * np.sin(angle) / length
    inside = slice(length // 2, length // 2 + n_samples)
    return matrix[inside] / total[inside, None, None, None]


def test_the_layer_is_the_dense_matrix_of_the_inverse_transform(signals):
    spectra = FRAMES.spectrogram(signals)
    parts = torch.view_as_real(spectra).numpy()
    dense = np.einsum("nkfp,...kfp->...n", inverse_matrix(FRAMES, SAMPLES), parts)
    np.testing.assert_allclose(dense, signals, atol=1e-12)
    np.testing.assert_allclose(FRAMES.signals(spectra, SAMPLES), signals, atol=1e-12)


def test_attributions_go_through_it_as_through_the_dense_matrix(signals, rng):
    attributions = torch.tensor(rng.standard_normal(signals.shape))
    level, delay = halves(signals, attributions, FRAMES)
    parts = torch.view_as_real(FRAMES.spectrogram(signals)).numpy()
    c = multipliers(signals, attributions).numpy()
    adjoint = np.einsum("nkfp,...n->...kfp", inverse_matrix(FRAMES, SAMPLES), c)
    np.testing.assert_allclose(level, (parts * adjoint).sum(axis=-1), atol=1e-10)
    w = 2 * np.pi * np.arange(17)[:, None] / 32
    across = parts[..., 1] * adjoint[..., 0] - parts[..., 0] * adjoint[..., 1]
    np.testing.assert_allclose(delay, w * across, atol=1e-10)
    np.testing.assert_allclose(level.sum(dim=(-2, -1)), (c * signals.numpy()).sum(axis=-1), atol=1e-10)


def test_gradient_x_input_of_the_network_behind_the_layer_is_the_level_half(signals, toy):
    inspected = FromSpectrogram(toy, FRAMES, SAMPLES)
    spectra = torch.view_as_real(FRAMES.spectrogram(signals))
    of_bins = (output_gradients(inspected, spectra) * spectra[:, None]).sum(dim=-1)
    level, _ = halves_of_slopes(signals[:, None], output_gradients(toy, signals), FRAMES)
    np.testing.assert_allclose(level, of_bins, atol=1e-12)


def test_halves_are_the_change_with_gain_and_delay_of_one_bin(signals, toy):
    spectra = FRAMES.spectrogram(signals)
    level, delay = halves_of_slopes(signals, output_gradients(toy, signals)[:, 0], FRAMES)
    place, step = (slice(None), 1, 5, 12), 1e-5

    def answer(factor):
        moved = spectra.clone()
        moved[place] *= factor
        return toy(FRAMES.signals(moved, SAMPLES))[:, 0].detach()

    w = 2 * np.pi * 5 / 32
    gain = (answer(1 + step) - answer(1 - step)) / (2 * step)
    turned = [answer(complex(np.exp(-1j * w * sign * step))) for sign in (1, -1)]
    np.testing.assert_allclose(level[place], gain, atol=1e-6)
    np.testing.assert_allclose(delay[place], (turned[0] - turned[1]) / (2 * step), atol=1e-6)


def test_energy_as_relevance_is_the_energy_of_every_bin_and_has_no_delay(signals):
    level, delay = halves(signals, signals**2, FRAMES)
    np.testing.assert_allclose(level.sum(), (signals**2).sum(), rtol=1e-5)
    assert (level.sum(dim=-1) > 0).all()
    assert delay.abs().sum() < 0.2 * level.abs().sum()


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_its_map(name, toy, rng):
    windows = rng.standard_normal((2, 2, SAMPLES)).astype(np.float32)
    model = nn.Sequential(nn.Conv1d(2, 4, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(3), nn.Flatten(), nn.Linear(12, 2))
    attributions = METHODS[name].attribute(model, windows, np.ones((2, 2)))
    for half in halves(torch.tensor(windows), torch.tensor(attributions), FRAMES):
        assert half.shape == (2, 2, 17, SAMPLES // 8 + 1)
        assert torch.isfinite(half).all()
