"""One loop lets a network answer: what a plain call gives, whatever the batches, and the network is left as it was."""

import numpy as np
import pytest
import torch
from torch import nn

from models import MODELS, build_model
from models.inference import outputs

SMALL = {"microphones": 2, "window_samples": 800}


@pytest.fixture(params=MODELS)
def model(request):
    torch.manual_seed(0)
    return build_model(request.param, **SMALL, **MODELS[request.param].hyperparameters("mixed").arguments).eval()


@pytest.fixture
def windows(rng):
    return rng.standard_normal((11, 2, 800)).astype(np.float32)


def test_answers_are_those_of_a_plain_call(model, windows):
    answers = outputs(model, windows, batch_size=11)
    with torch.no_grad():
        expected = model(torch.from_numpy(windows)).numpy()
    assert answers.dtype == np.float32
    np.testing.assert_array_equal(answers, expected)


@pytest.mark.parametrize("batch_size", [1, 3, 100, None])
def test_batches_change_no_more_than_rounding(model, windows, batch_size):
    expected = outputs(model, windows, batch_size=11)
    np.testing.assert_allclose(outputs(model, windows, batch_size=batch_size), expected, rtol=1e-4, atol=1e-5)


def test_tensors_doubles_and_read_only_arrays_are_heard_alike(model, windows):
    expected = outputs(model, windows)
    frozen = windows.copy()
    frozen.flags.writeable = False
    for same in (torch.from_numpy(windows), windows.astype(np.float64), frozen):
        np.testing.assert_array_equal(outputs(model, same), expected)


@pytest.mark.parametrize("training", [True, False])
def test_a_network_answers_without_dropout_and_is_left_in_its_mode(model, windows, training):
    expected = outputs(model, windows)
    model.train(training)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    np.testing.assert_array_equal(outputs(model, windows), expected)
    assert all(module.training == training for module in model.modules())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_a_network_that_fails_is_left_in_its_mode(model):
    with pytest.raises(RuntimeError):
        outputs(model.train(), np.zeros((2, 3, 800)))
    assert model.training


def test_nothing_heard_is_nothing_answered(model):
    assert outputs(model, np.empty((0, 2, 800), np.float32)).shape == (0, 3)


def test_answers_may_have_any_shape(windows):
    np.testing.assert_array_equal(outputs(nn.Identity(), windows, batch_size=2), windows)
