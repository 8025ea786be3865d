"""Where the weights of a network and condition lie."""

from __future__ import annotations

from pathlib import Path

import params
from models import MODELS
from models.checkpoints import load_checkpoint
from running.errors import InputError

SHIPPED = Path(__file__).parent / "pretrained"


def shipped_name(model_name: str, condition: params.Condition) -> str:
    """Return the name, without suffix, of shipped weights."""
    return f"{model_name}_{condition.name}"


def find_weights(model_name: str, condition: params.Condition, places: list[Path]) -> Path:
    """Return the file of weights, taken from the first place that has it.

    Parameters
    ----------
    model_name : str
    condition : params.Condition
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
    where = " or ".join(map(str, places))
    raise InputError(f"no weights of {model_name} for {condition.name} in {where}; make them with train.py")


def _in_place(model_name: str, condition: params.Condition, place: Path) -> list[Path]:
    if place.is_file():
        return [place] if isinstance(load_checkpoint(place)[0], MODELS[model_name]) else []
    name = shipped_name(model_name, condition)
    if place.name.startswith(f"{name}_") and (place / "best.safetensors").is_file():
        return [place / "best.safetensors"]
    flat = [place / f"{name}.safetensors", place / model_name.replace("_", "") / f"model_{condition.name}.pth"]
    return [path for path in flat if path.is_file()] or sorted(place.glob(f"{name}_*/best.safetensors"))
