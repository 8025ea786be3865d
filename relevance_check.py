"""Check relevance itself: how much of it each layer loses, and what the squeeze-excite gate changes.

    python relevance_check.py --T60 0.15 --SNR 25

prints, for every layer with weights, the share of the relevance put in at the output that arrives there, down to the
input (methods other than LRP: at the input alone); and for a network with squeeze-excite gates how far LRP with all
relevance on the gate (as published) is from that with all of it on the signal. Written to results/relevance_check.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from explain.lrp.conservation import relevance_difference
from explain.lrp.rules import GATES, has_gate
from explain.methods.lrp import LRP
from localization.trials import Trial, add_arguments, open_trials, results_of_trials
from report.found import conserved
from report.tables import as_text
from running import arguments, ranks
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import write_csv

SHOWN_KINDS = ("first convolution", "convolution", "linear", "input")


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_arguments(parser)
    parser.set_defaults(sources=4)
    return parser.parse_args(argv)


def ledgers(trial: Trial) -> pd.DataFrame:
    """Return where the relevance of a trial goes by each method, see `explain.methods.Method.ledger`."""
    recordings, network, tables = trial.recordings, trial.network, []
    windows = [recordings.windows(row) for row in range(len(recordings))]
    for name, store in trial.stores.items():
        start_m = np.concatenate([store.start.of(row, each) for row, each in enumerate(windows)])
        table = store.method.ledger(network.model, np.concatenate(windows), start_m, network.device)
        place = {"condition": trial.condition.name, "model": network.name, "method": name}
        in_metres = table.rename(columns={"received": "received_m", "passed": "passed_m"})
        tables.append(pd.concat([pd.DataFrame(place, index=table.index), in_metres], axis=1))
    return pd.concat(tables, ignore_index=True)


def gate_difference(trial: Trial) -> pd.DataFrame:
    """Return how far the two ways through the squeeze-excite product are apart, a row a window."""
    recordings, network, tables = trial.recordings, trial.network, []
    start = next(iter(trial.stores.values())).start
    for row in tqdm(range(len(recordings)), f"gates {trial.condition.name}", unit="source"):
        windows = recordings.windows(row)
        start_m = start.of(row, windows)
        ways = [LRP(gate).attribute(network.model, windows, start_m, network.device) for gate in GATES]
        place = {"condition": trial.condition.name, "model": network.name, "source": recordings.numbers[row]}
        tables.append(relevance_difference(*ways).rename_axis("window").reset_index().assign(**place))
    return pd.concat(tables, ignore_index=True)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    with ranks.process_group():
        trials = open_trials(args)
        results = results_of_trials(args, "relevance_check", trials)
    if not ranks.is_main():
        return results.folder
    table = pd.concat(map(ledgers, trials), ignore_index=True)
    write_csv(results.folder / "ledger.csv", table)
    print("share of the relevance put in at the output that reaches each layer")
    shown = table[table["kind"].isin(SHOWN_KINDS)]
    keys = ["model", "method", "layer", "rule"]
    by_layer = shown.pivot(index=keys, columns="condition", values="share")
    order = shown.set_index(keys).index.unique()
    print(as_text(by_layer.loc[order, [*dict.fromkeys(shown["condition"])]].reset_index()))
    gated = [trial for trial in trials if has_gate(trial.network.model)]
    if gated:
        differences = pd.concat(map(gate_difference, gated))
        write_csv(results.folder / "gates.csv", differences)
        print("\nLRP through the gate against LRP through the signal, mean over windows")
        means = differences.drop(columns=["window", "source"]).groupby(["model", "condition"], sort=False).mean()
        print(as_text(means.reset_index()))
    results.finish()
    finish(conserved(table), results.folder, command("cue_experiment.py", args, parse([])))
    return results.folder


if __name__ == "__main__":
    main()
