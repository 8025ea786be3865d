"""Experiment 1: remove the most relevant, the loudest or random samples, and see how far the estimates move.

    python perturbation_experiment.py --T60 0.15 --SNR 25
    python perturbation_experiment.py --conditions all

prints the MAE in metres against the share of input removed, beside the published one, and writes it to
results/perturbation. It needs the test recordings (generate_data.py) and weights (train.py, or those that are shipped).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import params
from explain.experiment import (
    Trial,
    add_arguments,
    always_the_centre_mae_m,
    open_trials,
    origin_of,
    results_folder,
)
from explain.perturbation import CURVES, PERCENTS, mae_curves, perturb_source
from report.figures import removal_curves, write_figure
from report.published import published_curves
from report.tables import as_text, write_latex
from running import arguments, ranks
from running.errors import exits_cleanly
from running.files import write_csv, write_json
from running.parts import by_source
from running.provenance import fingerprint


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_arguments(parser)
    parser.add_argument(
        "--percents",
        nargs="+",
        type=arguments.number(least=0, most=100),
        default=list(PERCENTS),
        help="shares of the input that are removed, beside none",
    )
    parser.add_argument("--draws", type=arguments.whole(1), default=1, help="random orders for each window")
    args = parser.parse_args(argv)
    args.percents = sorted({0, *args.percents})
    return args


def estimates(trial: Trial, args) -> list[dict[str, np.ndarray]]:
    """Return the estimates of each source, see `explain.perturbation.perturb_source`; kept on disk source by source."""
    identity = {"relevance": trial.relevance.fingerprint, "percents": args.percents, "draws": args.draws}
    identity["seed"] = args.seed
    device = arguments.device(args)
    folder = args.results / "parts" / f"perturbation-{fingerprint(identity)[:16]}"

    def compute(row: int) -> dict[str, np.ndarray]:
        windows = trial.recordings.windows(row)
        return perturb_source(
            trial.model,
            windows,
            trial.relevance.relevance(row, windows),
            args.percents,
            args.draws,
            args.seed,
            trial.recordings.sources[row]["source"],
            device=device,
        )

    sources = [row["source"] for row in trial.recordings.sources]
    return by_source(folder, sources, compute, f"{trial.model_name} {trial.condition.name}")


def curves(trials: list[Trial], estimated: list[list[dict[str, np.ndarray]]], args) -> pd.DataFrame:
    """Return the curves of every trial, and of each network with all conditions pooled."""
    groups = {(trial.condition.name, trial.model_name): [index] for index, trial in enumerate(trials)}
    if len({trial.condition for trial in trials}) > 1:
        for index, trial in enumerate(trials):
            groups.setdefault(("pooled", trial.model_name), []).append(index)
    tables = []
    for (condition, model_name), indices in groups.items():
        sources_m = [source_m for index in indices for source_m in estimated[index]]
        positions_m = np.concatenate([trials[index].recordings.positions_m for index in indices])
        numbers = [row["source"] for index in indices for row in trials[index].recordings.sources]
        table = mae_curves(sources_m, positions_m, numbers, args.percents, args.seed)
        centre = [always_the_centre_mae_m(trials[index].recordings) for index in indices]
        windows = [trials[index].recordings.window_counts.sum() for index in indices]
        centre_m = float(np.average(np.mean(centre, axis=1), weights=windows))
        control = pd.DataFrame({"curve": params.CENTRE, "percent": args.percents, "mae_m": centre_m})
        table = pd.concat([table, control], ignore_index=True)
        table.insert(0, "model", model_name)
        table.insert(0, "condition", condition)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def source_errors(trials: list[Trial], estimated: list[list[dict[str, np.ndarray]]], args) -> pd.DataFrame:
    """Return the error of every source with nothing removed: a row a source, MAE in metres over its windows."""
    whole = args.percents.index(0)
    rows = []
    for trial, sources_m in zip(trials, estimated, strict=True):
        for row, source_m in zip(trial.recordings.sources, sources_m, strict=True):
            position_m = np.array([row["x_m"], row["y_m"], row["z_m"]])
            error_m = np.abs(source_m["relevance"][0, :, whole] - position_m).mean(axis=0)
            errors = dict(zip(("mae_x_m", "mae_y_m", "mae_z_m"), error_m, strict=True))
            place = {"condition": trial.condition.name, "model": trial.model_name}
            rows.append(place | row | errors | {"mae_m": error_m.mean()})
    return pd.DataFrame(rows)


def beside_published(table: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Return a table to print: a row a curve, a column a share removed, the published curve below ours."""
    published = published.merge(table[["condition", "model", "percent"]].drop_duplicates())
    published = published.assign(curve=published["curve"] + " (published)")
    rows = [curve + of for curve in CURVES for of in ("", " (published)")] + [params.CENTRE]
    wide = pd.concat([table, published]).pivot(index=["condition", "model", "curve"], columns="percent", values="mae_m")
    networks = table[["condition", "model"]].drop_duplicates().itertuples(index=False)
    wide = wide.reindex([(*network, row) for network in networks for row in rows]).dropna(how="all")
    wide.columns = [f"{percent:g} %" for percent in wide.columns]
    return wide.reset_index()


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    with ranks.process_group():
        trials = open_trials(args)
        estimated = [estimates(trial, args) for trial in trials]
    folder = results_folder(args, "perturbation")
    if not ranks.is_main():
        return folder
    table = curves(trials, estimated, args)
    published = published_curves()
    shown = beside_published(table, published)
    write_csv(folder / "curves.csv", table)
    write_csv(folder / "sources.csv", source_errors(trials, estimated, args))
    write_latex(folder / "table.tex", shown)
    write_figure(folder / "curves.png", removal_curves(table, published))
    write_json(folder / "run.json", origin_of(args, trials))
    print(
        f"MAE in metres against the share of input removed; {args.split}, {table['windows'].max():.0f} windows at most"
    )
    print(as_text(shown))
    print(f"results: {folder}")
    return folder


if __name__ == "__main__":
    main()
