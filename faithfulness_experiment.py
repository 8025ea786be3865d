"""Every attribution method under the same tests: is it faithful to the network, stable, sane, and true to the sound?

    python faithfulness_experiment.py --T60 0.15 --SNR 25
    python faithfulness_experiment.py --T60 0.15 --SNR 25 --method lrp gradient_x_input energy random --sources 5

replaces samples, blocks of 10 ms, microphones and time-frequency bins in the order of what methods gave them, by zeros,
by noise and by another window of the utterance, and scores how far the estimates move. Beside it: infidelity, the
largest change with a little noise, networks with random layers, exchanged inputs, the direct sound's share, and delay
profiles against geometry. Prints a table of methods against criteria with ranks, and writes all to
results/faithfulness. It needs the test recordings with their dry speech (generate_data.py) and weights (those that are
shipped, or --weights logs after train.py).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from explain.methods import METHODS
from localization.criteria import CRITERIA
from localization.judging import TRAINED, Judging
from localization.trials import (
    add_hearing_arguments,
    add_method_arguments,
    open_networks,
    open_recordings,
    results_of,
)
from report.found import tried
from report.tables import as_text, write_latex
from running import arguments, ranks
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import write_csv
from running.memory import keep_freed_memory

USUAL = {"method": list(METHODS), "start": "distance"}
LEGEND = """Criteria of every method; "rank" is the mean of its ranks over the criteria, 1 the best."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_hearing_arguments(parser)
    add_method_arguments(parser)
    parser.set_defaults(sources=15, **USUAL)
    parser.add_argument("--windows", type=arguments.whole(1), default=1, help="windows of each source, spread over it")
    parser.add_argument(
        "--sane_sources", type=arguments.whole(1), default=5, help="sources for sensitivity, random layers, exchange"
    )
    return parser.parse_args(argv)


def shown(criteria: pd.DataFrame) -> pd.DataFrame:
    """Return a table to print: a row a method, the value of every criterion, and the mean rank."""
    keys = ["condition", "model", "method"]
    trained = criteria[criteria["weights"] == TRAINED]
    wide = trained.pivot(index=keys, columns="criterion", values="value")
    wide = wide[[each.name for each in CRITERIA if each.name in wide]]
    wide.insert(0, "rank", trained.groupby(keys)["rank"].mean())
    return wide.reset_index().sort_values(["condition", "model", "rank"])


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    keep_freed_memory()
    trials = [Judging(network, recordings, args) for recordings in open_recordings(args)
              for network in open_networks(args, recordings)]  # fmt: skip
    origins = [trial.origin() for trial in trials]
    results = results_of(args, "faithfulness", origins, [trial.network for trial in trials], USUAL)
    with ranks.process_group():
        parts = [trial.tables() for trial in trials]
    if not ranks.is_main():
        return results.folder
    tables = {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]}
    for name, table in tables.items():
        write_csv(results.folder / f"{name}.csv", table)
    table = shown(tables["criteria"])
    write_latex(results.folder / "table.tex", table, digits=2)
    results.finish()
    print(LEGEND)
    print(as_text(table, digits=2))
    finish(tried(tables), results.folder, command("sound_experiment.py", args, parse([])))
    return results.folder


if __name__ == "__main__":
    main()
