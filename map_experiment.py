"""Which frequencies, and when, count for each coordinate: time-frequency maps, level and delay apart.

    python map_experiment.py --T60 0.15 --SNR 25
    python map_experiment.py --method lrp gradient_x_input --sources 20 --windows 2 --microphone 7

writes to results/time_frequency a file of maps for each source, (window, output, microphone, frequency, time), and to
results/maps, each a picture with its table: mean influence; shares of frequencies and of times in the window beside
untrained networks and the energy; correlations between times and between frequencies; clusters of windows, and whether
they follow positions or voices. It needs the test recordings (generate_data.py) and weights (those that are shipped, or
--weights logs after train.py).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from explain.map_summaries import ALONG
from localization.coordinate_maps import add_map_arguments, add_null_arguments, open_maps
from localization.map_tables import MapTables
from report.found import mapped
from report.maps import pictures, share_curves
from report.style import write_figure
from report.tables import as_text
from running import arguments, ranks
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import write_csv

SHOWN = ("condition", "model", "method", "half", "clusters", "silhouette", "by", "ami", "null_ami", "p")
LEGEND = """Clusters of windows by the shape of their maps, and their adjusted mutual information with voices and with
quarters of the area, beside that of voices and quarters dealt out at random."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_map_arguments(parser)
    add_null_arguments(parser)
    return parser.parse_args(argv)


def written(folder: Path, tables: MapTables) -> dict[str, pd.DataFrame]:
    """Write what is of one network, method and condition alone; return the tables to which others add theirs."""
    common = {along: tables.shares(along) for along in ALONG} | tables.clusters
    if ranks.is_main():
        place = "-".join(tables.place.values()).replace(" ", "_")
        for name, table, figure in pictures(tables):
            write_csv(folder / f"{name}-{place}.csv", table)
            write_figure(folder / f"{name}-{place}.png", figure)
    return common


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    where = "maps" if args.microphone is None else f"maps/microphone_{args.microphone}"
    opened, results = open_maps(args, where)
    with ranks.process_group():
        every = (MapTables(maps, args.microphone, args.untrained, args.null_sources, args.seed)
                 for of in opened for maps in of.values())  # fmt: skip
        found = [written(results.folder, each) for each in every]
    if not ranks.is_main():
        return results.folder
    tables = {name: pd.concat([each[name] for each in found], ignore_index=True) for name in found[0]}
    for name, table in tables.items():
        write_csv(results.folder / f"{name}.csv", table.drop_duplicates())
    for along in ALONG:
        for (condition, method), table in tables[along].groupby(["condition", "method"]):
            one_energy = table.drop_duplicates([name for name in table if name not in ("share", "low", "high")])
            write_figure(results.folder / f"{along}-{condition}-{method}.png", share_curves(one_energy, along))
    results.finish()
    print(LEGEND)
    print(as_text(tables["followed"][list(SHOWN)], digits=3))
    finish(mapped(tables["followed"]), results.folder, command("amplify_experiment.py", args, parse([])))
    return results.folder


if __name__ == "__main__":
    main()
