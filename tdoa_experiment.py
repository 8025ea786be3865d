"""Experiment 2: time delays between microphones from their signals and from the relevance of these signals.

    python tdoa_experiment.py --T60 0.15 --SNR 25
    python tdoa_experiment.py --conditions all --protocol published refined

prints the share of anomalies, the MAE in samples of the other estimates and how often estimates point to the right
side, and writes them to results/tdoa. The rows
"always lag 0" and "untrained" (the same network with random weights, several times) say what the numbers are worth. It
needs the test recordings (generate_data.py) and weights (those that are shipped, or --weights logs after train.py).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

import params
from acoustics.recordings import Recordings
from explain.store import AttributionStore
from localization.delays import (
    MICROPHONES,
    PROTOCOLS,
    RELEVANCE,
    UNTRAINED,
    VERSION,
    DelayProtocol,
    delay_rows,
    delay_verdicts,
    estimated_lags_samples,
    summarise_delays,
    true_lags_samples,
)
from localization.trials import Trial, add_arguments, null_rows, open_trials, results_of_trials, store_of
from report.found import delayed
from report.tables import as_text, write_latex
from running import arguments, ranks
from running.ending import command, finish
from running.errors import InputError, exits_cleanly
from running.files import write_csv
from running.parts import by_source
from running.provenance import fingerprint
from running.results import Results

FOLDERS = {"published": "tdoa"}
LEGEND = """Anomalies in percent, and MAE in samples of the other estimates; direction: of the windows with
a true delay of a sample or more, percent whose estimate has its sign, less percent with the other sign.
untrained: one random initialisation, but for the direction the mean of {untrained} on {null_sources} sources."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_arguments(parser)
    parser.add_argument(
        "--protocol",
        nargs="+",
        choices=PROTOCOLS,
        default=["published"],
        help="'published', to compare with the paper: microphones 7 and 8, delays of whole samples at any lag; "
        "'refined', to know what delays are worth: four pairs up to 2.25 m apart, exact true delays, possible lags, "
        "peaks between samples. Several, as in --protocol published refined, give results each; the next four options "
        "change them",
    )
    parser.add_argument("--pairs", nargs="+", type=_pair, metavar="M,N", help="pairs of microphones, counted from 0")
    parser.add_argument(
        "--limit_lag", action=argparse.BooleanOptionalAction, help="look only at lags that the distance allows"
    )
    parser.add_argument("--fractional_truth", action=argparse.BooleanOptionalAction, help="compare with exact delays")
    parser.add_argument("--sub_sample", action=argparse.BooleanOptionalAction, help="refine the peak by a parabola")
    parser.add_argument(
        "--untrained",
        type=arguments.whole(2),
        default=20,
        help="random initialisations of each network, whose relevance says what the direction of delays is worth",
    )
    parser.add_argument(
        "--null_sources",
        type=arguments.whole(1),
        default=8,
        help="sources of each condition that these hear; the first of them hears all",
    )
    return parser.parse_args(argv)


def protocols_of(args) -> dict[str, DelayProtocol]:
    """Return the protocols by name, with what the command line changes of them."""
    names = ("limit_lag", "fractional_truth", "sub_sample")
    changes = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.pairs:
        changes["pairs"] = tuple(args.pairs)
    return {name: replace(PROTOCOLS[name], **changes) for name in dict.fromkeys(args.protocol)}


@dataclass(frozen=True)
class Signals:
    """Signals whose delays are estimated.

    Parameters
    ----------
    name, method, model : str
        What they are: columns of the table.
    identity : list of str
        Fingerprints of all that they depend on.
    rows : list of int
        Rows of the sources that there are signals of.
    of : callable
        From a source's row to its signals, shape (window, microphone, sample), one for each initialisation.
    """

    name: str
    method: str
    model: str
    identity: list[str]
    rows: list[int]
    of: Callable[[int], Iterable[np.ndarray]]


def _stored(store: AttributionStore, row: int) -> list[np.ndarray]:
    return [store.attributions(row)]


def _computed(stores: list[AttributionStore], row: int) -> Iterator[np.ndarray]:
    return (store.compute(row) for store in stores)


def signals_of(trials: list[Trial], args) -> list[Signals]:
    """Return the signals of one condition: microphones, their relevance, and that for untrained networks."""
    recordings = trials[0].recordings
    everything, few = list(range(len(recordings))), null_rows(recordings, args.null_sources)
    found = [Signals(MICROPHONES, "", "", [recordings.fingerprint], everything, lambda row: [recordings.windows(row)])]
    stores = [(trial.network, method, store) for trial in trials for method, store in trial.stores.items()]
    for network, method, store in stores:
        found.append(
            Signals(
                RELEVANCE, method, network.name, [store.fingerprint], everything,
                partial(_stored, store),
            )
        )  # fmt: skip
    others = [row for row in everything if row not in few]
    for network, method, store in stores:
        null = [
            store_of(args.results, args.start, network.untrained(args.seed, number), recordings, store.method)
            for number in range(args.untrained)
        ]
        for rows, heard_by in ((few, null), (others, null[:1])):
            found.append(
                Signals(
                    UNTRAINED, method, network.name, [each.fingerprint for each in heard_by], rows,
                    partial(_computed, heard_by),
                )
            )  # fmt: skip
    return found


