"""What the README shows runs as it is written there."""

import re
from pathlib import Path

import numpy as np

import generate_data
import params

ROOT = Path(__file__).parent.parent


def test_ten_lines_of_python_locate_and_explain_a_recording(tmp_path, monkeypatch, capsys):
    (lines,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len([line for line in lines.splitlines() if line]) <= 10
    (recording,) = re.findall(r'"(results/\S+\.wav)"', lines)
    *_, data, condition, split, name = Path(recording).parts
    wanted = ["--splits", split, "--sources", "20", "--T60", "0.15", "--SNR", "25", "--workers", "1"]
    monkeypatch.chdir(tmp_path)
    generate_data.main([*wanted, "--data_path", str(Path(recording).parents[2])])
    assert (condition, data) == (params.CONDITIONS[0].name, "data")
    found = {}
    exec(lines, found)
    position_m = params.PUBLISHED.grid.splits()["test"][int(Path(name).stem)]
    error_m = np.abs(found["positions_m"].mean(axis=0) - position_m)
    assert error_m[:2].max() < 0.2
    assert found["relevance"].shape == found["windows"].shape
    assert found["lags"].shape == (4, len(found["windows"]))
    assert capsys.readouterr().out.count("[") == 2
