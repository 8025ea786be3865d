"""The perturbation experiment against the published loops, written out."""

import numpy as np
import pytest
import torch
from relevance_of import relevance_of

from benchmarks.perturbation import literal
from explain.removal import (
    CURVES,
    PERCENTS,
    Removal,
    answers_without,
    at_random,
    by_attribution,
    by_energy,
    places_by,
    random_places,
    removed_count,
)
from models import build_model

POSITION_M = np.array([1.48125, 5.375, 1.33693965])


@pytest.fixture(scope="module", params=["loc_cnn", "sample_cnn"])
def model(request):
    torch.manual_seed(0)
    return build_model(request.param, microphones=2, window_samples=729).eval()


@pytest.fixture(scope="module")
def windows():
    return np.random.default_rng(0).standard_normal((3, 2, 729)).astype(np.float32)


@pytest.fixture(scope="module")
def relevance(model, windows):
    return relevance_of(model, windows, POSITION_M)


def removed(model, windows, relevance, percents=PERCENTS, draws=1, seed=0, number=0, batch_size=None):
    """Answers of all curves, (order, window, percent, 3) each."""
    orders = (by_attribution(lambda row, inputs: relevance), by_energy, at_random([number], seed, draws))
    return {
        curve: answers_without(model, windows, order(0, windows), percents, batch_size=batch_size)
        for curve, order in zip(CURVES, orders, strict=True)
    }


def test_estimates_are_those_of_the_published_loops(model, windows, relevance):
    orders = random_places(windows.shape, seed=5, number=7, draw=0).flatten(1).argsort(dim=1).numpy()
    expected_m = literal(model, windows, POSITION_M, orders)
    estimates_m = removed(model, windows, relevance, seed=5, number=7)
    for curve in CURVES:
        assert estimates_m[curve].shape == (1, 3, len(PERCENTS), 3)
        np.testing.assert_allclose(estimates_m[curve][0], expected_m[curve], atol=1e-5)


def test_places_are_those_of_a_stable_sort(rng):
    values = np.round(rng.standard_normal((4, 2, 300)), 1).astype(np.float32)
    values[1] = -np.abs(values[1])
    values[2] *= 1e-40
    values[3, :, ::2] *= 0
    assert np.signbit(values[values == 0]).any()
    places = places_by(torch.tensor(values)).flatten(1).numpy()
    for window, place in zip(values.reshape(4, -1), places, strict=True):
        np.testing.assert_array_equal(np.argsort(-window, kind="stable"), np.argsort(place))


def test_energy_removes_the_loudest_and_relevance_the_most_positive(windows):
    class Kept(torch.nn.Module):
        def forward(self, x):
            return torch.stack([(x != 0).sum((1, 2)), x.abs().amax((1, 2)), x.amax((1, 2))], dim=1).float()

    estimates = removed(Kept(), windows, windows, percents=[0, 25, 50])
    flat = windows.reshape(3, -1)
    for step, percent in enumerate([0, 25, 50]):
        count = removed_count(percent, flat.shape[1])
        for curve in CURVES:
            np.testing.assert_array_equal(estimates[curve][0, :, step, 0], flat.shape[1] - count)
        np.testing.assert_array_equal(estimates["energy"][0, :, step, 1], np.sort(abs(flat))[:, ::-1][:, count])
        np.testing.assert_array_equal(estimates["relevance"][0, :, step, 2], np.sort(flat)[:, ::-1][:, count].clip(0))


def test_random_draws_depend_on_seed_source_and_draw_alone(model, windows, relevance):
    one = removed(model, windows, relevance, percents=[30], draws=2, seed=1, number=2, batch_size=1)["random"]
    more = removed(model, windows, relevance, percents=[0, 30, 50], draws=3, seed=1, number=2, batch_size=7)
    np.testing.assert_allclose(one[:, :, 0], more["random"][:2, :, 1], atol=1e-5)
    draws = {random_places((1, 2, 50), *name).numpy().tobytes() for name in np.ndindex(2, 2, 2)}
    assert len(draws) == 8


