"""zennit can be imported whether torchvision is absent, broken or whole."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TORCHVISION = {
    "whole": {
        "__init__.py": "from . import ops",
        "ops.py": "class FrozenBatchNorm2d: pass",
        "models/__init__.py": "",
        "models/resnet.py": "class Bottleneck: pass\nclass BasicBlock: pass",
    },
    "broken": {
        "__init__.py": "from . import extension, ops",
        "extension.py": "",
        "ops.py": "raise RuntimeError('operator torchvision::nms does not exist')",
    },
    "absent": {"__init__.py": "raise ImportError('No module named torchvision')"},
}


def run(code, *path):
    program = f"import sys; sys.path[:0] = {[str(ROOT), *map(str, path)][::-1]!r}\n{code}"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


@pytest.fixture(params=TORCHVISION)
def torchvision(request, tmp_path):
    for name, code in TORCHVISION[request.param].items():
        path = tmp_path / "torchvision" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    return request.param, tmp_path


def test_zennit_works_with_the_installed_torchvision():
    code = "from explain.zennit_import import zennit; print(zennit.rules.Gamma(), zennit.torchvision.__name__)"
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert "zennit.torchvision" in done.stdout


def test_a_later_import_of_torchvision_ends_as_it_would_have(torchvision):
    _, path = torchvision
    later = """
try:
    import torchvision.models.resnet
    print('imported', torchvision.__file__)
except Exception as error:
    print(type(error), error)
print(sorted(name for name in sys.modules if name.split('.')[0] == 'torchvision'))
"""
    without = run(later, path)
    after_zennit = run("from explain.zennit_import import zennit\n" + later, path)
    assert after_zennit.returncode == without.returncode == 0, after_zennit.stderr
    result, _ = after_zennit.stdout.splitlines()
    assert result == without.stdout.splitlines()[0]


def test_where_torchvision_works_zennit_knows_its_networks(torchvision):
    kind, path = torchvision
    code = """
from explain.zennit_import import zennit
try:
    import torchvision.models.resnet as resnet
    print(zennit.torchvision.ResNetBottleneck is resnet.Bottleneck)
except Exception:
    print(zennit.torchvision.ResNetBottleneck.__module__)
"""
    done = run(code, path)
    assert done.stdout.strip() == ("True" if kind == "whole" else "explain.zennit_import"), done.stderr


def test_nothing_else_imports_zennit_itself():
    for path in ROOT.rglob("*.py"):
        if ".venv" in path.parts or path.name == "zennit_import.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.partition(".")[0] == "zennit" for name in names), path
