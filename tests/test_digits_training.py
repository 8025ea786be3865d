"""python -m digits.train and digits.test from the command line: exact resume, refusals, scores of unheard speakers."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from spoken_tones import DIGITS, GUESTS, SPEAKERS, Small, SmallImage, write_clips
from training_data import one_thread  # noqa: F401

from digits import networks, scores, test, train
from digits.clips import Clips
from digits.folds import TASKS
from digits.hearing import spectrogram_input, waveform_input
from digits.recipes import RECIPES, Recipe
from digits.training import PIECE, Plan, Training, moved
from digits.weights import load_network
from running.files import read_csv

ROOT = Path(train.__file__).parent.parent
RECIPE = Recipe("two_cores", 4, "adamw", 0.05, "one_cycle", epochs=8, moves=True)
LEVELS = replace(RECIPE, input_mean=-60.0, input_std=20.0)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_clips(tmp_path_factory.mktemp("tones"))


@pytest.fixture
def command(data, tmp_path, monkeypatch):
    """Arguments of digits.train for networks of few weights; more of them override."""
    for name, network in {"audio_net": Small, "alex_net": SmallImage}.items():
        monkeypatch.setitem(networks.NETWORKS, name, network)
        monkeypatch.setitem(RECIPES["two_cores"], name, RECIPE if network is Small else LEVELS)

    def arguments(*more, log_dir="logs"):
        places = ["--data", str(data), "--log_dir", str(tmp_path / log_dir)]
        return [*places, "--seed", "7", "--gpu", "cpu", *more]

    return arguments


def weights(folder, name="best"):
    return (folder / f"{name}.safetensors").read_bytes()


def chosen(table, **values):
    """The rows of a table that have these values."""
    return table[np.logical_and.reduce([table[name] == value for name, value in values.items()])]


def refused(capsys, main, arguments):
    """The line with which a script refuses."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_networks_learn_tones_and_are_tested_by_others_than_they_learned_from(
    command, tmp_path, data, capsys, coarse_pictures
):
    folders = train.main(command("--network", "audio_net", "alex_net", "--fold", "0", "1"))
    folders += train.main(command("--task", "gender", "--epochs", "2"))
    guests = write_clips(tmp_path / "guests", GUESTS, name="guests", seed=1)
    results = tmp_path / "results"
    asked = ["--runs", str(tmp_path / "logs"), "--data", str(data), "--data", str(guests), "--results", str(results)]
    test.main(asked)
    printed = capsys.readouterr().out
    assert "AudioMNIST, published" in printed
    assert "95.82" in printed
    assert "95.87" not in printed  # of gender nothing is published that could be looked up

    predictions = read_csv(results / "predictions.csv", {"truth": str, "answer": str})
    for folder in folders:
        network, record = load_network(folder)
        heard = TASKS[record["task"]].speakers(record["fold"])
        of_run = chosen(predictions, **{name: record[name] for name in ("task", "network", "fold")})
        own = of_run[of_run["corpus"] == "tones"]
        assert set(own["speaker"]) == set(heard["test"]) & set(SPEAKERS)
        unknown = {62} if record["task"] == "gender" else set()
        assert set(of_run.loc[of_run["corpus"] == "guests", "speaker"]) == set(GUESTS) - unknown
        if network.hears == "waveform" and record["task"] == "digit":
            clips = Clips.open(data).select(sorted(set(own["speaker"])))
            with torch.no_grad():
                probabilities = network(waveform_input(torch.tensor(clips.waveforms()))).softmax(1).numpy()
            truth = clips.table["digit"].to_numpy()
            np.testing.assert_allclose(own["p_truth"], probabilities[np.arange(len(truth)), truth], rtol=1e-4)
            assert own["answer"].astype(int).tolist() == probabilities.argmax(1).tolist()

    by_fold = read_csv(results / "accuracies.csv")
    of_digits = chosen(by_fold, corpus="tones", task="digit")
    assert len(of_digits) == 4
    assert (of_digits["accuracy"] > 2 / len(DIGITS)).all()  # chance is 1 / 4 of these digits
    for row in of_digits.itertuples():
        of_row = chosen(predictions, corpus="tones", task="digit", network=row.network, fold=row.fold)
        assert row.accuracy == pytest.approx((of_row["truth"] == of_row["answer"]).mean())
        assert row.low <= row.accuracy <= row.high
    folds = read_csv(results / "over_folds.csv")
    mean = chosen(folds, corpus="tones", task="digit", network="alex_net").iloc[0]
    of_network = chosen(of_digits, network="alex_net")["accuracy"]
    assert mean["accuracy"] == pytest.approx(of_network.mean())
    assert mean["std_over_folds"] == pytest.approx(of_network.std())
    assert folds.loc[folds["task"] == "gender", "published"].isna().all()
    confusion = read_csv(results / "confusion.csv", {"truth": str, "answer": str})
    assert confusion["clips"].sum() == len(predictions)
    right = confusion[confusion["truth"] == confusion["answer"]]["clips"].sum()
    assert right == predictions["right"].sum()
    assert {path.name for path in results.glob("*.png")} == {
        "training_digit.png",
        "training_gender.png",
        *(f"confusion_{corpus}_{task}.png" for corpus in ("tones", "guests") for task in ("digit", "gender")),
    }
    assert len(json.loads((results / "run.json").read_text())["weights"]) == 5


