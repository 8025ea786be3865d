"""The exact versions are those of a whole environment that requirements.txt allows, and make can install them."""

import re
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from models.weights import SHIPPED
from running.files import read_json

ROOT = Path(__file__).parent.parent
EXACT = "requirements-exact.txt"


def requirements(name):
    lines = [line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    return [Requirement(line) for line in lines if line]


def exact():
    return {canonicalize_name(each.name): str(each.specifier).removeprefix("==") for each in requirements(EXACT)}


@pytest.mark.parametrize("required", requirements("requirements.txt"), ids=lambda required: required.name)
def test_every_requirement_has_an_exact_version_that_it_allows(required):
    assert required.specifier.contains(exact()[canonicalize_name(required.name)])


def test_exact_versions_install_on_any_machine():
    assert all(re.fullmatch(r"\d+(\.\d+)*", version) for version in exact().values())


def test_exact_versions_are_those_that_the_shipped_weights_were_trained_with():
    trained = read_json(SHIPPED / "any_room" / "steered_cnn_any_room.json")["versions"]
    assert trained.pop("python") in (ROOT / EXACT).read_text()
    versions = exact()
    compared = {name: version.partition("+")[0] for name, version in trained.items() if name in versions}
    assert {"torch", "numpy", "scipy", "finufft"} <= compared.keys()
    assert compared == {name: versions[name] for name in compared}


@pytest.mark.parametrize(("asked", "venv", "pinned"), [([], ".venv/", False), (["EXACT=1"], ".venv-exact/", True)])
def test_make_installs_them_in_an_environment_of_their_own_when_asked(asked, venv, pinned, tmp_path):
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    for name in ("requirements.txt", EXACT):
        (tmp_path / name).touch()
    said = subprocess.run(["make", "-n", "reproduce", *asked], cwd=tmp_path, capture_output=True, text=True, check=True)
    (install,) = [line for line in said.stdout.splitlines() if "pip install" in line]
    assert install.startswith(venv)
    assert (f"-c {EXACT}" in install) is pinned
