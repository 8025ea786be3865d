"""Experiment 1: remove the most relevant, the loudest or random samples, and see how far the estimates move.

    python perturbation_experiment.py --T60 0.15 --SNR 25
    python perturbation_experiment.py --conditions all
    python perturbation_experiment.py --method lrp gradient_x_input

prints the MAE in metres against the share of input removed, beside the published one, and writes it to
results/perturbation, with what removing relevant input does beyond removing any other, on the same windows. It needs
the test recordings (generate_data.py) and weights (those that are shipped, or --weights logs after train.py).
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

import params
from explain.removal import (
    CURVES,
    ENERGY,
    PERCENTS,
    RANDOM,
    RELEVANCE,
    VERSION,
    Removal,
    answers_without,
    at_random,
    by_attribution,
    by_energy,
)
from localization.localizer import Centre
from localization.trials import Trial, add_arguments, open_trials, results_of_trials
from report.figures import removal_curves, write_figure
from report.found import removed
from report.published import published_removal_m
from report.tables import as_text, write_latex
from running import arguments, ranks
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import write_csv
from running.parts import by_source
from running.provenance import fingerprint

CONTROLS = (ENERGY, RANDOM, params.CENTRE)
"""What the curve of relevance is compared with."""


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


def answers_of(trial: Trial, args) -> dict[tuple[str, str], list[np.ndarray]]:
    """Return the answers of every curve, kept on disk source by source.

    By curve and method ("" where it has none) a list of what each source's windows give, (order, window, percent, 3).
    """
    recordings, network = trial.recordings, trial.network
    orders = {(RELEVANCE, name): (store.identity, by_attribution(store.attributions))
              for name, store in trial.stores.items()}  # fmt: skip
    orders[ENERGY, ""] = {}, by_energy
    orders[RANDOM, ""] = {"seed": args.seed, "draws": args.draws}, at_random(recordings.numbers, args.seed, args.draws)
    shared = {"version": VERSION, "recordings": recordings.fingerprint, "percents": args.percents} | network.identity
    found = {}
    for (curve, method), (identity, order) in orders.items():

        def compute(row: int, order=order) -> dict[str, np.ndarray]:
            windows = recordings.windows(row)
            answers_m = answers_without(network.model, windows, order(row, windows), args.percents, network.device)
            return {"answers_m": answers_m}

        folder = fingerprint(shared | {"curve": curve, "order": identity})[:16]
        title = " ".join(filter(None, [network.name, trial.condition.name, curve, method]))
        parts = by_source(args.results / "parts" / f"removal-{folder}", recordings.names, compute, title)
        found[curve, method] = [part["answers_m"] for part in parts]
    return found


def errors_m(answers_m: list[np.ndarray], positions_m: np.ndarray) -> list[np.ndarray]:
    """Return the errors of the answers for each source, the mean over orders and coordinates, (window, percent)."""
    return [
        np.abs(each - position_m).mean(axis=(0, 3)) for each, position_m in zip(answers_m, positions_m, strict=True)
    ]


def centre_answers(trial: Trial, percents: list[float]) -> list[np.ndarray]:
    """Return the answers of the constant, which hears nothing, shaped as those of `answers_of`."""
    answer_m = Centre(trial.recordings.setup).position_m
    return [np.tile(answer_m, (1, count, len(percents), 1)) for count in trial.recordings.window_counts]


def summarise(trials: list[Trial], found: list[dict], args) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the curves of every trial, and of each network with all conditions pooled, and their verdicts."""
    groups = {(trial.condition.name, trial.network.name): [index] for index, trial in enumerate(trials)}
    if len({trial.condition for trial in trials}) > 1:
        for index, trial in enumerate(trials):
            groups.setdefault(("pooled", trial.network.name), []).append(index)
    curves, verdicts = [], []
    for (condition, model), indices in groups.items():
        scores = {key: [] for key in found[indices[0]]}
        for key, index in product(scores, indices):
            scores[key] += errors_m(found[index][key], trials[index].recordings.positions_m)
        sources = [row for index in indices for row in trials[index].recordings.sources]
        voices, numbers = ([row[key] for row in sources] for key in ("speaker", "source"))
        removal = Removal(scores, voices, numbers, args.percents, args.seed)
        place = {"condition": condition, "model": model}
        for curve, method in scores:
            draws = args.draws if curve == RANDOM else 1
            table = removal.curve((curve, method)).assign(**place, curve=curve, method=method, draws=draws)
            table["published_mae_m"] = published_removal_m(
                [trials[index].recordings for index in indices], model, curve, method, args.percents
            )
            curves.append(table)
        for method in trials[indices[0]].stores:
            for control in CONTROLS:
                table = removal.difference((RELEVANCE, method), (control, ""))
                verdicts.append(table.assign(**place, method=method, against=control))
    names = {"mean": "mae_m", "low": "low_m", "high": "high_m", "items": "sources", "inputs": "windows"}
    shown = ["condition", "model", "method", "curve", "percent", *names.values(), "draws", "published_mae_m"]
    compared = ["condition", "model", "method", "against", "percent", "difference_m", "low_m", "high_m", "verdict"]
    return (
        pd.concat(curves, ignore_index=True).rename(columns=names)[shown],
        pd.concat(verdicts, ignore_index=True).rename(columns=names | {"mean": "difference_m"})[compared],
    )


