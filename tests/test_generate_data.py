"""The command line of generate_data.py: the same data for any workers, order and interruption; clear refusals."""

import filecmp
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from two_ranks import run_on_two_ranks

import generate_data
import params
from acoustics.recordings import Recordings

ROOT = Path(__file__).parent.parent
TINY = ["--sources", "3", "--T60", "0.15", "--SNR", "25"]


def generate(data_path, *more):
    generate_data.main([*TINY, "--data_path", str(data_path), *more])
    return data_path / "SNR_25_T60_0.15"


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def assert_same(first, second):
    assert files(first) == files(second)
    _, different, errors = filecmp.cmpfiles(first, second, files(first), shallow=False)
    assert not different
    assert not errors


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("made"), "--workers", "1")


def test_any_number_of_workers_makes_the_same_data(made, tmp_path):
    assert_same(made, generate(tmp_path, "--workers", "2"))


def test_two_ranks_make_the_same_data(made, tmp_path):
    run_on_two_ranks(ROOT / "generate_data.py", *TINY, "--data_path", str(tmp_path), "--workers", "1")
    assert_same(made, tmp_path / "SNR_25_T60_0.15")


def test_data_made_in_two_steps_are_the_same(made, tmp_path):
    generate(tmp_path, "--sources", "1", "--workers", "1")
    assert_same(made, generate(tmp_path, "--workers", "1"))


def test_data_are_the_same_after_a_kill(made, tmp_path):
    command = [sys.executable, str(ROOT / "generate_data.py"), *TINY, "--data_path", str(tmp_path), "--workers", "1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(tmp_path.rglob("*.wav")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(tmp_path.rglob("*.wav"))
    assert_same(made, generate(tmp_path, "--workers", "1"))


def test_a_dataset_that_kept_the_speech_of_its_training_alone_gets_the_rest(made, tmp_path):
    """Datasets used to; nothing that is there is touched, and no more is written than was asked for."""
    older = tmp_path / made.name
    shutil.copytree(made, older)
    for split in ("val", "test"):
        shutil.rmtree(older / split / "speech")
    times = {path: path.stat().st_mtime_ns for path in older.rglob("*") if path.is_file()}
    generate(tmp_path, "--splits", "test", "--workers", "1")
    assert not (older / "val" / "speech").exists()
    assert_same(made, generate(tmp_path, "--workers", "1"))
    assert times == {path: path.stat().st_mtime_ns for path in times}


def test_every_split_keeps_what_its_sources_say(made):
    for split in params.SPLITS:
        read = Recordings(made / split)
        rir_samples = Recordings(made / "train").response(0).shape[1]
        for source, row in enumerate(read.sources):
            speech = read.utterance(source)
            assert np.abs(speech).max() == 1
            assert len(speech) + rir_samples - 1 == row["samples"]
            np.testing.assert_array_equal(speech, read.speech()[row["utterance"]])


def test_positions_speech_and_splits_are_as_drawn(made):
    positions_m = params.PUBLISHED.grid.splits()
    speakers = {}
    for split in params.SPLITS:
        read = Recordings(made / split)
        for row, position_m in zip(read.sources, read.positions_m, strict=True):
            np.testing.assert_array_equal(position_m, positions_m[split][row["source"]])
        speakers[split] = {row["speaker"] for row in read.sources}
        assert (read.window_counts > 0).all()
        assert np.isfinite(read.windows(0)).all()
    assert not speakers["train"] & speakers["test"]
    assert not speakers["train"] & speakers["val"]


def test_a_second_run_changes_nothing(made):
    times = {path: path.stat().st_mtime_ns for path in made.rglob("*") if path.is_file()}
    generate(made.parent, "--workers", "1")
    assert times == {path: path.stat().st_mtime_ns for path in made.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--seed", "1"], "seed 5000, not 1"),
        (["--reflection_sign", "1"], "reflection_sign -1, not 1"),
        (["--draw", "published"], "draw speakers, not "),
    ],
)
def test_data_of_other_arguments_are_not_mixed(made, capsys, more, message):
    before = files(made)
    with pytest.raises(SystemExit) as stop:
        generate(made.parent, *more)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert files(made) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--T60", "0.05"], "0.0986"),
        (["--T60", "100"], "2e+12 images a response"),
        (["--T60", "nan"], "not a finite number"),
        (["--SNR", "-1000"], "not between -100 and 100"),
        (["--SNR", "1e4"], "not between -100 and 100"),
        (["--SNR", "loud"], "not a number"),
        (["--SNR", "inf"], "not a finite number"),
        (["--simulator", "magic"], "invalid choice"),
        (["--corpus", "nowhere"], "nowhere"),
        (["--sources", "1", "2"], "2 numbers for 3 splits"),
        (["--sources", "0"], "below 1"),
        (["--setup", "nowhere.json"], "nowhere.json"),
        (["--nonsense"], "unrecognized"),
    ],
)
def test_bad_input_ends_with_one_line_and_writes_nothing(tmp_path, capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        generate_data.main(["--data_path", str(tmp_path), *arguments])
    error = capsys.readouterr().err
    assert stop.value.code == 2
    assert message in error.splitlines()[-1]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("setup", "message"),
    [
        ({"grid": {"held_out_x_m": [1.4, 1.405]}}, "no source for test"),
        ({"array": {"positions_m": [[0.825, 4.5]]}}, "must be three numbers"),
        ({"room": {"size_m": [float("nan"), 9, 3]}}, "three positive numbers"),
    ],
)
def test_a_setup_that_cannot_be_is_refused_before_anything_is_written(tmp_path, capsys, setup, message):
    (tmp_path / "setup.json").write_text(json.dumps(setup))
    with pytest.raises(SystemExit) as stop:
        generate(tmp_path / "data", "--setup", str(tmp_path / "setup.json"))
    assert stop.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "data").exists()


