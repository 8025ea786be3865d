"""The perturbation experiment against the published loops, written out."""

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks.perturbation import literal
from explain.perturbation import (
    CURVES,
    PERCENTS,
    mae_curves,
    perturb_source,
    places_by,
    random_places,
    removed_count,
)
from explain.relevance import compute_relevance
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
    return compute_relevance(model, windows, POSITION_M)


def test_estimates_are_those_of_the_published_loops(model, windows, relevance):
    orders = random_places(windows.shape, seed=5, source=7, draw=0).flatten(1).argsort(dim=1).numpy()
    expected_m = literal(model, windows, POSITION_M, orders)
    estimates_m = perturb_source(model, windows, relevance, seed=5, source=7)
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

    estimates = perturb_source(Kept(), windows, windows, percents=[0, 25, 50])
    flat = windows.reshape(3, -1)
    for step, percent in enumerate([0, 25, 50]):
        count = removed_count(percent, flat.shape[1])
        for curve in CURVES:
            np.testing.assert_array_equal(estimates[curve][0, :, step, 0], flat.shape[1] - count)
        np.testing.assert_array_equal(estimates["energy"][0, :, step, 1], np.sort(abs(flat))[:, ::-1][:, count])
        np.testing.assert_array_equal(estimates["relevance"][0, :, step, 2], np.sort(flat)[:, ::-1][:, count].clip(0))


def test_random_draws_depend_on_seed_source_and_draw_alone(model, windows, relevance):
    one = perturb_source(model, windows, relevance, percents=[30], draws=2, seed=1, source=2, batch_size=1)["random"]
    more = perturb_source(model, windows, relevance, percents=[0, 30, 50], draws=3, seed=1, source=2, batch_size=7)
    np.testing.assert_allclose(one[:, :, 0], more["random"][:2, :, 1], atol=1e-5)
    draws = {random_places((1, 2, 50), *name).numpy().tobytes() for name in np.ndindex(2, 2, 2)}
    assert len(draws) == 8


def test_nothing_removed_is_the_network_itself_in_every_curve(model, windows, relevance):
    with torch.no_grad():
        expected_m = model(torch.tensor(windows)).numpy()
    estimates_m = perturb_source(model, windows, relevance, percents=[0], draws=2)
    for curve in CURVES:
        for draw in estimates_m[curve]:
            np.testing.assert_allclose(draw[:, 0], expected_m, atol=1e-5)


def test_counts_round_down_as_published():
    assert [removed_count(percent, 16 * 5120) for percent in (0, 10, 70, 100)] == [0, 8192, 57344, 81920]
    assert removed_count(12.5, 10) == 1


def test_the_network_is_unchanged_and_its_mode_too(model, windows, relevance):
    state = {key: value.clone() for key, value in model.state_dict().items()}
    model.train()
    perturb_source(model, windows, relevance, percents=[0, 10])
    assert model.training
    model.eval()
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())


def test_mae_is_the_mean_over_windows_and_coordinates(rng):
    positions_m = rng.random((2, 3))
    draws = {"relevance": 1, "energy": 1, "random": 3}
    estimates_m = [{curve: rng.random((draws[curve], windows, 2, 3)) for curve in CURVES} for windows in (2, 5)]
    table = mae_curves(estimates_m, positions_m, [3, 8], percents=[0, 20])
    for row in table.itertuples():
        errors_m = [
            abs(each[row.curve][:, :, [0, 20].index(row.percent)] - position_m).mean(axis=0)
            for each, position_m in zip(estimates_m, positions_m, strict=True)
        ]
        assert row.mae_m == pytest.approx(np.concatenate(errors_m).mean())
        assert row.low_m <= row.mae_m <= row.high_m
        relevance = table.query("curve == 'relevance' and percent == @row.percent").iloc[0]
        assert row.relevance_above_m == pytest.approx(relevance.mae_m - row.mae_m)
        assert row.relevance_above_low_m <= row.relevance_above_m <= row.relevance_above_high_m
        assert (row.sources, row.windows, row.draws) == (2, 7, draws[row.curve])
    assert len(table) == 6


def test_the_same_source_in_two_conditions_tells_no_more_than_in_one(rng):
    positions_m = rng.random((5, 3))
    estimates_m = [{curve: rng.random((1, 4, 1, 3)) for curve in CURVES} for _ in positions_m]
    once = mae_curves(estimates_m, positions_m, range(5), percents=[0])
    twice = mae_curves(2 * estimates_m, np.tile(positions_m, (2, 1)), 2 * list(range(5)), percents=[0])
    same = ["curve", "percent", "mae_m", "low_m", "high_m", "sources"]
    pd.testing.assert_frame_equal(once[same], twice[same])


def test_what_all_sources_share_does_not_blur_the_comparison(rng):
    """Where relevance errs by 0.1 m more than energy on every window, the difference is exact, whatever the errors."""
    positions_m = np.zeros((5, 3))
    energy = [rng.random((1, 4, 1, 3)) for _ in positions_m]
    estimates_m = [{"relevance": each + 0.1, "energy": each, "random": each} for each in energy]
    row = mae_curves(estimates_m, positions_m, range(5), percents=[0]).query("curve == 'energy'").iloc[0]
    assert row.high_m - row.low_m > 0.01
    assert [row.relevance_above_low_m, row.relevance_above_m, row.relevance_above_high_m] == pytest.approx([0.1] * 3)
