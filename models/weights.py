"""Where the weights of a network and condition lie."""

from __future__ import annotations

from pathlib import Path

import params
from running.errors import InputError

SHIPPED = Path(__file__).parent / "pretrained"


def find_weights(model_name: str, condition: params.Condition, places: list[Path]) -> Path:
    """Return the file of weights, taken from the first place that has it.

    Parameters
    ----------
    model_name : str
    condition : params.Condition
    places : list of Path
        Each a file, or a folder in the layout of `SHIPPED`, of ``train.py``'s run folders or of the published files.

    Raises
    ------
    InputError
        When no place has it.
    """
    for place in places:
        if place.is_file():
            return place
        for path in (
            place / f"{model_name}_{condition.name}.safetensors",
            place / f"{model_name}_{condition.name}" / "best.safetensors",
            place / model_name.replace("_", "") / f"model_{condition.name}.pth",
        ):
            if path.is_file():
                return path
    where = " or ".join(map(str, places))
    raise InputError(f"no weights of {model_name} for {condition.name} in {where}; make them with train.py")
