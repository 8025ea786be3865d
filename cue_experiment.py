"""Which cue the networks follow: delays or levels of the direct sound, early or late reflections.

    python cue_experiment.py --T60 0.15 --SNR 25
    python cue_experiment.py --conditions all --aligned

lets them hear recordings whose cues come from four positions, regresses estimates on these, and writes and prints the
weight of each cue, to results/cues. A weight counts where a control shows that it can be found: SRP-PHAT for delays,
small localizers fitted to one cue each; untrained networks and the constant have none. It needs the test recordings
with their dry speech (generate_data.py) and weights (those that are shipped, or --weights logs after train.py).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from acoustics.recordings import Recordings
from localization.cues import Conflicts, cue_weights, estimate_conflicts
from localization.localizer import Localizer, Network
from localization.trials import add_hearing_arguments, open_localizers, open_recordings, results_of
from report.followed_cues import followed_cues
from report.found import cued
from report.style import write_figure
from report.tables import as_text, rounded
from running import arguments, ranks
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import write_csv

LEGEND = """Weight of each cue in the estimates (means over the windows of a
trial) of a coordinate: 1 is following it, 0 not hearing it; in brackets 95 % intervals over voices and trials. ?: no
control finds the cue there, so nothing is known. R2: share of the variance that the four positions explain."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_hearing_arguments(parser)
    parser.add_argument("--trials", type=arguments.whole(10), default=240, metavar="N", help="trials of each condition")
    parser.add_argument(
        "--early_ms",
        type=arguments.number(least=0),
        default=20.0,
        help="reflections that arrive up to so many milliseconds after the direct sound are early",
    )
    parser.add_argument(
        "--aligned",
        action="store_true",
        help="move early and late reflections so that their direct sound would arrive when the direct sound does, on "
        "average over the microphones; by default they arrive when their own position says",
    )
    return parser.parse_args(argv)


def localizers(args, recordings: Recordings) -> dict[str, Localizer]:
    """Return all that localize in a condition, with the controls that need no trials to be fitted to."""
    opened = open_localizers(args, recordings)
    networks = [each for each in opened if isinstance(each, Network)]
    untrained = {f"untrained {each.name}": each.untrained(args.seed, 0) for each in networks}
    return {each.name: each for each in opened} | untrained


def summary(weights: pd.DataFrame) -> pd.DataFrame:
    """Return the weights as they are printed: a row a condition, coordinate and localizer."""
    weights = weights[weights["coordinate"] != "z"].sort_values(["condition", "coordinate"], kind="stable")
    rows = []
    for keys, group in weights.groupby(["condition", "coordinate", "localizer"], sort=False):
        row = dict(zip(("condition", "coordinate", "method"), keys, strict=True))
        for each in group.itertuples():
            doubt = "" if each.findable else " ?"
            weight, low, high = (rounded(value, 2) for value in (each.weight, each.low, each.high))
            row[each.cue] = f"{weight} ({low} to {high}){doubt}"
        rows.append(row | {"R2": group["r2"].iloc[0]})
    return pd.DataFrame(rows)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    opened = open_recordings(args)
    conflicts = [Conflicts(recordings, args.seed, args.early_ms / 1000, args.aligned) for recordings in opened]
    heard_by = [localizers(args, recordings) for recordings in opened]
    origins = [
        {"condition": each.recordings.condition.name, "network": localizer.origin() | {"localizer": name}}
        | each.identity
        for each, found in zip(conflicts, heard_by, strict=True)
        for name, localizer in found.items()
    ]
    networks = [each for found in heard_by for each in found.values() if isinstance(each, Network)]
    results = results_of(args, "cues_aligned" if args.aligned else "cues", origins, networks)
    with ranks.process_group():
        tables = [
            estimate_conflicts(found, each, args.trials, args.results / "parts")
            for found, each in zip(heard_by, conflicts, strict=True)
        ]
    if not ranks.is_main():
        return results.folder
    trials = pd.concat(tables, ignore_index=True)
    weights = cue_weights(trials, args.seed)
    write_csv(results.folder / "trials.csv", trials)
    write_csv(results.folder / "weights.csv", weights)
    write_figure(results.folder / "weights.png", followed_cues(weights))
    results.finish()
    print(f"{args.trials} trials of each condition. {LEGEND}")
    print(as_text(summary(weights), digits=2))
    finish(cued(weights), results.folder, command("rooms_experiment.py", args, parse([])))
    return results.folder


if __name__ == "__main__":
    main()
