"""How well the networks localize, beside SRP-PHAT, a constant and the published networks.

    python localization_experiment.py --T60 0.15 --SNR 25
    python localization_experiment.py --conditions all --split val

prints errors over all windows and writes them to results/localization, with every estimate. It needs recordings
(generate_data.py) and weights (train.py, or those that are shipped).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch

import params
from acoustics.recordings import Recordings
from acoustics.srp_phat import SrpPhat
from explain.experiment import add_network_arguments, open_network, results_folder
from report.published import published_maes_m
from report.summary import localization_summary
from report.tables import as_text, write_csv, write_latex
from running import arguments, ranks
from running.errors import exits_cleanly
from running.files import write_json
from running.parts import by_source
from running.provenance import file_hash, fingerprint, origin, plain
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


Localizer = Callable[[np.ndarray], np.ndarray]
"""From windows, (window, microphone, sample), to positions in metres, (window, 3)."""


def localizers(args, condition: params.Condition, recordings: Recordings) -> dict[str, tuple[dict, Localizer]]:
    """Return all that localize, by name: what their answers depend on, and how they answer."""
    device = arguments.device(args)
    found = {}
    for model_name in args.model_name:
        weights, model = open_network(args, model_name, condition, recordings)
        found[model_name] = ({"weights": file_hash(weights)}, network_localizer(model.to(device), device))
    if args.srp_phat:
        found[params.SRP_PHAT] = ({}, SrpPhat(recordings.setup).estimate)
    return found


def network_localizer(model: torch.nn.Module, device: torch.device) -> Localizer:
    """Return a network as a localizer."""

    def localize(windows: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(windows).to(device)).cpu().numpy()

    return localize


def estimates(args, condition: params.Condition, recordings: Recordings) -> pd.DataFrame:
    """Return the estimate of every window by everything that localizes; kept on disk source by source."""
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
    for name, (identity, localize) in localizers(args, condition, recordings).items():
        named = fingerprint({"recordings": recordings.fingerprint, "localizer": name} | identity)
        parts = by_source(
            args.results / "parts" / f"localization-{named[:16]}",
            sources,
            lambda row, localize=localize: heard(recordings.windows(row), localize),
            f"{name} {condition.name}",
        )
        answers_m[name] = np.concatenate([part["estimates_m"] for part in parts])
        powers = np.concatenate([part["powers"] for part in parts])
    tables = []
    for name, estimates_m in answers_m.items():
        table = windows.assign(method=name, power=powers)
        table[["estimate_x_m", "estimate_y_m", "estimate_z_m"]] = estimates_m
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def heard(windows: np.ndarray, localize: Localizer) -> dict[str, np.ndarray]:
    """Return estimates and powers of a source's windows."""
    return {"estimates_m": localize(windows), "powers": np.square(windows, dtype=np.float64).mean(axis=(1, 2))}


def errors(table: pd.DataFrame) -> pd.DataFrame:
    """Return the errors of every method in every condition, `describe_errors`, with the published MAE beside them."""
    published_m = published_maes_m()
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
    folder = folder.with_name(f"{folder.name}_{args.split}")
    with ranks.process_group():
        opened = {
            condition: Recordings(args.data_path / condition.name / args.split, args.sources)
            for condition in arguments.conditions(args)
        }
        table = pd.concat(
            [estimates(args, condition, recordings) for condition, recordings in opened.items()], ignore_index=True
        )
    if not ranks.is_main():
        return folder
    described = errors(table)
    corpora = {condition.name: recordings.dataset.arguments["corpus"] for condition, recordings in opened.items()}
    write_csv(folder / "estimates.csv", table.round(5))
    write_csv(folder / "errors.csv", described)
    shown = localization_summary(described)
    write_latex(folder / "table.tex", shown, digits=3)
    write_json(folder / "run.json", origin(vars(args)) | plain({"corpora": corpora}))
    print(f"{args.split}, {described['windows'].max()} windows at most. {LEGEND}")
    print(as_text(shown, digits=3))
    print(f"results: {folder}")
    return folder


if __name__ == "__main__":
    main()
