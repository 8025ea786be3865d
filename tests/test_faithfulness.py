"""Criteria of attributions in closed form: a linear network in float64, where what is foreseen is what happens."""

import numpy as np
import pytest
import torch
from torch import nn

from explain.faithfulness import (
    ORDERS,
    PERCENTS,
    answers_after,
    areas,
    between,
    infidelity,
    max_sensitivity,
    normalised,
)
from explain.grains import Bins, Blocks, Frequencies, grains
from explain.sanity import randomised, rank_correlation
from explain.time_frequency import Frames

SHAPE = 3, 2, 40


@pytest.fixture
def linear(rng):
    """Return a linear network, its slopes, inputs and replacements."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(80, 1, bias=False))
    slopes = rng.standard_normal((2, 40))
    model[1].weight.data = torch.tensor(slopes.reshape(1, 80), dtype=torch.float32)
    return model, slopes, *(rng.standard_normal(SHAPE).astype(np.float32) for _ in range(2))


@pytest.mark.parametrize("grain", [Blocks(1), Blocks(7), Blocks()], ids=["sample", "block", "microphone"])
@pytest.mark.parametrize("replacement", ["zeros", "other"])
def test_answers_after_every_order_are_the_literal_sums(grain, replacement, linear):
    model, slopes, inputs, other = linear
    other = other * (replacement == "other")
    given = (slopes * inputs).astype(np.float32)
    scores = grain.scores(torch.tensor(inputs), torch.tensor(given))
    answers = answers_after(model, inputs, {replacement: other}, grain, scores, (20, 50))
    length = grain.samples or 40
    features = [(row, slice(first, first + length)) for row in range(2) for first in range(0, 40, length)]
    for number in range(3):
        scores = np.array([given[number][feature].sum(dtype=float) for feature in features])
        keys = {"most": -scores, "least": scores, "largest": -abs(scores), "smallest": abs(scores)}
        for order, name in enumerate(ORDERS):
            for place, percent in enumerate((20, 50)):
                heard = inputs[number].astype(float)
                for feature in np.argsort(keys[name], kind="stable")[: int(percent / 100 * len(features))]:
                    heard[features[feature]] = other[number][features[feature]]
                np.testing.assert_allclose(answers[number, 0, order, place], (slopes * heard).sum(), atol=2e-4)


def test_bins_that_are_all_replaced_leave_the_replacement_and_none_the_input(linear):
    _, _, inputs, other = (torch.tensor(each) if isinstance(each, np.ndarray) else each for each in linear)
    grain = Bins(Frames(16, 4))
    count = grain.scores(inputs, inputs**2).shape[1]
    assert count == 2 * 9 * 11
    for replaced, expected in ((False, inputs), (True, other)):
        heard = grain.mixed(inputs, other, torch.full((3, count), replaced))
        np.testing.assert_allclose(heard, expected, atol=1e-5)


def test_frequencies_are_given_what_a_linear_network_loses_with_them(linear):
    model, slopes, inputs, _ = linear
    inputs = inputs + np.float32(0.3) * np.sign(inputs)  # what hardly sounds has no frequency
    grain, given = Frequencies(), torch.tensor((slopes * inputs).astype(np.float32))
    scores = grain.scores(torch.tensor(inputs), given)
    assert scores.shape == (3, 2 * 21)
    answers = answers_after(model, inputs, {"zeros": 0 * inputs}, grain, scores, (25, 50), orders=("most", "smallest"))
    whole = (slopes * inputs).sum(axis=(1, 2))
    for order, key in enumerate((-scores, scores.abs())):
        for place, count in enumerate((10, 21)):
            lost = torch.gather(scores, 1, key.argsort(dim=1)[:, :count]).sum(dim=1).numpy()
            np.testing.assert_allclose(answers[:, 0, order, place, 0], whole - lost, atol=2e-3)


@pytest.mark.parametrize(
    "grain", [Blocks(7), Bins(Frames(16, 4)), Frequencies()], ids=lambda grain: type(grain).__name__
)
def test_grains_have_one_name_in_all_processes(grain):
    assert repr(grain) == repr(type(grain)(*vars(grain).values()))
    assert " at 0x" not in repr(grain)


def test_no_order_hurts_a_linear_network_more_than_that_of_its_own_terms(linear, rng):
    model, slopes, inputs, _ = linear
    zeros, fallen = {"zeros": np.zeros_like(inputs)}, []
    whole = (slopes * inputs).sum(axis=(1, 2))
    maps = [slopes * inputs, rng.standard_normal(SHAPE), inputs**2, -slopes * inputs]
    for given in maps:
        answers = answers_after(model, inputs, zeros, Blocks(1), torch.tensor(given).flatten(1))[:, 0, ..., 0]
        fallen.append(areas(whole[:, None, None] - answers, np.zeros(3), whole, PERCENTS))
    found = np.stack(fallen)  # (map, input, order)
    signs = between(found, "signs")
    assert (signs[0] > signs[1:]).all()
    np.testing.assert_allclose(signs[3], -signs[0], rtol=1e-4)
    scaled = normalised(found, axes=(0, 2))
    np.testing.assert_allclose(scaled[0, :, 0], 1)
    np.testing.assert_allclose(scaled[0, :, 1], 0)


def test_areas_are_those_of_straight_lines_and_insertion_is_the_other_end_of_removal():
    curves = np.array([[[0.3, 0.5], [0.1, 0.2]]])  # (input, order, percent)
    found = areas(curves, np.array([0.0]), np.array([1.0]), (20, 60))
    np.testing.assert_allclose(found, [[0.5 * 0.2 * 0.3 + 0.4 * 0.4 + 0.4 * 0.75, 0.01 + 0.4 * 0.15 + 0.4 * 0.6]])


def test_attributions_of_a_linear_network_miss_nothing_and_others_miss_as_much_as_they_are_off(linear, rng):
    model, slopes, inputs, other = linear
    start = (slopes * inputs).sum(axis=(1, 2), keepdims=True)[..., 0]
    exact = (slopes * (inputs - other)).astype(np.float32)
    missed = infidelity(model, inputs, start, exact, other, block_samples=5)
    np.testing.assert_allclose(missed, 0, atol=1e-4)
    np.testing.assert_allclose(infidelity(model, inputs, start, 7 * exact, other, block_samples=5), missed, atol=1e-4)
    unknowing = infidelity(model, inputs, start, rng.standard_normal(SHAPE).astype(np.float32), other, 5, draws=200)
    assert (unknowing > 0.8).all()
    assert (unknowing <= 1 + 1e-6).all()


def test_sensitivity_is_that_of_the_noise_where_attributions_are_proportional_to_the_input(linear):
    inputs = linear[2]
    assert (max_sensitivity(lambda heard: np.ones_like(heard), inputs, 40) == 0).all()
    found = max_sensitivity(lambda heard: 3 * heard, inputs, 40, draws=3)
    np.testing.assert_allclose(found, 0.01, rtol=0.4)


def test_layers_are_randomised_from_the_top_down():
    torch.manual_seed(0)
    model, twin = (nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.Linear(4, 2)) for _ in range(2))
    for share, own in ((0, 3), (1 / 3, 2), (2 / 3, 1), (1, 0)):
        mixed = randomised(model, twin, share)
        same = [torch.equal(mixed[layer].weight, model[layer].weight) for layer in (0, 2, 3)]
        assert same == [True] * own + [False] * (3 - own)
        assert all(torch.equal(mixed[layer].bias, twin[layer].bias) for layer in (0, 2, 3)[own:])


def test_rank_correlations_are_spearmans(rng):
    first, second = rng.standard_normal((2, 3, 5, 4))
    expected = [np.corrcoef(*(np.argsort(np.argsort(each.ravel())) for each in pair))[0, 1]
                for pair in zip(first, second, strict=True)]  # fmt: skip
    np.testing.assert_allclose(rank_correlation(first, second), expected)
    np.testing.assert_allclose(rank_correlation(first, np.exp(first)), 1)
    assert (rank_correlation(first, np.zeros_like(first)) == 0).all()


def test_grains_are_from_fine_to_coarse(rng):
    values = torch.tensor(rng.standard_normal((2, 3, 640)))
    counts = {name: grain.scores(values, values).shape[1] for name, grain in grains(160).items()}
    assert counts == {"sample": 1920, "block": 12, "microphone": 3, "bin": 3 * 257 * 3}
    for name in ("sample", "block", "microphone"):
        np.testing.assert_allclose(grains(160)[name].scores(values, values).sum(dim=1), values.sum(dim=(1, 2)))
