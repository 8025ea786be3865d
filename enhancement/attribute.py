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

from dataclasses import replace
from pathlib import Path

import pandas as pd

from enhancement.attributions import FLOOR, Attributions, summary
from enhancement.clips import add_clip_arguments, open_clips
from enhancement.nsnet2 import NETWORKS
from enhancement.places import places
from enhancement.spectra import FRAMES, FS_HZ
from explain.methods import METHODS, choose_methods
from explain.store import model_fingerprint
from report.tables import as_text
from running import arguments, ranks
from running.errors import InputError, exits_cleanly
from running.files import write_csv
from running.memory import keep_freed_memory
from running.results import Results

BANDS = ("1-125", "125-500", "500-1000", "1000-2000", "2000-3000", "3000-8001")
PLACES = ("results", "gpu")
LEGEND = """Completeness: what attributions promise to add up to (the explained sum of the mask, less what it is at
the floor), and how far off they are. A dash: nothing is promised."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_clip_arguments(parser)
    parser.add_argument("--network", nargs="+", choices=NETWORKS, default=["trained"], help="what is explained")
    parser.add_argument(
        "--method",
        nargs="+",
        choices=[name for name, method in METHODS.items() if not method.of_delays],
        default=["deep_shap", "gradient_x_input"],
        help="attribution methods",
    )
    parser.add_argument("--baselines", type=arguments.whole(2), help="draws of the floor for deep_shap, by default 4")
    parser.add_argument(
        "--floor", type=arguments.number(), default=FLOOR.level, help="level that holds nothing, log10 of the power"
    )
    written = "numbers from 0, FIRST:LAST:STEP each alone, LOW-HIGH in {} summed, or all summed"
    parser.add_argument("--f_out", nargs="+", default=list(BANDS), help=f"bins of the mask: {written.format('Hz')}")
    parser.add_argument("--t_out", nargs="+", default=["all"], help=f"frames of the mask: {written.format('seconds')}")
    parser.add_argument("--results", type=Path, default=Path("results/enhancement"), help="folder of the results")
    arguments.add_gpu(parser)
    return parser.parse_args(argv)


def chosen_methods(args):
    """Return the methods that the arguments name, above the floor."""
    if args.baselines and "deep_shap" not in args.method:
        raise InputError("--baselines is for --method deep_shap; leave it out or choose that, too")
    floor = replace(FLOOR, level=args.floor)
    return [
        (replace(each, baselines=args.baselines) if args.baselines and each.name == "deep_shap" else each).above(floor)
        for each in choose_methods(args.method)
    ]


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its tables."""
    args = parse(argv)
    keep_freed_memory()
    methods, clips, device = chosen_methods(args), open_clips(args), arguments.device(args)
    f_out = places(args.f_out, FRAMES.centres_hz(FS_HZ), "Hz")
    t_out = places(args.t_out, FRAMES.centres_s(clips.samples.shape[1], FS_HZ), "s")
    networks = {name: NETWORKS[name](args.seed).unrolled(clips.frames) for name in dict.fromkeys(args.network)}
    for network in networks.values():
        for method in methods:
            if not method.serves(network):
                raise InputError(f"{method.name} does not serve this network; leave it out of --method")
    weights = {name: model_fingerprint(network) for name, network in networks.items()}
    content = {"clips": clips.fingerprint, "weights": weights}
    results = Results(args.results / "completeness", vars(args), PLACES, content)
    tables = []
    with ranks.process_group():
        for name, network in networks.items():
            for method in methods:
                folder = args.results / "attributions" / name
                made = Attributions(folder, network, method, clips, f_out, t_out, device).table()
                tables.append(made.assign(network=name))
    if not ranks.is_main():
        return results.folder
    table = pd.concat(tables, ignore_index=True)
    write_csv(results.folder / "completeness.csv", table[["network", *table.columns.drop("network")]])
    results.finish()
    print(LEGEND)
    print(as_text(summary(table)))
    print(f"results: {results.folder}")
    return results.folder


if __name__ == "__main__":
    main()
