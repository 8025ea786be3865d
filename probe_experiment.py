"""What single layers and filters hear: probes for correlations, tuning to delay, relevance that passes one filter.

    python probe_experiment.py --T60 0.15 --SNR 25
    python probe_experiment.py --conditions all --beside models/pretrained/any_room

reads the correlations of pairs of microphones, PHAT and cross-power, from every layer by ridge regressions; lets waves
cross the array and takes down which delay each filter answers most; and hands the relevance of x down through one
filter at a time. Beside every network stands itself with random weights, several times. Tables and figures go to
results/probes. It needs the test recordings (generate_data.py) and weights (those that are shipped, or --weights logs
after train.py).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from localization.delay_probes import ALL_PAIRS, CROSS_POWER, NO_NETWORK, PHAT, TARGETS
from localization.delay_tuning import POINT
from localization.inside import TRAINED, UNTRAINED, Inside, tables_of
from localization.localizer import Network
from localization.probed_windows import ProbedWindows
from localization.trials import add_hearing_arguments, open_networks, open_recordings, origin_of, results_of
from report.found import probed
from report.inside import filters_figure, probes_figure, tuning_figure
from report.style import write_figure
from report.tables import as_text, rounded
from running import arguments, ranks
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import write_csv
from running.memory import keep_freed_memory

DECIMALS = 8
FIGURES = {"probes": probes_figure, "tuning": tuning_figure, "profiles": filters_figure}
"""By the table without which there is nothing to draw."""
LEGEND = """R2 of probes in voices left out, mean over pairs of microphones: what layers hold of PHAT and cross-power;
the same of {untrained} random initialisations. depth: how much filters are modulated as a talker moves along x, median;
tuned: share of them that are so more than 95 % of untrained ones; r: correlation, over filters, of what tuning curves
say with how activity, and relevance of x, goes with the delays of talkers in the recordings."""


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_hearing_arguments(parser)
    parser.set_defaults(sources=60)
    parser.add_argument("--windows", type=arguments.whole(1), default=4, help="windows of each source, spread over it")
    parser.add_argument(
        "--untrained", type=arguments.whole(1), default=3, help="random initialisations of each network"
    )
    parser.add_argument(
        "--waves", type=arguments.whole(1), default=4, help="windows of noise that each wave is made of"
    )
    parser.add_argument("--top", type=arguments.whole(1), default=2, help="filters of each layer that get a profile")
    parser.add_argument(
        "--profile_sources", type=arguments.whole(1), default=10, help="sources, a window each, that profiles are of"
    )
    return parser.parse_args(argv)


def tables_in(network: Network, heard: ProbedWindows, args: argparse.Namespace) -> dict[str, pd.DataFrame]:
    """Return the tables of a network in a condition."""
    twins = (network.untrained(args.seed, number) for number in range(args.untrained))
    untrained = [Inside(twin, heard, args.waves, number) for number, twin in enumerate(twins)]
    tables = tables_of(Inside(network, heard, args.waves), untrained, args.top, args.profile_sources)
    return {name: placed(heard, network.name, table) for name, table in tables.items()}


def placed(heard: ProbedWindows, localizer: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that says first in which condition, which localizer and, where it tells these apart, layer."""
    names = pd.DataFrame({"condition": heard.recordings.condition.name, "localizer": localizer}, index=table.index)
    layer = ["layer"] if "layer" in table else []
    return pd.concat([names, table[layer], table.drop(columns=layer)], axis=1)


def shown(probes: pd.DataFrame, tuning: pd.DataFrame) -> pd.DataFrame:
    """Return a table to print: a row a condition, network and layer."""
    keys = ["condition", "localizer", "layer"]
    means = probes[probes["pair"] == ALL_PAIRS].set_index([*keys, "target"])[["R2", "untrained_R2"]].unstack("target")
    table = means.loc[probes.set_index(keys).index.unique()]
    table.columns = [f"{target}{' untrained' * (name != 'R2')}" for name, target in table.columns]
    trained = tuning[(tuning["weights"] == TRAINED) & (tuning["wave"] == POINT)].set_index(keys)
    chosen = {"depth": "depth", "tuned": "tuned_share", "r activity": "activation_r", "r relevance": "relevance_r"}
    for title, column in chosen.items():
        table[title] = trained[column].reindex(table.index) if column in trained else np.nan
    return table.reset_index()


