"""Imports run one way: params and running <- nouns <- verbs; importing does nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NOUNS = ("acoustics", "models", "explain", "training", "report")
VERBS = ("maintenance", *(path.stem for path in ROOT.glob("*.py") if path.stem != "params"))
MODULES = sorted(path for noun in (*NOUNS, "running") for path in (ROOT / noun).rglob("*.py"))


def imported_by(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nouns_do_not_import_verbs(path):
    assert not imported_by(path) & set(VERBS)


@pytest.mark.parametrize("path", sorted((ROOT / "running").glob("*.py")), ids=lambda path: path.name)
def test_running_imports_no_noun(path):
    assert not imported_by(path) & set(NOUNS)


def test_params_imports_nothing_of_ours():
    assert not imported_by(ROOT / "params.py") & {*NOUNS, *VERBS, "running"}


def test_importing_everything_touches_no_gpu_network_or_argv(tmp_path):
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in MODULES if path.stem != "__init__"]
    code = f"""
import socket, sys, random
sys.path.insert(0, {str(ROOT)!r})
sys.argv = ["x", "--nonsense"]
socket.socket.connect = lambda *a: (_ for _ in ()).throw(AssertionError("network"))
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
