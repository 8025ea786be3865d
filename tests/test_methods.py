"""What every attribution method promises."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from explain.methods import METHODS, Method, choose_methods
from explain.methods.lrp import LRP
from models import PUBLISHED_MODELS, build_model
from running.errors import InputError

SIZE = {"microphones": 2, "window_samples": 730}
START = np.tile([1.5, 5.4, 1.3], (2, 1))


@pytest.fixture(scope="module", params=PUBLISHED_MODELS)
def model(request):
    torch.manual_seed(0)
    return build_model(request.param, **SIZE)


@pytest.fixture(scope="module")
def windows():
    return np.random.default_rng(0).standard_normal((2, 2, 730)).astype(np.float32)


@pytest.fixture(scope="module")
def attributed(model, windows):
    """What each method says of the windows, by its name; computed once."""
    return cache(lambda name: METHODS[name].attribute(model.train(), windows, START))


@pytest.mark.parametrize("name", METHODS)
def test_attributions_have_the_shape_of_the_input_and_leave_the_network_as_it_was(name, model, windows, attributed):
    state = {key: value.clone() for key, value in model.train().state_dict().items()}
    given = attributed(name)
    assert given.shape == windows.shape
    assert given.dtype == np.float32
    assert np.isfinite(given).all()
    assert given.any()
    one_by_one = METHODS[name].attribute(model, windows, START, batch_size=1)
    np.testing.assert_allclose(given, one_by_one, atol=1e-3 * np.abs(given).max())
    assert model.training
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in model.modules())


@pytest.mark.parametrize("name", METHODS)
def test_names_tell_methods_apart_and_readers_have_titles(name):
    assert METHODS[name].name == name
    assert METHODS[name].title
    assert len({each.title for each in METHODS.values()}) == len(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_that_computes_otherwise_has_another_identity(name, model, monkeypatch):
    before = METHODS[name].identity(model)
    monkeypatch.setattr(type(METHODS[name]), "version", METHODS[name].version + 1)
    assert METHODS[name].identity(model) != before


@pytest.mark.parametrize("name", METHODS)
def test_ledgers_end_with_the_sum_of_the_attributions(name, model, windows, attributed):
    row = METHODS[name].ledger(model, windows, START).iloc[-1]
    total = attributed(name).sum(dtype=np.float64)
    assert row["layer"] == "input"
    assert row["received"] == pytest.approx(total, rel=1e-3, abs=1e-3 * START.sum())
    assert row["share"] == pytest.approx(row["received"] / START.sum())


def test_variants_of_lrp_serve_networks_in_which_they_differ():
    dense = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    convolutional = nn.Sequential(nn.Conv1d(1, 2, 3), nn.Flatten())
    variants = [name for name in METHODS if name.startswith("lrp")]
    assert [name for name in variants if METHODS[name].serves(dense)] == ["lrp"]
    served = [name for name in variants if METHODS[name].serves(convolutional)]
    assert served == [name for name in variants if name != "lrp_signal"]


def test_choices_reach_the_methods_that_have_them():
    (lrp,) = choose_methods(["lrp", "lrp"], gate="signal")
    assert lrp == LRP(gate="signal")
    assert lrp.name == "lrp_signal"
    assert choose_methods(["lrp"]) == [METHODS["lrp"]]
    with pytest.raises(InputError, match="'shapley' is none of lrp"):
        choose_methods(["shapley"])


def test_a_new_method_is_a_class_and_an_entry(model, windows, monkeypatch):
    class Energy(Method):
        name, title = "energy_toy", "energy"

        def attribute_batch(self, model, inputs, start):
            return inputs.square()

    monkeypatch.setitem(METHODS, "energy_toy", Energy())
    (method,) = choose_methods(["energy_toy"])
    np.testing.assert_allclose(method.attribute(model, windows, np.ones((2, 3))), windows**2, rtol=1e-6)
    with pytest.raises(InputError, match="energy_toy has no gate"):
        choose_methods(["energy_toy"], gate="signal")


def test_explanations_serve_networks_of_any_task(rng):
    """A classifier of images: other layers, other shapes, other outputs; nothing of it is about sound or positions."""
    torch.manual_seed(0)
    classifier = nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 9, 5)
    )
    images = rng.standard_normal((4, 1, 15, 15)).astype(np.float32)
    with torch.no_grad():
        logits = classifier.eval()(torch.tensor(images)).numpy()
    start = logits * (np.arange(5) == logits.argmax(axis=1, keepdims=True))
    for method in METHODS.values():
        assert method.attribute(classifier, images, start).shape == images.shape
    ledger = LRP().ledger(classifier, images, start)
    assert ledger["received"].iloc[0] == pytest.approx(start.sum(), rel=1e-5)
