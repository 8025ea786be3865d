"""The command lines of both experiments at tiny size: literal values, controls, resumption, ranks, refusals."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from relevance_of import relevance_of
from toy_trials import CONDITIONS, make_trials
from two_ranks import run_on_two_ranks

import localization_experiment
import params
import perturbation_experiment
import relevance_check
import tdoa_experiment
from acoustics.recordings import Recordings
from explain.methods.lrp import LRP
from localization.results import choose_source, find_results, open_trial
from models import PUBLISHED_MODELS, build_model
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


DELAYS = ["--pairs", "0,1", "0,2", "--untrained", "2", "--null_sources", "2"]


@pytest.fixture(scope="module")
def delayed(base):
    (folder,) = tdoa_experiment.main(common(base, base / "results", *DELAYS))
    return folder


def test_curves_equal_a_literal_computation(base, removed):
    table = pd.read_csv(removed / "curves.csv").set_index(["condition", "model", "curve", "percent"])["mae_m"]
    condition = CONDITIONS[1]
    recordings = Recordings(base / "data" / condition.name / "test")
    for name in PUBLISHED_MODELS:
        model, _ = load_checkpoint(base / "weights" / f"{name}_{condition.name}.safetensors")
        errors = {"relevance": [], "energy": [], "whole": []}
        for row, position_m in enumerate(recordings.positions_m):
            windows = recordings.windows(row)
            relevance = relevance_of(model, windows, position_m)
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
    assert len(curves) == 3 * 2 * 4 * 3
    assert ((curves["low_m"] <= curves["mae_m"] + 1e-9) & (curves["mae_m"] <= curves["high_m"] + 1e-9)).all()


def test_verdicts_compare_relevance_with_every_control(removed, delayed):
    verdicts = pd.read_csv(removed / "verdicts.csv")
    assert set(verdicts["against"]) == {"energy", "random", "always the centre"}
    assert set(verdicts["verdict"]) <= {"above", "below", "level"}
    curves = pd.read_csv(removed / "curves.csv").set_index(["condition", "model", "curve", "percent"])["mae_m"]
    for row in verdicts.itertuples():
        place = row.condition, row.model
        expected = curves[(*place, "relevance", row.percent)] - curves[(*place, row.against, row.percent)]
        assert row.difference_m == pytest.approx(expected, abs=1e-9)
    of_delays = pd.read_csv(delayed / "verdicts.csv")
    assert set(of_delays["against"]) == {"always lag 0", "untrained"}
    assert len(of_delays) == 3 * 2 * 2 * 3


def test_delay_tables_are_tidy_and_carry_their_controls(delayed):
    summary = pd.read_csv(delayed / "summary.csv", keep_default_na=False)
    networks = [("lrp", "loc_cnn"), ("lrp", "sample_cnn")]
    expected = [("microphones", "", ""), ("always lag 0", "", "")]
    expected += [(signal, *network) for signal in ("relevance", "untrained") for network in networks]
    for _, rows in summary.groupby(["condition", "pair"]):
        assert set(zip(rows["signal"], rows["method"], rows["model"], strict=True)) == set(expected)
    assert set(summary["pair"]) == {"0-1", "0-2"}
    assert set(summary["condition"]) == {*(condition.name for condition in CONDITIONS), "pooled"}
    rows = pd.read_csv(delayed / "delays.csv").query("signal == 'untrained'")
    heard_by = rows.groupby(["condition", "model", "initialisation"])["source"].nunique()
    assert set(heard_by.xs(0, level="initialisation")) == {3}  # the first hears all sources
    assert set(heard_by.xs(1, level="initialisation")) == {2}


@pytest.mark.slow
def test_protocols_together_give_what_each_gives_alone(base, delayed, tmp_path):
    both = tdoa_experiment.main(common(base, tmp_path, *DELAYS, "--protocol", "published", "refined"))
    (refined,) = tdoa_experiment.main(common(base, base / "results", *DELAYS, "--protocol", "refined"))
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
        assert all(len(trial["relevance"]["lrp"]["weights"]) == 64 for trial in record["trials"])
        assert (folder / "table.tex").read_text().startswith(r"\begin{tabular}")


def test_a_second_run_computes_nothing_and_says_the_same(base, removed, monkeypatch):
    before = (removed / "curves.csv").read_bytes()
    monkeypatch.setattr(perturbation_experiment, "answers_without", lambda *args, **more: pytest.fail("computed again"))
    perturbation_experiment.main(common(base, base / "results", "--percents", "0", "20", "50", "--draws", "2"))
    assert (removed / "curves.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("script", "more", "table"),
    [
        ("perturbation_experiment.py", ["--percents", "0", "20", "50", "--draws", "2"], "curves.csv"),
        pytest.param("tdoa_experiment.py", DELAYS, "delays.csv", marks=pytest.mark.slow),
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
    recordings = Recordings(base / "data" / CONDITIONS[0].name / "test", 1)
    model, _ = load_checkpoint(base / "weights" / f"sample_cnn_{CONDITIONS[0].name}.safetensors")
    windows = recordings.windows(0)
    position_m = recordings.positions_m[0]
    ways = [relevance_of(model, windows, position_m, gate)[0].ravel() for gate in ("published", "signal")]
    assert gates["correlation"].iloc[0] == pytest.approx(np.corrcoef(*ways)[0, 1], abs=1e-4)
    apart = np.abs(ways[0] / np.abs(ways[0]).sum() - ways[1] / np.abs(ways[1]).sum()).sum() / 2
    assert gates["moved_share"].iloc[0] == pytest.approx(apart, abs=1e-4)


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


OTHERWISE = [
    ("arguments.sources None, not 2", ["--sources", "2"]),
    ("arguments.seed 5000, not 1", ["--seed", "1"]),
    ("another arguments.percents|arguments.percents", ["--percents", "10"]),
    ("arguments.draws", ["--draws", "1"]),
]


@pytest.mark.parametrize(("words", "more"), OTHERWISE, ids=["sources", "seed", "percents", "draws"])
def test_results_made_otherwise_are_refused_not_mixed(base, removed, capsys, words, more):
    before = (removed / "curves.csv").read_bytes()
    asked = ["--percents", "0", "20", "50", "--draws", "2", *more]
    said = refused(capsys, perturbation_experiment.main, common(base, base / "results", *asked))
    assert any(each in said for each in words.split("|"))
    assert "choose another --results or remove it" in said
    assert (removed / "curves.csv").read_bytes() == before


def test_results_of_other_weights_or_another_protocol_are_refused(base, removed, delayed, tmp_path, capsys):
    (tmp_path / "weights").mkdir()
    for path in (base / "weights").glob("*.safetensors"):
        name = next(name for name in PUBLISHED_MODELS if path.stem.startswith(name))
        model, record = load_checkpoint(path)
        next(model.parameters()).data *= 2
        save_checkpoint(tmp_path / "weights" / path.stem, name, model, record["arguments"], {})
    argv = common(base, base / "results", "--percents", "0", "20", "50", "--draws", "2")
    others = [*argv, "--weights", str(tmp_path / "weights")]
    assert "was made with another trials" in refused(capsys, perturbation_experiment.main, others)
    narrower = common(base, base / "results", *DELAYS, "--limit_lag")
    assert "was made with" in refused(capsys, tdoa_experiment.main, narrower)


def test_methods_and_interventions_have_folders_of_their_own_and_change_what_they_should(base, tmp_path):
    methods = "lrp", "lrp_epsilon_plus", "gradient_x_input", "deeplift"
    asked = common(base, tmp_path, "--percents", "0", "20", "--model_name", "loc_cnn", "--sources", "2")
    plain = perturbation_experiment.main([*asked, "--method", *methods])
    flipped = perturbation_experiment.main([*asked, "--intervention", "polarity:1"])
    assert plain.name == "_".join([*(condition.name for condition in CONDITIONS), "loc_cnn", *methods])
    assert flipped.name.endswith("loc_cnn_polarity_1")
    curves = pd.read_csv(plain / "curves.csv", keep_default_na=False)
    relevance = curves[curves["curve"] == "relevance"]
    assert set(relevance["method"]) == set(methods)
    at_20 = relevance[relevance["percent"] == 20].groupby("condition")["mae_m"]
    assert (at_20.nunique() == len(methods)).all()
    whole = [pd.read_csv(folder / "curves.csv").query("percent == 0 and curve == 'energy'")["mae_m"].iloc[0]
             for folder in (plain, flipped)]  # fmt: skip
    assert whole[0] != whole[1]


def test_the_localization_table_of_an_intervention_is_its_own(base, tmp_path):
    asked = common(base, tmp_path, "--no-srp_phat")
    folders = [localization_experiment.main([*asked, *more]) for more in ([], ["--intervention", "polarity:1"])]
    assert folders[0] != folders[1]
    plain, flipped = (pd.read_csv(folder / "errors.csv").set_index("localizer") for folder in folders)
    assert plain.loc["loc_cnn", "mae_m"].tolist() != flipped.loc["loc_cnn", "mae_m"].tolist()
    assert plain.loc["always the centre", "mae_m"].tolist() == flipped.loc["always the centre", "mae_m"].tolist()


def test_odd_methods_and_interventions_are_refused_in_a_line(base, tmp_path, capsys):
    argv = common(base, tmp_path / "results")
    main = perturbation_experiment.main
    assert "there is no intervention 'echo'" in refused(capsys, main, [*argv, "--intervention", "echo"])
    assert "write delay:MICROPHONE,SAMPLES" in refused(capsys, main, [*argv, "--intervention", "delay:3"])
    assert "there is no microphone 3" in refused(capsys, main, [*argv, "--intervention", "polarity:3"])
    assert "has no gate" in refused(capsys, main, [*argv, "--method", "gradient_x_input", "--gate", "signal"])
    assert "invalid choice: 'shapley'" in refused(capsys, main, [*argv, "--method", "shapley"])


def test_every_experiment_says_which_weights_it_takes(base, capsys):
    relevance_check.main(common(base, base / "results", "--sources", "1"))
    printed = capsys.readouterr().out
    for condition in CONDITIONS:
        for name in PUBLISHED_MODELS:
            assert str(base / "weights" / f"{name}_{condition.name}.safetensors") in printed


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
    monkeypatch.setattr(LRP, "attribute", lambda *args, **more: pytest.fail("computed again"))
    trial = open_trial(removed, CONDITIONS[1].name, "sample_cnn")
    errors = pd.read_csv(removed / "sources.csv").query(
        f"condition == '{CONDITIONS[1].name}' and model == 'sample_cnn'"
    )
    for row, (position_m, mae_m) in enumerate(zip(trial.recordings.positions_m, errors["mae_m"], strict=True)):
        windows = trial.recordings.windows(row)
        assert trial.stores["lrp"].attributions(row, windows).shape == windows.shape
        with torch.no_grad():
            estimates_m = trial.network.model(torch.tensor(windows)).numpy()
        assert np.abs(estimates_m - position_m).mean() == pytest.approx(mae_m, rel=1e-4)


def test_a_trial_that_is_not_there_or_has_changed_is_refused(base, removed, tmp_path):
    with pytest.raises(InputError, match="make reproduce"):
        find_results(tmp_path, "perturbation")
    with pytest.raises(InputError, match="no loc_cnn in SNR_3_T60_3; it has "):
        open_trial(removed, "SNR_3_T60_3", "loc_cnn")
    run = json.loads((removed / "run.json").read_text())
    run["trials"][0]["relevance"]["lrp"]["weights"] = "others"
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
