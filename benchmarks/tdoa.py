"""Compare the delay experiment with a literal version of the published loops: same windows, same delays.

Both run in turn on one core, over and over; the fastest run of each counts. The literal version computes one GCC-PHAT
at a time, and relevance by zennit's own rules.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch

import params
from benchmarks.relevance import SEED, relevance
from benchmarks.timing import fastest_in_turn
from localization.delays import PROTOCOLS, estimated_lags_samples
from models import PUBLISHED_MODELS, build_model
from running import arguments, provenance
from running.errors import exits_cleanly
from running.files import write_json

PROTOCOL = PROTOCOLS["published"]


@exits_cleanly
def main(argv=None) -> None:
    """Measure, print and save."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--windows", type=arguments.whole(1), default=8, help="number of windows")
    parser.add_argument("--seconds", type=arguments.number(above=0), default=15.0, help="time to spend")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/tdoa.json"), help="where to save")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    models = [build_model(name).eval() for name in PUBLISHED_MODELS]
    windows = np.random.default_rng(SEED).standard_normal((args.windows, 16, 5120)).astype(np.float32) / 10

    def here() -> np.ndarray:
        signals = [windows, *(relevance(model, windows) for model in models)]
        return np.stack([estimated_lags_samples(signal, params.PUBLISHED, PROTOCOL)[0] for signal in signals])

    contenders = {"literal": lambda: literal(models, windows), "here": here}
    fastest_s, lags = fastest_in_turn(contenders, args.seconds, time.process_time)
    row = {
        "literal_s_per_window": fastest_s["literal"] / args.windows,
        "here_s_per_window": fastest_s["here"] / args.windows,
        "ratio": fastest_s["literal"] / fastest_s["here"],
        "same_delays": float((lags["literal"] == lags["here"]).mean()),
    }
    print(
        f"literal {row['literal_s_per_window']:.3f} s a window, here {row['here_s_per_window']:.3f} s, "
        f"ratio {row['ratio']:.1f}; the same delay in {row['same_delays']:.0%}"
    )
    write_json(args.output, {"rows": [row], **provenance.origin({**vars(args), "threads": 1})})
    print(f"saved to {args.output}")


def literal(models: list[torch.nn.Module], windows: np.ndarray) -> np.ndarray:
    """The published loops, shape (signal, window)."""
    signals = [windows, *(relevance(model, windows, fast=False) for model in models)]
    (first, second) = PROTOCOL.pairs[0]
    lags = np.zeros((len(signals), len(windows)))
    for window in range(len(windows)):
        for index, signal in enumerate(signals):
            n_fft = 1
            while n_fft < 2 * windows.shape[-1] + 1:
                n_fft *= 2
            cross = np.fft.rfft(signal[window, second], n_fft) * np.conj(np.fft.rfft(signal[window, first], n_fft))
            circular = np.fft.irfft(cross / np.abs(cross), n_fft)
            lags[index, window] = np.argmax(np.concatenate((circular[-n_fft // 2 :], circular[: n_fft // 2 + 1])))
            lags[index, window] -= n_fft // 2
    return lags


if __name__ == "__main__":
    main()