def condition_rows(trials: list[Trial], args, protocols: dict[str, DelayProtocol]) -> dict[str, pd.DataFrame]:
    """Return the delays of all signals in one condition, by protocol: a row for each source, signal, pair, window."""
    recordings = trials[0].recordings
    _check_pairs(protocols, recordings)
    tables, controls = ({name: [] for name in protocols} for _ in range(2))
    for signals in signals_of(trials, args):
        for row, lags_samples in zip(signals.rows, estimate_lags(signals, recordings, args, protocols), strict=True):
            columns = {"signal": signals.name, "method": signals.method, "model": signals.model}
            for name, protocol in protocols.items():
                for number, lags in enumerate(lags_samples[name]):
                    place = columns | {"initialisation": number if signals.name == UNTRAINED else np.nan}
                    tables[name].append(lag_table(lags, recordings, row, protocol).assign(**place))
                if signals.name == MICROPHONES:
                    zero = lag_table(np.zeros_like(lags), recordings, row, protocol)
                    controls[name].append(zero.assign(**place | {"signal": params.LAG_ZERO}))
    return {name: pd.concat([*tables[name], *controls[name]], ignore_index=True) for name in protocols}


def estimate_lags(
    signals: Signals, recordings: Recordings, args, protocols: dict[str, DelayProtocol]
) -> list[dict[str, np.ndarray]]:
    """Return the delays of signals for each of their sources, by protocol, shape (initialisation, pair, window)."""
    estimators = {name: (each.pairs, each.limit_lag, each.sub_sample) for name, each in protocols.items()}

    def compute(place: int) -> dict[str, np.ndarray]:
        lags = {name: [] for name in protocols}
        for heard in signals.of(signals.rows[place]):
            for name, protocol in protocols.items():
                lags[name].append(estimated_lags_samples(heard, recordings.setup, protocol))
        return {name: np.stack(each) for name, each in lags.items()}

    folder = fingerprint({"signals": signals.identity, "estimators": estimators, "version": VERSION})[:16]
    names = [recordings.names[row] for row in signals.rows]
    title = " ".join(filter(None, [signals.name, signals.method, signals.model, recordings.condition.name]))
    return by_source(args.results / "parts" / f"tdoa-{folder}", names, compute, title)


def lag_table(lags_samples: np.ndarray, recordings: Recordings, row: int, protocol: DelayProtocol) -> pd.DataFrame:
    """Return the delays of a source as rows, see `delay_rows`, with condition, source and speaker."""
    source = recordings.sources[row]
    truth = true_lags_samples(recordings.positions_m[row], recordings.setup, protocol)
    table = delay_rows(lags_samples, truth, source["correlation_time_samples"], protocol)
    return table.assign(condition=recordings.condition.name, source=source["source"], speaker=source["speaker"])


def write_results(rows: pd.DataFrame, args, name: str, protocol: DelayProtocol, results: Results) -> pd.DataFrame:
    """Write and print the results of a protocol; return its verdicts."""
    summary = summarise_delays(rows, args.seed)
    shown = summary[
        ["condition", "pair", "signal", "method", "model", "windows", "anomalies_percent", "mae_samples",
         "direction_percent"]
    ]  # fmt: skip
    write_csv(results.folder / "delays.csv", rows)
    write_csv(results.folder / "summary.csv", summary)
    verdicts = delay_verdicts(rows, args.seed)
    write_csv(results.folder / "verdicts.csv", verdicts)
    write_latex(results.folder / "table.tex", shown, digits=3)
    results.finish()
    print(f"{name} protocol. {LEGEND.format(**vars(args))}")
    print(as_text(shown, digits=3))
    return verdicts


@exits_cleanly
def main(argv: list[str] | None = None) -> list[Path]:
    """Run the script; return the folders of its results, one for each protocol."""
    args = parse(argv)
    protocols = protocols_of(args)
    with ranks.process_group():
        trials = open_trials(args)
        results = {
            name: results_of_trials(args, FOLDERS.get(name, f"tdoa_{name}"), trials, protocol=vars(protocol))
            for name, protocol in protocols.items()
        }
        by_condition = {}
        for trial in trials:
            by_condition.setdefault(trial.condition, []).append(trial)
        parts = [condition_rows(group, args, protocols) for group in by_condition.values()]
    if ranks.is_main():
        for name, protocol in protocols.items():
            rows = pd.concat([part[name] for part in parts], ignore_index=True)
            verdicts = write_results(rows, args, name, protocol, results[name])
        folders = [each.folder for each in results.values()]
        finish(delayed(verdicts), folders, command("relevance_check.py", args, parse([])))
    return [each.folder for each in results.values()]


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
