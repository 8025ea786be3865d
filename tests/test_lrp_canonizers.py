"""Batch norms merge into the layer before them and come apart again."""

import pytest
import torch
from torch import nn

from explain.lrp.canonizers import MergeBatchNorm
from explain.lrp.rules import ruled
from explain.zennit_import import zennit
from models import build_model


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = build_model("sample_cnn", microphones=2, window_samples=729).double().eval()
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d):
            for value in (layer.weight.data, layer.running_var):
                value.uniform_(0.5, 2)
            for value in (layer.bias.data, layer.running_mean):
                value.normal_()
    return model


def test_outputs_stay_equal_before_during_and_after(model):
    window = torch.randn(2, 2, 729, dtype=torch.float64)
    with torch.no_grad():
        before = model(window)
        with zennit.core.Composite(canonizers=[MergeBatchNorm()]).context(model):
            during = model(window)
        after = model(window)
    torch.testing.assert_close(during, before, rtol=1e-12, atol=1e-12)
    assert torch.equal(after, before)


def test_every_batch_norm_merges_into_the_layer_that_feeds_it(model):
    linears = ["stem.conv", "dense"] + [f"blocks.{i}.{name}" for i in range(5) for name in ("block.conv", "conv")]
    norms = [name for name, layer in model.named_modules() if isinstance(layer, nn.BatchNorm1d)]
    before = {name: model.get_submodule(name).weight.clone() for name in linears}
    with zennit.core.Composite(canonizers=[MergeBatchNorm()]).context(model):
        assert len(norms) == len(linears) == 12
        assert all("forward" in vars(model.get_submodule(name)) for name in norms)
        assert not any(torch.equal(model.get_submodule(name).weight, before[name]) for name in linears)


@pytest.mark.parametrize("fast", [True, False])
def test_model_is_the_same_after_relevance_even_when_it_fails(model, fast):
    state = {key: value.clone() for key, value in model.state_dict().items()}
    attributes = {name: set(vars(layer)) for name, layer in model.named_modules()}
    model.train()
    with pytest.raises(RuntimeError, match="size"), ruled(model, fast=fast):
        model(torch.zeros(1, 3, 729, dtype=torch.float64, requires_grad=True))
    assert model.training
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert {name: set(vars(layer)) for name, layer in model.named_modules()} == attributes
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in model.modules())
