"""Explain NSNet2's masks: how much every bin of the noisy spectrogram counts for a bin, or a band, of the mask.

    python -m enhancement.attribute
    python -m enhancement.attribute --method deep_shap --baselines 20 --f_out 0:161:8 --t_out 40 0.5-0.6
    python -m enhancement.attribute --input_dir FOLDER --noise_type white --time_ranges 0.2-0.4 --rms_amplitudes 0.02

writes to results/enhancement/attributions a file of each clip and f_out (HDF5, [t_out, f_in, t_in]), made once and
found again, and to results/enhancement/completeness a table that says for every explained place what its attributions
promise to add up to, what they do, and the difference. What is heard is compared with a floor, around which baselines
are drawn. Explained is the sum of the mask over the bins of an f_out and the frames of a t_out.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from enhancement.attributions import Attributions, summary
from enhancement.explaining import add_arguments, opened
from enhancement.places import add_places
from report.enhancement_verdict import kept
from report.tables import as_text
from running import arguments, ranks
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import write_csv

BANDS = ("1-125", "125-500", "500-1000", "1000-2000", "2000-3000", "3000-8001")
LEGEND = """Completeness: what attributions promise to add up to (the explained sum of the mask, less what it is at
the floor), and how far off they are. A dash: nothing is promised."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_arguments(parser, networks=["trained"], methods=["deep_shap", "gradient_x_input"])
    add_places(parser, f_out=BANDS, t_out=["all"])
    return parser.parse_args(argv)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its tables."""
    args = parse(argv)
    asked = opened(args, "completeness")
    tables = []
    with ranks.process_group():
        for name, network in asked.networks.items():
            for method in asked.methods:
                folder = args.results / "attributions" / name
                made = Attributions(
                    folder, network, method, asked.clips, asked.f_out, asked.t_out, asked.device
                ).table()
                tables.append(made.assign(network=name))
    if not ranks.is_main():
        return asked.results.folder
    table = pd.concat(tables, ignore_index=True)
    write_csv(asked.results.folder / "completeness.csv", table[["network", *table.columns.drop("network")]])
    asked.results.finish()
    print(LEGEND)
    print(as_text(summary(table)))
    finish(kept(table), asked.results.folder, command("-m enhancement.maps", parse(argv), parse([])))
    return asked.results.folder


if __name__ == "__main__":
    main()
