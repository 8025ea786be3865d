"""Where relevance goes is accounted for."""

import numpy as np
import pytest
import torch
from relevance_of import relevance_of
from torch import nn

from explain.lrp.conservation import relevance_difference
from explain.methods.lrp import LRP
from models import build_model

POSITION_M = np.array([1.48125, 5.375, 1.33693965])


@pytest.fixture
def windows(rng):
    return 100 * rng.standard_normal((3, 2, 730)).astype(np.float32)  # loud, so that stabilisers hardly count


def ledger_of(model, windows, gate="published", fast=True):
    return LRP(gate, fast).ledger(model, windows, np.tile(POSITION_M, (len(windows), 1)))


def network(name, bias):
    torch.manual_seed(0)
    model = build_model(name, microphones=2, window_samples=730)
    for layer in model.modules():
        if isinstance(layer, (nn.Conv1d, nn.Linear)) and not bias:
            nn.init.zeros_(layer.bias)
    return model.eval()


@pytest.mark.parametrize(("name", "gate"), [("loc_cnn", "published"), ("sample_cnn", "signal")])
def test_without_biases_all_relevance_reaches_the_input(windows, name, gate):
    ledger = ledger_of(network(name, bias=False), windows, gate)
    straight = ledger[~ledger.layer.str.contains("excite")]
    assert straight.layer.iloc[-1] == "input"
    np.testing.assert_allclose(straight.share, 1, atol=5e-4)


@pytest.mark.parametrize("fast", [True, False], ids=["here", "zennit"])
@pytest.mark.parametrize("gate", ["published", "signal"])
def test_ledger_starts_with_the_truth_and_ends_with_the_relevance(windows, gate, fast):
    model = network("sample_cnn", bias=True)
    ledger = ledger_of(model, windows, gate, fast).set_index("layer")
    relevance = relevance_of(model, windows, POSITION_M, gate)
    assert ledger.received["output"] == pytest.approx(3 * POSITION_M.sum(), rel=1e-6)
    assert ledger.received["input"] == pytest.approx(relevance.sum(dtype=np.float64), rel=1e-3)
    assert list(ledger.index[[0, -2, -1]]) == ["output", "scale", "input"]


def test_the_gate_takes_all_as_published_and_nothing_when_corrected(windows):
    model = network("sample_cnn", bias=True)
    for gate, share in (("published", 1), ("signal", 0)):
        ledger = ledger_of(model, windows, gate).set_index("layer")
        product, sigmoid = (ledger.received[f"blocks.4.excite.{name}"] for name in ("product", "sigmoid"))
        assert sigmoid == pytest.approx(share * product, rel=1e-6)


def test_what_a_linear_layer_keeps_is_its_biass_part(windows):
    model = network("loc_cnn", bias=True)
    hidden = []
    with torch.no_grad():
        handle = model.fc2.register_forward_hook(lambda layer, inputs, output: hidden.append(output))
        model(torch.tensor(windows))
        handle.remove()
    z_m = hidden[0].double().numpy()
    passed_m = (POSITION_M * (z_m - model.fc2.bias.detach().double().numpy()) / z_m).sum()
    ledger = ledger_of(model, windows).set_index("layer")
    assert ledger.passed["fc2"] == pytest.approx(passed_m, rel=1e-3)


def test_difference_of_equal_opposite_and_separate_relevance(rng):
    relevance = rng.standard_normal((4, 2, 50))
    same, opposite = relevance_difference(relevance, 3 * relevance), relevance_difference(relevance, -relevance)
    np.testing.assert_allclose(same, [[1, 1, 0]] * 4, atol=1e-12)
    np.testing.assert_allclose(opposite, [[-1, -1, 1]] * 4, atol=1e-12)
    apart = relevance_difference(np.eye(2)[:1, None], np.eye(2)[1:, None])
    np.testing.assert_allclose(apart, [[-1, 0, 1]], atol=1e-12)
