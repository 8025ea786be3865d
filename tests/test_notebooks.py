"""The notebooks, run from top to bottom in a kernel on tiny data."""

from pathlib import Path

import nbformat
import numpy as np
import pytest
import soundfile
from nbclient import NotebookClient
from toy_trials import CONDITIONS, make_trials

import cue_experiment
import localization_experiment
import perturbation_experiment
import rooms_experiment
import sensitivity_experiment
import shares_experiment
import tdoa_experiment
from running.errors import InputError

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
NAMES = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Results of all experiments, and a recording."""
    folder = tmp_path_factory.mktemp("notebooks")
    common = [*make_trials(folder, sources=2), "--results", str(folder)]
    perturbation_experiment.main([*common, "--percents", "0", "10", "50"])
    tdoa_experiment.main([*common, "--pairs", "0,1", "0,2", "--untrained", "2"])
    localization_experiment.main(common)
    cue_experiment.main([*common, "--trials", "10"])
    rooms_experiment.main([*common, "--rooms", "1", "--talkers", "1"])
    few = [*common, "--sources", "1", "--untrained", "2", "--null_sources", "1"]
    sensitivity_experiment.main([*few, "--windows", "1", "--draws", "1"])
    shares_experiment.main(few)
    noise = np.random.default_rng(0).standard_normal((48000, 16))
    soundfile.write(folder / "own.wav", 0.3 * noise / np.abs(noise).max(), 48000)
    return folder


def execute(name: str, choices: dict, monkeypatch, tmp_path) -> list:
    """Run a notebook with other choices in its first cell; return the data of all that it shows."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", 4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    for choice, value in choices.items():
        assert f"\n{choice} = " in f"\n{first.source}"
        first.source += f"\n{choice} = {value!r}"
    NotebookClient(notebook, timeout=600, startup_timeout=300, resources={"metadata": {"path": NOTEBOOKS}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert {output.output_type for output in outputs} <= {"execute_result", "display_data"}
    return [output.data for output in outputs]


def shown(outputs: list) -> dict[str, int]:
    """Return how many figures, sounds and tables were shown."""
    pages = [data.get("text/html", "") for data in outputs]
    figures = sum("image/png" in data for data in outputs)
    return {"figures": figures} | {tag: sum(f"<{tag}" in page for page in pages) for tag in ("audio", "table")}


def test_one_source_is_seen_and_heard(base, monkeypatch, tmp_path):
    choices = {"RESULTS": str(base), "CONDITION": CONDITIONS[1].name, "NETWORK": "sample_cnn", "SOURCE": "worst",
               "WINDOW": 1, "PAIR": (0, 2)}  # fmt: skip
    outputs = execute("Input_visualization_paper", choices, monkeypatch, tmp_path)
    assert shown(outputs) == {"figures": 4, "audio": 6, "table": 2}


def test_removal_localization_and_delays_are_shown(base, monkeypatch, tmp_path):
    choices = {"RESULTS": str(base), "CONDITIONS": [each.name for each in CONDITIONS], "PAIRS": ["0-1", "0-2"]}
    outputs = execute("Plot_Perturbation", choices, monkeypatch, tmp_path)
    assert shown(outputs) == {"figures": 4, "audio": 0, "table": 3}


def test_what_the_networks_hear_is_said_and_shown(base, monkeypatch, tmp_path):
    choices = {"RESULTS": str(base), "CONDITION": CONDITIONS[1].name, "NETWORK": "sample_cnn"}
    outputs = execute("What_the_networks_hear", choices, monkeypatch, tmp_path)
    assert shown(outputs) == {"figures": 4, "audio": 0, "table": 2}
    assert "In other rooms" in outputs[0]["text/plain"]


@pytest.mark.parametrize(
    ("recording", "more"),
    [(None, {}), ("own.wav", {"NETWORK": "loc_cnn", "TRAINED_FOR": (0.15, 25), "METHOD": "lrp"})],
)
def test_a_recording_goes_through_a_network(base, monkeypatch, tmp_path, recording, more):
    choices = {"RECORDING": recording and str(base / recording), "PAIRS": [(0, 1), (0, 15)]} | more
    outputs = execute("Your_own_recording", choices, monkeypatch, tmp_path)
    assert shown(outputs) == {"figures": 4, "audio": 3, "table": 2}
    (table,) = [
        data["text/plain"] for data in outputs if "SRP-PHAT" in data["text/plain"] and "x (m)" in data["text/plain"]
    ]
    assert ("truth" in table) == (recording is None)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_stored_is_small_whole_and_of_no_machine(name):
    path = NOTEBOOKS / f"{name}.ipynb"
    assert path.stat().st_size < 3 * MEGABYTE
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert {output.output_type for output in outputs} <= {"execute_result", "display_data"}
    assert shown([output.data for output in outputs])["figures"] == 4
    text = nbformat.writes(notebook)
    assert not any(home in text for home in ("/home/", "/root/", "/Users/", str(NOTEBOOKS.parent)))


def test_bad_input_is_one_line_in_a_notebook():
    assert InputError("no such thing")._render_traceback_() == ["error: no such thing"]
