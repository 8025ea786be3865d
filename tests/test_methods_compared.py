"""Methods that compare with a baseline: closed forms in linear networks, what they promise, and where it breaks."""

import captum.attr
import numpy as np
import pytest
import torch
from torch import nn

from explain.methods import METHODS
from explain.methods.compared import Compared
from explain.methods.deeplift import DeepLift
from explain.methods.gradient_shap import GradientShap
from explain.methods.integrated_gradients import IntegratedGradients
from explain.methods.noise import Floor, noise_below
from localization.localizer import SteeredResponse, shipped
from localization.starts import start_m
from models.layers import Product, WindowScale

COMPARED = {name: method for name, method in METHODS.items() if isinstance(method, Compared)}


class Functional(nn.Module):
    """A ReLU that is no module of torch's, so that captum does not see it."""

    def forward(self, x):
        return nn.functional.relu(x)


class Gated(nn.Module):
    """A product of two branches, as in squeeze-excite."""

    def __init__(self):
        super().__init__()
        self.inner, self.gate, self.product = network(), nn.Sigmoid(), Product()

    def forward(self, x):
        y = self.inner(x)
        return self.product(y, self.gate(3 * y))


@pytest.fixture
def windows(rng):
    return rng.standard_normal((3, 2, 60)).astype(np.float32)


def network(*before, activation=nn.ReLU):
    torch.manual_seed(0)
    layers = nn.Conv1d(2, 6, 5), activation(), nn.Conv1d(6, 4, 5), activation(), nn.AdaptiveAvgPool1d(5), nn.Flatten()
    return nn.Sequential(*before, *layers, nn.Linear(20, 1))


def answers(model, windows):
    with torch.no_grad():
        return model(torch.tensor(windows)).numpy()


def sums(method, model, windows):
    return method.attribute(model, windows, answers(model, windows)).sum(axis=(1, 2))


def baselines_of(windows, method):
    drawn = [noise_below(each, method.snr_db, method.baselines, method.seed) for each in torch.tensor(windows)]
    return torch.stack(drawn).numpy()


@pytest.mark.parametrize("name", COMPARED)
def test_a_linear_network_has_its_closed_form(name, windows):
    torch.manual_seed(0)
    model, method = nn.Sequential(nn.Flatten(), nn.Linear(120, 1)), COMPARED[name]
    given = method.attribute(model, windows, answers(model, windows))
    slopes, baselines = model[1].weight.detach().numpy().reshape(2, 60), baselines_of(windows, method)
    if name == "gradient_shap":  # the mean over drawn baselines: somewhere between all of them
        ends = [slopes * (windows - each(baselines, axis=1)) for each in (np.min, np.max)]
        assert (given >= np.minimum(*ends) - 1e-5).all()
        assert (given <= np.maximum(*ends) + 1e-5).all()
        return
    expected = slopes * (windows - baselines.mean(axis=1))
    if name == "smoothgrad":
        expected = slopes * windows
    if name == "occlusion":  # one block a microphone
        expected = np.broadcast_to(expected.mean(axis=-1, keepdims=True), windows.shape)
    np.testing.assert_allclose(given, expected, rtol=2e-3, atol=2e-5)


