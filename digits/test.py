"""Test trained networks on speakers that they never heard: weights -> accuracies and confusions beside published ones.

    python -m digits.test
    python -m digits.test --data data/digits/espeak_8khz data/digits/fsdd_8khz --results results/digits

takes all finished runs of python -m digits.train. In a corpus with the speakers of the published folds each network
hears the test speakers of its fold; all speakers of other numbers (61 and more) were never heard by any network.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from digits import scores
from digits.clips import Clips
from digits.train import DATA, RUNS
from report.digits import confusion_matrices, training_curves
from report.digits_verdict import titled, told
from report.style import write_figure
from report.tables import as_text
from running import arguments
from running.ending import command, finish
from running.errors import InputError, exits_cleanly
from running.files import write_csv
from running.parts import by_source
from running.provenance import fingerprint
from running.results import Results

PERCENTS = ("accuracy", "std_over_folds", "low", "high", "published", "published_std")
SHOWN = {"std_over_folds": "± folds", "published": "AudioMNIST, published", "published_std": "± published"}
LEGEND = """Right answers in percent, by speakers that a network never heard: mean and standard deviation over folds,
and 95 % interval over speakers. Published numbers are of AudioMNIST's own recordings (S. Becker et al., 2024), as later
papers cite them; with those of another corpus they can't be compared."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of the run folders")
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        action="extend",
        help=f"preprocessed clips, by default {DATA}",
    )
    parser.add_argument("--results", type=Path, default=Path("results/digits"), help="folder of the results")
    arguments.add_gpu(parser)
    return parser.parse_args(argv)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Test; return the folder of the results."""
    args = parse(argv)
    device = arguments.device(args)
    corpora = [Clips.open(folder) for folder in args.data or [DATA]]
    runs = [scores.Run.open(folder) for folder in scores.find_runs(args.runs)]
    content = {
        "weights": {run.folder.name: run.fingerprint for run in runs},
        "data": {clips.name: clips.fingerprint for clips in corpora},
    }
    results = Results(args.results, vars(args), ("runs", "data", "results", "gpu"), content)
    predictions = pd.concat([found for clips in corpora for found in _predictions(results, runs, clips, device)])
    tables = {
        "accuracies": scores.accuracies(predictions, ["corpus", *scores.OF_RUN]),
        "speakers": scores.accuracies(predictions, ["corpus", *scores.OF_RUN, "speaker"]),
        "over_folds": scores.over_folds(predictions),
        "confusion": scores.confusion(predictions),
        "history": scores.histories(runs),
        "predictions": predictions,
    }
    for name, table in tables.items():
        write_csv(args.results / f"{name}.csv", table)
    _draw(args.results, tables)
    results.finish()
    _print(tables["over_folds"])
    data = args.data and args.data[0]
    finish(told(tables["over_folds"]), args.results, command("-m digits.removal", args, parse([]), data=data))
    return args.results


def _predictions(results: Results, runs: list[scores.Run], clips: Clips, device):
    """Yield each run's table of predictions; what was computed before an interruption stays."""
    testable = [(run, found) for run in runs if (found := run.test_clips(clips)) is not None]
    if not testable:
        raise InputError(f"{clips.name} has no clip by a speaker that these networks did not learn from")

    def compute(row: int) -> dict:
        run, found = testable[row]
        return {"probabilities": run.probabilities(found, device)}

    names = [
        f"{run.folder.name}-{fingerprint({'weights': run.fingerprint, 'clips': found.fingerprint})[:16]}"
        for run, found in testable
    ]
    heard = by_source(results.folder / "probabilities", names, compute, f"networks hear {clips.name}")
    for (run, found), arrays in zip(testable, heard, strict=True):
        yield run.predictions(found, arrays["probabilities"])


def _draw(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    history, confusion = (titled(tables[name]) for name in ("history", "confusion"))
    for task, table in history.groupby("task"):
        write_figure(folder / f"training_{task}.png", training_curves(table))
    for (corpus, task), table in confusion.groupby(["corpus", "task"]):
        write_figure(folder / f"confusion_{corpus}_{task}.png", confusion_matrices(table))


def _print(over_folds: pd.DataFrame) -> None:
    shown = titled(over_folds)
    shown[list(PERCENTS)] *= 100
    print(LEGEND)
    print(as_text(shown.rename(columns=SHOWN), digits=2))


if __name__ == "__main__":
    main()
