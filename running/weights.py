"""Weights on disk: safetensors, which can't run code, with a JSON beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save

from running.errors import InputError
from running.files import whole_file, write_json


def write_weights(path: Path, described: dict, state: Mapping[str, torch.Tensor], record: dict) -> None:
    """Write ``<path>.safetensors`` and ``<path>.json``, each whole or not at all.

    Parameters
    ----------
    path : Path without suffix
    described : dict
        The network they belong to; it stands in both files.
    state : mapping
        The weights by their names.
    record : dict
        How they came about.
    """
    state = {key: value.detach().contiguous().cpu() for key, value in state.items()}
    with whole_file(path.with_name(path.name + ".safetensors")) as beside:
        beside.write_bytes(save(state, metadata={"model": json.dumps(described)}))
    write_json(path.with_name(path.name + ".json"), described | record)


def read_weights(path: Path) -> tuple[object, dict[str, torch.Tensor]]:
    """Read a file of `write_weights`.

    Returns
    -------
    described : object
        What the file says of the network that it belongs to, to be checked.
    state : dict
        The weights by their names, in float32.

    Raises
    ------
    InputError
        When the file is damaged.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
        return json.loads(metadata["model"]), in_float32(load_file(path))
    except Exception:  # damaged files raise whatever their bytes happen to mean
        raise InputError(f"{path} is damaged or no checkpoint of this repository") from None


def in_float32(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return weights with floating point numbers of 32 bits."""
    return {key: value.float() if value.is_floating_point() else value for key, value in state.items()}


def load_state(model: torch.nn.Module, state: Mapping[str, torch.Tensor], path: Path, name: str) -> None:
    """Give a network the weights of a file.

    Raises
    ------
    InputError
        When they don't fit it, or are no numbers.
    """
    try:
        model.load_state_dict(state, assign=True)
    except RuntimeError:
        raise InputError(f"{path} does not fit {name}: other keys or sizes") from None
    if not all(torch.isfinite(value).all() for value in state.values()):
        raise InputError(f"{path} holds weights that are no numbers")
