"""Weights on disk: safetensors with a JSON beside it, and the published ``.pth`` files; neither can run code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import nn

from models import build_model
from running.errors import InputError
from running.files import read_json, whole_file, write_json

# Key names of the published SampleCNN and their names here; LocCNN's are the same.
PUBLISHED_KEYS = (
    (r"^BasicBlock1\.bn\.", "stem.norm."),
    (r"^BasicBlock1\.", "stem."),
    (r"\.BasicBlock\.bn\.", ".block.norm."),
    (r"\.BasicBlock\.", ".block."),
    (r"\.SEBlock\.", ".excite."),
    (r"^(ReSE\d)\.conv1\.", r"\1.conv."),
    (r"^(ReSE\d)\.bn1\.", r"\1.norm."),
    (r"^dense1\.", "dense."),
    (r"^bn1\.", "norm."),
    (r"^output_dense\.", "output."),
)
FIRST_LAYERS = {"loc_cnn": "conv1.weight", "sample_cnn": "stem.conv.weight"}


def save_checkpoint(path: str | Path, model_name: str, model: nn.Module, arguments: dict, record: dict) -> None:
    """Write ``<path>.safetensors`` and ``<path>.json``, each whole or not at all.

    Parameters
    ----------
    path : path without suffix
    model_name : str
        Key of `models.MODELS`.
    model : torch.nn.Module
    arguments : dict
        What `models.build_model` needs to build the network again.
    record : dict
        How the weights came about: training arguments, seed, versions, history, best epoch.
    """
    path = Path(path)
    described = {"model_name": model_name, "arguments": arguments}
    state = {key: value.detach().contiguous().cpu() for key, value in model.state_dict().items()}
    with whole_file(path.with_name(path.name + ".safetensors")) as beside:
        beside.write_bytes(save(state, metadata={"model": json.dumps(described)}))
    write_json(path.with_name(path.name + ".json"), described | record)


def load_checkpoint(path: str | Path, model_name: str | None = None) -> tuple[nn.Module, dict]:
    """Load a network in evaluation mode from ``.safetensors`` or a published ``.pth``.

    Parameters
    ----------
    path : path
        The weights; what a ``.safetensors`` file says of its network counts, the JSON beside it is only a record.
    model_name : str, optional
        The network expected; for a ``.pth`` it is told from the keys when absent.

    Returns
    -------
    model : torch.nn.Module
    record : dict
        The JSON beside the weights, or ``{"model_name", "arguments"}`` where there is none.

    Raises
    ------
    InputError
        When the file is absent, damaged, holds code, or is of another network.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"no weights at {path}")
    described, state = _read_published(path) if path.suffix in (".pth", ".pt") else _read_safetensors(path)
    if model_name not in (None, described["model_name"]):
        raise InputError(f"{path} holds weights of {described['model_name']}, not of {model_name}")
    with torch.device("meta"):
        model = build_model(described["model_name"], **described["arguments"])
    try:
        model.load_state_dict(state, assign=True)
    except RuntimeError:
        raise InputError(f"{path} does not fit {described['model_name']}: other keys or sizes") from None
    if not all(torch.isfinite(value).all() for value in state.values()):
        raise InputError(f"{path} holds weights that are no numbers")
    record_path = path.with_suffix(".json")
    return model.eval(), read_json(record_path) if record_path.is_file() else described


def _read_safetensors(path: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
        described = json.loads(metadata["model"])
        state = load_file(path)
    except Exception:  # damaged files raise whatever their bytes happen to mean
        raise InputError(f"{path} is damaged or no checkpoint of this repository") from None
    match described:
        case {"model_name": str(), "arguments": dict()} if len(described) == 2:
            return described, _in_float32(state)
    raise InputError(f"{path} does not say which network it belongs to")


def _read_published(path: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # damaged files raise whatever their bytes happen to mean
        raise InputError(f"{path} is damaged, or holds more than weights and is not loaded") from None
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise InputError(f"{path} is no state_dict of a published network")
    state = _in_float32({_own_key(str(key)): value for key, value in state.items()})
    for model_name, first in FIRST_LAYERS.items():
        if first in state and state[first].ndim == 3:
            arguments = {"microphones": state[first].shape[1], "dropout": "published"}
            return {"model_name": model_name, "arguments": arguments}, state
    raise InputError(f"{path} is of neither network: its keys are unknown")


def _in_float32(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {key: value.float() if value.is_floating_point() else value for key, value in state.items()}


def _own_key(key: str) -> str:
    for pattern, replacement in PUBLISHED_KEYS:
        key = re.sub(pattern, replacement, key)
    return re.sub(r"^ReSE(\d)\.", lambda match: f"blocks.{int(match[1]) - 1}.", key)
