"""Each rule against its literal form, computed here and by zennit."""

import literal_relevance as literal
import numpy as np
import pytest
import torch
from torch import nn

from explain.lrp.hooks import Gamma, RuleHook
from explain.lrp.rules import HOOKS, build_composite, describe_composite
from explain.methods.lrp import LRP
from explain.zennit_import import zennit
from models import build_model
from models.layers import Product, Sum, WindowScale
from running.errors import InputError

both = pytest.mark.parametrize("fast", [True, False], ids=["here", "zennit"])


def handed_down(hook, layer, inputs, relevance):
    """Relevance of each input of one layer under one rule, float64."""
    inputs = [torch.tensor(value)[None].requires_grad_() for value in inputs]
    with zennit.composites.NameMapComposite([(("0",), hook)]).context(nn.ModuleList([layer])):
        given = torch.autograd.grad(layer(*inputs), inputs, torch.tensor(relevance)[None])
    return [value[0].numpy() for value in given]


def hook(rule, fast):
    (name,) = [name for name in HOOKS if name.split()[0] == rule]
    return HOOKS[name][0 if fast else 1]


def numpy_weights(layer):
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


@both
def test_w_square_shares_by_squared_weights(rng, fast):
    layer = nn.Conv1d(3, 4, 7, padding="same").double()
    x, relevance = rng.standard_normal((3, 20)), rng.standard_normal((4, 20))
    (given,) = handed_down(hook("w-square", fast), layer, [x], relevance)
    np.testing.assert_allclose(given, literal.conv_w_square(x, *numpy_weights(layer), relevance), rtol=1e-9, atol=1e-12)


@both
@pytest.mark.parametrize("taps", [3, 5, 7])
def test_gamma_weights_up_what_agrees_with_the_output(rng, fast, taps):
    layer = nn.Conv1d(3, 4, taps, padding="same").double()
    x, relevance = rng.standard_normal((3, 20)).clip(0), rng.standard_normal((4, 20))
    assert (literal.conv(x, *numpy_weights(layer)) < 0).any()
    (given,) = handed_down(hook("gamma", fast), layer, [x], relevance)
    np.testing.assert_allclose(given, literal.conv_gamma(x, *numpy_weights(layer), relevance), rtol=1e-8, atol=1e-12)


@both
def test_gamma_lets_negative_inputs_speak_for_an_output_by_the_other_weights(rng, fast):
    layer = nn.Conv1d(3, 4, 5, padding="same").double()
    x, relevance = rng.standard_normal((3, 20)), rng.standard_normal((4, 20))
    (given,) = handed_down(hook("gamma", fast), layer, [x], relevance)
    np.testing.assert_allclose(given, literal.conv_gamma(x, *numpy_weights(layer), relevance), rtol=1e-8, atol=1e-12)


