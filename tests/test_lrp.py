"""Relevance of both networks, end to end, against the literal form."""

import literal_relevance as literal
import numpy as np
import pytest
import torch
from relevance_of import relevance_of
from torch import nn

import params
from explain.lrp.rules import ruled
from explain.methods.lrp import LRP
from localization.starts import FROM_SRP_PHAT, STARTS, start_m
from models import build_model
from running.errors import InputError

POSITION_M = np.array([1.48125, 5.375, 1.33693965])
WINDOW_SAMPLES = {"loc_cnn": 180, "sample_cnn": 730}
MICROPHONES = 3


@pytest.fixture(scope="module", params=["loc_cnn", "sample_cnn"])
def name(request):
    return request.param


@pytest.fixture(scope="module")
def model(name):
    torch.manual_seed(0)
    model = build_model(name, microphones=MICROPHONES, window_samples=WINDOW_SAMPLES[name]).eval()
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d):
            for value in (layer.weight.data, layer.running_var):
                value.uniform_(0.5, 2)
            for value in (layer.bias.data, layer.running_mean):
                value.normal_(std=0.1)
    return model


@pytest.fixture(scope="module")
def windows(name):
    return np.random.default_rng(1).standard_normal((2, MICROPHONES, WINDOW_SAMPLES[name])).astype(np.float32)


class Heard:
    """A network as the starts see it."""

    setup = params.PUBLISHED

    def __init__(self, estimate):
        self.estimate = estimate

    @classmethod
    def by(cls, model):
        return cls(lambda windows: model(torch.tensor(windows)).detach().numpy())


def start_of(start):
    """Map an estimate to the relevance that is put in, written out."""
    centre_m = params.PUBLISHED.grid.centre_m()
    return {
        "ground_truth": lambda estimate: POSITION_M,
        "prediction": lambda estimate: estimate,
        "from_centre": lambda estimate: estimate - centre_m,
        "distance": lambda estimate: estimate * (estimate - centre_m) / np.sqrt(((estimate - centre_m) ** 2).sum()),
    }.get(start, lambda estimate: estimate * np.array([start == axis for axis in "xyz"]))


def literal_relevance(name, model, window, start, gate):
    if name == "loc_cnn":
        return literal.explain_loc_cnn(model, window, start_of(start))
    return literal.explain_sample_cnn(model, window, start_of(start), gate)


def relative_distance(first, second):
    return np.linalg.norm(first - second) / np.linalg.norm(second)


@pytest.mark.parametrize("fast", [True, False], ids=["here", "zennit"])
@pytest.mark.parametrize(("start", "gate"), [("ground_truth", "published"), ("prediction", "signal")])
def test_double_precision_relevance_is_the_literal_one(name, model, windows, start, gate, fast):
    window = windows[0].astype(np.float64)
    estimate_m, expected = literal_relevance(name, model, window, start, gate)
    model.double()
    try:
        with ruled(model, gate, fast):
            x = torch.tensor(window[None], requires_grad=True)
            output = model(x)
            start_m = torch.tensor(start_of(start)(estimate_m))[None]
            (relevance,) = torch.autograd.grad(output, x, start_m)
    finally:
        model.float()
    np.testing.assert_allclose(output.detach()[0], estimate_m, rtol=1e-10)
    assert relative_distance(relevance[0].numpy(), expected) < 1e-9


@pytest.mark.parametrize(
    ("start", "gate"),
    [
        ("ground_truth", "signal"),
        *zip(
            [start for start in STARTS if start != FROM_SRP_PHAT],  # one of another reference: test_methods_compared
            ["published", "published", "signal", "published", "signal", "published", "signal"],
            strict=True,
        ),
    ],
)
def test_relevance_of_every_start_and_gate_is_the_literal_one(name, model, windows, start, gate):
    put_in_m = start_m(start, Heard.by(model), windows[:1], POSITION_M)
    relevance = LRP(gate).attribute(model, windows[:1], put_in_m)
    _, expected = literal_relevance(name, model, windows[0].astype(np.float64), start, gate)
    assert relative_distance(relevance[0], expected) < 2e-4


@pytest.mark.parametrize("gate", ["published", "signal"])
def test_fast_rules_give_what_zennits_give(model, windows, gate):
    fast, general = (relevance_of(model, windows, POSITION_M, gate, fast) for fast in (True, False))
    assert np.abs(fast - general).max() <= 1e-5 * np.abs(general).max()


def test_relevance_is_linear_in_its_start(model, windows):
    with torch.no_grad():
        estimates_m = model(torch.tensor(windows)).numpy()
    parts = [LRP().attribute(model, windows, start_m(axis, Heard.by(model), windows)) for axis in "xyz"]
    weights = POSITION_M / estimates_m
    combined = sum(weights[:, axis, None, None] * part for axis, part in enumerate(parts))
    assert relative_distance(combined, relevance_of(model, windows, POSITION_M)) < 1e-4
    assert relative_distance(sum(parts), LRP().attribute(model, windows, estimates_m)) < 1e-4


def test_microphones_receive_one_sequence_a_filter_through_non_negative_firs(name, model, windows):
    received = []
    first = model.conv1 if name == "loc_cnn" else model.stem.conv

    def watch(layer, inputs, output):
        output.register_hook(received.append)

    with ruled(model):
        handle = first.register_forward_hook(watch)
        x = torch.tensor(windows[:1], requires_grad=True)
        (relevance,) = torch.autograd.grad(model(x), x, torch.tensor(POSITION_M[None]).float())
        handle.remove()
        weight, bias = literal.weights_of(first)
    firs = weight**2
    totals = literal.conv(np.ones(windows.shape[1:]), firs, bias**2)
    sequences = received[0][0].numpy() / (totals + literal.EPSILON)
    for microphone in range(MICROPHONES):
        heard = sum(np.convolve(sequences[i], fir, mode="same") for i, fir in enumerate(firs[:, microphone]))
        assert relative_distance(relevance[0, microphone].numpy(), heard) < 1e-5


def test_batches_and_training_mode_change_nothing(model, windows):
    one = relevance_of(model, windows, POSITION_M, batch_size=1)
    model.train()
    both = relevance_of(model, windows, POSITION_M, batch_size=2)
    assert model.training
    model.eval()
    assert relative_distance(both, one) < 2e-4


def test_a_window_scaled_by_its_deviation_keeps_its_relevance(name, windows):
    torch.manual_seed(0)
    arguments = {"microphones": MICROPHONES, "window_samples": WINDOW_SAMPLES[name]}
    plain, scaled = build_model(name, **arguments), build_model(name, **arguments, input_scale="window_std")
    scaled.load_state_dict(plain.state_dict())
    unit = windows / windows.std(axis=(1, 2), ddof=1, keepdims=True)
    expected = relevance_of(plain, unit, POSITION_M)
    assert relative_distance(relevance_of(scaled, 7 * windows, POSITION_M), expected) < 1e-4


def test_unknown_start_and_missing_truth_are_refused(model, windows):
    with pytest.raises(InputError, match="start 'w'"):
        start_m("w", Heard.by(model), windows, POSITION_M)
    with pytest.raises(InputError, match="position_m"):
        start_m("ground_truth", Heard.by(model), windows)


def test_a_start_of_another_shape_is_refused(model, windows):
    with pytest.raises(InputError, match="does not fit 2 inputs"):
        LRP().attribute(model, windows, np.ones((1, 3)))
