"""Experiment 2: time delays between microphones from their signals and from the relevance of these signals.

    python tdoa_experiment.py --T60 0.15 --SNR 25
    python tdoa_experiment.py --conditions all --protocol published refined

prints the share of anomalies, the MAE in samples of the other estimates and how often estimates point to the right
side, and writes them to results/tdoa. The rows
"always lag 0" and "untrained" (the same network with random weights) say what the numbers are worth. It needs the test
recordings (generate_data.py) and weights (train.py, or those that are shipped).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

import params
from acoustics.recordings import Recordings
from explain.delays import (
    PROTOCOLS,
    DelayProtocol,
    delay_rows,
    estimated_lags_samples,
    summarise_delays,
    true_lags_samples,
)
from explain.experiment import Trial, add_arguments, open_trials, origin_of, results_folder
from explain.store import RelevanceStore
from models import build_model
from report.tables import as_text, write_latex
from running import arguments, ranks
from running.errors import InputError, exits_cleanly
from running.files import write_csv, write_json
from running.parts import by_source
from running.provenance import fingerprint

LEGEND = """Anomalies in percent, and MAE in samples of the other estimates; direction: of the windows with
a true delay of a sample or more, percent whose estimate has its sign, less percent with the other sign."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_arguments(parser)
    parser.add_argument(
        "--protocol",
        nargs="+",
        choices=PROTOCOLS,
        default=["published"],
        help="what the next four options are: microphones 7 and 8 and none of the others, or four pairs and all of "
        "the others; each protocol gives its own results",
    )
    parser.add_argument("--pairs", nargs="+", type=_pair, metavar="M,N", help="pairs of microphones, counted from 0")
    parser.add_argument(
        "--limit_lag", action=argparse.BooleanOptionalAction, help="look only at lags that the distance allows"
    )
    parser.add_argument("--fractional_truth", action=argparse.BooleanOptionalAction, help="compare with exact delays")
    parser.add_argument("--sub_sample", action=argparse.BooleanOptionalAction, help="refine the peak by a parabola")
    return parser.parse_args(argv)


def protocols_of(args) -> dict[str, DelayProtocol]:
    """Return the protocols by name, with what the command line changes of them."""
    names = ("limit_lag", "fractional_truth", "sub_sample")
    changes = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.pairs:
        changes["pairs"] = tuple(args.pairs)
    return {name: replace(PROTOCOLS[name], **changes) for name in dict.fromkeys(args.protocol)}


