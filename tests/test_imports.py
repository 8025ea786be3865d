"""Imports run one way: params <- running <- nouns <- verbs; importing does nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "params": (),
    "running": ("params", "running"),
    "acoustics": ("params", "running", "acoustics"),
    "models": ("params", "running", "models"),
    "explain": ("running", "explain", "models.inference", "models.layers"),
    "localization": ("params", "running", "acoustics", "models", "explain", "localization"),
    "training": ("params", "running", "acoustics", "models", "localization", "training"),
    "report": ("params", "running", "acoustics", "models", "explain", "localization", "report"),
    "playground": ("params", "running", "acoustics", "models", "explain", "localization", "report", "playground"),
    "enhancement": (
        "params",
        "running",
        "acoustics",
        "models.inference",
        "models.layers",
        "explain",
        "report",
        "enhancement",
    ),
    "digits": ("params", "running", "acoustics", "models.layers", "models.inference", "explain", "report", "digits"),
}
"""What a noun may import of ours. Explanations know no task: of networks they take how they answer and what they are
made of."""
VERBS = tuple(path.stem for path in ROOT.glob("*.py") if path.stem != "params")
OURS = {*MAY_IMPORT, *VERBS, "maintenance", "benchmarks"}
MODULES = sorted(path for noun in MAY_IMPORT if noun != "params" for path in (ROOT / noun).rglob("*.py"))


def imported_by(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name for name in names if name.partition(".")[0] in OURS}


@pytest.mark.parametrize("path", [ROOT / "params.py", *MODULES], ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path):
    noun = path.relative_to(ROOT).parts[0].removesuffix(".py")
    for name in imported_by(path):
        assert any(f"{name}.".startswith(f"{allowed}.") for allowed in MAY_IMPORT[noun]), name


def test_importing_everything_touches_no_gpu_network_or_argv(tmp_path):
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in MODULES if path.stem != "__init__"]
    code = f"""
import socket, sys, random
sys.path.insert(0, {str(ROOT)!r})
sys.argv = ["x", "--nonsense"]
socket.socket.connect = lambda *a: (_ for _ in ()).throw(AssertionError("network"))
import rich.style  # draws a random number itself; Gradio and, where it is there, scikit-learn import it
state = random.getstate()
import numpy as np
before = np.random.get_state()[1].tolist()
for name in {[*modules, *VERBS, "maintenance.ship_weights"]!r}:
    __import__(name)
assert random.getstate() == state
assert np.random.get_state()[1].tolist() == before
assert "gpuRIR" not in sys.modules
import torch
assert not torch.cuda.is_initialized()
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert not list(tmp_path.iterdir())