def test_nothing_removed_is_the_network_itself_in_every_curve(model, windows, relevance):
    with torch.no_grad():
        expected_m = model(torch.tensor(windows)).numpy()
    estimates_m = removed(model, windows, relevance, percents=[0], draws=2)
    for curve in CURVES:
        for draw in estimates_m[curve]:
            np.testing.assert_allclose(draw[:, 0], expected_m, atol=1e-5)


def test_counts_round_down_as_published():
    assert [removed_count(percent, 16 * 5120) for percent in (0, 10, 70, 100)] == [0, 8192, 57344, 81920]
    assert removed_count(12.5, 10) == 1


def test_the_network_is_unchanged_and_its_mode_too(model, windows, relevance):
    state = {key: value.clone() for key, value in model.state_dict().items()}
    model.train()
    removed(model, windows, relevance, percents=[0, 10])
    assert model.training
    model.eval()
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())


def test_inputs_of_any_shape_and_outputs_of_any_number_are_served(rng):
    """Images of one channel, a network with two outputs: nothing is known of microphones or coordinates."""
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(20, 2, bias=False))
    images = rng.standard_normal((3, 1, 4, 5)).astype(np.float32)
    (answers,) = answers_without(model, images, by_energy(0, images), [0, 50, 100])
    kept = np.where(np.abs(images) < np.sort(np.abs(images).reshape(3, -1))[:, 10].reshape(3, 1, 1, 1), images, 0)
    weight = model[1].weight.detach().numpy().T
    np.testing.assert_allclose(answers[:, 0], images.reshape(3, -1) @ weight, atol=1e-5)
    np.testing.assert_allclose(answers[:, 1], kept.reshape(3, -1) @ weight, atol=1e-5)
    assert not answers[:, 2].any()


def scores_of(rng, items, windows=4, percents=1):
    return {curve: [rng.random((windows, percents)) for _ in range(items)] for curve in CURVES}


def test_a_curve_is_the_mean_over_all_inputs(rng):
    scores = {curve: [rng.random((windows, 2)) for windows in (2, 5)] for curve in CURVES}
    removal = Removal(scores, "ab", [3, 8], [0, 20], seed=0)
    for curve in CURVES:
        table, difference = removal.curve(curve), removal.difference("relevance", curve)
        np.testing.assert_allclose(table["mean"], np.concatenate(scores[curve]).mean(axis=0))
        assert ((table["low"] <= table["mean"]) & (table["mean"] <= table["high"])).all()
        np.testing.assert_allclose(difference["mean"], removal.curve("relevance")["mean"] - table["mean"], atol=1e-12)
        assert table[["items", "inputs"]].to_numpy().tolist() == [[2, 7]] * 2
    assert removal.difference("relevance", "relevance")["verdict"].tolist() == ["level"] * 2


def test_the_same_source_in_two_conditions_tells_no_more_than_in_one(rng):
    scores = scores_of(rng, 5)
    twice = {curve: 2 * each for curve, each in scores.items()}
    once = Removal(scores, "aabbc", range(5), [0], seed=0).curve("energy")
    both = Removal(twice, 2 * "aabbc", 2 * list(range(5)), [0], seed=0).curve("energy")
    same = ["percent", "mean", "low", "high", "items"]
    np.testing.assert_allclose(once[same], both[same])


def test_what_all_sources_share_does_not_blur_the_comparison(rng):
    """Where relevance errs by 0.1 m more than energy on every window, the difference is exact, whatever the errors."""
    scores = scores_of(rng, 5)
    scores["relevance"] = [each + 0.1 for each in scores["energy"]]
    removal = Removal(scores, "aabbc", range(5), [0], seed=0)
    assert (removal.curve("energy")["high"] - removal.curve("energy")["low"]).item() > 0.01
    row = removal.difference("relevance", "energy").iloc[0]
    assert [row["low"], row["mean"], row["high"]] == pytest.approx([0.1] * 3)
    assert row["verdict"] == "above"
