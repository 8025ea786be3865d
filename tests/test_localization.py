"""How well something localizes, and the table of it."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from training_data import CONDITION, WINDOW_SAMPLES, one_thread, write_dataset  # noqa: F401

import localization_experiment
import params
import ship_weights
import train
from models.checkpoints import load_checkpoint
from models.weights import find_weights
from training.localization import describe_errors


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
    table = pd.read_csv(folder / "errors.csv").set_index("method")
    assert list(table.index) == [params.CENTRE, "loc_cnn", "sample_cnn", params.SRP_PHAT]
    assert table["published_mae_m"].isna().all()  # of another set-up nothing was published
    estimates = pd.read_csv(folder / "estimates.csv")
    own = estimates[estimates["method"] == "loc_cnn"]
    assert len(own) == table.loc["loc_cnn", "windows"]
    error_m = np.abs(own[["estimate_x_m", "estimate_y_m", "estimate_z_m"]].to_numpy() - own[["x_m", "y_m", "z_m"]])
    assert table.loc["loc_cnn", "mae_m"] == pytest.approx(error_m.to_numpy().mean(), abs=1e-5)
    assert "SRP-PHAT" in capsys.readouterr().out
    assert json.loads((folder / "run.json").read_text())["arguments"]["split"] == "test"


def test_what_was_estimated_is_not_estimated_again(trained, monkeypatch):
    path, _ = trained
    before = (run(path) / "errors.csv").read_bytes()
    monkeypatch.setattr(localization_experiment, "heard", None)
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
