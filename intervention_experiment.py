"""What the networks do when recordings are changed in ways whose answer is known, beside SRP-PHAT and a constant.

    python intervention_experiment.py --T60 0.15 --SNR 25
    python intervention_experiment.py --conditions all --interventions mirrored no_late delay:3,0.5

writes and prints error, bias and slope after each change to results/interventions: delays removed or those of another
position, levels equalised, polarities flipped, the array mirrored, parts of the recording removed, one octave alone or
without it, microphones silenced. It needs the test recordings with their dry speech (generate_data.py) and weights
(those that are shipped, or --weights logs after train.py).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from acoustics.recordings import Recordings
from localization.interventions import INTERVENTIONS, read_intervention
from localization.known_answers import catalogue, estimate_changed, intervention_table
from localization.localizer import Network
from localization.trials import add_hearing_arguments, open_localizers, open_recordings, origin_of, results_of
from report.found import changed
from report.tables import as_text
from running import arguments, ranks
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import write_csv

SHOWN = ("mae_m", "change_m", "verdict", "mae_x_m", "mae_y_m", "bias_x_m", "bias_y_m", "slope_x", "slope_y")
LEGEND = """In metres; how much more the MAE is than with nothing
changed, and whether its 95 % interval says so. Slopes are of estimate against truth. Mirrored talkers, and those with
the delays of another position, are to be heard there."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_hearing_arguments(parser)
    parser.set_defaults(sources=12)
    usages = "; ".join(kind.usage for kind in INTERVENTIONS.values())
    parser.add_argument(
        "--interventions",
        nargs="+",
        type=arguments.refusing(_readable),
        metavar="NAME[:VALUE]",
        help=f"those to compare; by default one of each kind or several: {usages}",
    )
    return parser.parse_args(argv)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    heard_by = [(recordings, open_localizers(args, recordings)) for recordings in open_recordings(args)]
    origins = [origin_of(recordings, each) for recordings, found in heard_by for each in found]
    networks = [each for _, found in heard_by for each in found if isinstance(each, Network)]
    results = results_of(args, "interventions", origins, networks)
    with ranks.process_group():
        tables = [
            estimate_changed(found, recordings, chosen(args, recordings), args.results / "parts")
            for recordings, found in heard_by
        ]
    if not ranks.is_main():
        return results.folder
    table = intervention_table(pd.concat(tables, ignore_index=True), args.seed)
    write_csv(results.folder / "interventions.csv", table)
    results.finish()
    print(f"{args.sources} sources of each condition. {LEGEND}")
    print(as_text(table[["condition", "intervention", "localizer", *SHOWN]], digits=3))
    finish(changed(table), results.folder, command("shares_experiment.py", args, parse([])))
    return results.folder


def chosen(args, recordings: Recordings) -> list[str]:
    """Return the interventions that the arguments name, each once, or the whole catalogue."""
    return list(dict.fromkeys(args.interventions or catalogue(recordings.setup)))


def _readable(text: str) -> str:
    read_intervention(text)
    return text


if __name__ == "__main__":
    main()