def test_baselines_are_noise_so_far_below_the_window_and_not_one_for_all(windows):
    loud = windows * [[[1]], [[10]], [[100]]]
    noise = baselines_of(loud.astype(np.float32), METHODS["deep_shap"].at_snr(25))
    below_db = 10 * np.log10(np.square(loud).mean(axis=(1, 2)) / np.square(noise).mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(below_db, 25, atol=1)
    apart = np.corrcoef(noise.reshape(24, -1)) - np.eye(24)
    assert np.abs(apart).max() < 0.5


@pytest.mark.parametrize(
    "method", [IntegratedGradients(steps=256), DeepLift(), DeepLift(baselines=4)], ids=lambda m: m.name
)
@pytest.mark.parametrize("scale", ["none", "window_std"])
def test_what_is_promised_arrives_where_only_known_modules_bend(method, scale, windows):
    model = network(WindowScale(scale))
    promised = method.promised(model, windows, answers(model, windows))
    of_noise = [answers(model, each).mean() for each in baselines_of(windows, method)]
    np.testing.assert_allclose(promised, answers(model, windows)[:, 0] - of_noise, rtol=1e-2)
    assert np.abs(promised).min() > 1e-2
    np.testing.assert_allclose(sums(method, model, windows), promised, atol=2e-3)
    assert model[0].kind == scale


def test_gradient_shap_keeps_its_promise_on_average(windows):
    model, method = network(), GradientShap(samples=2000)
    promised = method.promised(model, windows, answers(model, windows))
    np.testing.assert_allclose(sums(method, model, windows), promised, atol=0.1 * np.abs(promised).max())


def overlapping():
    torch.manual_seed(0)
    pools = nn.MaxPool1d(3, 2, ceil_mode=True), nn.MaxPool1d(3, 1)
    before = nn.Conv1d(2, 6, 5), nn.Tanh(), pools[0], nn.Conv1d(6, 4, 5), nn.ReLU(), pools[1]
    return nn.Sequential(*before, nn.AdaptiveAvgPool1d(5), nn.Flatten(), nn.Linear(20, 1))


@pytest.mark.parametrize("model", [Gated(), overlapping()], ids=["product", "overlapping maxima"])
@pytest.mark.parametrize("method", [DeepLift(), DeepLift(baselines=4)], ids=lambda m: m.name)
def test_deeplift_is_complete_through_products_and_overlapping_maxima_where_captum_is_not(method, model, windows):
    promised = method.promised(model, windows, answers(model, windows))
    np.testing.assert_allclose(sums(method, model, windows), promised, atol=1e-6)
    theirs = captum.attr.DeepLift(model)
    values = torch.tensor(windows)
    given = theirs.attribute(values, torch.tensor(baselines_of(windows, DeepLift())[:, 0])).sum(dim=(1, 2)).detach()
    alone = DeepLift().promised(model, windows, answers(model, windows))
    assert np.abs(given.numpy() - alone).max() > 0.01 * np.abs(alone).max()


@pytest.mark.parametrize("model", [network(WindowScale("window_std")), Gated()], ids=["scaled", "product"])
def test_starts_of_one_input_are_explained_at_once_as_one_by_one(model, windows):
    one, method = windows[:1].repeat(3, axis=0), DeepLift(baselines=4)
    starts = answers(model, one) * np.array([[1], [-2], [0.5]], np.float32)
    passes = []
    model.register_forward_hook(lambda *_: passes.append(1))
    given = method.attribute(model, one, starts)
    assert len(passes) == 3  # not two for each
    alone = [method.attribute(model, one[:1], start[None])[0] for start in starts]
    np.testing.assert_allclose(given, alone, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(given.sum(axis=(1, 2)), method.promised(model, one, starts), rtol=1e-4)


def test_the_factors_of_a_product_get_their_shapley_values(rng):
    class Multiplied(nn.Module):
        def __init__(self):
            super().__init__()
            self.product = Product()

        def forward(self, x):
            return self.product(x[:, :1], x[:, 1:])

    values, method = rng.standard_normal((3, 2)).astype(np.float32), DeepLift()
    model, (a0, b0) = Multiplied(), baselines_of(values, method)[:, 0].T
    a, b = values.T
    expected = np.stack([(a - a0) * (b + b0) / 2, (b - b0) * (a + a0) / 2], axis=1)
    np.testing.assert_allclose(method.attribute(model, values, answers(model, values)), expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Sigmoid, nn.Tanh])
def test_deeplift_is_captums_where_that_is_complete(activation, windows):
    model, baselines = network(activation=activation), torch.tensor(baselines_of(windows, DeepLift())[:, 0])
    theirs = captum.attr.DeepLift(model).attribute(torch.tensor(windows), baselines).detach()
    given = DeepLift().attribute(model, windows, answers(model, windows))
    np.testing.assert_allclose(given, theirs, rtol=1e-3, atol=2e-4 * theirs.abs().max())


def test_deeplift_breaks_its_promise_where_it_does_not_see_what_bends_and_the_sum_tells(windows):
    broken = network(activation=Functional)
    promised = DeepLift().promised(broken, windows, answers(broken, windows))
    assert np.abs(sums(DeepLift(), broken, windows) - promised).max() > 0.02 * np.abs(promised).max()
    values = torch.tensor(windows, requires_grad=True)  # it has become the gradient times the difference, in silence
    (slopes,) = torch.autograd.grad(broken(values).sum(), values)
    expected = slopes * (values - torch.tensor(baselines_of(windows, DeepLift())[:, 0]))
    given = DeepLift().attribute(broken, windows, answers(broken, windows))
    np.testing.assert_allclose(given, expected.detach(), atol=1e-5)


def test_in_a_network_without_loudness_gradient_x_input_sums_to_zero_and_silence_is_no_baseline(windows):
    model = network(WindowScale("window_std"))
    given = METHODS["gradient_x_input"].attribute(model, windows, answers(model, windows))
    assert np.abs(given.sum(axis=(1, 2))).max() < 1e-5 * np.abs(given).sum(axis=(1, 2)).min()
    values = torch.tensor(windows, requires_grad=True)
    from_silence = captum.attr.IntegratedGradients(lambda x: model(x)[:, 0]).attribute(values, torch.zeros(3, 2, 60))
    for one, other in zip(from_silence.detach().numpy(), given, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9999
    others = METHODS["integrated_gradients"].attribute(model, windows, answers(model, windows))
    assert np.corrcoef(others.ravel(), given.ravel())[0, 1] < 0.999


def test_draws_depend_on_the_window_and_leave_the_common_generators_alone(windows):
    model = network()
    torch.manual_seed(1)
    np.random.seed(1)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    for name in ("gradient_shap", "smoothgrad", "random"):
        whole = METHODS[name].attribute(model, windows, answers(model, windows))
        alone = METHODS[name].attribute(model, windows[1:2], answers(model, windows)[1:2])
        np.testing.assert_allclose(whole[1:2], alone, atol=1e-6)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()


@pytest.mark.parametrize("start", ["distance", "distance_from_srp_phat"])
def test_distances_explain_how_far_the_estimate_is_from_a_reference(start, rng):
    """Methods explain one number, f less the reference along its own direction: gradients have weights of length 1."""
    network = shipped("loc_cnn", T60=0.15, SNR=25)
    windows = rng.standard_normal((2, 16, 5120)).astype(np.float32)
    setup = network.setup
    reference_m = setup.grid.centre_m() if start == "distance" else SteeredResponse(setup).estimate(windows)
    away_m = network.estimate(windows) - reference_m
    far_m = np.linalg.norm(away_m, axis=1, keepdims=True)
    start = start_m(start, network, windows)
    np.testing.assert_allclose(start / network.estimate(windows), away_m / far_m, rtol=1e-4)
    given = METHODS["gradient"].attribute(network.model, windows, start)
    values = torch.tensor(windows, requires_grad=True)
    distances = (network.model(values) * torch.tensor(away_m / far_m, dtype=torch.float32)).sum()
    (expected,) = torch.autograd.grad(distances, values)
    np.testing.assert_allclose(given, expected, atol=1e-4 * expected.abs().max())


def test_levels_are_compared_with_their_floor(windows):
    torch.manual_seed(0)
    model, levels = nn.Sequential(nn.Flatten(), nn.Linear(120, 1)), windows - 5
    floor, slopes = Floor(-8, 0.01), model[1].weight.detach().numpy().reshape(2, 60)
    for name in ("deeplift", "deep_shap", "integrated_gradients", "gradient_shap", "occlusion"):
        given = METHODS[name].above(floor).attribute(model, levels, answers(model, levels))
        expected = slopes * (levels + 8)
        if name == "occlusion":
            expected = np.broadcast_to(expected.mean(axis=-1, keepdims=True), windows.shape)
        np.testing.assert_allclose(given, expected, atol=0.05 * np.abs(slopes).max(), err_msg=name)
    energy = METHODS["energy"].above(floor).attribute(model, levels, answers(model, levels))
    np.testing.assert_allclose(energy, levels + 8, rtol=1e-5)
    strength = METHODS["smoothgrad"].above(floor).attribute(model, levels, answers(model, levels))
    np.testing.assert_allclose(strength, slopes * levels, rtol=1e-4, atol=1e-5)


def test_baselines_of_a_floor_scatter_around_it_and_follow_the_input(windows):
    values = torch.tensor(windows)
    drawn = torch.stack([Floor(-8, 0.1).draws(each, 4, 0) for each in values])
    assert abs(drawn.mean() + 8) < 0.02
    np.testing.assert_allclose(drawn.std(), 0.1, rtol=0.1)
    assert torch.equal(drawn[1], Floor(-8, 0.1).draws(values[1], 4, 0))
    assert not torch.equal(drawn[1], drawn[2])
