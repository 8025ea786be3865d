"""How well the networks localize, beside SRP-PHAT, a constant and the published networks.

    python localization_experiment.py --T60 0.15 --SNR 25
    python localization_experiment.py --conditions all --split val

prints errors over all windows and writes them to results/localization, with every estimate. It needs recordings
(generate_data.py) and weights (train.py, or those that are shipped).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

import params
from acoustics.recordings import Recordings
from acoustics.srp_phat import SrpPhat
from explain.experiment import add_network_arguments, networks, open_network, results_folder
from explain.store import model_fingerprint
from report.published import published_maes_m
from report.summary import localization_summary
from report.tables import as_text, write_latex
from running import arguments, provenance, ranks
from running.errors import exits_cleanly
from running.files import write_csv, write_json
from running.parts import by_source
from running.provenance import fingerprint
from training.evaluate import BATCH_SIZE
from training.localization import describe_errors

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


@dataclass(frozen=True)
class Localizer:
    """Something that localizes.

    Parameters
    ----------
    estimate : callable
        From windows, (window, microphone, sample), to positions in metres, (window, 3).
    identity : dict
        All that the positions depend on, beside the windows.
    origin : dict
        What ``run.json`` says of it.
    """

    estimate: Callable[[np.ndarray], np.ndarray]
    identity: dict
    origin: dict


def localizers(args, recordings: Recordings) -> dict[str, Localizer]:
    """Return all that localize in a condition, by name."""
    condition, device = recordings.condition, arguments.device(args)
    place = {"condition": condition.name, "corpus": recordings.dataset.arguments["corpus"]}
    place |= {"sources": [row["source"] for row in recordings.sources]}
    found = {}
    for model_name in networks(args):
        weights, model = open_network(args, model_name, condition, recordings)
        identity = {"weights": model_fingerprint(model)}
        origin = place | {"model_name": model_name, "weights": weights, "fingerprint": identity["weights"]}
        found[model_name] = Localizer(network_localizer(model.to(device), device), identity, origin)
    if args.srp_phat:
        method = SrpPhat(recordings.setup)
        identity = {"spacing_m": method.spacing_m}
        found[params.SRP_PHAT] = Localizer(method.estimate, identity, place | {"method": params.SRP_PHAT} | identity)
    return found


def network_localizer(model: torch.nn.Module, device: torch.device) -> Callable[[np.ndarray], np.ndarray]:
    """Return how a network localizes."""

    def estimate(windows: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            parts = torch.from_numpy(windows).split(BATCH_SIZE)
            return torch.cat([model(part.to(device)).cpu() for part in parts]).numpy()

    return estimate


def estimates(args, recordings: Recordings, found: dict[str, Localizer]) -> pd.DataFrame:
    """Return the estimate of every window by everything that localizes; kept on disk source by source."""
    condition = recordings.condition
    sources = [row["source"] for row in recordings.sources]
    windows = pd.DataFrame(
        {
            "condition": condition.name,
            "source": np.repeat(sources, recordings.window_counts),
            "window": np.concatenate([np.arange(count) for count in recordings.window_counts]),
        }
    )
    truth_m = np.repeat(recordings.positions_m, recordings.window_counts, axis=0)
    windows[["x_m", "y_m", "z_m"]] = truth_m
    answers_m = {params.CENTRE: np.broadcast_to(recordings.setup.grid.centre_m(), truth_m.shape)}
    powers = None
    for name, localizer in found.items():
        named = fingerprint({"recordings": recordings.fingerprint, "localizer": name} | localizer.identity)
        parts = by_source(
            args.results / "parts" / f"localization-{named[:16]}",
            sources,
            lambda row, localizer=localizer: heard(recordings.windows(row), localizer),
            f"{name} {condition.name}",
        )
        answers_m[name] = np.concatenate([part["estimates_m"] for part in parts])
        powers = np.concatenate([part["powers"] for part in parts])
    tables = []
    for name, estimates_m in answers_m.items():
        table = windows.assign(method=name, power=powers)
        table[["estimate_x_m", "estimate_y_m", "estimate_z_m"]] = estimates_m.round(5)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def heard(windows: np.ndarray, localizer: Localizer) -> dict[str, np.ndarray]:
    """Return estimates and powers of a source's windows."""
    return {
        "estimates_m": localizer.estimate(windows),
        "powers": np.square(windows, dtype=np.float64).mean(axis=(1, 2)),
    }


def errors(table: pd.DataFrame, split: str) -> pd.DataFrame:
    """Return the errors of every method in every condition, `describe_errors`; for `test` beside the published MAE."""
    published_m = published_maes_m() if split == "test" else {}
    rows = []
    for (condition, method), part in table.groupby(["condition", "method"], sort=False):
        described = describe_errors(
            part[["estimate_x_m", "estimate_y_m", "estimate_z_m"]].to_numpy(),
            part[["x_m", "y_m", "z_m"]].to_numpy(),
            part["power"].to_numpy(),
        )
        row = {"condition": condition, "method": method, "windows": len(part)} | described
        rows.append(row | {"published_mae_m": published_m.get((condition, method))})
    return pd.DataFrame(rows)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    folder = results_folder(args, "localization")
    with ranks.process_group():
        opened = [
            Recordings(args.data_path / condition.name / args.split, args.sources)
            for condition in arguments.conditions(args)
        ]
        found = [localizers(args, recordings) for recordings in opened]
        tables = [estimates(args, *heard_by) for heard_by in zip(opened, found, strict=True)]
    if not ranks.is_main():
        return folder
    table = pd.concat(tables, ignore_index=True)
    described = errors(table, args.split)
    trials = [localizer.origin for of_condition in found for localizer in of_condition.values()]
    write_csv(folder / "estimates.csv", table)
    write_csv(folder / "errors.csv", described)
    shown = localization_summary(described)
    write_latex(folder / "table.tex", shown, digits=3)
    write_json(folder / "run.json", provenance.origin(vars(args)) | {"trials": provenance.plain(trials)})
    print(f"{args.split}, {described['windows'].max()} windows at most. {LEGEND}")
    print(as_text(shown, digits=3))
    print(f"results: {folder}")
    return folder


if __name__ == "__main__":
    main()