def test_an_empty_corpus_is_refused(tmp_path, capsys):
    (tmp_path / "speech").mkdir()
    with pytest.raises(SystemExit) as stop:
        generate_data.main(["--data_path", str(tmp_path / "data"), "--corpus", str(tmp_path / "speech")])
    assert stop.value.code == 2
    assert str(tmp_path / "speech") in capsys.readouterr().err


@pytest.mark.parametrize("snr_db", ["25", "90"])
def test_it_says_how_many_sources_and_how_much_disk_before_it_begins(tmp_path, capsys, snr_db):
    generate(tmp_path, "--SNR", snr_db, "--workers", "1")
    begins = capsys.readouterr().out.splitlines()[0]
    said = re.fullmatch(rf"SNR_{snr_db}_T60_0.15: 9 of 9 sources to make, about (\S+) GB", begins)
    written_bytes = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert float(said[1]) == pytest.approx(written_bytes / 1e9, rel=0.06)
    generate(tmp_path, "--SNR", snr_db, "--workers", "1")
    assert "to make" not in capsys.readouterr().out


def test_a_disk_that_is_too_small_is_refused_before_anything_is_written(tmp_path, capsys, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1e6))
    with pytest.raises(SystemExit) as stop:
        generate(tmp_path / "deep" / "data")
    assert stop.value.code == 2
    assert re.search(r"needs about 0\.01\d GB, but its disk has 0\.001 GB free", capsys.readouterr().err)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("workers", [pytest.param("1", marks=pytest.mark.slow), "2"])
def test_a_full_disk_leaves_no_half_file(tmp_path, workers):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000));"
    code = f"{limit} import sys; sys.path.insert(0, {str(ROOT)!r}); import generate_data; generate_data.main()"
    command = [sys.executable, "-c", code, *TINY, "--data_path", str(tmp_path), "--workers", workers]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert "File too large" in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.rglob("*.wav"))
    assert not list(tmp_path.rglob("*part*"))


def hear_ctrl_c():
    """Undo what a shell does to programs in the background: they ignore Ctrl-C, and so would their children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


SLOW = f"""
import sys, time
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})

def write_slowly(path, content):
    with path.open("wb") as file:
        file.write(content[:1000])
        file.flush()
        time.sleep(0.5)
        file.write(content[1000:])

Path.write_bytes = write_slowly
if __name__ == "__main__":
    import generate_data
    generate_data.main()
"""


@pytest.fixture
def slow(tmp_path):
    """generate_data.py, in a session of its own, while its workers write recordings; each write takes half a second."""
    (tmp_path / "slow.py").write_text(SLOW)  # the workers run it, too
    command = [sys.executable, str(tmp_path / "slow.py"), "--data_path", str(tmp_path), "--splits", "test"]

    started = []

    def start(workers):
        process = subprocess.Popen(
            [*command, "--workers", workers],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=hear_ctrl_c,
            start_new_session=True,
        )
        started.append(process)
        deadline = time.monotonic() + 300
        while len(list(tmp_path.rglob("*.part.wav"))) < int(workers) and time.monotonic() < deadline:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        return process

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize(("workers", "least", "most"), [pytest.param("1", 0, 2, marks=pytest.mark.slow), ("2", 2, 4)])
def test_ctrl_c_in_the_middle_of_a_write_says_so_and_loses_nothing(slow, tmp_path, workers, least, most):
    """Workers end what they are at, which on a busy machine is their second already, and begin nothing else; the only
    process there is breaks off."""
    process = slow(workers)
    os.killpg(process.pid, signal.SIGINT)  # to the workers as well, as a terminal does
    error = process.communicate(timeout=300)[1]
    assert process.returncode == 130
    assert error.splitlines()[-1].startswith("interrupted")
    assert "Traceback" not in error
    assert not list(tmp_path.rglob("*.part*"))
    assert least <= len(list(tmp_path.rglob("*.wav"))) <= most


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_a_killed_parent_or_breaks_off(slow, tmp_path, how):
    process = slow("2")
    process.send_signal(how)
    process.communicate(timeout=300)  # ends when none of its children holds its standard error any more
    assert process.returncode == -how
    assert len(list(tmp_path.rglob("*.wav"))) >= 2
    assert not list(tmp_path.rglob("*.part*"))


def test_a_killed_worker_ends_the_run_with_one_line(slow):
    process = slow("2")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    worker = next(pid for pid in children if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text())
    os.kill(int(worker), signal.SIGKILL)
    error = process.communicate(timeout=300)[1]
    assert process.returncode == 2
    assert error.splitlines()[-1].startswith("error: a worker was killed")
    assert "Traceback" not in error


def test_another_setup_needs_no_code(tmp_path):
    setup = {"array": {"positions_m": [[1, 7, 1], [1.1, 7, 1], [1.2, 7, 1.3]]}, "window_samples": 2048}
    (tmp_path / "setup.json").write_text(json.dumps(setup))
    folder = generate(tmp_path / "data", "--setup", str(tmp_path / "setup.json"), "--splits", "test")
    assert Recordings(folder / "test").windows(0).shape[1:] == (3, 2048)
