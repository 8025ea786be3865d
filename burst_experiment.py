"""Whether maps find a burst that moves the estimate: one band of one microphone, louder and later for a moment.

    python burst_experiment.py --T60 0.15 --SNR 25
    python burst_experiment.py --method lrp gradient_x_input --burst_delay_samples 3 --burst_dB 20

prints how much more of each half of the maps lies on the burst than its area, beside the energy, the same elsewhere and
untrained networks, and writes it to results/bursts. It needs the test recordings (generate_data.py) and weights (those
that are shipped, or --weights logs after train.py).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from acoustics.recordings import Recordings
from explain.amplification import Change
from localization.bursts import Bursts, enrichment_rows, enrichments
from localization.coordinate_maps import add_map_arguments, add_null_arguments, open_maps
from localization.trials import null_rows
from report.amplified import enrichment_points
from report.found import burst_found
from report.style import write_figure
from report.tables import as_text
from running import arguments, ranks
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import write_csv

SHOWN = ("condition", "model", "method", "half", "enrichment", "low", "high", "energy", "energy_verdict", "elsewhere")
SHOWN += ("untrained", "untrained_verdict", "moved_m", "told", "energy_told")
LEGEND = """Share of a map's magnitudes on the burst over its share of the bins, mean over coordinates, and whether it
is above that of the energy and that in untrained networks, by 95 % intervals; how far the burst moves the estimate, and
the rank correlation over windows of enrichment, of the map and of the energy, with that."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_map_arguments(parser)
    add_null_arguments(parser)
    parser.add_argument("--burst_delay_samples", type=arguments.number(), default=3.0, help="delay of the burst")
    parser.add_argument("--burst_dB", type=arguments.number(least=-100, most=100), default=20.0, help="its gain")
    parser.add_argument("--low_hz", type=arguments.number(least=0), default=500.0, help="where its band begins")
    parser.add_argument("--high_hz", type=arguments.number(above=0), default=1500.0, help="where its band ends")
    parser.add_argument("--lasts_s", type=arguments.number(above=0), default=0.1, help="how long it lasts")
    return parser.parse_args(argv)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    change, band_hz = Change(args.burst_dB, args.burst_delay_samples), (args.low_hz, args.high_hz)

    def burst(recordings: Recordings, count: int) -> Bursts:
        return Bursts(recordings, count, change, band_hz, args.lasts_s, args.seed, args.microphone)

    opened, results = open_maps(args, "bursts", burst)
    windows, rows = [], []
    with ranks.process_group():
        for maps in (each for of in opened for each in of.values()):
            recordings = maps.excerpts.recordings
            trained = enrichments(maps, list(range(len(recordings))))
            twins = (maps.network.untrained(args.seed, number) for number in range(args.untrained))
            few = null_rows(recordings, args.null_sources)
            untrained = [enrichments(replace(maps, network=twin), few).assign(initialisation=number)
                         for number, twin in enumerate(twins)]  # fmt: skip
            windows += [trained, *untrained]
            rows.append(enrichment_rows(trained, pd.concat(untrained), args.seed))
    if not ranks.is_main():
        return results.folder
    table = pd.concat(rows, ignore_index=True)
    write_csv(results.folder / "enrichments.csv", table)
    write_csv(results.folder / "windows.csv", pd.concat(windows, ignore_index=True))
    for condition, of_condition in table.groupby("condition", sort=False):
        write_figure(results.folder / f"enrichments-{condition}.png", enrichment_points(of_condition))
    results.finish()
    print(LEGEND)
    print(as_text(table.loc[table["coordinate"] == "all", list(SHOWN)], digits=3))
    finish(burst_found(table), results.folder, command("probe_experiment.py", args, parse([])))
    return results.folder


if __name__ == "__main__":
    main()
