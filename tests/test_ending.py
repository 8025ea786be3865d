"""Every script ends with what it found, where that is, and a next command that goes on with what was asked for."""

import ast
import importlib
import shlex
from pathlib import Path

import pytest

import params
from running.arguments import conditions
from running.ending import command, finish, in_another

ROOT = Path(__file__).parent.parent
SCRIPTS = [path for place in (ROOT, ROOT / "digits", ROOT / "enhancement") for path in sorted(place.glob("*.py"))
           if "\ndef main(" in path.read_text() and path.stem != "demo"]  # fmt: skip
"""All but the one that runs until it is stopped."""


def calls(path, name):
    """Return the calls of a function in a file."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return [node for node in nodes if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name]


def following(path):
    """Return the scripts that a file names as next ones."""
    return [call.args[0].value for call in calls(path, "command")]


def script_of(words):
    """Return the module of a script as a command line names it."""
    return importlib.import_module(words[1] if words[0] == "-m" else words[0].removesuffix(".py"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_script_ends_through_the_same_lines_and_no_other(path):
    assert len(calls(path, "finish")) == 1
    assert '"results: ' not in path.read_text()


HEARD = ["--T60", "0.3", "--SNR", "20", "--data_path", "my data", "--results", "r", "--weights", "w", "--split", "val"]
HEARD += ["--model_name", "loc_cnn"]
CHAIN = [path for path in SCRIPTS if path.stem.endswith("_experiment") or path.stem == "relevance_check"]


@pytest.mark.parametrize("path", CHAIN, ids=lambda path: path.stem)
def test_the_next_experiment_understands_what_was_asked_for(path):
    script = importlib.import_module(path.stem)
    (named,) = following(path)
    args = script.parse(HEARD)
    taken = {"results": args.results} if named == "build_page.py" else {}
    words = shlex.split(command(named, args, args if taken else script.parse([]), **taken))
    assert words[0] == "python"
    then = vars(script_of(words[1:]).parse(words[2:]))
    for name in ("results",) if taken else ("T60", "SNR", "data_path", "results", "weights", "split", "model_name"):
        assert then[name] == getattr(args, name)


@pytest.mark.parametrize("path", [path for path in SCRIPTS if path.parent != ROOT], ids=lambda path: path.stem)
def test_other_tasks_name_scripts_that_there_are(path):
    named = [constant.value.removeprefix("python ") for call in calls(path, "finish")
             for constant in ast.walk(call) if isinstance(constant, ast.Constant)
             and isinstance(constant.value, str) and constant.value.startswith(("python -m", "-m"))]  # fmt: skip
    assert len(named) == 1
    assert callable(importlib.import_module(named[0].split()[1] + ("" if "." in named[0] else ".__main__")).main)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ([], []),
        (["--conditions", "all"], ["--conditions", "all"]),
        (["--conditions", "0.15/25", "0.3/20"], ["--conditions", "0.15/25", "0.3/20"]),
        (["--conditions", "any_room"], ["--conditions", "any_room"]),
        (["--sources", "3", "--gpu", "cpu"], []),
    ],
)
def test_only_what_differs_from_the_defaults_is_taken_over(asked, words):
    script = importlib.import_module("localization_experiment")
    args = script.parse(asked)
    assert shlex.split(command("tdoa_experiment.py", args, script.parse([])))[2:] == words
    assert conditions(script.parse(words)) == conditions(args)


def test_a_dataset_is_followed_by_training_where_there_is_what_it_needs():
    made = importlib.import_module("generate_data")

    def after(*asked):
        return made.following(made.parse(list(asked)), made.arguments.condition(made.parse(list(asked))))

    assert after() == "python train.py"
    assert after("--T60", "0.3", "--SNR", "20") == "python train.py --T60 0.3 --SNR 20"
    assert after("--rooms", "random") == "python train.py --rooms random"
    assert after("--splits", "test", "--data_path", "d") == "python localization_experiment.py --data_path d"
    assert after("--splits", "test", "--rooms", "random") == "python localization_experiment.py --conditions any_room"


@pytest.mark.parametrize(("rooms", "place"), [("own", params.CONDITIONS[0]), ("random", params.ANY_ROOM)])
def test_a_training_is_followed_by_how_well_its_network_localizes(rooms, place):
    script = importlib.import_module("train")
    args = script.parse(["--model_name", "steered_cnn", "--rooms", rooms])
    words = shlex.split(script.following(args, place, Path("logs/run")))
    then = script_of(words[1:]).parse(words[2:])
    assert (then.model_name, then.weights, conditions(then)) == (["steered_cnn"], [Path("logs/run")], (place,))


def test_last_lines_are_what_was_found_where_it_is_and_the_next_command(capsys):
    finish(["It is so."], Path("results/cues"), "python train.py")
    assert capsys.readouterr().out == "\nIt is so.\nfiles: results/cues\nnext: python train.py\n"
    finish([], [Path("a"), Path("b")], "python train.py")
    assert capsys.readouterr().out == "\nfiles:\n  a\n  b\nnext: python train.py\n"


def test_a_script_that_another_one_calls_names_no_next_command(capsys):
    with in_another():
        finish([], Path("a"), "python train.py")
    assert "next" not in capsys.readouterr().out
    finish([], Path("a"), "python train.py")
    assert "next" in capsys.readouterr().out
