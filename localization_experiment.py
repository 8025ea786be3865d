"""How well the networks localize, beside SRP-PHAT, a constant and the published networks.

    python localization_experiment.py --T60 0.15 --SNR 25
    python localization_experiment.py --conditions all --split val
    python localization_experiment.py --intervention polarity:3

prints errors over all windows and writes them to results/localization, with every estimate, and who is better on the
same windows. It needs recordings (generate_data.py) and weights (those that are shipped, or --weights logs after
train.py).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

import params
from acoustics.recordings import Recordings
from localization.errors import error_differences, error_table, estimate_sources
from localization.localizer import Localizer, Network
from localization.trials import add_network_arguments, open_localizers, open_recordings, origin_of, results_of
from report.found import localized
from report.published import published_mae_m
from report.summary import localization_summary
from report.tables import as_text, write_latex
from running import arguments, ranks
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import write_csv

LEGEND = """In metres: mean absolute errors, median and 90th percentile of the horizontal distance, and the mean error
of x and y in the quietest quarter of windows and in the others. Slopes are of estimate against truth."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_network_arguments(parser)
    parser.add_argument(
        "--srp_phat", action=argparse.BooleanOptionalAction, default=True, help=f"with the row {params.SRP_PHAT}"
    )
    return parser.parse_args(argv)


def localizers(args, recordings: Recordings) -> list[Localizer]:
    """Return all that localize in a condition, the control first."""
    found = open_localizers(args, recordings)
    return found if args.srp_phat else found[:-1]


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    heard_by = [(recordings, localizers(args, recordings)) for recordings in open_recordings(args)]
    origins = [origin_of(recordings, each) for recordings, found in heard_by for each in found]
    networks = [each for _, found in heard_by for each in found if isinstance(each, Network)]
    results = results_of(args, "localization", origins, networks)
    with ranks.process_group():
        tables = [estimate_sources(found, recordings, args.results / "parts") for recordings, found in heard_by]
    if not ranks.is_main():
        return results.folder
    estimates = pd.concat(tables, ignore_index=True)
    published_m = {
        (recordings.condition.name, each.name): published_mae_m(recordings, each.name)
        for recordings, found in heard_by
        for each in found
    }
    errors = error_table(estimates)
    keys = zip(errors["condition"], errors["localizer"], strict=True)
    errors = errors.assign(published_mae_m=[published_m[key] for key in keys])
    shown = localization_summary(errors)
    write_csv(results.folder / "estimates.csv", estimates)
    write_csv(results.folder / "errors.csv", errors)
    verdicts = error_differences(estimates, args.seed)
    write_csv(results.folder / "verdicts.csv", verdicts)
    write_latex(results.folder / "table.tex", shown, digits=3)
    results.finish()
    print(f"{args.split}, {errors['windows'].max()} windows at most. {LEGEND}")
    print(as_text(shown, digits=3))
    finish(localized(verdicts), results.folder, command("perturbation_experiment.py", args, parse([])))
    return results.folder


if __name__ == "__main__":
    main()