OTHERS = {
    "stride": (nn.Conv1d(2, 4, 5, stride=2, padding=2), (2, 20)),
    "no padding": (nn.Conv1d(2, 4, 5), (2, 20)),
    "even kernel": (nn.Conv1d(2, 4, 4, padding="same"), (2, 20)),
    "dilation": (nn.Conv1d(2, 4, 3, dilation=2, padding=1), (2, 20)),
    "groups": (nn.Conv1d(2, 4, 5, padding=2, groups=2), (2, 20)),
    "image": (nn.Conv2d(2, 4, 3, stride=2, padding=1), (2, 9, 9)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_layers_that_the_fast_rules_do_not_serve_get_zennits(rng, name):
    """The first convolution by the w-square rule, the second by the gamma rule, on inputs of both signs."""
    layer, shape = OTHERS[name]
    again = type(layer)(4, 3, 1)
    network = nn.Sequential(layer, nn.ReLU(), again, nn.Flatten()).double()
    hooks = dict(zip("02", (zennit.rules.WSquare(stabilizer=1e-6), zennit.rules.Gamma(0.25)), strict=True))
    expected_by = zennit.composites.NameMapComposite([((place,), rule) for place, rule in hooks.items()])
    x = torch.tensor(rng.standard_normal((2, *shape)))
    given = []
    for composite in (build_composite(network), expected_by):
        inputs = x.clone().requires_grad_()
        with composite.context(network):
            output = network(inputs)
            given.append(torch.autograd.grad(output, inputs, torch.ones_like(output))[0])
    torch.testing.assert_close(*given)
    assert given[0].abs().sum() > 0


def test_the_fast_rules_serve_every_convolution_of_both_networks():
    for name in ("loc_cnn", "sample_cnn"):
        composite = build_composite(build_model(name))
        assert all(isinstance(rule, RuleHook) for _, rule in composite.name_map)


@pytest.mark.parametrize("gamma", [0.25, 1.0])
def test_fast_gamma_is_zennits_in_single_precision(rng, gamma):
    layer = nn.Conv1d(32, 32, 5, padding="same")
    x = rng.standard_normal((32, 200)).clip(0).astype(np.float32)
    relevance = rng.standard_normal((32, 200)).astype(np.float32)
    (here,) = handed_down(Gamma(gamma), layer, [x], relevance)
    (there,) = handed_down(zennit.rules.Gamma(gamma), layer, [x], relevance)
    assert np.linalg.norm(here - there) <= 1e-5 * np.linalg.norm(there)


@both
def test_epsilon_shares_by_contribution(rng, fast):
    layer = nn.Linear(6, 4).double()
    x, relevance = rng.standard_normal(6), rng.standard_normal(4)
    (given,) = handed_down(hook("epsilon", fast), layer, [x], relevance)
    np.testing.assert_allclose(given, literal.linear_epsilon(x, *numpy_weights(layer), relevance), rtol=1e-9)


@both
def test_max_pool_gives_all_to_the_largest(rng, fast):
    x, relevance = rng.standard_normal((3, 17)).clip(0), rng.standard_normal((3, 3))
    (given,) = handed_down(hook("norm", fast), nn.MaxPool1d(5), [x], relevance)
    np.testing.assert_allclose(given, literal.max_pool_norm(x, 5, relevance), rtol=1e-9)


@both
def test_average_pool_shares_by_value(rng, fast):
    x, relevance = rng.standard_normal((3, 17)), rng.standard_normal((3, 1))
    (given,) = handed_down(hook("norm", fast), nn.AdaptiveAvgPool1d(1), [x], relevance)
    np.testing.assert_allclose(given, literal.average_norm(x, relevance[:, 0]), rtol=1e-9)


def test_sum_shares_between_its_branches_by_value(rng):
    first, second, relevance = rng.standard_normal((3, 2, 9))
    given = handed_down(hook("norm", True), Sum(), [first, second], relevance)
    np.testing.assert_allclose(given, literal.sum_norm(first, second, relevance), rtol=1e-9)


def test_a_gate_as_long_as_its_signal_gets_relevance_value_by_value(rng):
    signal, gate, relevance = (rng.standard_normal((2, 9)) for _ in range(3))
    to_signal, to_gate = handed_down(hook("gate", True), Product(), [signal, gate], relevance)
    assert not to_signal.any()
    np.testing.assert_array_equal(to_gate, relevance)


def test_product_gives_all_to_the_gate_as_published_or_to_the_signal(rng):
    signal, gate, relevance = rng.standard_normal((2, 9)), rng.random((2, 1)), rng.standard_normal((2, 9))
    to_signal, to_gate = handed_down(hook("gate", True), Product(), [signal, gate], relevance)
    assert not to_signal.any()
    np.testing.assert_allclose(to_gate, relevance.sum(axis=1, keepdims=True))
    to_signal, to_gate = handed_down(hook("signal", True), Product(), [signal, gate], relevance)
    np.testing.assert_array_equal(to_signal, relevance)
    assert not to_gate.any()


@both
@pytest.mark.parametrize("layer", [nn.ReLU(), nn.Sigmoid(), WindowScale("none"), WindowScale("window_std")])
def test_activations_and_scale_pass_relevance_on(rng, fast, layer):
    x, relevance = rng.standard_normal((2, 3, 9))
    (given,) = handed_down(hook("pass", fast), layer, [x], relevance)
    np.testing.assert_array_equal(given, relevance)


@pytest.mark.parametrize("name", ["loc_cnn", "sample_cnn"])
def test_every_layer_has_a_rule_and_a_reason(name):
    model = build_model(name, microphones=2, window_samples=729)
    table = describe_composite(model)
    assert [row["layer"] for row in table] == [key for key, layer in model.named_modules() if not any(layer.children())]
    convolutions = [row["rule"] for row in table if isinstance(model.get_submodule(row["layer"]), nn.Conv1d)]
    assert convolutions == ["w-square"] + ["gamma 0.25"] * (len(convolutions) - 1)
    assert {row["rule"] for row in table if "linear" in row["kind"]} == {"epsilon 1e-06"}
    assert {row["rule"] for row in table if "pool" in row["kind"] or row["kind"] == "sum"} == {"norm"}
    assert all(row["reason"] for row in table)


def test_unknown_gate_and_unknown_layer_are_refused():
    with pytest.raises(InputError, match="gate 'both'"):
        build_composite(build_model("sample_cnn"), gate="both")
    with pytest.raises(InputError, match="a Bilinear"):
        build_composite(nn.Sequential(nn.Conv1d(1, 1, 3), nn.Bilinear(1, 1, 1)))


@pytest.mark.parametrize(
    ("rules", "composite"),
    [("epsilon_plus", "EpsilonPlus"), ("epsilon_alpha2_beta1", "EpsilonAlpha2Beta1")],
)
def test_composites_that_have_zennits_names_are_zennits(rules, composite, rng):
    torch.manual_seed(0)
    layers = nn.Conv1d(2, 6, 5), nn.ReLU(), nn.MaxPool1d(3), nn.Conv1d(6, 4, 5), nn.ReLU(), nn.Flatten()
    model = nn.Sequential(*layers, nn.Linear(4 * 14, 3)).eval()
    windows, start = rng.standard_normal((3, 2, 58)).astype(np.float32), np.ones((3, 3), np.float32)
    with zennit.attribution.Gradient(model, getattr(zennit.composites, composite)()) as attributor:
        _, expected = attributor(torch.tensor(windows), torch.tensor(start))
    given = LRP(convolutions=rules).attribute(model, windows, start)
    np.testing.assert_allclose(given, expected.numpy(), rtol=1e-4, atol=1e-5 * np.abs(expected.numpy()).max())
    with pytest.raises(InputError, match="'zplus' is none of published"):
        LRP(convolutions="zplus").attribute(model, windows, start)