def untrained(trial: Trial, seed: int) -> torch.nn.Module:
    """Return the trial's network with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        setup = trial.recordings.setup
        return build_model(
            trial.model_name,
            microphones=len(setup.array),
            window_samples=setup.window_samples,
            input_scale=trial.model.scale.kind,
        ).eval()


def signals_of(trials: list[Trial], args) -> dict[str, tuple[str, Callable[[int], np.ndarray]]]:
    """Return the signals whose delays are estimated in one condition: by name, what they depend on and how to get them.

    Each is a function from a source's row to an array of shape (window, microphone, sample).
    """
    recordings = trials[0].recordings
    signals = {"microphones": (recordings.fingerprint, recordings.windows)}
    for trial in trials:
        signals[f"relevance {trial.model_name}"] = (trial.relevance.fingerprint, trial.relevance.relevance)
    for trial in trials:
        control = RelevanceStore(
            args.results / "relevance",
            recordings,
            untrained(trial, args.seed),
            args.start,
            args.gate,
            device=arguments.device(args),
        )
        signals[f"untrained {trial.model_name}"] = (control.fingerprint, control.compute)
    return signals


def estimate_lags(
    trials: list[Trial], args, protocols: dict[str, DelayProtocol]
) -> dict[str, list[dict[str, np.ndarray]]]:
    """Return the delays of all signals in one condition: of each signal, for each source, by protocol."""
    recordings = trials[0].recordings
    sources = [row["source"] for row in recordings.sources]
    estimators = {name: (each.pairs, each.limit_lag, each.sub_sample) for name, each in protocols.items()}
    lags_samples = {}
    for name, (identity, signal) in signals_of(trials, args).items():

        def compute(row: int, signal=signal) -> dict[str, np.ndarray]:
            heard = signal(row)
            return {
                name: estimated_lags_samples(heard, recordings.setup, protocol) for name, protocol in protocols.items()
            }

        folder = fingerprint({"signal": identity, "estimators": estimators})[:16]
        lags_samples[name] = by_source(
            args.results / "parts" / f"tdoa-{folder}", sources, compute, f"{name} {recordings.condition.name}"
        )
    lags_samples[params.LAG_ZERO] = [
        {name: np.zeros_like(lags) for name, lags in part.items()} for part in lags_samples["microphones"]
    ]
    return lags_samples


def condition_rows(trials: list[Trial], args, protocols: dict[str, DelayProtocol]) -> dict[str, pd.DataFrame]:
    """Return the delays of all signals in one condition, by protocol: a row for each source, signal, pair, window."""
    recordings = trials[0].recordings
    _check_pairs(protocols, recordings)
    lags_samples = estimate_lags(trials, args, protocols)
    tables = {name: [] for name in protocols}
    for signal, of_sources in lags_samples.items():
        for row, position_m, lags in zip(recordings.sources, recordings.positions_m, of_sources, strict=True):
            place = {"condition": recordings.condition.name, "signal": signal, "source": row["source"]}
            for name, protocol in protocols.items():
                truth = true_lags_samples(position_m, recordings.setup, protocol)
                table = delay_rows(lags[name], truth, row["correlation_time_samples"], protocol)
                tables[name].append(table.assign(**place))
    return {name: pd.concat(rows, ignore_index=True) for name, rows in tables.items()}


def write_results(rows: pd.DataFrame, args, trials: list[Trial], name: str, protocol: DelayProtocol) -> Path:
    """Write and print the results of a protocol; return their folder."""
    folder = folder_of(args, name)
    summary = summarise_delays(rows, args.seed)
    shown = summary[["condition", "pair", "signal", "windows", "anomalies_percent", "mae_samples", "direction_percent"]]
    write_csv(folder / "delays.csv", rows)
    write_csv(folder / "summary.csv", summary)
    write_latex(folder / "table.tex", shown, digits=3)
    write_json(folder / "run.json", origin_of(args, trials, protocol=vars(protocol)))
    print(f"{name} protocol. {LEGEND}")
    print(as_text(shown, digits=3))
    print(f"results: {folder}")
    return folder


def folder_of(args, protocol_name: str) -> Path:
    """Return the folder of a protocol's results."""
    return results_folder(args, "tdoa" if protocol_name == "published" else f"tdoa_{protocol_name}")


@exits_cleanly
def main(argv: list[str] | None = None) -> list[Path]:
    """Run the script; return the folders of its results, one for each protocol."""
    args = parse(argv)
    protocols = protocols_of(args)
    with ranks.process_group():
        trials = open_trials(args)
        by_condition = {}
        for trial in trials:
            by_condition.setdefault(trial.condition, []).append(trial)
        parts = [condition_rows(group, args, protocols) for group in by_condition.values()]
    if ranks.is_main():
        for name, protocol in protocols.items():
            write_results(pd.concat([part[name] for part in parts]), args, trials, name, protocol)
    return [folder_of(args, name) for name in protocols]


def _pair(text: str) -> tuple[int, int]:
    first, comma, second = text.partition(",")
    if not comma:
        raise argparse.ArgumentTypeError(f"{text!r} is no pair such as 7,8")
    pair = arguments.whole(0)(first), arguments.whole(0)(second)
    if pair[0] == pair[1]:
        raise argparse.ArgumentTypeError(f"{text!r} names one microphone twice")
    return pair


def _check_pairs(protocols: dict[str, DelayProtocol], recordings: Recordings) -> None:
    count = len(recordings.setup.array)
    for pair in (pair for protocol in protocols.values() for pair in protocol.pairs):
        if max(pair) >= count:
            raise InputError(
                f"there is no pair {pair[0]},{pair[1]}: the array has {count} microphones, counted from 0; use --pairs"
            )


if __name__ == "__main__":
    main()
