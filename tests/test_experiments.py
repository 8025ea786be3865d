"""The command lines of both experiments at tiny size: literal values, controls, resumption, ranks, refusals."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from toy_trials import CONDITIONS, make_trials
from two_ranks import run_on_two_ranks

import params
import perturbation_experiment
import relevance_check
import tdoa_experiment
from acoustics.recordings import Recordings
from explain.relevance import compute_relevance
from explain.results import choose_source, find_results, open_trial
from models import MODELS, build_model
from models.checkpoints import load_checkpoint, save_checkpoint
from models.weights import find_weights
from running.errors import InputError

ROOT = Path(__file__).parent.parent
NAMED = ["--conditions", "0.15/25", "0.3/20"]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("experiments")
    make_trials(folder, sources=3)
    return folder


def common(base, results, *more):
    return [*NAMED, "--data_path", str(base / "data"), "--weights", str(base / "weights"),
            "--results", str(results), *more]  # fmt: skip


@pytest.fixture(scope="module")
def removed(base):
    folder = perturbation_experiment.main(common(base, base / "results", "--percents", "0", "20", "50", "--draws", "2"))
    return folder


@pytest.fixture(scope="module")
def delayed(base):
    (folder,) = tdoa_experiment.main(common(base, base / "results", "--pairs", "0,1", "0,2"))
    return folder


def test_curves_equal_a_literal_computation(base, removed):
    table = pd.read_csv(removed / "curves.csv").set_index(["condition", "model", "curve", "percent"])["mae_m"]
    condition = CONDITIONS[1]
    recordings = Recordings(base / "data" / condition.name / "test")
    for name in MODELS:
        model, _ = load_checkpoint(base / "weights" / f"{name}_{condition.name}.safetensors")
        errors = {"relevance": [], "energy": [], "whole": []}
        for row, position_m in enumerate(recordings.positions_m):
            windows = recordings.windows(row)
            relevance = compute_relevance(model, windows, position_m)
            for window, window_relevance in zip(windows, relevance, strict=True):
                for curve, score in (("relevance", window_relevance), ("energy", np.abs(window)), ("whole", None)):
                    kept = window.flatten()
                    if score is not None:
                        kept[np.argsort(-score.flatten(), kind="stable")[: int(0.2 * kept.size)]] = 0
                    with torch.no_grad():
                        estimate_m = model(torch.tensor(kept.reshape(window.shape))[None])[0].numpy()
                    errors[curve].append(np.abs(estimate_m - position_m).mean())
        for curve in ("relevance", "energy"):
            assert table[condition.name, name, curve, 20] == pytest.approx(np.mean(errors[curve]), abs=1e-5)
            assert table[condition.name, name, curve, 0] == pytest.approx(np.mean(errors["whole"]), abs=1e-5)


def test_every_mae_table_has_the_centre(base, removed):
    curves = pd.read_csv(removed / "curves.csv")
    splits = params.PUBLISHED.grid.splits()
    centre_m = np.concatenate([splits["train"], splits["val"]]).mean(axis=0)
    recordings = Recordings(base / "data" / CONDITIONS[0].name / "test")
    errors_m = np.repeat(np.abs(recordings.positions_m - centre_m), recordings.window_counts, axis=0)
    rows = curves[(curves["curve"] == "always the centre") & (curves["condition"] == CONDITIONS[0].name)]
    assert len(rows) == 2 * 3
    np.testing.assert_allclose(rows["mae_m"], errors_m.mean())


def test_pooled_curve_is_the_mean_over_windows(removed):
    table = pd.read_csv(removed / "curves.csv").query("curve == 'energy' and percent == 50 and model == 'loc_cnn'")
    single, pooled = table[table["condition"] != "pooled"], table[table["condition"] == "pooled"]
    expected = np.average(single["mae_m"], weights=single["windows"])
    assert pooled["mae_m"].item() == pytest.approx(expected)


def test_intervals_hold_their_mean(removed):
    curves = pd.read_csv(removed / "curves.csv").dropna(subset="low_m")
    assert len(curves) == 3 * 2 * 3 * 3
    assert ((curves["low_m"] <= curves["mae_m"] + 1e-9) & (curves["mae_m"] <= curves["high_m"] + 1e-9)).all()


def test_delay_tables_carry_their_controls(delayed):
    summary = pd.read_csv(delayed / "summary.csv")
    expected = ["microphones", "relevance loc_cnn", "relevance sample_cnn", "untrained loc_cnn", "untrained sample_cnn",
                "always lag 0"]  # fmt: skip
    for _, rows in summary.groupby(["condition", "pair"]):
        assert rows["signal"].tolist() == expected
    assert set(summary["pair"]) == {"0-1", "0-2"}
    assert set(summary["condition"]) == {*(condition.name for condition in CONDITIONS), "pooled"}


def test_protocols_together_give_what_each_gives_alone(base, delayed, tmp_path):
    both = tdoa_experiment.main(common(base, tmp_path, "--pairs", "0,1", "0,2", "--protocol", "published", "refined"))
    (refined,) = tdoa_experiment.main(common(base, base / "results", "--pairs", "0,1", "0,2", "--protocol", "refined"))
    for together, alone in zip(both, (delayed, refined), strict=True):
        assert together.relative_to(tmp_path) == alone.relative_to(base / "results")
        pd.testing.assert_frame_equal(*(pd.read_csv(folder / "delays.csv") for folder in (together, alone)))


def test_lag_zero_scores_the_size_of_the_true_lags(delayed):
    rows = pd.read_csv(delayed / "delays.csv").query("signal == 'always lag 0'")
    assert (rows["lag_samples"] == 0).all()
    np.testing.assert_array_equal(rows["error_samples"], rows["true_lag_samples"].abs())


def test_results_say_how_they_came_about(delayed, removed):
    for folder in (delayed, removed):
        record = json.loads((folder / "run.json").read_text())
        assert {"arguments", "versions", "trials"} <= set(record)
        assert len(record["trials"]) == 4
        assert all(len(trial["relevance"]["weights"]) == 64 for trial in record["trials"])
        assert (folder / "table.tex").read_text().startswith(r"\begin{tabular}")


def test_a_second_run_computes_nothing_and_says_the_same(base, removed, monkeypatch):
    before = (removed / "curves.csv").read_bytes()
    monkeypatch.setattr(perturbation_experiment, "perturb_source", lambda *args, **more: pytest.fail("computed again"))
    perturbation_experiment.main(common(base, base / "results", "--percents", "0", "20", "50", "--draws", "2"))
    assert (removed / "curves.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("script", "more", "table"),
    [
        ("perturbation_experiment.py", ["--percents", "0", "20", "50", "--draws", "2"], "curves.csv"),
        ("tdoa_experiment.py", ["--pairs", "0,1", "0,2"], "delays.csv"),
    ],
)
def test_two_ranks_give_the_same_table(base, removed, delayed, tmp_path, script, more, table):
    run_on_two_ranks(ROOT / script, *common(base, tmp_path, *more))
    one = pd.read_csv((removed if table == "curves.csv" else delayed) / table)
    two = pd.read_csv(next(tmp_path.rglob(table)))
    pd.testing.assert_frame_equal(one, two, rtol=1e-5)


def test_the_check_accounts_for_relevance_from_output_to_input(base):
    folder = relevance_check.main(common(base, base / "results", "--sources", "1"))
    ledger = pd.read_csv(folder / "ledger.csv")
    for _, rows in ledger.groupby(["condition", "model"]):
        assert rows.iloc[0]["share"] == pytest.approx(1)
        assert rows.iloc[-1]["layer"] == "input"
    gates = pd.read_csv(folder / "gates.csv")
    assert set(gates["condition"]) == {condition.name for condition in CONDITIONS}
    assert gates["correlation"].between(-1, 1).all()
    assert gates["moved_share"].between(0, 1).all()


def refused(capsys, main, argv):
    with pytest.raises(SystemExit) as stop:
        main(argv)
    assert stop.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("main", [perturbation_experiment.main, tdoa_experiment.main])
def test_missing_things_are_named(base, tmp_path, capsys, main):
    argv = common(base, tmp_path / "results")
    assert "no weights of loc_cnn" in refused(capsys, main, [*argv, "--weights", str(tmp_path)])
    assert "no dataset" in refused(capsys, main, [*argv, "--data_path", str(tmp_path)])
    assert "has 3 sources, not 9" in refused(capsys, main, [*argv, "--sources", "9"])
    assert "invalid choice" in refused(capsys, main, [*argv, "--model_name", "other_cnn"])
    assert not list(tmp_path.iterdir())


def test_weights_of_another_size_are_refused(base, tmp_path, capsys):
    for condition in CONDITIONS:
        save_checkpoint(tmp_path / f"loc_cnn_{condition.name}", "loc_cnn", build_model("loc_cnn"), {}, {})
    argv = common(base, tmp_path / "results", "--weights", str(tmp_path), "--model_name", "loc_cnn")
    assert "does not fit" in refused(capsys, tdoa_experiment.main, argv)


def test_a_pair_the_array_lacks_is_refused(base, tmp_path, capsys):
    assert "no pair 7,8" in refused(capsys, tdoa_experiment.main, common(base, tmp_path / "results"))
    assert "names one microphone twice" in refused(
        capsys, tdoa_experiment.main, common(base, tmp_path / "results", "--pairs", "1,1")
    )


def test_weights_are_found_in_every_layout(base, tmp_path):
    condition = CONDITIONS[0]
    shipped = base / "weights" / f"loc_cnn_{condition.name}.safetensors"
    run = tmp_path / f"loc_cnn_{condition.name}_mixed_seed_1"
    run.mkdir()
    shutil.copy(shipped, run / "best.safetensors")
    published = tmp_path / "published" / "loccnn" / f"model_{condition.name}.pth"
    published.parent.mkdir(parents=True)
    published.touch()
    assert find_weights("loc_cnn", condition, [base / "nowhere", base / "weights"]) == shipped
    assert find_weights("loc_cnn", condition, [tmp_path]) == run / "best.safetensors"
    assert find_weights("loc_cnn", condition, [run]) == run / "best.safetensors"
    assert find_weights("loc_cnn", condition, [tmp_path / "published"]) == published
    assert find_weights("loc_cnn", condition, [shipped]) == shipped
    with pytest.raises(InputError, match="no weights of sample_cnn"):
        find_weights("sample_cnn", condition, [shipped, tmp_path])
    shutil.copytree(run, tmp_path / f"loc_cnn_{condition.name}_mixed_seed_2")
    with pytest.raises(InputError, match="several runs"):
        find_weights("loc_cnn", condition, [tmp_path])


def test_a_finished_trial_opens_as_it_was(base, removed, monkeypatch):
    assert find_results(base / "results", "perturbation") == removed
    monkeypatch.setattr("explain.store.compute_relevance", lambda *args, **more: pytest.fail("computed again"))
    trial = open_trial(removed, CONDITIONS[1].name, "sample_cnn")
    errors = pd.read_csv(removed / "sources.csv").query(
        f"condition == '{CONDITIONS[1].name}' and model == 'sample_cnn'"
    )
    for row, (position_m, mae_m) in enumerate(zip(trial.recordings.positions_m, errors["mae_m"], strict=True)):
        windows = trial.recordings.windows(row)
        assert trial.relevance.relevance(row, windows).shape == windows.shape
        with torch.no_grad():
            estimates_m = trial.model(torch.tensor(windows)).numpy()
        assert np.abs(estimates_m - position_m).mean() == pytest.approx(mae_m, rel=1e-4)


def test_a_trial_that_is_not_there_or_has_changed_is_refused(base, removed, tmp_path):
    with pytest.raises(InputError, match="make reproduce"):
        find_results(tmp_path, "perturbation")
    with pytest.raises(InputError, match="no loc_cnn in SNR_3_T60_3; it has "):
        open_trial(removed, "SNR_3_T60_3", "loc_cnn")
    run = json.loads((removed / "run.json").read_text())
    run["trials"][0]["relevance"]["weights"] = "others"
    (tmp_path / "run.json").write_text(json.dumps(run))
    with pytest.raises(InputError, match="no longer those of"):
        open_trial(tmp_path, CONDITIONS[0].name, "loc_cnn")


def test_results_of_all_conditions_come_before_the_newest(tmp_path):
    for second, name in enumerate(("pooled", "SNR_25_T60_0.15", "SNR_20_T60_0.2")):
        run = tmp_path / "tdoa" / name / "run.json"
        run.parent.mkdir(parents=True)
        run.touch()
        os.utime(run, (second, second))
    assert find_results(tmp_path, "tdoa").name == "pooled"
    (tmp_path / "tdoa" / "pooled" / "run.json").unlink()
    assert find_results(tmp_path, "tdoa").name == "SNR_20_T60_0.2"


def test_sources_are_chosen_by_their_error_or_number():
    errors = pd.DataFrame({"source": [4, 7, 9], "mae_m": [0.2, 0.1, 0.3]})
    assert [choose_source(errors, choice) for choice in ("best", "worst", 4)] == [7, 9, 4]
    with pytest.raises(InputError, match="no source 5: say best, worst or one of 4, 7, 9"):
        choose_source(errors, 5)
