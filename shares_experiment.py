"""Whether relevance favours the clean part of the input: shares of direct sound, early and late reflections, and noise.

    python shares_experiment.py --T60 0.15 --SNR 25
    python shares_experiment.py --conditions all --start x

splits LRP and gradient x input among the parts that the input is the sum of, and writes and prints their shares to
results/shares, beside the shares of the energy and those in untrained networks. Denoising and dereverberation would
mean more than both for the direct sound. It needs the test recordings with their dry speech (generate_data.py) and
weights (those that are shipped, or --weights logs after train.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from acoustics.recordings import Recordings
from explain.lrp.rules import has_rules
from explain.methods import Method
from explain.methods.gradient_x_input import GradientXInput
from explain.methods.lrp import LRP
from localization.localizer import Network
from localization.shares import SCORES, VERSION, energy_sums, part_windows, relevance_sums, share_rows
from localization.starts import start_m
from localization.trials import (
    add_hearing_arguments,
    add_start_arguments,
    null_rows,
    open_networks,
    open_recordings,
    origin_of,
    results_of,
)
from report.found import shared
from report.tables import as_text
from running import arguments, ranks
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import write_csv
from running.memory import keep_freed_memory
from running.parts import by_source
from running.provenance import fingerprint

SHOWN = ("share", "energy_share", "energy_verdict", "untrained_share", "untrained_verdict")
LEGEND = """Shares of the relevance and of the energy by three scores, and whether the former is above or below the
latter, and that of {untrained} untrained networks, by 95 % intervals."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_hearing_arguments(parser)
    add_start_arguments(parser)
    parser.set_defaults(sources=20)
    parser.add_argument(
        "--untrained", type=arguments.whole(1), default=5, help="random initialisations of each network"
    )
    parser.add_argument(
        "--null_sources", type=arguments.whole(1), default=8, help="sources of each condition that these hear"
    )
    return parser.parse_args(argv)


def sums_of(
    networks: list[Network], methods: Iterable[Method], recordings: Recordings, rows: list[int], args, what: str
) -> list[dict[str, np.ndarray]]:
    """Return the sums of every method and score for some sources, (network, part) each, and of the energy, (part,)."""

    def compute(place: int) -> dict[str, np.ndarray]:
        row = rows[place]
        parts = part_windows(recordings, row)
        windows = parts.sum(axis=0)
        sums = {f"energy {score}": values for score, values in energy_sums(parts).items()}
        for method in methods:
            found = []
            for network in networks:
                put_in_m = start_m(args.start, network, windows, recordings.positions_m[row])
                relevance = method.attribute(network.model, windows, put_in_m, network.device)
                found.append(relevance_sums(parts, relevance, isinstance(method, GradientXInput)))
            sums |= {f"{method.name} {score}": np.stack([each[score] for each in found]) for score in found[0]}
        return sums

    identity = {"recordings": recordings.fingerprint, "start": args.start, "version": VERSION}
    identity["networks"] = [network.identity for network in networks]
    identity["methods"] = [method.identity(network.model) for method in methods for network in networks]
    names = [recordings.names[row] for row in rows]
    return by_source(args.results / "parts" / f"shares-{fingerprint(identity)[:16]}", names, compute, what)


def shares_of(network: Network, recordings: Recordings, args) -> pd.DataFrame:
    """Return the shares in a network in a condition: a row a method, score and part."""
    methods = [*([LRP(args.gate)] if has_rules(network.model) else []), GradientXInput()]
    rows, few = list(range(len(recordings))), null_rows(recordings, args.null_sources)
    title = f"{network.name} {recordings.condition.name}"
    twins = [network.untrained(args.seed, number) for number in range(args.untrained)]
    trained = sums_of([network], methods, recordings, rows, args, title)
    untrained = sums_of(twins, methods, recordings, few, args, f"untrained {title}")
    voices = [source["speaker"] for source in recordings.sources]
    tables = []
    for method in methods:
        for score in SCORES:
            name = f"{method.name} {score}"
            if name not in trained[0]:
                continue
            relevance = np.stack([each[name][0] for each in trained])
            energy = np.stack([each[f"energy {score}"] for each in trained])
            null = np.stack([each[name] for each in untrained], axis=1)
            table = share_rows(relevance, energy, null, few, voices, args.seed)
            place = {
                "condition": recordings.condition.name,
                "model": network.name,
                "method": method.name,
                "score": score,
            }
            tables.append(pd.concat([pd.DataFrame(place, index=table.index), table], axis=1))
    return pd.concat(tables, ignore_index=True)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    keep_freed_memory()
    heard_by = [(recordings, network) for recordings in open_recordings(args)
                for network in open_networks(args, recordings)]  # fmt: skip
    origins = [origin_of(recordings, network) for recordings, network in heard_by]
    results = results_of(args, "shares", origins, [network for _, network in heard_by])
    with ranks.process_group():
        tables = [shares_of(network, recordings, args) for recordings, network in heard_by]
    if not ranks.is_main():
        return results.folder
    table = pd.concat(tables, ignore_index=True)
    write_csv(results.folder / "shares.csv", table)
    results.finish()
    print(LEGEND.format(**vars(args)))
    print(as_text(table[["condition", "model", "method", "score", "part", *SHOWN]], digits=2))
    finish(shared(table), results.folder, command("sensitivity_experiment.py", args, parse([])))
    return results.folder


if __name__ == "__main__":
    main()
