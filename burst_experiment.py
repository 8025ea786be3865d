"""Whether maps find a burst that moves the estimate: one band of one microphone, louder and later for a moment.

    python burst_experiment.py --T60 0.15 --SNR 25
    python burst_experiment.py --method lrp gradient_x_input --burst_delay_samples 3 --burst_dB 20

prints how much more of each half of the maps lies on the burst than its area, beside the energy, the same elsewhere and
untrained networks, and writes it to results/bursts. It needs the test recordings (generate_data.py) and weights (those
that are shipped, or --weights logs after train.py).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from explain.amplification import Change
from explain.methods import choose_methods
from localization.bursts import Bursts, enrichment_rows, enrichments
from localization.coordinate_maps import CoordinateMaps
from localization.trials import (
    add_gate_argument,
    add_method_argument,
    add_network_arguments,
    chosen_gate,
    null_rows,
    open_networks,
    open_recordings,
    origin_of,
    results_of,
)
from report.amplified import enrichment_points
from report.style import write_figure
from report.tables import as_text
from running import arguments, ranks
from running.errors import exits_cleanly
from running.files import write_csv
from running.memory import keep_freed_memory

SHOWN = ("condition", "model", "method", "half", "enrichment", "low", "high", "energy", "energy_verdict", "elsewhere")
SHOWN += ("untrained", "untrained_verdict", "moved_m", "told", "energy_told")
LEGEND = """Share of a map's magnitudes on the burst over its share of the bins, mean over coordinates, and whether it
is above that of the energy and that in untrained networks, by 95 % intervals; how far the burst moves the estimate, and
the rank correlation over windows of enrichment, of the map and of the energy, with that."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_network_arguments(parser)
    add_method_argument(parser)
    add_gate_argument(parser)
    parser.set_defaults(sources=20)
    parser.add_argument("--windows", type=arguments.whole(1), default=2, help="windows of each source, spread over it")
    parser.add_argument("--burst_delay_samples", type=arguments.number(), default=3.0, help="delay of the burst")
    parser.add_argument("--burst_dB", type=arguments.number(least=-100, most=100), default=20.0, help="its gain")
    parser.add_argument("--low_hz", type=arguments.number(least=0), default=500.0, help="where its band begins")
    parser.add_argument("--high_hz", type=arguments.number(above=0), default=1500.0, help="where its band ends")
    parser.add_argument("--lasts_s", type=arguments.number(above=0), default=0.1, help="how long it lasts")
    parser.add_argument(
        "--untrained", type=arguments.whole(1), default=3, help="random initialisations of each network"
    )
    parser.add_argument(
        "--null_sources", type=arguments.whole(1), default=8, help="sources of each condition that these hear"
    )
    return parser.parse_args(argv)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    keep_freed_memory()
    methods = choose_methods(args.method, gate=chosen_gate(args.gate))
    heard_by = [(recordings, network) for recordings in open_recordings(args)
                for network in open_networks(args, recordings)]  # fmt: skip
    origins = [origin_of(recordings, network) for recordings, network in heard_by]
    results = results_of(args, "bursts", origins, [network for _, network in heard_by])
    change, band_hz = Change(args.burst_dB, args.burst_delay_samples), (args.low_hz, args.high_hz)
    windows, rows = [], []
    with ranks.process_group():
        for recordings, network in heard_by:
            bursts = Bursts(recordings, args.windows, change, band_hz, args.lasts_s, args.seed)
            few = null_rows(recordings, args.null_sources)
            for method in methods:
                trained = enrichments(CoordinateMaps(network, bursts, method, args.results), [*range(len(recordings))])
                twins = (network.untrained(args.seed, number) for number in range(args.untrained))
                maps = (CoordinateMaps(twin, bursts, method, args.results) for twin in twins)
                untrained = [enrichments(each, few).assign(initialisation=number) for number, each in enumerate(maps)]
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
    print(f"results: {results.folder}")
    return results.folder


if __name__ == "__main__":
    main()
