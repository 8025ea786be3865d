"""How scripts run: files appear whole, errors are one line, arguments are checked, parts are made once."""

import argparse
import csv
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from killed import dead_process, part_of_a_dead_process

import params
from running import arguments, parts, provenance, ranks
from running.errors import InputError, exits_cleanly
from running.files import part_of, read_csv, read_json, remove_parts, whole_file, write_csv, write_json

ROOT = Path(__file__).parent.parent


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    with pytest.raises(TypeError), whole_file(path) as beside:
        beside.open("w").writelines(["half", None])
    assert not list(path.parent.iterdir())
    with whole_file(path) as beside:
        beside.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"


def test_a_failed_write_keeps_the_old_file(tmp_path):
    write_json(tmp_path / "a.json", {"a": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"a": object()})
    assert read_json(tmp_path / "a.json") == {"a": 1}


def test_what_a_killed_process_left_is_removed(tmp_path):
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from running.files import whole_file
with whole_file({str(tmp_path / "a.txt")!r}) as beside:
    beside.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1
    remove_parts(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_a_killed_process_left_is_removed(tmp_path):
    own = part_of(tmp_path / "page")
    for part in (own, part_of_a_dead_process(tmp_path / "page")):
        (part / "page").mkdir(parents=True)
    remove_parts(tmp_path)
    assert list(tmp_path.iterdir()) == [own]


def test_what_another_machine_writes_is_left_alone_for_a_day(tmp_path, monkeypatch):
    """Machines that share a disk have the same process numbers; only time tells whether another one's is alive."""
    monkeypatch.setattr(os, "getpid", dead_process)
    monkeypatch.setattr(socket, "gethostname", lambda: "node-1.cluster.example")
    theirs = part_of(tmp_path / "0001.wav")
    theirs.write_text("half")
    monkeypatch.setattr(socket, "gethostname", lambda: "node-2.cluster.example")
    remove_parts(tmp_path)
    assert list(tmp_path.iterdir()) == [theirs]
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(theirs, (two_days_ago, two_days_ago))
    remove_parts(tmp_path)
    assert not list(tmp_path.iterdir())


def test_hidden_files_of_other_names_are_left_alone(tmp_path):
    for name in (".notes.part", ".a.b.part.txt", ".partition"):
        (tmp_path / name).write_text("mine")
    remove_parts(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_file_is_on_the_disk_before_it_takes_its_place_and_its_folder_after(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (done.append(os.readlink(f"/proc/self/fd/{file}")), fsync(file)))
    monkeypatch.setattr(os, "replace", lambda *paths: (done.append("rename"), replace(*paths)))
    with whole_file(tmp_path / "a.txt") as beside:
        beside.write_text("whole")
    assert done == [str(beside), "rename", str(tmp_path)]


def test_a_csv_is_written_as_pythons_own_writer_does(tmp_path, rng):
    numbers = np.concatenate([rng.standard_normal(1000) * 10.0 ** rng.integers(-30, 30, 1000), [0.1, 1e16, 1e-5, -0.0]])
    texts = ["plain", "x, y", 'a "quote"', "two\nlines", "ä", " blank ", "007", "nan"]
    rows = [
        {"number": float(number), "whole": row, "text": texts[row % len(texts)]} for row, number in enumerate(numbers)
    ]
    write_csv(tmp_path / "a.csv", pd.DataFrame(rows))
    with (tmp_path / "b.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert read_csv(tmp_path / "a.csv").to_dict("records") == rows


def test_empty_cells_are_nan_among_numbers_and_empty_text_elsewhere(tmp_path):
    table = pd.DataFrame({"a": [1.5, np.nan], "b": ["x", None], "c": [None, None], "d": [True, False]})
    write_csv(tmp_path / "a.csv", table)
    read = read_csv(tmp_path / "a.csv", {"c": str})
    assert read.to_dict("list") == {"a": [1.5, pytest.approx(np.nan, nan_ok=True)], "b": ["x", ""], "c": ["", ""],
                                    "d": [True, False]}  # fmt: skip


def test_text_that_looks_like_numbers_stays_text(tmp_path):
    texts = ["007", "nan", "NA", "1e5", "1.0"]
    write_csv(tmp_path / "a.csv", pd.DataFrame({"id": texts}))
    assert list(read_csv(tmp_path / "a.csv", {"id": str})["id"]) == texts


@pytest.mark.parametrize("content", [b"", b"a\n1\n2,3\n", b"a\n\xff\n", b"a\n1.5\n", b"a\n1\n,\n", b"a,b\n1\n,2\n"])
def test_a_damaged_csv_is_one_clear_line(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.csv is damaged.*run again$") as refused:
        read_csv(tmp_path / "a.csv", {"a": int})
    assert "\n" not in str(refused.value)


def test_a_missing_csv_is_named(tmp_path):
    with pytest.raises(InputError, match=r"a\.csv does not exist"):
        read_csv(tmp_path / "a.csv")


@pytest.mark.parametrize("content", ["{", "[1]", "\x00"])
def test_a_damaged_json_is_named(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match=r"a\.json"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (InputError("no such thing; do that"), 2, "error: no such thing; do that"),
        (OSError(28, "No space left on device", "a.wav"), 2, "error: No space left on device: a.wav"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_errors_end_with_one_line(capsys, error, code, text):
    @exits_cleanly
    def main(argv=None):
        raise error

    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == code
    assert capsys.readouterr().err.strip().startswith(text)


def failing(argv=None):
    try:
        raise KeyError("of old")
    except KeyError:
        raise InputError("no such thing; do that") from None


@pytest.mark.parametrize("argv", [[], ["--traceback"]])
def test_the_traceback_is_shown_when_asked_for_before_the_line(capsys, argv):
    with pytest.raises(SystemExit):
        exits_cleanly(failing)(argv)
    error = capsys.readouterr().err
    assert error.splitlines()[-1] == "error: no such thing; do that"
    assert ("Traceback" in error) == ("in failing" in error) == ("of old" in error) == bool(argv)


@pytest.mark.parametrize("argv", [[], ["--traceback"]])
def test_of_scripts_that_call_each_other_the_outermost_one_ends_with_the_line(capsys, argv):
    passed = []

    @exits_cleanly
    def outer(argv=None):
        try:
            exits_cleanly(failing)(["--seed", "1"])
        except InputError as error:
            passed.append(error)
            raise

    for _ in range(2):  # the second time as the first
        with pytest.raises(SystemExit) as stop:
            outer(argv)
        assert stop.value.code == 2
        error = capsys.readouterr().err
        assert error.count("error: no such thing; do that\n") == 1
        assert ("in failing" in error) == bool(argv)
    assert len(passed) == 2


SCRIPTS = sorted(path.stem for path in ROOT.glob("*.py") if path.stem != "params")
BENCHMARKS = ("generation", "perturbation", "rir", "relevance", "tdoa", "training", "__main__")


@pytest.mark.parametrize("script", [*SCRIPTS, *(f"benchmarks.{name}" for name in BENCHMARKS)])
def test_every_script_takes_the_flag_for_tracebacks(script, capsys):
    with pytest.raises(SystemExit) as stop:
        importlib.import_module(script).main(["--help"])
    assert stop.value.code == 0
    assert "--traceback" in capsys.readouterr().out


def test_the_flag_for_tracebacks_leaves_no_trace_in_results():
    assert vars(arguments.parser("x").parse_args(["--traceback"])) == vars(arguments.parser("x").parse_args([])) == {}


def parsed(add, *argv):
    parser = arguments.parser("x")
    add(parser)
    return parser.parse_args(argv)


def test_conditions_are_one_several_or_all():
    assert arguments.conditions(parsed(arguments.add_conditions)) == params.CONDITIONS[:1]
    assert arguments.conditions(parsed(arguments.add_conditions, "--conditions", "all")) == params.CONDITIONS
    several = parsed(arguments.add_conditions, "--conditions", "0.2/5", "0.2/5", "0.3/20")
    assert arguments.conditions(several) == (params.Condition(0.2, 5), params.Condition(0.3, 20))
    assert arguments.conditions(parsed(arguments.add_conditions, "--conditions", "any_room")) == (params.ANY_ROOM,)


@pytest.mark.parametrize(
    "argv",
    [
        ("--conditions", "0.2"),
        ("--conditions", "a/b"),
        ("--T60", "-1"),
        ("--SNR", "nan"),
        ("--SNR", "-101"),
        ("--conditions", "0.2/1e3"),
    ],
)
def test_wrong_conditions_are_refused(argv, capsys):
    with pytest.raises(SystemExit) as stop:
        parsed(arguments.add_conditions, *argv)
    assert stop.value.code == 2


def test_a_gpu_that_is_not_there_is_refused():
    import torch

    absent = str(torch.cuda.device_count())
    with pytest.raises(InputError, match=f"GPU {absent} can't be used"):
        arguments.device(parsed(arguments.add_gpu, "--gpu", absent))
    assert arguments.device(parsed(arguments.add_gpu, "--gpu", "cpu")).type == "cpu"


def test_ranks_share_everything_once(monkeypatch):
    shares = []
    for rank in range(3):
        monkeypatch.setenv("RANK", str(rank))
        monkeypatch.setenv("WORLD_SIZE", "3")
        shares += ranks.share(list(range(10)))
    assert sorted(shares) == list(range(10))


def test_parts_are_computed_once_and_returned_in_order(tmp_path):
    computed = []

    def compute(row):
        computed.append(row)
        return {"a": np.array([row])}

    first = parts.by_source(tmp_path, [5, 3, 9], compute, "test")
    again = parts.by_source(tmp_path, [9, 5], lambda row: pytest.fail("computed again"), "test")
    assert computed == [0, 1, 2]
    assert [int(part["a"][0]) for part in first] == [0, 1, 2]
    assert [int(part["a"][0]) for part in again] == [2, 0]


def test_a_damaged_part_is_named(tmp_path):
    parts.by_source(tmp_path, ["5"], lambda row: {"a": np.zeros(3)}, "test")
    (tmp_path / "5.h5").write_bytes(b"no HDF5")
    with pytest.raises(InputError, match=r"5\.h5 is damaged"):
        parts.by_source(tmp_path, ["5"], lambda row: {}, "test")


def test_origin_is_json_and_names_versions():
    record = provenance.origin(vars(argparse.Namespace(path=ROOT / "models", setup=params.PUBLISHED, number=1)))
    assert json.loads(json.dumps(record)) == record
    assert record["arguments"]["path"] == "models"
    assert record["arguments"]["setup"] == params.PUBLISHED.to_dict()
    assert {"python", "torch", "numpy"} <= set(record["versions"])


def test_fingerprints_do_not_depend_on_order():
    assert provenance.fingerprint({"a": 1, "b": (2,)}) == provenance.fingerprint({"b": [2], "a": 1})
    assert provenance.fingerprint({"a": 1}) != provenance.fingerprint({"a": 2})


def test_a_read_only_folder_is_one_clear_line(tmp_path):
    """Root may write anywhere, so the child gives up being root first."""
    tmp_path.chmod(0o555)
    code = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from running.errors import exits_cleanly
from running.files import write_json
os.chdir({str(tmp_path)!r})
if os.geteuid() == 0:
    os.setuid(65534)
exits_cleanly(lambda argv: write_json("deep/a.json", {{}}))([])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.splitlines() == ["error: Permission denied: deep"]


def test_records_say_where_a_path_lies_from_the_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT / "tests")
    paths = [Path("data"), ROOT / "results", Path("../logs"), tmp_path / "a"]
    assert provenance.plain(paths) == ["tests/data", "results", "logs", str(tmp_path / "a")]
    assert (ROOT / provenance.plain(Path("../../other"))).resolve() == (ROOT / ".." / "other").resolve()


def test_dataclasses_become_plain_too():
    assert provenance.plain({"conditions": (params.Condition(0.15, 25),)}) == {
        "conditions": [{"T60_s": 0.15, "snr_db": 25}]
    }


def test_what_a_living_process_writes_is_left_alone(tmp_path):
    with whole_file(tmp_path / "a.txt") as beside:
        beside.write_text("half")
        remove_parts(tmp_path)
        assert beside.exists()
