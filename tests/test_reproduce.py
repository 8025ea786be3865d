"""The whole method at toy size, from one command."""

from pathlib import Path

import pytest

import reproduce
from models.weights import SHIPPED
from report.verdict import MORE_TABLES, TABLES, read_verdict


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("smoke")


ARGUMENTS = ["--profile", "smoke", "--conditions", "0.15/25", "0.2/20"]


def test_smoke_ends_with_the_verdict_its_tables_and_the_places_of_its_files(folder, capsys):
    reproduce.main([*ARGUMENTS, "--folder", str(folder)])
    printed = capsys.readouterr().out
    found = printed.split("== what was found, after ")[1].split("\nnote: ")[0].splitlines()[1:]
    assert found == read_verdict({name: next((folder / name).glob("*")) for name in TABLES | MORE_TABLES}).sentences
    assert len(found) == 4
    assert "(0.0880)" in printed
    for row in ("always lag 0", "untrained loc_cnn", "always the centre", "SRP-PHAT", "the numbers mean nothing"):
        assert row in printed
    files, following = printed.split("\nfiles:\n")[-1].split("\nnext: ")
    assert len(files.splitlines()) == 41
    assert all(Path(line.strip()).exists() for line in files.splitlines())
    assert following == f"python build_page.py --results {folder}\n"
    assert "next: " not in printed.split("== what was found")[0]


def test_a_second_run_reuses_everything(folder, capsys):
    made = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.suffix in {".wav", ".npz", ".h5"}}
    reproduce.main([*ARGUMENTS, "--folder", str(folder)])
    assert made == {path: path.stat().st_mtime_ns for path in made}
    assert "what was found, after" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ([], SHIPPED),
        (["--recipe", "paper"], SHIPPED / "paper"),
        (["--profile", "paper"], None),
        (["--conditions", "0.2/20"], None),
    ],
)
def test_shipped_weights_are_used_where_there_are_any(given, place):
    assert reproduce.shipped_weights(reproduce.parse(given)) == place


def test_bad_input_ends_with_exit_code_2(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        reproduce.main([*ARGUMENTS, "--folder", str(tmp_path), "--corpus", str(tmp_path / "nowhere")])
    assert stop.value.code == 2
    assert "nowhere" in capsys.readouterr().err
