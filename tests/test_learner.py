"""The bins beside the position: what they are told, what they cost, and that the network alone is kept."""

import pytest
import torch
from scipy.stats import norm

from models import build_model
from training.learner import BINS, WIDTH_BINS, Learner

SMALL = {"microphones": 2, "window_samples": 750}


@pytest.fixture
def learner():
    torch.manual_seed(0)
    corners = torch.tensor([[-1.0, -2.0, 0.0], [1.0, 2.0, 1.5], [0.3, 1.0, -1.5]])
    return Learner(build_model("loc_cnn", **SMALL), corners).eval()


def test_the_truth_is_a_bell_around_the_position(learner):
    truth = learner.truth(torch.tensor([[0.25, -1.0, 0.5]])).double()
    for axis, (place, half) in enumerate([(0.25, 1.0), (-1.0, 2.0), (0.5, 1.5)]):
        centres = torch.linspace(-half, half, BINS, dtype=torch.float64)
        bell = torch.from_numpy(norm.pdf(centres, place, WIDTH_BINS / BINS * 2 * half))
        torch.testing.assert_close(truth[0, axis], bell / bell.sum(), rtol=1e-4, atol=1e-7)


def test_losses_are_those_written_out(learner):
    torch.manual_seed(1)
    windows, positions = torch.randn(4, 2, 750), torch.rand(4, 3)
    squared, divergence = learner(windows, positions)
    answers, heard = learner.model(windows), []
    torch.testing.assert_close(squared, ((answers - positions) ** 2).sum(0))
    learner.model.output_layer.register_forward_pre_hook(lambda layer, inputs: heard.append(inputs[0]))
    learner.model(windows)
    said = learner.bins(heard[0]).view(4, 3, BINS).softmax(-1).double()
    truth = learner.truth(positions).double()
    expected = torch.special.xlogy(truth, truth / said).sum() / 3
    torch.testing.assert_close(divergence.double(), expected, rtol=1e-4, atol=1e-5)


def test_bins_that_say_the_truth_cost_nothing(learner):
    position = torch.tensor([[0.5, 0.5, 0.0]])
    with torch.no_grad():
        learner.bins.weight.zero_()
        learner.bins.bias.copy_(learner.truth(position).clamp_min(1e-30).log().flatten())
    windows = torch.randn(1, 2, 750)
    assert learner(windows, position)[1].item() == pytest.approx(0, abs=1e-5)
    assert learner(windows, position + 0.2)[1].item() > 1


def test_the_network_is_left_as_it_was(learner):
    assert len(learner.model.output_layer._forward_pre_hooks) == 0
    learner(torch.randn(2, 2, 750), torch.zeros(2, 3))
    assert len(learner.model.output_layer._forward_pre_hooks) == 0
    assert not any("bins" in name for name in learner.model.state_dict())


def test_sources_in_one_place_are_no_reason_to_divide_by_nothing():
    learner = Learner(build_model("loc_cnn", **SMALL), torch.ones(3, 3))
    squared, divergence = learner(torch.randn(2, 2, 750), torch.ones(2, 3))
    assert torch.isfinite(squared).all()
    assert torch.isfinite(divergence)
