"""Inside the networks: literal probes, relevance through single filters, tuning to known delays, the command line."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from toy_trials import CONDITIONS, SETUP, make_trials

import probe_experiment
from acoustics.delay import delayed
from acoustics.gcc import true_lag_samples
from explain.layers import conditioned_on_filters, filter_layers, mean_activations, relevance_of_filters
from explain.methods.gradient_x_input import GradientXInput
from explain.methods.lrp import LRP
from explain.probes import STRENGTHS, explained, read_out
from localization import delay_tuning, inside, probed_windows
from localization.delay_probes import CROSS_POWER, PHAT, levels, middle_pairs, pair_correlations, probe_rows
from localization.delay_tuning import (
    PLANE,
    POINT,
    agreement,
    arrivals_samples,
    followed,
    mean_delay_samples,
    tuning_of,
    wave_windows,
)
from models import build_model
from params import PUBLISHED, Setup

VOICES = np.repeat(["a", "b", "c", "d"], 15)


def R2(features, target):
    errors, spreads = read_out(features, [target], VOICES)
    return explained(errors.T, spreads.T)[0]


def literal_errors(features, target, voices):
    """Choose the strength by each of the other voices in turn, fit them by the normal equations, read the voice."""
    errors = np.empty(len(features))
    for voice in np.unique(voices):
        rest = voices != voice
        x = (features - features[rest].mean(axis=0)) / np.sqrt(features[rest].var(axis=0).mean())

        def read(x, fitted, strength):
            middle = x[fitted].mean(axis=0)
            centred, wanted = x[fitted] - middle, target[fitted] - target[fitted].mean(axis=0)
            weights = np.linalg.solve(centred.T @ centred + strength * np.eye(x.shape[1]), centred.T @ wanted)
            return (x - middle) @ weights + target[fitted].mean(axis=0)

        tried = []
        for strength in STRENGTHS:
            inner = [(rest & (voices != other), voices == other) for other in np.unique(voices[rest])]
            tried.append(sum(((read(x, fitted, strength) - target)[left] ** 2).sum() for fitted, left in inner))
        best = STRENGTHS[np.argmin(tried)]
        errors[~rest] = ((read(x, rest, best) - target)[~rest] ** 2).sum(axis=1)
    return errors


def test_a_probe_is_the_literal_ridge_whose_strength_other_voices_chose(rng):
    features = rng.standard_normal((60, 12)) * np.arange(1, 13)
    targets = [
        features @ rng.standard_normal((12, 3)) + 20 * rng.standard_normal((60, 3)),
        rng.standard_normal((60, 2)),
    ]
    errors, spreads = read_out(features, targets, VOICES)
    for target, of_target, spread in zip(targets, errors, spreads, strict=True):
        np.testing.assert_allclose(of_target, literal_errors(features, target, VOICES), rtol=1e-8)
        known = np.stack([target[voice != VOICES].mean(axis=0) for voice in VOICES])
        np.testing.assert_allclose(spread, ((target - known) ** 2).sum(axis=1))


def test_a_probe_reads_all_of_what_a_linear_layer_holds_and_nothing_of_what_it_does_not(rng):
    features = rng.standard_normal((60, 12))
    layer = nn.Linear(12, 5, dtype=torch.float64)
    held = layer(torch.from_numpy(features)).detach().numpy()
    assert R2(features, held) > 0.9999
    assert R2(features, rng.standard_normal((60, 5))) < 0.1


def test_a_feature_that_is_nearly_always_silent_breaks_no_probe(rng):
    features = rng.standard_normal((60, 12))
    features[:, 0] = 0
    features[[0, 20], 0] = 1e-6, 1
    assert R2(features, features[:, 1:4] + 0.1 * rng.standard_normal((60, 3))) > 0.9


def test_correlations_are_their_literal_sums_and_peak_at_the_delay_whatever_the_loudness(rng):
    first = rng.standard_normal(4000)
    windows = np.stack([first, delayed(first, 3.0)])[None] + 0.01 * rng.standard_normal((1, 2, 4000))
    found = pair_correlations(windows, (0, 1), PUBLISHED)
    lags = np.arange(-6, 7)  # 0.15 m are 6.997 samples
    one, two = windows[0]
    plain = [(two[max(lag, 0) : 4000 + min(lag, 0)] * one[max(-lag, 0) : 4000 - max(lag, 0)]).sum() for lag in lags]
    np.testing.assert_allclose(found[CROSS_POWER][0], plain / np.sqrt((one**2).sum() * (two**2).sum()), atol=1e-12)
    assert lags[found[PHAT][0].argmax()] == lags[found[CROSS_POWER][0].argmax()] == 3
    louder = pair_correlations(windows * 7, (0, 1), PUBLISHED)
    for target, values in found.items():
        np.testing.assert_allclose(louder[target], values, atol=1e-12)
    np.testing.assert_allclose(levels(windows * 7, 16000), levels(windows, 16000))
    assert not any(values.any() for values in pair_correlations(np.zeros((1, 2, 4000)), (0, 1), PUBLISHED).values())


def test_pairs_stand_around_the_middle_of_the_array():
    assert middle_pairs(PUBLISHED) == [(7, 8), (5, 10), (0, 15)]
    assert middle_pairs(Setup.from_dict(SETUP)) == [(0, 2)]


def test_levels_hold_no_delays(rng):
    noise = rng.standard_normal(5120)
    here, there = (np.stack([noise, np.roll(noise, shift)])[None] for shift in (2, -5))
    np.testing.assert_allclose(levels(here, 16000), levels(there, 16000), atol=1e-12)


def test_one_layer_is_told_from_untrained_ones_and_from_a_control(rng):
    spreads = rng.uniform(1, 2, (30, 2, 3))
    voices = [f"v{row % 5}" for row in range(30)]
    null = np.stack([spreads * rng.uniform(0.85, 0.95, spreads.shape) for _ in range(3)])
    errors = spreads * np.array([0.2, 0.9])[:, None]
    table = probe_rows(errors, spreads, null, spreads, [(7, 8), (5, 10), (0, 15)], voices, 0)
    means = table[table["pair"] == "mean"].set_index("target")
    np.testing.assert_allclose(means["R2"], [0.8, 0.1])
    np.testing.assert_allclose(means["control_R2"], 0)
    assert means["untrained_verdict"].tolist() == ["above", "level"]
    assert means["control_verdict"].tolist() == ["above", "above"]
    np.testing.assert_allclose(means["above_cross_power"], [0.7, 0])
    np.testing.assert_allclose(table["R2"], [0.8] * 4 + [0.1] * 4)


@pytest.fixture
def heard(rng):
    return rng.standard_normal((1, 3, 768)).astype(np.float32), np.array([[1.5, 0, 0]], dtype=np.float32)


@pytest.mark.parametrize(
    ("name", "layer", "method"),
    [("loc_cnn", "relu3", LRP()), ("loc_cnn", "relu3", GradientXInput()), ("sample_cnn", "blocks.0.relu", LRP())],
)
def test_what_passes_the_filters_of_a_layer_adds_up_to_all(name, layer, method, heard):
    torch.manual_seed(3)
    samples = {"loc_cnn": 256, "sample_cnn": 730}[name]
    model = build_model(name, microphones=3, window_samples=samples).eval()
    windows, start = heard[0][..., :samples], heard[1]
    alone = conditioned_on_filters(model, windows, start, layer, range(128), method)
    assert alone.shape == (128, *windows.shape)
    if isinstance(method, LRP):
        everything = method.attribute(model, windows, start)
        passed = relevance_of_filters(model, windows, start, [layer], method)[layer]
        assert (passed[1] >= np.abs(passed[0]) * (1 - 1e-5)).all()
        silent = passed[1].max(axis=0) == 0
        assert not alone[silent].any()
    else:
        batch = torch.tensor(windows, requires_grad=True)
        everything = torch.autograd.grad(model(batch), batch, torch.tensor(start))[0].numpy()
    np.testing.assert_allclose(alone.sum(axis=0), everything, atol=1e-3 * np.abs(everything).max())


def test_layers_say_the_means_of_what_they_put_out_and_which_are_filters(heard):
    torch.manual_seed(3)
    model = build_model("loc_cnn", microphones=3, window_samples=768).eval()
    windows = heard[0]
    found = mean_activations(model, windows)
    first = model.relu1(model.conv1(model.scale(torch.tensor(windows)))).detach().numpy()
    np.testing.assert_allclose(found["relu1"], first.mean(axis=-1), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["fc2"], model(torch.tensor(windows)).detach().numpy(), rtol=1e-4, atol=1e-6)
    assert filter_layers(model, windows) == [f"relu{number}" for number in range(1, 6)]


@pytest.mark.parametrize("delay_samples", [-2, 0, 3])
def test_a_filter_made_for_a_delay_is_tuned_to_it(delay_samples):
    """It adds three microphones after it has undone the delay between them."""
    setup = Setup.from_dict(SETUP)
    conv = nn.Conv1d(3, 1, 9, padding=4, bias=False)
    with torch.no_grad():
        conv.weight.zero_()
        for microphone in range(3):
            conv.weight[0, microphone, 4 + delay_samples * (microphone - 1)] = 1
    model = nn.Sequential(conv, nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(1, 3))
    arrivals, delays = arrivals_samples(setup, PLANE)
    curves = [mean_activations(model, wave_windows(setup, each, 2, 0))["1"].mean(axis=0) for each in arrivals]
    depth, best = tuning_of(np.stack(curves), delays)
    assert best == delay_samples
    assert 0.1 < depth < 1


def test_waves_from_a_point_have_the_delays_of_a_talker_there():
    arrivals, delays = arrivals_samples(PUBLISHED, POINT)
    grid, microphones_m = PUBLISHED.grid, PUBLISHED.array.as_array()
    talker_m = np.array([grid.x_m[0], np.mean(grid.y_m), np.mean(grid.z_m)])
    true = true_lag_samples(talker_m, microphones_m[:-1], microphones_m[1:], PUBLISHED.fs_hz, fractional=True)
    np.testing.assert_allclose(np.diff(arrivals[0]), true)
    np.testing.assert_allclose(delays[0], true.mean())
    np.testing.assert_allclose(mean_delay_samples(talker_m, PUBLISHED), true.mean())
    windows = wave_windows(PUBLISHED, arrivals[0], 1, 0)
    inner = slice(500, -500)  # `delayed` takes what is outside of a window for silence
    np.testing.assert_allclose(windows[0, 1, inner], delayed(windows[0, 0], true[0])[inner], atol=2e-3)
    assert np.abs(windows[0, 1] - windows[0, 0]).max() > 0.2


def test_filters_that_never_speak_have_no_tuning():
    depth, best = tuning_of(np.array([[1.0, 0, 1e-3], [3.0, 0, 2e-3], [2.0, 0, 0]]), np.array([-1.0, 0, 1]))
    np.testing.assert_array_equal(depth, [0.5, np.nan, np.nan])
    np.testing.assert_array_equal(best, [0, np.nan, np.nan])


def test_filters_that_do_as_their_curves_say_agree_and_their_negatives_disagree(rng):
    delays, curve_delays = rng.uniform(-1, 1, 30), np.linspace(-2, 2, 17)
    slopes = rng.uniform(-1, 1, 20)
    values = 5 + slopes * delays[:, None, None] + 0.3 * rng.standard_normal((30, 2, 20))
    together = np.corrcoef(np.repeat(delays, 2), values[..., 0].ravel())[0, 1]
    np.testing.assert_allclose(followed(values, delays)[0], together)
    curves = 5 + slopes * curve_delays[:, None] + 0.3 * rng.standard_normal((17, 20))
    voices = [f"v{row % 5}" for row in range(30)]
    found = agreement(curves, curve_delays, values, delays, voices, 0)
    assert 0.8 < found["low"] < found["r"] < found["high"] <= 1
    assert agreement(curves, curve_delays, -values, delays, voices, 0)["r"] == pytest.approx(-found["r"])


def test_the_command_line_looks_inside_and_computes_nothing_twice(tmp_path, monkeypatch, coarse_pictures, capsys):
    monkeypatch.setattr(delay_tuning, "POINTS", 5)
    monkeypatch.setattr(delay_tuning, "STEP_SAMPLES", 2)
    asked = make_trials(tmp_path, sources=5, conditions=CONDITIONS[:1])
    asked += ["--sources", "5", "--windows", "1", "--untrained", "1", "--waves", "1",
              "--top", "1", "--profile_sources", "1", "--model_name", "loc_cnn", "--beside", str(tmp_path / "any_room"),
              "--results", str(tmp_path / "results")]  # fmt: skip
    folder = probe_experiment.main(asked)
    said = capsys.readouterr().out
    assert "loc_cnn (any room) holds most PHAT in" in said
    tables = {path.stem: pd.read_csv(path) for path in folder.glob("*.csv")}
    assert set(tables) == {"probes", "tuning", "filters", "profiles"}
    assert {path.stem.split("_")[0] for path in folder.glob("*.png")} == {"probes", "tuning", "profiles"}
    probes, filters = tables["probes"], tables["filters"]
    assert set(probes["layer"]) == {*(f"relu{n}" for n in range(1, 7)), "fc2", "levels alone", "true position"}
    assert (probes["R2"] < 1).all()
    assert (probes["low"] <= probes["high"]).all()
    by_layer = filters.groupby(["localizer", "weights", "number", "layer"])
    np.testing.assert_allclose(by_layer["share"].sum(), 1, atol=1e-5)
    assert (by_layer["rank"].max() == by_layer.size()).all()
    shares = tables["profiles"].groupby(["localizer", "weights", "layer", "filter"])["relevance_share"].sum()
    np.testing.assert_allclose(shares, 1, atol=1e-6)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(probe_experiment, "FIGURES", {})
    for module, names in (
        (inside, ("mean_activations", "relevance_of_filters", "conditioned_on_filters")),
        (probed_windows, ("read_out", "pair_correlations")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, lambda *args, **more: pytest.fail("computed again"))
    probe_experiment.main(asked)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    with pytest.raises(SystemExit):
        probe_experiment.main([*asked, "--sources", "1", "--results", str(tmp_path / "few")])
    assert "take more --sources" in capsys.readouterr().err