@pytest.mark.parametrize("where", [1, 3])
def test_an_interrupted_run_ends_bit_for_bit_as_an_uninterrupted_one(command, monkeypatch, where):
    asked = ("--epochs", "4")
    (whole,) = train.main(command(*asked, log_dir="whole"))
    run_epoch = Training.run_epoch

    def interrupted(training, bar):
        if training.epoch == where:
            raise KeyboardInterrupt
        return run_epoch(training, bar)

    monkeypatch.setattr(Training, "run_epoch", interrupted)
    with pytest.raises(SystemExit):
        train.main(command(*asked))
    monkeypatch.setattr(Training, "run_epoch", run_epoch)
    (resumed,) = train.main(command(*asked))
    for name in ("best", "last"):
        assert weights(resumed, name) == weights(whole, name)
    histories = [read_csv(folder / "history.csv").drop(columns="clips_per_s") for folder in (whole, resumed)]
    pd.testing.assert_frame_equal(*histories)
    assert len(histories[0]) == 4
    assert list((resumed / "tensorboard").glob("events*"))


def test_what_is_saved_answers_to_inputs_as_they_are(data):
    plan = Plan("alex_net", "digit", 0, replace(LEVELS, weights_std="he"), 3)
    training = Training(plan, plan.splits(Clips.open(data)), torch.device("cpu"))
    levels_db = spectrogram_input(torch.from_numpy(training.waveforms["val"][:2]))
    with torch.no_grad():
        learned = training.model.eval()((levels_db + 60) / 20)
        torch.testing.assert_close(training.plain()(levels_db), learned, rtol=1e-3, atol=1e-3)


def test_what_is_trained_stays(command):
    (folder,) = train.main(command("--epochs", "1"))
    written = (folder / "last.safetensors").stat().st_mtime_ns
    assert train.main(command("--epochs", "1")) == [folder]
    assert (folder / "last.safetensors").stat().st_mtime_ns == written


def test_the_best_epoch_is_that_of_the_highest_validation_accuracy(command):
    (folder,) = train.main(command("--epochs", "6"))
    history = read_csv(folder / "history.csv")
    best = history.sort_values(["val_accuracy", "val_loss"], ascending=[False, True]).iloc[0]
    record = json.loads((folder / "best.json").read_text())
    assert record["epoch"] == best["epoch"]
    assert len(record["history"]) == 6


@pytest.mark.parametrize(
    ("changed", "named"),
    [(("--epochs", "3"), "recipe.epochs 2, not 3"), (("--takes", "1"), "another data.train")],
)
def test_other_arguments_for_the_same_folder_are_refused(command, capsys, changed, named):
    train.main(command("--epochs", "2"))
    line = refused(capsys, train.main, command("--epochs", "2", *changed))
    assert named in line
    assert "choose another --log_dir" in line


