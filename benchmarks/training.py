"""Compare a training step with the machine's own matrix products: how much of what it can do is used.

A step takes a batch of windows of 16 x 5120 samples forward, backward and through the optimiser. All contenders run in
turn, over and over; the fastest run of each counts. Columns: milliseconds a window; operations a second of the step's
multiplications and additions (counted by PyTorch); the same of a product of two large matrices; ratio; time of mixing
the step's windows (`training.mixtures`, at T60 0.15 s) and of reading them from disk, as shares of the step's time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

import params
from acoustics.recordings import FORMAT, Dataset, Recordings, write_recording
from benchmarks.timing import fastest_in_turn
from models import MODELS, build_model
from running import arguments, precision, provenance
from running.errors import exits_cleanly
from running.files import write_json
from training.learner import Learner
from training.mixtures import Mixtures
from training.recipes import DEFAULT, RECIPES
from training.windows import Batch, read

KINDS = {"fp32": torch.float32, "bf16": torch.bfloat16}
MATRIX_SIZE = 2048
UTTERANCE_S = 3.5
BATCH_SIZE = RECIPES[DEFAULT].batch_size


@exits_cleanly
def main(argv=None) -> None:
    """Measure, print and save."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--seconds", type=arguments.number(above=0), default=60.0, help="time to spend")
    parser.add_argument("--threads", type=arguments.whole(1), default=torch.get_num_threads(), help="threads")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/training.json"), help="where to save")
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    rows = compare(args.seconds, torch.device("cpu"))
    print(f"{'network':12} kind  ms/window   Gop/s  product  ratio  mixing  reading")
    for row in rows:
        print(
            f"{row['model']:12} {row['kind']} {row['window_ms']:10.2f} {row['gop_per_s']:7.0f} "
            f"{row['product_gop_per_s']:8.0f} {row['ratio']:6.2f} "
            f"{row['mixing_share']:7.1%} {row['reading_share']:8.1%}"
        )
    write_json(args.output, {"rows": rows, "threads": args.threads, **provenance.origin(vars(args))})
    print(f"saved to {args.output}")


def compare(seconds: float, device: torch.device) -> list[dict]:
    """Return a row for each network and precision."""
    precision.prepare(device)
    steps = {(name, kind): Step(name, kind, device) for name in MODELS for kind in KINDS}
    matrices = {kind: torch.randn(MATRIX_SIZE, MATRIX_SIZE).to(dtype) for kind, dtype in KINDS.items()}
    products = {kind: lambda matrix=matrix: matrix @ matrix for kind, matrix in matrices.items()}
    with tempfile.TemporaryDirectory() as folder:
        recordings = _write_recordings(Path(folder))
        rows = np.arange(BATCH_SIZE)
        batch = Batch(rows % len(recordings), rows % recordings.window_counts.min())
        talkers = RECIPES[DEFAULT].talkers
        assert talkers, "the usual recipe mixes windows"
        mixtures = Mixtures(recordings, talkers, 0, device)
        takes = mixtures.draw_epoch(np.random.default_rng(0))
        loading = {"reading": lambda: read(recordings, batch), "mixing": lambda: mixtures.mix(takes)}
        contenders: dict[Any, Callable] = {**steps, **products, **loading}
        fastest_s, _ = fastest_in_turn(contenders, seconds)
    operations = {name: steps[name, "fp32"].count_operations() for name in MODELS}
    product_gop_per_s = {kind: 2e-9 * MATRIX_SIZE**3 / fastest_s[kind] for kind in KINDS}
    return [
        {
            "model": name,
            "kind": kind,
            "window_ms": 1e3 * fastest_s[name, kind] / BATCH_SIZE,
            "gop_per_s": 1e-9 * operations[name] / fastest_s[name, kind],
            "product_gop_per_s": product_gop_per_s[kind],
            "ratio": 1e-9 * operations[name] / fastest_s[name, kind] / product_gop_per_s[kind],
            "mixing_share": fastest_s["mixing"] / fastest_s[name, kind],
            "reading_share": fastest_s["reading"] / fastest_s[name, kind] / torch.get_num_threads(),
        }
        for name, kind in steps
    ]


class Step:
    """A training step of our own recipe on windows of noise."""

    def __init__(self, name: str, kind: str, device: torch.device):
        hyperparameters = MODELS[name].hyperparameters(DEFAULT)
        self.positions = torch.randn(BATCH_SIZE, 3)
        self.learner = Learner(build_model(name, **hyperparameters.arguments), self.positions).train()
        self.optimizer = RECIPES[DEFAULT].make_optimizer(self.learner, hyperparameters.learning_rate)
        self.windows = torch.randn(BATCH_SIZE, 5120, 16).transpose(1, 2)  # (window, microphone, sample)
        self.kind, self.device = kind, device

    def __call__(self) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        with precision.autocast(self.kind, self.device):
            squared, divergence = self.learner(self.windows, self.positions)
        ((squared.sum() + divergence) / BATCH_SIZE).backward()
        self.optimizer.step()

    def count_operations(self) -> int:
        """Return the multiplications and additions of a step."""
        with FlopCounterMode(display=False) as counter:
            self()
        return counter.get_total_flops()


def _write_recordings(folder: Path) -> Recordings:
    """Write a batch of sources of noise as generate_data.py would."""
    setup, condition = params.PUBLISHED, params.CONDITIONS[0]
    dataset = Dataset(folder / condition.name, provenance.plain({"setup": setup, "condition": vars(condition)}))
    write_json(dataset.folder / "dataset.json", {"format": FORMAT, "arguments": dataset.arguments})
    rng = np.random.default_rng(0)
    samples = int(UTTERANCE_S * setup.fs_hz)
    rirs = rng.standard_normal((len(setup.array), int(condition.T60_s * setup.fs_hz))).astype(np.float32)
    for source in range(BATCH_SIZE):
        row: dict = {"source": source, "windows": samples // setup.window_samples, "x_m": 1.7, "y_m": 5.5, "z_m": 1.2}
        row |= {"utterance": f"noise-{source % 8}", "speaker": "noise", "correlation_time_samples": 2}
        recording = rng.standard_normal((len(setup.array), samples)).astype(np.float32)
        dataset.write_response(source, rirs)
        dataset.write_speech("train", row["utterance"], recording[0], setup.fs_hz)
        write_recording(dataset.path("train", source), recording, setup.fs_hz, 0.1, row)
    dataset.write_table("train")
    return Recordings(dataset.folder / "train")


if __name__ == "__main__":
    main()
