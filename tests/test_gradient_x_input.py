"""Gradient x input where it is known in closed form."""

import numpy as np
import pytest
import torch
from torch import nn

from explain.methods.gradient_x_input import GradientXInput
from explain.zennit_import import zennit
from models import build_model

START = np.array([[1.5, -5.4, 1.3]] * 4)


def attributed(model, inputs, start=START):
    return GradientXInput().attribute(model, inputs, start)


def test_a_linear_network_hands_every_output_down_by_its_contributions(rng):
    model = nn.Linear(6, 3, bias=False)
    inputs = rng.standard_normal((4, 6)).astype(np.float32)
    weight = model.weight.detach().double().numpy()
    contributions = weight * inputs[:, None]  # (input, output, value)
    shares = contributions / contributions.sum(axis=2, keepdims=True)
    expected = (START[:, :, None] * shares).sum(axis=1)
    np.testing.assert_allclose(attributed(model, inputs), expected, rtol=2e-3, atol=1e-4)


def test_without_biases_all_of_the_start_arrives_and_lrp_by_the_epsilon_rule_agrees(rng):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv1d(2, 5, 3, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(90, 3, bias=False))
    inputs = rng.standard_normal((4, 2, 20)).astype(np.float32)
    given = attributed(model, inputs)
    np.testing.assert_allclose(given.sum(axis=(1, 2)), START.sum(axis=1), rtol=1e-3)
    epsilon = zennit.composites.LayerMapComposite([(zennit.types.Linear, zennit.rules.Epsilon(1e-9))])
    x = torch.tensor(inputs).double().requires_grad_()
    with epsilon.context(model.double()):
        (relevance,) = torch.autograd.grad(model(x), x, torch.tensor(START))
    np.testing.assert_allclose(given, relevance.numpy(), rtol=5e-3, atol=2e-3)


def test_it_is_the_slope_along_the_input(rng):
    """Sum of x df/dx of one output = change of the output when the input grows by a little, in float64 differences."""
    torch.manual_seed(0)
    model = build_model("loc_cnn", microphones=2, window_samples=350).eval()
    inputs = rng.standard_normal((4, 2, 350)).astype(np.float32)
    twin = build_model("loc_cnn", microphones=2, window_samples=350).double().eval()
    twin.load_state_dict(model.state_dict())
    with torch.no_grad():
        x = torch.tensor(inputs).double()
        slope = (twin(x * (1 + 1e-6)) - twin(x * (1 - 1e-6))).numpy()[:, 1] / 2e-6
        start = twin(x).numpy() * [0, 1, 0]
    assert attributed(model, inputs, start).sum(axis=(1, 2)) == pytest.approx(slope, rel=2e-3, abs=2e-5)


def test_a_network_that_does_not_hear_loudness_gives_a_sum_of_zero(rng):
    torch.manual_seed(0)
    model = build_model("loc_cnn", microphones=2, window_samples=350, input_scale="window_std")
    inputs = rng.standard_normal((4, 2, 350)).astype(np.float32)
    given = attributed(model, inputs)
    assert np.abs(given.sum(axis=(1, 2))).max() < 1e-3 * np.abs(given).sum(axis=(1, 2)).min()
