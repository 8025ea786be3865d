"""Whether attributions find a burst that is known to be what changed the mask of NSNet2.

    python -m enhancement.burst
    python -m enhancement.burst --method deep_shap integrated_gradients gradient_x_input --burst_dB 0 --probe_hz 800

adds to each clip a burst 300 Hz wide at 3 kHz and explains what it changes in the mask at 800 Hz. Enrichment is the
share of attributions' magnitudes in the burst over its share of the bins. To results/enhancement/bursts go enrichments
by every method, beside those where no burst is (in the same frames of another band, and in the same place of the clip
without it), the energy, random numbers, and networks that learned nothing.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from enhancement.bursts import Burst, found_in, relative
from enhancement.explaining import add_arguments, opened
from enhancement.voices import means
from explain.methods import METHODS
from explain.statistics import verdict
from explain.store import model_fingerprint
from report.enhancement import REVIEWERS, enrichment_points
from report.enhancement_verdict import found_burst
from report.style import write_figure
from report.tables import as_text
from running import arguments
from running.ending import finish
from running.errors import exits_cleanly
from running.files import write_csv
from running.parts import by_source
from running.provenance import fingerprint

CONTROLS = ("energy", "random")
VERSION = 1
"""Raised when enrichments are computed otherwise, so that kept ones are computed anew."""
SHOWN = ("network", "method", "burst", "burst_low", "burst_high", "reviewers", "elsewhere", "without", "energy_verdict")
SHOWN += ("over_elsewhere", "over_without", "explained", "relative")
LEGEND = """Share of magnitudes in the burst over its share of the bins, with 95 % intervals over voices; what reviewers
of another study found; the same elsewhere and without the burst; whether it is above the energy's on the same clips;
how many times that elsewhere and without the burst it is (geometric mean); attributions in the burst over what it
really changed, all clips together; how far sums are off what they promise, as a share of it (median)."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser, burst = arguments.parser(__doc__), Burst()
    add_arguments(parser, networks=["trained", "untrained", "shuffled"])
    parser.set_defaults(seconds=0.8)
    parser.add_argument("--centre_hz", type=arguments.number(above=0), default=burst.centre_hz, help="of the burst")
    parser.add_argument("--width_hz", type=arguments.number(above=0), default=burst.width_hz, help="of the burst")
    parser.add_argument("--begins_s", type=arguments.number(least=0), default=burst.begins_s, help="when it begins")
    parser.add_argument("--lasts_s", type=arguments.number(above=0), default=burst.lasts_s, help="how long it lasts")
    parser.add_argument(
        "--burst_dB", type=arguments.number(least=-100, most=100), default=burst.level_db, help="above the clip's level"
    )
    parser.add_argument("--probe_hz", type=arguments.number(above=0), default=burst.probe_hz, help="bin of the mask")
    parser.add_argument(
        "--elsewhere_hz", type=arguments.number(above=0), default=burst.elsewhere_hz, help="middle of the other band"
    )
    return parser.parse_args(argv)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    burst = Burst(
        args.centre_hz, args.width_hz, args.begins_s, args.lasts_s, args.burst_dB, args.probe_hz, args.elsewhere_hz
    )
    asked = opened(args, "bursts")
    clips, folder = asked.clips, asked.results.folder
    controls = [METHODS[name].above(asked.floor) for name in CONTROLS if name not in args.method]
    tables = []
    for (name, network), method in product(asked.networks.items(), [*asked.methods, *controls]):

        def compute(row: int, network=network, method=method) -> dict[str, np.ndarray]:
            found = found_in(network, method, clips, row, burst, args.seed, asked.device)
            return {key: np.array(value) for key, value in found.items()}

        identity = {"version": VERSION, "burst": burst, "clips": clips.fingerprint, "seed": args.seed}
        own = fingerprint(identity | {"weights": model_fingerprint(network)} | method.identity(network))
        what = f"burst, {name}, {method.title}"
        parts = by_source(args.results / "parts" / f"burst-{own[:16]}", clips.names, compute, what)
        rows = pd.DataFrame([{key: float(value) for key, value in part.items()} for part in parts])
        tables.append(rows.assign(network=name, method=method.name, clip=clips.names, voice=clips.voices))
    found = pd.concat(tables, ignore_index=True)
    energy = found[found["method"] == "energy"].set_index(["network", "clip"])["burst"]
    found["above_energy"] = (
        found["burst"] - energy.loc[list(zip(found["network"], found["clip"], strict=True))].to_numpy()
    )
    for place in ("elsewhere", "without"):
        both = (found["burst"] > 0) & (found[place] > 0)
        found[f"over_{place}_log2"] = np.log2((found["burst"] / found[place]).where(both))
    values = ["over_elsewhere_log2", "over_without_log2", "burst", "elsewhere", "without", "above_energy", "changed"]
    table = means(found, ("network", "method"), values, args.seed)
    ends = zip(table["above_energy_low"], table["above_energy_high"], strict=True)
    table["energy_verdict"] = [verdict(*each) for each in ends]
    of_each = found.assign(relative=relative(found)).groupby(["network", "method"])
    sums = of_each[["told", "moved"]].sum(min_count=1)
    said = pd.DataFrame({"explained": sums["told"] / sums["moved"], "relative": of_each["relative"].median()})
    table = table.merge(said.reset_index(), on=["network", "method"])
    table["reviewers"] = ["-".join(map(str, REVIEWERS[name])) if name in REVIEWERS else "" for name in table["method"]]
    for place in ("elsewhere", "without"):
        table[f"over_{place}"] = 2 ** table[f"over_{place}_log2"]
    write_csv(folder / "clips.csv", found)
    write_csv(folder / "enrichments.csv", table)
    write_figure(folder / "enrichments.png", enrichment_points(table))
    asked.results.finish()
    print(LEGEND)
    shown = table[list(SHOWN)].assign(explained=table["explained"].map("{:.2g}".format))
    print(as_text(shown, digits=2))
    finish(found_burst(table), folder, "python -m enhancement.enhance noisy.wav clean.wav")
    return folder


if __name__ == "__main__":
    main()
