"""Where the weights of a network and condition lie."""

from __future__ import annotations

from pathlib import Path

import params
from models.checkpoints import load_checkpoint
from running.errors import InputError

SHIPPED = Path(__file__).parent / "pretrained"
RUNS = Path("logs")
"""Where train.py puts its run folders, in the working directory."""


Condition = params.Condition | params.AnyRoom


def shipped_name(model_name: str, condition: Condition) -> str:
    """Return the name, without suffix, of shipped weights."""
    return f"{model_name}_{condition.name}"


def find_weights(model_name: str, condition: Condition, places: list[Path]) -> Path:
    """Return the file of weights, taken from the first place that has it: of the condition, else of any room.

    Parameters
    ----------
    model_name : str
    condition : params.Condition or params.AnyRoom
    places : list of Path
        Each a file (which serves every condition), a run folder of ``train.py``, or a folder of run folders, of shipped
        or of published files.

    Raises
    ------
    InputError
        When no place has it, or when one has several.
    """
    for place in places:
        found = _in_place(model_name, condition, place)
        if len(found) > 1:
            listed = ", ".join(str(path.parent) for path in found)
            raise InputError(f"several runs of {model_name} for {condition.name}: {listed}; choose by --weights")
        if found:
            return found[0]
    looked_for = ", ".join(name for place in places for name in _names(model_name, condition, place))
    runs = [f"--weights {path.parent}" for path in sorted(RUNS.glob(_layouts(model_name, condition, RUNS)[-1]))]
    advice = f"say {' or '.join(runs)}" if runs else "make them with train.py"
    raise InputError(f"no weights of {model_name} for {condition.name} (looked for {looked_for}); {advice}")


def has_weights(model_name: str, condition: Condition, place: Path) -> bool:
    """Tell whether a place has weights that serve a condition."""
    return bool(_in_place(model_name, condition, place))


def _names(model_name: str, condition: Condition, place: Path) -> list[str]:
    if place.is_file():
        return [str(place)]
    return [str(place / name) for each in _serving(condition) for name in _layouts(model_name, each, place)]


def _in_place(model_name: str, condition: Condition, place: Path) -> list[Path]:
    if place.is_file():
        return [place] if load_checkpoint(place)[1]["model_name"] == model_name else []
    for each in _serving(condition):
        *files, runs = _layouts(model_name, each, place)
        found = [place / file for file in files if (place / file).is_file()] or sorted(place.glob(runs))
        if found:
            return found
    return []


def _serving(condition: Condition) -> list[Condition]:
    """Return of what weights may be that serve a condition, the best first."""
    return list(dict.fromkeys([condition, params.ANY_ROOM]))


def _layouts(model_name: str, condition: Condition, folder: Path) -> list[str]:
    """Return the files that a folder may have; the last one has a ``*`` for the names of runs."""
    name = shipped_name(model_name, condition)
    own = ["best.safetensors"] if folder.name.startswith(f"{name}_") else []
    published = [f"{model_name.replace('_', '')}/model_{condition.name}.pth"] if condition != params.ANY_ROOM else []
    return [*own, f"{name}.safetensors", *published, f"{name}_*/best.safetensors"]
