"""Compare relevance with a plain gradient: both networks at the published size, one core, the same windows.

All run in turn, over and over; the fastest run of each counts. Columns: windows a CPU second; time over the gradient's
time; greatest distance of the relevance from that of zennit's own rules, over its greatest value.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.timing import fastest_in_turn
from explain.methods.lrp import LRP
from models import PUBLISHED_MODELS, build_model
from models.inference import BATCH_SIZES
from running import arguments, provenance
from running.errors import exits_cleanly
from running.files import write_json

POSITION_M = np.array([1.48125, 5.375, 1.33693965])
SEED = 0


@exits_cleanly
def main(argv=None) -> None:
    """Measure, print and save."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--windows", type=arguments.whole(1), default=10, help="number of windows")
    parser.add_argument("--seconds", type=arguments.number(above=0), default=10.0, help="time to spend on each network")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/relevance.json"), help="where to save")
    args = parser.parse_args(argv)

    torch.set_num_threads(1)
    print(f"{'':10}  {'':16} {'windows/s':>9} {'x gradient':>10} {'distance':>8}")
    rows = [row for name in PUBLISHED_MODELS for row in compare(name, args.windows, args.seconds)]
    for row in rows:
        cells = f"{row['windows_per_s']:9.1f} {row['ratio_to_gradient']:10.2f}"
        distance = f"{row['distance']:8.1e}" if "distance" in row else ""
        print(f"{row['model']:10}  {row['what']:16} {cells} {distance}")
    write_json(args.output, {"rows": rows, **provenance.origin({**vars(args), "threads": 1})})
    print(f"saved to {args.output}")


def compare(name: str, n_windows: int, seconds: float) -> list[dict]:
    """Return a row for the gradient, relevance by the rules here, and relevance by zennit's."""
    torch.manual_seed(SEED)
    model = build_model(name).eval()
    windows = np.random.default_rng(SEED).standard_normal((n_windows, 16, 5120)).astype(np.float32) / 10
    contenders = {
        "gradient": lambda: gradient(model, windows),
        "relevance": lambda: relevance(model, windows),
        "zennit's rules": lambda: relevance(model, windows, fast=False),
    }
    fastest_s, results = fastest_in_turn(contenders, seconds, time.process_time)
    general = results["zennit's rules"]
    rows = [
        {
            "model": name,
            "what": what,
            "windows_per_s": n_windows / fastest_s[what],
            "ratio_to_gradient": fastest_s[what] / fastest_s["gradient"],
        }
        for what in contenders
    ]
    rows[1]["distance"] = float(np.abs(results["relevance"] - general).max() / np.abs(general).max())
    return rows


def relevance(model: nn.Module, windows: np.ndarray, fast: bool = True) -> np.ndarray:
    """Return LRP that starts from one true position."""
    return LRP(fast=fast).attribute(model, windows, np.tile(POSITION_M, (len(windows), 1)))


def gradient(model: nn.Module, windows: np.ndarray) -> np.ndarray:
    """Return the plain gradient of the summed outputs, batch by batch as relevance is computed."""
    parts = []
    for window in torch.tensor(windows).split(BATCH_SIZES["cpu"]):
        window.requires_grad_()
        parts.append(torch.autograd.grad(model(window).sum(), window)[0])
    return torch.cat(parts).numpy()


if __name__ == "__main__":
    main()
