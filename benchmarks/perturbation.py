"""The perturbation experiment against a literal version of the published loops, on the same windows.

Run as ``python -m benchmarks.perturbation``.
"""

from __future__ import annotations

import argparse
import copy
import time

import numpy as np
import torch
from torch import nn

from explain.perturbation import PERCENTS, mae_curves, perturb_source, random_places
from explain.relevance import compute_relevance
from explain.rules import build_composite
from explain.zennit_import import zennit
from models import MODELS, build_model
from running.files import write_json

POSITION_M = np.array([1.48125, 5.375, 1.33693965])
SEED = 0


def literal(
    model: nn.Module, windows: np.ndarray, position_m: np.ndarray, random_orders: np.ndarray
) -> dict[str, np.ndarray]:
    """The published loops: relevance anew for each percentage, samples zeroed one by one.

    Differs from what was published in one thing: the random order is given, so that results can be compared.

    Returns
    -------
    dict of arrays, shape (window, percent, 3)
    """
    estimates_m = {curve: np.zeros((len(windows), len(PERCENTS), 3)) for curve in ("relevance", "energy", "random")}
    for step, percent in enumerate(PERCENTS):
        attributor = zennit.attribution.Gradient(model=model, composite=build_composite(model, fast=False))
        with attributor:
            _, relevance = attributor(torch.Tensor(windows), torch.Tensor(position_m).repeat(len(windows), 1))
        relevance = relevance.numpy()
        perturbed = {curve: np.zeros(windows.shape) for curve in estimates_m}
        for window, values in enumerate(windows):
            for curve in estimates_m:
                flat = values.reshape(-1)
                count = int(percent / 100 * len(flat))
                if curve == "relevance":
                    order = np.argsort(-relevance[window].reshape(-1), kind="stable")
                elif curve == "energy":
                    order = np.argsort(-np.abs(flat), kind="stable")
                else:
                    order = random_orders[window]
                removed = copy.deepcopy(flat)
                for index in range(count):
                    removed[order[index]] = 0
                perturbed[curve][window] = removed.reshape(values.shape)
        with torch.no_grad():
            for curve in estimates_m:
                estimates_m[curve][:, step] = model(torch.Tensor(perturbed[curve])).numpy()
    return estimates_m


def here(model: nn.Module, windows: np.ndarray) -> dict[str, np.ndarray]:
    """The same with relevance computed once and nothing done sample by sample; shapes (draw, window, percent, 3)."""
    return perturb_source(model, windows, compute_relevance(model, windows, POSITION_M), seed=SEED)


def compare(name: str, n_windows: int, repeats: int) -> dict:
    """Return seconds a window of both versions, their ratio, and how far apart their results are."""
    model = build_model(name).eval()
    windows = np.random.default_rng(SEED).standard_normal((n_windows, 16, 5120)).astype(np.float32) / 10
    random_orders = random_places(windows.shape, SEED, source=0, draw=0).argsort(dim=1).numpy()
    seconds = {"literal": np.inf, "here": np.inf}
    for _ in range(repeats):
        start_s = time.perf_counter()
        expected_m = literal(model, windows, POSITION_M, random_orders)
        middle_s = time.perf_counter()
        estimates_m = here(model, windows)
        seconds["literal"] = min(seconds["literal"], middle_s - start_s)
        seconds["here"] = min(seconds["here"], time.perf_counter() - middle_s)
    expected_mae_m = mae_curves([{curve: value[None] for curve, value in expected_m.items()}], POSITION_M[None]).mae_m
    mae_m = mae_curves([estimates_m], POSITION_M[None]).mae_m
    return {
        "model": name,
        "windows": n_windows,
        "literal_s_per_window": seconds["literal"] / n_windows,
        "here_s_per_window": seconds["here"] / n_windows,
        "ratio": seconds["literal"] / seconds["here"],
        "largest_estimate_difference_m": max(
            float(np.abs(estimates_m[curve][0] - expected_m[curve]).max()) for curve in expected_m
        ),
        "largest_mae_difference_m": float((mae_m - expected_mae_m).abs().max()),
    }


def main(argv: list[str] | None = None) -> None:
    """Compare, print, and write ``results/benchmarks/perturbation.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--windows", type=int, default=4, help="number of windows (%(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of which the fastest counts (%(default)s)")
    parser.add_argument("--output", default="results/benchmarks/perturbation.json", help="file (%(default)s)")
    arguments = parser.parse_args(argv)
    torch.manual_seed(SEED)
    rows = [compare(name, arguments.windows, arguments.repeats) for name in MODELS]
    for row in rows:
        print(
            f"{row['model']}: literal {row['literal_s_per_window']:.3f} s a window, here "
            f"{row['here_s_per_window']:.3f} s, ratio {row['ratio']:.1f}; MAE differs by at most "
            f"{row['largest_mae_difference_m']:.1e} m"
        )
    write_json(arguments.output, {"threads": torch.get_num_threads(), "rows": rows})


if __name__ == "__main__":
    main()