def verdicts(probes: pd.DataFrame, tuning: pd.DataFrame) -> list[str]:
    """Return a sentence for every condition and network."""
    sentences = []
    means = probes[(probes["pair"] == ALL_PAIRS) & (probes["localizer"] != NO_NETWORK)]
    for (condition, localizer), rows in means.groupby(["condition", "localizer"], sort=False):
        of = {target: rows[rows["target"] == target].set_index("layer") for target in TARGETS}
        layer = of[PHAT]["R2"].idxmax()
        held = [_held(target, of[target].loc[layer]) for target in (PHAT, CROSS_POWER)]
        sentence = f"{condition} {localizer} holds most PHAT in {layer}: {'; '.join(held)}"
        filters = tuning[(tuning["condition"] == condition) & (tuning["localizer"] == localizer)]
        sentence += _tuned(filters[filters["wave"] == POINT])
        sentences.append(sentence)
    return sentences


def _held(target: str, row: pd.Series) -> str:
    than = {"above": "more than", "below": "less than", "level": "as much as can be told from", "": "beside"}
    return (
        f"{target} {rounded(row['R2'], 2)} ({row['low']:.2f} to {row['high']:.2f}), {than[row['untrained_verdict']]} "
        f"untrained ({rounded(row['untrained_R2'], 2)})"
    )


def _tuned(filters: pd.DataFrame) -> str:
    """Say in words how the filters of a network's last layer that has filters are tuned, and how many carry x."""
    if filters.empty:
        return ""
    last = filters[filters["layer"] == filters["layer"].iloc[-1]].groupby("weights").mean(numeric_only=True)
    own, null = last.loc[TRAINED], last.loc[UNTRAINED]
    said = f"; in {filters['layer'].iloc[-1]} {100 * own['tuned_share']:.0f} % of the filters are tuned"
    if "carriers" in last:
        said += f", {own['carriers']:.0f} of {own['filters']:.0f} carry x (untrained {null['carriers']:.0f})"
    return said


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    keep_freed_memory()
    opened = [ProbedWindows(each, args.windows, args.results, args.seed) for each in open_recordings(args)]
    heard_by = [(heard, network) for heard in opened for network in open_networks(args, heard.recordings)]
    origins = [origin_of(heard.recordings, network) for heard, network in heard_by]
    results = results_of(args, "probes", origins, [network for _, network in heard_by])
    with ranks.process_group():
        parts = [tables_in(network, heard, args) for heard, network in heard_by]
        controls = [placed(heard, NO_NETWORK, heard.control_table()) for heard in opened]
    if not ranks.is_main():
        return results.folder
    tables = {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]}
    tables["probes"] = pd.concat([tables["probes"], *controls], ignore_index=True)
    for name, table in tables.items():
        write_csv(results.folder / f"{name}.csv", table.round(DECIMALS))
    for condition, _ in tables["probes"].groupby("condition", sort=False):
        here = {name: table[table["condition"] == condition] for name, table in tables.items() if len(table)}
        for name in here.keys() & FIGURES.keys():
            write_figure(results.folder / f"{name}_{condition}.png", FIGURES[name](here))
    results.finish()
    print(LEGEND.format(**vars(args)))
    print(as_text(shown(tables["probes"], tables["tuning"]), digits=2))
    print("\n".join(verdicts(tables["probes"], tables["tuning"])))
    page = command("build_page.py", args, args, results=args.results)
    finish(probed(tables["probes"]), results.folder, page)
    return results.folder


if __name__ == "__main__":
    main()
