"""Compare the perturbation experiment with a literal version of the published loops: same windows, same numbers.

Both run in turn on one core, over and over; the fastest run of each counts. Columns: CPU seconds a window; ratio;
greatest difference between their MAE curves in metres.
"""

from __future__ import annotations

import copy
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.relevance import POSITION_M, SEED, relevance
from benchmarks.timing import fastest_in_turn
from explain.lrp.rules import build_composite
from explain.removal import CURVES, PERCENTS, answers_without, at_random, by_attribution, by_energy, random_places
from explain.zennit_import import zennit
from models import PUBLISHED_MODELS, build_model
from running import arguments, provenance
from running.errors import exits_cleanly
from running.files import write_json


@exits_cleanly
def main(argv=None) -> None:
    """Measure, print and save."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--windows", type=arguments.whole(1), default=4, help="number of windows")
    parser.add_argument("--seconds", type=arguments.number(above=0), default=20.0, help="time to spend on each network")
    output = Path("results/benchmarks/perturbation.json")
    parser.add_argument("--output", type=Path, default=output, help="where to save")
    args = parser.parse_args(argv)

    torch.set_num_threads(1)
    print(f"{'':10} {'literal s':>10} {'here s':>10} {'ratio':>6} {'distance m':>10}")
    rows = [compare(name, args.windows, args.seconds) for name in PUBLISHED_MODELS]
    for row in rows:
        print(
            f"{row['model']:10} {row['literal_s_per_window']:10.3f} {row['here_s_per_window']:10.3f} "
            f"{row['ratio']:6.1f} {row['mae_distance_m']:10.1e}"
        )
    write_json(args.output, {"rows": rows, **provenance.origin({**vars(args), "threads": 1})})
    print(f"saved to {args.output}")


def compare(name: str, n_windows: int, seconds: float) -> dict:
    """Return seconds a window of both versions, their ratio, and how far apart their results are."""
    torch.manual_seed(SEED)
    model = build_model(name).eval()
    windows = np.random.default_rng(SEED).standard_normal((n_windows, 16, 5120)).astype(np.float32) / 10
    orders = random_places(windows.shape, SEED, 0, 0).flatten(1).argsort(dim=1).numpy()
    contenders = {"literal": lambda: literal(model, windows, POSITION_M, orders), "here": lambda: here(model, windows)}
    fastest_s, estimates_m = fastest_in_turn(contenders, seconds, time.process_time)
    mae_m = {
        what: {curve: np.abs(each - POSITION_M).mean(axis=(0, 2)) for curve, each in found.items()}
        for what, found in estimates_m.items()
    }
    return {
        "model": name,
        "literal_s_per_window": fastest_s["literal"] / n_windows,
        "here_s_per_window": fastest_s["here"] / n_windows,
        "ratio": fastest_s["literal"] / fastest_s["here"],
        "mae_distance_m": float(max(np.abs(mae_m["here"][curve] - mae_m["literal"][curve]).max() for curve in CURVES)),
    }


def here(model: nn.Module, windows: np.ndarray) -> dict[str, np.ndarray]:
    """The experiment as it is, shaped as `literal` returns it."""
    orders = (by_attribution(lambda row, inputs: relevance(model, inputs)), by_energy, at_random([0], SEED, 1))
    return {
        curve: answers_without(model, windows, order(0, windows))[0]
        for curve, order in zip(CURVES, orders, strict=True)
    }


def literal(
    model: nn.Module, windows: np.ndarray, position_m: np.ndarray, random_orders: np.ndarray
) -> dict[str, np.ndarray]:
    """The published loops: relevance anew for each percentage, samples zeroed one by one.

    Differs from what was published in one thing: the random order is given, so that results can be compared.

    Returns
    -------
    dict of arrays, shape (window, percent, 3)
    """
    estimates_m = {curve: np.zeros((len(windows), len(PERCENTS), 3)) for curve in CURVES}
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


if __name__ == "__main__":
    main()
