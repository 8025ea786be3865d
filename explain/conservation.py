"""Where relevance goes: how much each layer receives and passes on, and how much two sets of relevance differ."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import torch
from torch import nn

from explain.relevance import default_batch_size, relevance_of_batch, ruled, true_positions_m
from explain.rules import describe_composite


def conservation_ledger(
    model: nn.Module,
    windows: np.ndarray,
    positions_m: np.ndarray | None = None,
    start: str = "ground_truth",
    gate: str = "published",
    device: str | torch.device = "cpu",
    fast: bool = True,
) -> pd.DataFrame:
    """Account for relevance layer by layer, from the output down to the input.

    What a layer receives and doesn't pass on went to its bias or, where an output is close to 0, to the stabiliser.

    Parameters
    ----------
    model, windows, positions_m, start, gate, device, fast
        See `explain.relevance.compute_relevance`, which also says what is raised.

    Returns
    -------
    pandas.DataFrame
        A row for each layer, the input last: layer, kind, rule, received_m, passed_m (sums over all windows, in
        metres), share (received_m over what was put in at the output).
    """
    batch_size = default_batch_size(device)
    true_m = true_positions_m(start, positions_m, len(windows))
    received_m, passed_m, put_in_m = defaultdict(float), defaultdict(float), 0.0
    with ruled(model.to(device), gate, fast):
        handles = [
            handle
            for name, layer in model.named_modules()
            if not any(layer.children())
            for handle in _watch(name, layer, received_m, passed_m)
        ]
        try:
            for first in range(0, len(windows), batch_size):
                part = slice(first, first + batch_size)
                relevance, start_m = relevance_of_batch(model, windows[part], true_m[part], start, device)
                put_in_m += _total(start_m)
                received_m["input"] += _total(relevance)
        finally:
            for handle in handles:
                handle.remove()
    layers = [*reversed(describe_composite(model, gate)), {"layer": "input", "kind": "input", "rule": "", "reason": ""}]
    ledger = pd.DataFrame(layers).drop(columns="reason")
    ledger["received_m"] = ledger.layer.map(received_m)
    ledger["passed_m"] = ledger.layer.map(passed_m | {"input": np.nan})
    return ledger.assign(share=ledger.received_m / put_in_m)


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


def _watch(name: str, layer: nn.Module, received_m: dict, passed_m: dict) -> tuple:
    """Let a layer add what it receives and passes on to the books."""

    def book(account: dict, value: torch.Tensor) -> torch.Tensor:
        def add(relevance: torch.Tensor) -> None:
            account[name] += _total(relevance)

        value = value.view_as(value)  # a branch of its own, for inputs that other layers share
        value.register_hook(add)
        return value

    def before(layer: nn.Module, inputs: tuple) -> tuple:
        return tuple(book(passed_m, value) for value in inputs)

    def after(layer: nn.Module, inputs: tuple, output: torch.Tensor) -> torch.Tensor:
        return book(received_m, output)

    return layer.register_forward_pre_hook(before, prepend=True), layer.register_forward_hook(after)


def _total(relevance: torch.Tensor) -> float:
    return relevance.sum(dtype=torch.float64).item()


def _cosine(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (first * second).sum(axis=1) / np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
