"""Where relevance goes: how much each layer receives and passes on, and how much two sets of relevance differ."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import torch
from torch import nn

from models.inference import BATCH_SIZES


def conservation_ledger(
    model: nn.Module, inputs: np.ndarray, start: np.ndarray, layers: list[dict[str, str]], device: str | torch.device
) -> pd.DataFrame:
    """Account for relevance layer by layer, from the output down to the input.

    What a layer receives and doesn't pass on went to its bias or, where an output is close to 0, to the stabiliser.

    Parameters
    ----------
    model : torch.nn.Module
        With its rules in force, see `explain.lrp.rules.ruled`.
    inputs, start, device
        See `explain.methods.method.Method.attribute`.
    layers : list of dict
        Those with their rules, of `explain.lrp.rules.describe_composite`.

    Returns
    -------
    pandas.DataFrame
        A row for each layer, the input last: layer, kind, rule, received, passed (sums over all inputs, in the unit of
        the start), share (received over what was put in at the output).
    """
    received, passed = defaultdict(float), defaultdict(float)
    handles = [
        handle
        for name, layer in model.named_modules()
        if not any(layer.children())
        for handle in _watch(name, layer, received, passed)
    ]
    size = BATCH_SIZES[torch.device(device).type]
    try:
        for first in range(0, len(inputs), size):
            part = slice(first, first + size)
            batch, put_in = (torch.tensor(each[part], dtype=torch.float32, device=device) for each in (inputs, start))
            (relevance,) = torch.autograd.grad(model(batch.requires_grad_()), batch, put_in)
            received["input"] += _total(relevance)
    finally:
        for handle in handles:
            handle.remove()
    layers = [*reversed(layers), {"layer": "input", "kind": "input", "rule": "", "reason": ""}]
    ledger = pd.DataFrame(layers).drop(columns="reason")
    ledger["received"] = ledger.layer.map(received)
    ledger["passed"] = ledger.layer.map(passed | {"input": np.nan})
    return ledger.assign(share=ledger.received / np.sum(start, dtype=np.float64))


def relevance_difference(first: np.ndarray, second: np.ndarray) -> pd.DataFrame:
    """Compare two sets of relevance of the same windows, such as those of the gates "published" and "signal".

    Parameters
    ----------
    first, second : arrays, shape (window, microphone, sample)

    Returns
    -------
    pandas.DataFrame
        A row for each window: correlation, cosine, and moved_share: how much of the absolute relevance sits elsewhere,
        both scaled to a total of 1 (0: the same; 1: on other samples, or with the other sign everywhere).
    """
    first, second = (np.asarray(each, dtype=np.float64).reshape(len(each), -1) for each in (first, second))
    totals = [np.abs(each).sum(axis=1, keepdims=True) for each in (first, second)]
    centred = [each - each.mean(axis=1, keepdims=True) for each in (first, second)]
    return pd.DataFrame(
        {
            "correlation": _cosine(*centred),
            "cosine": _cosine(first, second),
            "moved_share": np.abs(first / totals[0] - second / totals[1]).sum(axis=1) / 2,
        }
    )


def _watch(name: str, layer: nn.Module, received: dict, passed: dict) -> tuple:
    """Let a layer add what it receives and passes on to the books."""

    def book(account: dict, value: torch.Tensor) -> torch.Tensor:
        def add(relevance: torch.Tensor) -> None:
            account[name] += _total(relevance)

        value = value.view_as(value)  # a branch of its own, for inputs that other layers share
        value.register_hook(add)
        return value

    def before(layer: nn.Module, inputs: tuple) -> tuple:
        return tuple(book(passed, value) for value in inputs)

    def after(layer: nn.Module, inputs: tuple, output: torch.Tensor) -> torch.Tensor:
        return book(received, output)

    return layer.register_forward_pre_hook(before, prepend=True), layer.register_forward_hook(after)


def _total(relevance: torch.Tensor) -> float:
    return relevance.sum(dtype=torch.float64).item()


def _cosine(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (first * second).sum(axis=1) / np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
