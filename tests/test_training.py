"""train.py from the command line: run folders, exact resume, refusals."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from killed import part_of_a_dead_process
from training_data import CONDITION, WINDOW_SAMPLES, one_thread, open_splits, write_dataset  # noqa: F401
from two_ranks import run_on_two_ranks

import train
from models import build_model
from models.checkpoints import load_checkpoint, save_checkpoint
from running.files import read_csv
from running.provenance import file_hash
from training.loop import Plan, Training
from training.recipes import RECIPES
from training.run_folder import run_name
from training.windows import draw_epoch, generator, read

ROOT = Path(train.__file__).parent


@pytest.fixture(scope="module")
def data_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("data")
    write_dataset(path)
    return path


@pytest.fixture
def command(data_path, tmp_path):
    """Arguments of train.py at toy size; more of them override."""

    def arguments(*more, log_dir="logs"):
        toy = ["--epochs", "3", "--batch_size", "3", "--seed", "7", "--gpu", "cpu"]
        return ["--data_path", str(data_path), "--log_dir", str(tmp_path / log_dir), *toy, *more]

    return arguments


def weights(folder, name="best"):
    return (folder / f"{name}.safetensors").read_bytes()


def refused(capsys, arguments):
    """The line with which train.py refuses."""
    with pytest.raises(SystemExit) as stop:
        train.main(arguments)
    assert stop.value.code == 2
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_run_folder_says_all(command, tmp_path):
    folder = train.main(command())
    assert folder == tmp_path / "logs" / "loc_cnn_SNR_25_T60_0.15_mixed_seed_7"
    names = {path.name for path in folder.iterdir()}
    checkpoints = {f"{name}.{suffix}" for name in ("best", "last") for suffix in ("safetensors", "json")}
    assert names == checkpoints | {"config.json", "history.csv", "state.pt", "tensorboard", "validation.csv"}
    config = json.loads((folder / "config.json").read_text())
    assert config["identity"]["recipe"]["epochs"] == 3
    assert config["identity"]["seed"] == 7
    assert config["versions"]["torch"] == torch.__version__
    best = json.loads((folder / "best.json").read_text())
    lowest = min(best["history"], key=lambda row: row["val_loss_m2"])
    assert (best["epoch"], len(best["history"])) == (lowest["epoch"], 3)


@pytest.mark.parametrize(("more", "rate"), [((), 1e-2), (("--learning_rate", "3e-4"), 3e-4)])
def test_the_run_folder_says_which_rate_and_arguments_were_used(command, more, rate):
    folder = train.main(command("--model_name", "sample_cnn", "--recipe", "paper", *more))
    identity = json.loads((folder / "config.json").read_text())["identity"]
    assert identity["learning_rate"] == rate
    assert set(read_csv(folder / "history.csv")["learning_rate"]) == {rate}
    arguments = {"microphones": 2, "window_samples": WINDOW_SAMPLES, "dropout": "published"}
    assert identity["model_arguments"] == load_checkpoint(folder / "best.safetensors")[1]["arguments"] == arguments


def test_best_weights_make_the_errors_that_are_reported(command, data_path):
    folder = train.main(command())
    model, _ = load_checkpoint(folder / "best.safetensors")
    val_set = open_splits(data_path)[1]
    windows = np.concatenate([val_set.windows(row) for row in range(len(val_set))])
    truth_m = np.repeat(val_set.positions_m, val_set.window_counts, axis=0)
    with torch.no_grad():
        errors_m = abs(model(torch.from_numpy(windows)).numpy() - truth_m)
    table = read_csv(folder / "validation.csv").set_index("localizer")
    assert table.loc["loc_cnn", "mae_y_m"] == pytest.approx(errors_m[:, 1].mean(), abs=1e-5)
    assert table.loc["loc_cnn", "mae_m"] == pytest.approx(errors_m.mean(), abs=1e-5)
    assert table.loc["always the centre", "mae_x_m"] == pytest.approx(abs(1.7 - truth_m[:, 0]).mean(), abs=1e-5)


def test_history_has_the_validation_errors_of_the_weights_of_its_epoch(command, data_path):
    folder = train.main(command("--epochs", "1"))
    history = json.loads((folder / "last.json").read_text())["history"]
    model, _ = load_checkpoint(folder / "last.safetensors")
    val_set = open_splits(data_path)[1]
    windows, positions_m = read(val_set, draw_epoch(val_set.window_counts, generator(7, "val", 0)))
    with torch.no_grad():
        error_m = model(windows) - positions_m
    assert history[0]["val_mae_x_m"] == pytest.approx(error_m[:, 0].abs().mean().item(), rel=1e-4)
    assert history[0]["val_loss_m2"] == pytest.approx(error_m.square().mean().item(), rel=1e-4)


def test_tensorboard_has_a_row_for_each_epoch(command):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = train.main(command())
    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    expected = {"train_loss_m2", "val_loss_m2", "val_mae_x_m", "val_mae_y_m", "val_mae_z_m", "learning_rate"}
    assert set(events.Tags()["scalars"]) == expected | {"windows_per_s"}
    assert [event.step for event in events.Scalars("val_loss_m2")] == [1, 2, 3]


@pytest.mark.parametrize("model_name", ["loc_cnn", "sample_cnn"])
@pytest.mark.parametrize("recipe", ["mixed", "paper"])
def test_an_interrupted_and_resumed_run_ends_with_the_same_weights(command, monkeypatch, model_name, recipe):
    more = "--model_name", model_name, "--recipe", recipe
    straight = train.main(command(*more))
    validate, calls = Training._validate, []

    def interrupted(self):
        calls.append(1)
        if len(calls) == 2:  # the second epoch's steps are done, and lost
            raise KeyboardInterrupt
        return validate(self)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "_validate", interrupted)
        with pytest.raises(SystemExit) as stop:
            train.main(command(*more, log_dir="resumed"))
        assert stop.value.code == 130
    resumed = train.main(command(*more, log_dir="resumed"))
    assert weights(resumed) == weights(straight)
    assert weights(resumed, "last") == weights(straight, "last")


def test_a_killed_and_resumed_run_ends_with_the_same_weights(command, tmp_path):
    more = "--recipe", "paper", "--epochs", "40"
    killed = tmp_path / "killed" / run_name("loc_cnn", CONDITION, "paper", 7)
    process = subprocess.Popen(
        [sys.executable, "train.py", *command(*more, log_dir="killed")],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    while not (killed / "history.csv").exists() and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed / "last.safetensors").exists()
    part_of_a_dead_process(killed / "state.pt").touch()
    assert weights(train.main(command(*more, log_dir="killed")), "last") == weights(train.main(command(*more)), "last")
    assert not list(killed.glob(".*"))


def test_a_finished_run_does_nothing_again(command, capsys, monkeypatch):
    folder = train.main(command())
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    monkeypatch.delattr(Training, "run_epoch")
    train.main(command())
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert "finished after 3 epochs" in capsys.readouterr().out


def test_a_run_can_start_from_the_weights_of_another(command, tmp_path):
    first = train.main(command())
    start = ("--init", str(first / "best.safetensors"))
    again = train.main(command(*start, "--epochs", "1", log_dir="warm"))
    config = json.loads((again / "config.json").read_text())
    assert config["identity"]["init"] == file_hash(first / "best.safetensors")
    assert weights(again) != weights(train.main(command("--epochs", "1", log_dir="cold")))


def test_a_training_starts_with_what_its_start_answers(command, data_path):
    start = train.main(command()) / "best.safetensors"
    training = Training(Plan("loc_cnn", RECIPES["mixed"], 1, start), *open_splits(data_path), torch.device("cpu"))
    model, _ = load_checkpoint(start)
    windows = torch.randn(4, 2, WINDOW_SAMPLES)
    torch.testing.assert_close(training.in_metres().eval()(windows), model(windows))


@pytest.mark.parametrize("start", ["absent", "other"])
def test_weights_that_can_not_be_started_from_are_refused(command, capsys, tmp_path, start):
    save_checkpoint(tmp_path / "other", "loc_cnn", build_model("loc_cnn"), {}, {})
    named = {"absent": "No such file", "other": "does not fit"}[start]
    assert named in refused(capsys, command("--init", str(tmp_path / f"{start}.safetensors")))


def test_more_epochs_of_the_published_recipe_go_on_exactly(command):
    train.main(command("--recipe", "paper", log_dir="extended"))
    extended = train.main(command("--recipe", "paper", "--epochs", "5", log_dir="extended"))
    straight = train.main(command("--recipe", "paper", "--epochs", "5"))
    assert weights(extended, "last") == weights(straight, "last")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (("--epochs", "4"), "epochs 3, not 4"),
        (("--batch_size", "4"), "batch_size 3, not 4"),
        (("--precision", "fp32"), "precision bf16, not fp32"),
        (("--learning_rate", "1e-4"), "learning_rate 0.002, not 0.0001"),
    ],
)
def test_a_run_folder_of_other_arguments_is_refused(command, capsys, changed, named):
    folder = train.main(command("--precision", "bf16"))
    before = weights(folder)
    assert named in refused(capsys, command("--precision", "bf16", *changed))
    assert weights(folder) == before


def test_a_run_folder_of_other_data_is_refused(command, capsys, data_path):
    train.main(command())
    table = data_path / CONDITION.name / "train" / "sources.csv"
    whole = table.read_text()
    table.write_text("\n".join(whole.splitlines()[:-1]))
    try:
        assert "sources" in refused(capsys, command())
    finally:
        table.write_text(whole)


@pytest.mark.parametrize("share", [0, 0.3, 0.9999])
def test_a_damaged_state_is_refused(command, capsys, share):
    folder = train.main(command())
    content = (folder / "state.pt").read_bytes()
    (folder / "state.pt").write_bytes(content[: int(share * len(content))])
    assert "state.pt is damaged" in refused(capsys, command())


def test_a_state_of_something_else_is_refused(command, capsys):
    folder = train.main(command())
    torch.save({"model": {}}, folder / "state.pt")
    assert "state.pt does not fit" in refused(capsys, command())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--model_name", "res_net"), "invalid choice: 'res_net'"),
        (("--recipe", "secret"), "invalid choice: 'secret'"),
        (("--gpu", "99"), "GPU 99"),
        (("--SNR", "loud"), "'loud' is not a number"),
        (("--T60", "0.3"), "no dataset in"),
        (("--epochs", "0"), "0 is below 1"),
    ],
)
def test_bad_arguments_are_one_clear_line(command, capsys, arguments, named):
    assert named in refused(capsys, command(*arguments))


def test_a_half_made_dataset_is_refused(command, capsys, tmp_path):
    write_dataset(tmp_path / "half")
    (tmp_path / "half" / CONDITION.name / "val" / "sources.csv").unlink()
    assert "not complete" in refused(capsys, command("--data_path", str(tmp_path / "half")))


def test_a_truncated_recording_ends_the_run_and_keeps_what_is_done(command, capsys, tmp_path):
    dataset = write_dataset(tmp_path / "cut")
    content = dataset.path("val", 2).read_bytes()
    dataset.path("val", 2).write_bytes(content[:2000])
    assert str(dataset.path("val", 2)) in refused(capsys, command("--data_path", str(tmp_path / "cut")))


def test_a_loss_that_is_no_number_ends_the_run(command, capsys, monkeypatch):
    monkeypatch.setattr(Training, "_train", lambda self, bar: float("nan"))
    assert "no finite number" in refused(capsys, command())


def test_a_full_disk_ends_the_run_and_the_same_command_goes_on(command, capsys, monkeypatch, tmp_path):
    write, written = Path.write_bytes, []

    def full(path, content):
        written.append(path)
        if len(written) == 5:
            write(path, bytes(content)[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        assert "No space left on device" in refused(capsys, command(log_dir="full"))
    folder = train.main(command(log_dir="full"))
    assert not list(folder.glob(".*"))
    assert weights(folder, "last") == weights(train.main(command()), "last")


def test_a_log_dir_that_can_not_be_made_is_one_clear_line(command, capsys, tmp_path):
    (tmp_path / "logs").write_text("a file, not a folder")
    assert str(tmp_path / "logs") in refused(capsys, command())


@pytest.mark.parametrize("recipe", ["mixed", pytest.param("paper", marks=pytest.mark.slow)])
def test_ranks_under_torchrun_share_one_run(command, tmp_path, recipe):
    more = "--batch_size", "4", "--model_name", "sample_cnn", "--recipe", recipe
    for epochs in ("1", "2") if recipe == "paper" else ("2",):
        run_on_two_ranks(ROOT / "train.py", *command(*more, "--epochs", epochs))
    (folder,) = (tmp_path / "logs").iterdir()
    history = json.loads((folder / "best.json").read_text())["history"]
    assert [row["epoch"] for row in history] == [1, 2]
    assert json.loads((folder / "config.json").read_text())["identity"]["ranks"] == 2
    load_checkpoint(folder / "best.safetensors", "sample_cnn")
