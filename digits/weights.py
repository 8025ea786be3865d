"""Trained networks, and their untrained twins."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from digits.networks import NETWORKS
from running.errors import InputError
from running.files import read_json
from running.weights import load_state, read_weights


def build(name: str, n_classes: int, seed: int) -> nn.Module:
    """Return a network with the weights that PyTorch's layers start with, drawn by a seed.

    Parameters
    ----------
    name : str
        Key of `digits.networks.NETWORKS`.
    n_classes, seed : int
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return NETWORKS[name](n_classes)


def untrained(network: nn.Module, seed: int) -> nn.Module:
    """Return a network like another one, with random weights and in evaluation mode."""
    name = next(name for name, kind in NETWORKS.items() if isinstance(network, kind))
    return build(name, network.n_classes, seed).eval()


def load_network(folder: str | Path) -> tuple[nn.Module, dict]:
    """Load the best weights of a run folder.

    Parameters
    ----------
    folder : path
        Of ``python -m digits.train``.

    Returns
    -------
    network : torch.nn.Module
        In evaluation mode.
    record : dict
        ``network``, ``task``, ``fold`` and ``n_classes``; and what else ``best.json`` says of how it was trained.

    Raises
    ------
    InputError
        When weights are absent, damaged, or of another network.
    """
    path = Path(folder) / "best.safetensors"
    if not path.is_file():
        raise InputError(f"no weights at {path}; train with python -m digits.train")
    described, state = read_weights(path)
    match described:
        case {"network": str(name), "task": str(task), "fold": int(fold), "n_classes": int(n)} if name in NETWORKS:
            network, told = build(name, n, seed=0), {"network": name, "task": task, "fold": fold, "n_classes": n}
        case _:
            raise InputError(f"{path} does not say which network it belongs to")
    load_state(network, state, path, name)
    return network.eval(), read_json(path.with_suffix(".json")) | told
