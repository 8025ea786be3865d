"""Weights on disk: safetensors with a JSON beside it, and the published ``.pth`` files; neither can run code."""

from __future__ import annotations

from pathlib import Path

import torch

from models import MODELS, build_model
from models.network import Network
from running.errors import InputError
from running.files import read_json
from running.weights import in_float32, load_state, read_weights, write_weights


def save_checkpoint(path: str | Path, model_name: str, model: Network, arguments: dict, record: dict) -> None:
    """Write ``<path>.safetensors`` and ``<path>.json``, each whole or not at all.

    Parameters
    ----------
    path : path without suffix
    model_name : str
        Key of `models.MODELS`.
    model : Network
    arguments : dict
        What `models.build_model` needs to build the network again.
    record : dict
        How the weights came about: training arguments, seed, versions, history, best epoch.
    """
    write_weights(Path(path), {"model_name": model_name, "arguments": arguments}, model.state_dict(), record)


def load_checkpoint(path: str | Path, model_name: str | None = None) -> tuple[Network, dict]:
    """Load a network in evaluation mode from ``.safetensors`` or a published ``.pth``.

    Parameters
    ----------
    path : path
        The weights; what their file says of its network counts, the JSON beside it is only a record.
    model_name : str, optional
        The network expected; for a ``.pth`` it is told from the keys when absent.

    Returns
    -------
    model : Network
    record : dict
        ``model_name`` and ``arguments``, with which `models.build_model` makes such a network untrained, and what else
        the JSON beside the weights says, where there is one.

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
    with torch.random.fork_rng(devices=[]):  # the weights drawn here are replaced
        model = build_model(described["model_name"], **described["arguments"])
    load_state(model, state, path, described["model_name"])
    record_path = path.with_suffix(".json")
    return model.eval(), (read_json(record_path) if record_path.is_file() else {}) | described


def _read_safetensors(path: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    described, state = read_weights(path)
    match described:
        case {"model_name": str(name), "arguments": dict(arguments), **rest} if not rest:
            return {"model_name": name, "arguments": arguments}, state
    raise InputError(f"{path} does not say which network it belongs to")


def _read_published(path: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # damaged files raise whatever their bytes happen to mean
        raise InputError(f"{path} is damaged, or holds more than weights and is not loaded") from None
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise InputError(f"{path} is no state_dict of a published network")
    state = {str(key): value for key, value in state.items()}
    for model_name, network in MODELS.items():
        read = network.published_state(state)
        if read is not None:
            return {"model_name": model_name, "arguments": read[1]}, in_float32(read[0])
    raise InputError(f"{path} is of no network here: its keys are unknown")
