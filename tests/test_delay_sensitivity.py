"""Delay sensitivity as an attribution method."""

import numpy as np
import pytest
import torch
from torch import nn

from explain.methods.delay_sensitivity import DelaySensitivity
from explain.methods.gradient_x_input import GradientXInput
from models import build_model


def turned(signals, samples):
    n = signals.shape[-1]
    return np.fft.irfft(np.fft.rfft(signals) * np.exp(-2j * np.pi * np.arange(n // 2 + 1) / n * samples), n)


def test_the_sum_over_samples_is_the_slope_of_an_output_against_a_microphones_delay(rng):
    torch.manual_seed(0)
    model = build_model("loc_cnn", microphones=2, window_samples=350).eval()
    windows = rng.standard_normal((4, 2, 350)).astype(np.float32)
    twin = build_model("loc_cnn", microphones=2, window_samples=350).double().eval()
    twin.load_state_dict(model.state_dict())

    def heard(samples):
        moved = windows.astype(np.float64)
        moved[:, 1] = turned(moved[:, 1], samples)
        with torch.no_grad():
            return twin(torch.tensor(moved)).numpy()

    slope = (heard(1e-6) - heard(-1e-6))[:, 1] / 2e-6
    given = DelaySensitivity().attribute(model, windows, heard(0) * [0, 1, 0])
    assert given[:, 1].sum(axis=-1) == pytest.approx(slope, rel=2e-3, abs=1e-4 * np.abs(slope).max())


def test_the_start_over_the_output_weighs_every_output(rng):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(80, 3, bias=False))
    windows = rng.standard_normal((5, 2, 40)).astype(np.float32)
    start = np.array([[1.5, -5.4, 1.3]] * 5)
    outputs = model(torch.tensor(windows)).detach().double().numpy()
    gradient = ((start / outputs) @ model[1].weight.detach().double().numpy()).reshape(windows.shape)
    frequencies = 2 * np.pi * np.arange(21) / 40
    slope = np.fft.irfft(np.fft.rfft(windows) * 1j * frequencies, 40)
    given = DelaySensitivity().attribute(model, windows, start)
    np.testing.assert_allclose(given, -slope * gradient, rtol=1e-3, atol=1e-4 * np.abs(given).max())
    np.testing.assert_allclose(
        GradientXInput().attribute(model, windows, start),
        windows * gradient,
        rtol=1e-3,
        atol=1e-4 * np.abs(given).max(),
    )
