"""How much a network's answers need what methods call relevant: parts of clips are removed in its order.

    python -m digits.removal --runs logs/digits
    python -m digits.removal --method lrp_epsilon_plus gradient_x_input deeplift --clips 10
    python -m digits.removal --runs logs/digits --network alex_net --task gender

takes samples, frequencies (of the whole clip) and time-frequency bins out of waveforms, and bins out of spectrograms:
by relevance, by energy, at random, and by the relevance of an untrained network. To results/digits/removal go accuracy
and mean probability of the true class over the share removed, the areas under them, and how the methods compare, with
95 % intervals over speakers. It needs trained networks (python -m digits.train); the test speakers of their folds are
heard.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pandas as pd

from digits.clips import Clips
from digits.explained import METHOD, PLACES, add_arguments, open_explained, some_clips
from digits.folds import TASKS
from digits.networks import NETWORKS
from digits.removed import CONTROLS, Removed, tables
from digits.starts import KINDS, TRUE
from explain.methods import METHODS, Method, choose_methods
from explain.removal import RELEVANCE
from report.digits import removal_curves
from report.digits_verdict import removed, titled
from report.style import write_figure
from report.tables import as_text
from running import arguments, ranks
from running.ending import command, finish
from running.errors import InputError, exits_cleanly
from running.files import write_csv
from running.memory import keep_freed_memory
from running.results import Results

LEGEND = """Mean probability of the true class over all shares removed, the area under its curve, in the order of
relevance; with a 95 % interval over speakers, and whether it lies below that of each control on the same clips: then
what is called relevant is what the network needs."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_arguments(parser)
    parser.add_argument("--network", nargs="+", choices=NETWORKS, default=list(NETWORKS), help="those that are trained")
    parser.add_argument("--task", nargs="+", choices=TASKS, default=["digit"], help="what is told of a clip")
    parser.add_argument("--method", nargs="+", choices=METHODS, default=[METHOD], help="attribution methods")
    parser.add_argument("--explain", choices=KINDS, default=TRUE, help="class whose logit is explained")
    parser.add_argument("--clips", type=arguments.whole(1), default=10, help="clips of each test speaker, drawn")
    return parser.parse_args(argv)


def chosen(args) -> list[Method]:
    """Return the methods asked for; controls are always there."""
    methods = [method for method in choose_methods(args.method) if not method.is_control]
    if not methods:
        raise InputError("controls alone say nothing of a method; add one to --method, such as " + METHOD)
    return methods


def shown(areas: pd.DataFrame) -> pd.DataFrame:
    """Return what to print of the areas: a row a network, domain and method."""
    own = areas[(areas["curve"] == RELEVANCE) & (areas["score"] == "probability")]
    verdicts = [f"{control}_verdict" for control in CONTROLS]
    return own[["task", "network", "domain", "method", "mean", "low", "high", *verdicts]]


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    keep_freed_memory()
    methods, device = chosen(args), arguments.device(args)
    opened = [
        each.with_clips(some_clips(each.clips, args.clips, args.seed))
        for each in open_explained(args.runs, Clips.open(args.data), args.task, args.network, device)
    ]
    described = {"networks": [each.described for each in opened]}
    results = Results(args.results / "removal", vars(args), PLACES, described)
    with ranks.process_group():
        by_network = [
            tables([Removed(each, methods, args.explain, args.seed) for each in folds], args.results / "parts")
            for _, folds in groupby(opened, lambda each: (each.task, each.name))
        ]
    if not ranks.is_main():
        return results.folder
    found = {name: pd.concat([each[name] for each in by_network], ignore_index=True) for name in by_network[0]}
    for name, table in found.items():
        write_csv(results.folder / f"{name}.csv", table)
    for task in dict.fromkeys(found["curves"]["task"]):
        of_task = found["curves"][found["curves"]["task"] == task]
        write_figure(results.folder / f"removal_{task}.png", removal_curves(titled(of_task)))
    results.finish()
    print(LEGEND)
    print(as_text(shown(found["areas"]), digits=3))
    finish(removed(found["areas"]), results.folder, command("-m digits.stretch", args, parse([])))
    return results.folder


if __name__ == "__main__":
    main()
