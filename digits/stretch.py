"""Whether a higher or lower voice changes the gender that a network hears: spectrograms are stretched.

    python -m digits.stretch --runs logs/digits
    python -m digits.stretch --factors 0.66 1 1.5 --clips 20

stretches the frequencies of the test speakers' clips, and as a control their times, by factors from 0.5 to 2, and
counts how often AlexNet answers "female"; beside it untrained networks. The table and figure in results/digits/stretch
have 95 % intervals over speakers. A waveform has no frequency axis that could be stretched alone, so AudioNet is not
asked.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pandas as pd

from digits.clips import Clips
from digits.explained import LEVELS, PLACES, add_arguments, open_explained, some_clips
from digits.networks import NETWORKS
from digits.stretching import FACTORS, Stretched, table
from report.digits import stretch_curves
from report.digits_verdict import flips, titled, turned
from report.style import write_figure
from report.tables import as_text
from running import arguments, ranks
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import write_csv
from running.memory import keep_freed_memory
from running.results import Results

LEGEND = """Share of clips that get another answer when their frequencies are stretched, with a 95 % interval over
speakers, and whether that is above what the same stretch in time, or an untrained network, does on the same clips:"""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_arguments(parser)
    parser.add_argument(
        "--factors", nargs="+", type=arguments.number(above=0), default=FACTORS, help="by which axes are stretched"
    )
    parser.add_argument("--clips", type=arguments.whole(1), default=10, help="clips of each test speaker, drawn")
    parser.add_argument("--untrained", type=arguments.whole(1), default=2, help="untrained networks of each fold")
    return parser.parse_args(argv)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    keep_freed_memory()
    factors, device = tuple(sorted(set(args.factors))), arguments.device(args)
    networks = [name for name, network in NETWORKS.items() if network.hears == LEVELS]
    opened = [
        each.with_clips(some_clips(each.clips, args.clips, args.seed))
        for each in open_explained(args.runs, Clips.open(args.data), ["gender"], networks, device)
    ]
    described = {"networks": [each.described for each in opened]}
    results = Results(args.results / "stretch", vars(args), PLACES, described)
    with ranks.process_group():
        by_network = [
            table([Stretched(each, factors, args.untrained, args.seed) for each in folds], args.results / "parts")
            for _, folds in groupby(opened, lambda each: each.name)
        ]
    if not ranks.is_main():
        return results.folder
    found = pd.concat(by_network, ignore_index=True)
    write_csv(results.folder / "stretch.csv", found)
    write_figure(results.folder / "stretch.png", stretch_curves(titled(found)))
    results.finish()
    print(LEGEND)
    print(as_text(flips(found), digits=3))
    finish(turned(found), results.folder, command("-m digits.heatmaps", args, parse([])))
    return results.folder


if __name__ == "__main__":
    main()