def test_what_can_not_be_is_refused_in_a_line(command, capsys, tmp_path):
    assert "there is no fold 4" in refused(capsys, train.main, command("--task", "gender", "--fold", "4"))
    few = write_clips(tmp_path / "few", {28: 1, 36: 1, 43: 1})
    assert "has no speaker to train" in refused(capsys, train.main, [*command(), "--data", str(few)])
    unknown = write_clips(tmp_path / "unknown", dict.fromkeys(SPEAKERS, -1))
    arguments = [*command("--task", "gender"), "--data", str(unknown)]
    assert "does not say the gender" in refused(capsys, train.main, arguments)
    asked = ["--runs", str(tmp_path / "none"), "--data", str(few)]
    assert "no finished run" in refused(capsys, test.main, asked)


@pytest.mark.parametrize("content", [b"", b"not weights", None])
def test_damaged_weights_are_refused_in_a_line(command, capsys, tmp_path, data, content):
    (folder,) = train.main(command("--epochs", "1"))
    path = folder / "best.safetensors"
    path.write_bytes(path.read_bytes()[:-40] if content is None else content)
    asked = ["--runs", str(tmp_path / "logs"), "--data", str(data), "--results", str(tmp_path / "results")]
    assert "best.safetensors is damaged" in refused(capsys, test.main, asked)


def test_a_damaged_state_is_refused_in_a_line(command, capsys):
    (folder,) = train.main(command("--epochs", "1"))
    (folder / "state.pt").write_bytes(b"nothing")
    assert "state.pt is damaged" in refused(capsys, train.main, command("--epochs", "1"))


def test_a_clip_is_moved_whole_and_never_around_the_end():
    rng = np.random.default_rng(0)
    waveforms = np.zeros((50, 30), np.float32)
    waveforms[:, 5:12] = rng.standard_normal((50, 7))
    waveforms[0] = rng.standard_normal(30)  # no room to move
    waveforms[1] = 0
    found = moved(waveforms, rng)
    np.testing.assert_array_equal(found[:2], waveforms[:2])
    places = [np.flatnonzero(row)[0] for row in found[2:]]
    assert {min(places), max(places)} == {0, 23}
    for place, row, original in zip(places, found[2:], waveforms[2:], strict=True):
        np.testing.assert_array_equal(row[place : place + 7], original[5:12])
        assert np.count_nonzero(row) == 7


def test_gradients_of_pieces_add_up_to_those_of_the_batch(command, data, monkeypatch):
    """A step over a batch in pieces is that over the whole batch at once, but for rounding."""
    command()
    plan = Plan("audio_net", "digit", 0, Recipe("plain", 24, "sgd", 0.1, "constant", epochs=1), 3)
    found = []
    for piece in (PIECE, 7):
        monkeypatch.setattr("digits.training.PIECE", piece)
        training = Training(plan, plan.splits(Clips.open(data)), torch.device("cpu"))
        training.model.dropout.p = 0.0

        class Bar:
            def update(self):
                pass

            def set_postfix_str(self, *_, **__):
                pass

        training.run_epoch(Bar())
        found.append(training.model.state_dict())
    for name, value in found[0].items():
        torch.testing.assert_close(value, found[1][name], rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_audio_net_itself_trains_from_the_command_line(data, tmp_path):
    asked = ["--data", str(data), "--log_dir", str(tmp_path), "--takes", "1", "--epochs", "1", "--gpu", "cpu"]
    subprocess.run([sys.executable, "-m", "digits.train", *asked], cwd=ROOT, check=True, capture_output=True)
    network, record = load_network(tmp_path / "audio_net_digit_fold_0_two_cores_seed_5000")
    assert network.title == "AudioNet"
    assert record["identity"]["corpus"] == "tones"
    assert not scores.PUBLISHED.get(("gender", "audio_net"))
