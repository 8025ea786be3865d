"""What docs/bridges.md shows runs as it is written there, and finds what it says."""

import re
from pathlib import Path

import numpy as np
import pytest

import generate_data

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def blocks():
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "bridges.md").read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def shared(blocks, tmp_path_factory):
    """The names of the first block, beside the recording that it hears."""
    folder = tmp_path_factory.mktemp("bridges")
    (recording,) = re.findall(r'"(results/\S+\.wav)"', blocks[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(generate_data, "subset", lambda total, count: [int(Path(recording).stem)])
        generate_data.main(["--splits", "test", "--workers", "1", "--data_path", str(Path(recording).parents[2])])
        names = {}
        exec(blocks[0], names)
    return names


def test_quantus_scores_a_coordinate(blocks, shared, capsys):
    pytest.importorskip("quantus", reason="its OpenCV needs libraries of a desktop", exc_type=ImportError)
    names = dict(shared)
    exec(blocks[1], names)
    assert capsys.readouterr().out.count("\n") == 1
    assert set(names["found"]) == {"gradient_x_input", "lrp"}
    assert names["found"]["gradient_x_input"] > 0.5


def test_captum_attributes_and_scores_a_coordinate(blocks, shared, capsys):
    names = dict(shared)
    exec(blocks[2], names)
    assert capsys.readouterr().out.count("\n") == 1
    found = names["found"]
    assert found["gradient x input"] < 0.5 * found["nothing"] < 0.5 * found["integrated gradients"]


def test_methods_find_what_moves_another_network(blocks, shared, capsys):
    names = dict(shared)
    exec(blocks[3], names)
    assert capsys.readouterr().out.count("\n") == 1
    assert np.abs(names["relevance"]).mean(axis=0).argsort()[-4:].max() < 4
    assert names["found"]["gradient x input"] > 0.5 > 0.1 > abs(names["found"]["random"])