def source_errors(trials: list[Trial], found: list[dict], args) -> pd.DataFrame:
    """Return the error of every source with nothing removed: a row a source, MAE in metres over its windows."""
    whole = args.percents.index(0)
    rows = []
    for trial, answers_m in zip(trials, found, strict=True):
        recordings, place = trial.recordings, {"condition": trial.condition.name, "model": trial.network.name}
        for row, position_m, of_source in zip(
            recordings.sources, recordings.positions_m, answers_m[ENERGY, ""], strict=True
        ):
            error_m = np.abs(of_source[0, :, whole] - position_m).mean(axis=0)
            errors = dict(zip(("mae_x_m", "mae_y_m", "mae_z_m"), error_m, strict=True))
            rows.append(place | row | errors | {"mae_m": error_m.mean()})
    return pd.DataFrame(rows)


def shown(curves: pd.DataFrame) -> pd.DataFrame:
    """Return a table to print: a row a curve, a column a share removed, the published curve below ours."""
    keys = ["condition", "model", "curve", "method"]
    tables = []
    for values, suffix in (("mae_m", ""), ("published_mae_m", " (published)")):
        wide = curves.pivot(index=keys, columns="percent", values=values).dropna(how="all").reset_index()
        tables.append(wide.assign(curve=wide["curve"] + suffix, method=wide["method"] if not suffix else ""))
    table = pd.concat(tables)
    networks = list(dict.fromkeys(zip(curves["condition"], curves["model"], strict=True)))
    order = [curve + of for curve in CURVES for of in ("", " (published)")] + [params.CENTRE]
    methods = list(dict.fromkeys(curves["method"]))
    places = [
        (networks.index((row.condition, row.model)), order.index(row.curve), methods.index(row.method))
        for row in table.itertuples()
    ]
    table = table.iloc[sorted(range(len(table)), key=places.__getitem__)]
    return table.rename(columns={percent: f"{percent:g} %" for percent in curves["percent"].unique()})


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    with ranks.process_group():
        trials = open_trials(args)
        results = results_of_trials(args, "perturbation", trials)
        found = [answers_of(trial, args) | {(params.CENTRE, ""): centre_answers(trial, args.percents)}
                 for trial in trials]  # fmt: skip
    if not ranks.is_main():
        return results.folder
    curves, verdicts = summarise(trials, found, args)
    table = shown(curves)
    write_csv(results.folder / "curves.csv", curves)
    write_csv(results.folder / "verdicts.csv", verdicts)
    write_csv(results.folder / "sources.csv", source_errors(trials, found, args))
    write_latex(results.folder / "table.tex", table)
    write_figure(results.folder / "curves.png", removal_curves(curves))
    results.finish()
    print(
        f"MAE in metres against the share of input removed; {args.split}, {curves['windows'].max():.0f} windows at most"
    )
    print(as_text(table))
    finish(removed(verdicts), results.folder, command("tdoa_experiment.py", args, parse([])))
    return results.folder


if __name__ == "__main__":
    main()
