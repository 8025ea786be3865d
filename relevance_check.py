"""Check relevance itself: how much of it each layer loses, and what the squeeze-excite gate changes.

    python relevance_check.py --T60 0.15 --SNR 25

prints, for every layer with weights, the share of the relevance put in at the output that arrives there, down to the
input; and for SampleCNN how far the relevance with all of it on the gate (as published) is from that with all of it on
the signal. Written to results/relevance_check.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from explain.conservation import conservation_ledger, relevance_difference
from explain.experiment import Trial, add_arguments, open_trials, origin_of, results_folder
from explain.relevance import compute_relevance
from explain.rules import GATES
from models.sample_cnn import SampleCNN
from report.tables import as_text
from running import arguments, ranks
from running.errors import exits_cleanly
from running.files import write_csv, write_json

SHOWN_KINDS = ("first convolution", "convolution", "linear", "input")


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_arguments(parser)
    parser.set_defaults(sources=4)
    return parser.parse_args(argv)


def heard(trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    """Return all windows of a trial, (window, microphone, sample), and the true position of each, (window, 3)."""
    recordings = trial.recordings
    windows = np.concatenate([recordings.windows(row) for row in range(len(recordings))])
    return windows, np.repeat(recordings.positions_m, recordings.window_counts, axis=0)


def ledger(trial: Trial, args) -> pd.DataFrame:
    """Return the trial's conservation ledger, see `explain.conservation`."""
    table = conservation_ledger(trial.model, *heard(trial), args.start, args.gate, arguments.device(args))
    table.insert(0, "model", trial.model_name)
    table.insert(0, "condition", trial.condition.name)
    return table


def gate_difference(trial: Trial, args) -> pd.DataFrame:
    """Return how far the two ways through the squeeze-excite product are apart, a row a window."""
    device, recordings, tables = arguments.device(args), trial.recordings, []
    for row in tqdm(range(len(recordings)), f"gates {trial.condition.name}", unit="source"):
        windows, position_m = recordings.windows(row), recordings.positions_m[row]
        ways = [compute_relevance(trial.model, windows, position_m, args.start, gate, device=device) for gate in GATES]
        place = {"condition": trial.condition.name, "source": recordings.sources[row]["source"]}
        tables.append(relevance_difference(*ways).rename_axis("window").reset_index().assign(**place))
    return pd.concat(tables, ignore_index=True)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    with ranks.process_group():
        trials = open_trials(args)
    folder = results_folder(args, "relevance_check")
    if not ranks.is_main():
        return folder
    ledgers = pd.concat([ledger(trial, args) for trial in trials])
    write_csv(folder / "ledger.csv", ledgers)
    print("share of the relevance put in at the output that reaches each layer")
    shown = ledgers[ledgers["kind"].isin(SHOWN_KINDS)]
    by_layer = shown.pivot(index=["model", "layer", "rule"], columns="condition", values="share")
    order = shown.set_index(["model", "layer", "rule"]).index.unique()
    print(as_text(by_layer.loc[order, [*dict.fromkeys(shown["condition"])]].reset_index()))
    gated = [trial for trial in trials if isinstance(trial.model, SampleCNN)]
    if gated:
        differences = pd.concat([gate_difference(trial, args) for trial in gated])
        write_csv(folder / "gates.csv", differences)
        print("\nSampleCNN, relevance through the gate against through the signal, mean over windows")
        means = differences.drop(columns=["window", "source"]).groupby("condition", sort=False).mean()
        print(as_text(means.reset_index()))
    write_json(folder / "run.json", origin_of(args, trials))
    print(f"results: {folder}")
    return folder


if __name__ == "__main__":
    main()
