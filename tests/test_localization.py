"""How well something localizes, and the table of it."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from training_data import CONDITION, WINDOW_SAMPLES, one_thread, write_dataset  # noqa: F401

import localization_experiment
import params
import train
from acoustics.recordings import Recordings
from explain.methods.lrp import LRP
from localization.delays import PROTOCOLS, estimated_lags_samples
from localization.errors import describe_errors, error_differences, error_table, estimate_sources
from localization.localizer import Centre, Network, SteeredResponse, shipped
from maintenance import ship_weights
from models import MODELS
from models.checkpoints import load_checkpoint
from models.weights import find_weights
from running.errors import InputError


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = tmp_path_factory.mktemp("trained")
    write_dataset(path / "data")
    toy = ["--epochs", "1", "--batch_size", "3", "--seed", "7", "--gpu", "cpu"]
    runs = [
        train.main([*toy, "--model_name", name, "--data_path", str(path / "data"), "--log_dir", str(path / "logs")])
        for name in ("loc_cnn", "sample_cnn")
    ]
    return path, runs


def test_perfect_estimates_have_no_error_and_a_slope_of_one(rng):
    positions_m = rng.uniform([0.8, 4.5, 1], [2.6, 6.5, 1.5], (40, 3))
    described = describe_errors(positions_m, positions_m, np.ones(40))
    assert {key: value for key, value in described.items() if value != 0} == {
        "slope_x": pytest.approx(1),
        "slope_y": pytest.approx(1),
    }


def test_a_constant_has_no_slope_and_half_a_shrunk_estimate(rng):
    positions_m = rng.uniform([0.8, 4.5, 1], [2.6, 6.5, 1.5], (40, 3))
    mean_m = positions_m.mean(0)
    constant = describe_errors(np.broadcast_to(mean_m, positions_m.shape), positions_m, np.ones(40))
    assert constant["slope_x"] == pytest.approx(0, abs=1e-12)
    half = describe_errors((positions_m + mean_m) / 2, positions_m, np.ones(40))
    assert half["slope_y"] == pytest.approx(0.5)
    assert half["mae_m"] == pytest.approx(constant["mae_m"] / 2)


def test_errors_are_told_apart_by_coordinate_rank_and_power():
    truth_m = np.zeros((8, 3))
    estimates_m = truth_m.copy()
    estimates_m[:, 0] = [0, 0, 0, 0, 0, 0, 3, 3]
    estimates_m[:, 1] = [0, 0, 0, 0, 0, 0, 4, 4]
    described = describe_errors(estimates_m, truth_m, np.array([5, 6, 7, 8, 9, 10, 1, 2.0]))
    assert (described["mae_x_m"], described["mae_y_m"]) == (0.75, 1.0)
    assert described["median_m"] == 0
    assert described["p90_m"] == 5
    assert described["quiet_m"] == 3.5
    assert described["loud_m"] == 0
    assert np.isnan(described["slope_x"])


def run(path, *more):
    return localization_experiment.main(
        ["--data_path", str(path / "data"), "--weights", str(path / "logs"), "--results", str(path / "results"), *more]
    )


def test_the_table_holds_every_method_and_what_it_answered(trained, capsys):
    path, _ = trained
    folder = run(path)
    table = pd.read_csv(folder / "errors.csv").set_index("localizer")
    assert list(table.index) == [params.CENTRE, "loc_cnn", "sample_cnn", params.SRP_PHAT]
    assert table["published_mae_m"].isna().all()  # two microphones are not the published set-up
    estimates = pd.read_csv(folder / "estimates.csv")
    own = estimates[estimates["localizer"] == "loc_cnn"]
    assert len(own) == table.loc["loc_cnn", "windows"]
    error_m = np.abs(own[["estimate_x_m", "estimate_y_m", "estimate_z_m"]].to_numpy() - own[["x_m", "y_m", "z_m"]])
    assert table.loc["loc_cnn", "mae_m"] == pytest.approx(error_m.to_numpy().mean(), abs=1e-5)
    assert "SRP-PHAT" in capsys.readouterr().out
    assert json.loads((folder / "run.json").read_text())["arguments"]["split"] == "test"


def test_what_was_estimated_is_not_estimated_again(trained, monkeypatch):
    path, _ = trained
    before = (run(path) / "errors.csv").read_bytes()
    monkeypatch.setattr(Network, "estimate", None)
    monkeypatch.setattr(SteeredResponse, "estimate", None)
    assert (run(path) / "errors.csv").read_bytes() == before


def test_shipped_weights_are_half_as_large_answer_alike_and_say_how_they_came_about(trained, tmp_path, capsys):
    path, runs = trained
    for folder in runs:
        ship_weights.main([str(folder), "--data_path", str(path / "data"), "--to", str(tmp_path)])
    shipped = find_weights("sample_cnn", CONDITION, [tmp_path])
    assert shipped.stat().st_size < 0.6 * (runs[1] / "best.safetensors").stat().st_size
    model, record = load_checkpoint(shipped)
    trained_model, _ = load_checkpoint(runs[1] / "best.safetensors")
    windows = torch.randn(4, 2, WINDOW_SAMPLES)
    torch.testing.assert_close(model(windows), trained_model(windows), atol=5e-3, rtol=0)
    assert record["command"].startswith("python train.py --model_name sample_cnn --recipe mixed --T60 0.15 --SNR 25")
    assert record["errors"]["test"][0]["mae_m"] > 0
    assert len(record["history"]) == 1
    assert (tmp_path / "training_curves.png").stat().st_size > 0
    assert "test MAE" in capsys.readouterr().out


def test_saying_the_centre_scores_what_the_published_positions_give():
    positions_m = params.PUBLISHED.grid.splits()["test"]
    described = describe_errors(Centre(params.PUBLISHED).estimate(positions_m), positions_m, np.ones(285))
    assert described["mae_m"] == pytest.approx(0.1267, abs=5e-5)
    assert [described[f"mae_{axis}_m"] for axis in "xyz"] == pytest.approx([0.1295, 0.1167, 0.1340], abs=5e-5)


def test_estimates_are_the_networks_answers_window_by_window(trained):
    path, runs = trained
    recordings = Recordings(path / "data" / CONDITION.name / "val")
    network = Network(runs[1] / "best.safetensors", recordings.setup)
    estimates = estimate_sources([network, Centre(recordings.setup)], recordings)
    own = estimates[estimates["localizer"] == "sample_cnn"]
    windows = np.concatenate([recordings.windows(row) for row in range(len(recordings))])
    with torch.no_grad():
        expected_m = network.model(torch.from_numpy(windows)).numpy()
    np.testing.assert_allclose(own[["estimate_x_m", "estimate_y_m", "estimate_z_m"]], expected_m, atol=1.1e-5)
    np.testing.assert_array_equal(own["source"], np.repeat(recordings.numbers, recordings.window_counts))
    mae_m = np.abs(expected_m - np.repeat(recordings.positions_m, recordings.window_counts, axis=0)).mean()
    table = error_table(estimates).set_index("localizer")
    assert table.loc["sample_cnn", "mae_m"] == pytest.approx(mae_m, abs=1e-5)
    assert table.loc["sample_cnn", "windows"] == len(windows)


def test_who_is_better_is_told_on_the_same_windows(rng):
    place = pd.DataFrame({"condition": "a", "source": np.arange(12), "speaker": np.arange(12) % 4, "window": 0})
    truth_m = rng.uniform(1, 2, (12, 3))
    noise_m = rng.uniform(0.1, 2, (12, 3))
    tables = []
    for name, extra_m in ((params.CENTRE, 0.3), ("net", 0.1), (params.SRP_PHAT, 0.1)):
        table = place.assign(localizer=name)
        table[["x_m", "y_m", "z_m"]] = truth_m
        table[["estimate_x_m", "estimate_y_m", "estimate_z_m"]] = truth_m + noise_m + extra_m
        tables.append(table)
    found = error_differences(pd.concat(tables), seed=0).set_index(["localizer", "against"])
    assert found.loc[("net", params.CENTRE), "verdict"] == "below"
    assert found.loc[("net", params.CENTRE), ["low_m", "high_m"]].tolist() == pytest.approx([-0.2, -0.2])
    assert found.loc[("net", params.SRP_PHAT), "difference_m"] == pytest.approx(0, abs=1e-12)
    assert found.loc[("net", params.SRP_PHAT), "verdict"] in ("level", "above", "below")
    assert (found["mae_low_m"] < found["mae_m"]).all()


def test_ten_lines_locate_and_explain(tmp_path):
    """What the README shows, on a recording made here."""
    network = shipped("loc_cnn", T60=0.15, SNR=25)
    rate_hz = 48000
    samples = np.random.default_rng(0).standard_normal((rate_hz, 16)) / 10
    soundfile.write(tmp_path / "talk.wav", samples, rate_hz, subtype="FLOAT")
    windows = network.windows(tmp_path / "talk.wav")
    assert windows.shape == (3, 16, 5120)
    positions_m, relevance = network.estimate(windows), network.explain(windows)
    assert positions_m.shape == (3, 3)
    assert relevance.shape == windows.shape
    np.testing.assert_array_equal(relevance, LRP().attribute(network.model, windows, positions_m))
    assert estimated_lags_samples(relevance, network.setup, PROTOCOLS["refined"]).shape == (4, 3)


@pytest.mark.parametrize("name", MODELS)
def test_networks_for_any_room_come_with_it(name):
    network = shipped(name)
    assert network.weights.name == f"{name}_any_room.safetensors"
    silence = np.zeros((1, 16, 5120), np.float32)
    assert network.setup.grid.x_m[0] - 1 < network.estimate(silence)[0, 0] < network.setup.grid.x_m[1] + 1


def test_untrained_twins_are_of_the_same_network_and_differ_by_seed_and_number():
    network = shipped("sample_cnn", T60=0.15, SNR=25)
    twins = [network.untrained(*each) for each in ((0, 0), (0, 0), (0, 1), (1, 0))]
    prints = [twin.identity["weights"] for twin in twins]
    assert prints[0] == prints[1]
    assert len({network.identity["weights"], *prints}) == 4
    assert repr(twins[0].model) == repr(network.model)


def test_a_recording_that_does_not_fit_is_refused(tmp_path):
    soundfile.write(tmp_path / "talk.wav", np.ones((16000, 2)), 16000)
    with pytest.raises(InputError, match="has 2 channels; it needs one for each of the 16 microphones"):
        shipped("loc_cnn", T60=0.15, SNR=25).windows(tmp_path / "talk.wav")
    with pytest.raises(InputError, match="no weights of loc_cnn"):
        shipped("loc_cnn", T60=0.2, SNR=25)


@pytest.mark.parametrize("half", [{"T60": 0.15}, {"SNR": 25}])
def test_half_a_condition_is_bad_input(half):
    with pytest.raises(InputError, match="give both"):
        shipped("loc_cnn", **half)
