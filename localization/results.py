"""What finished experiments left: their folders, and the trials behind them opened again."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from acoustics.recordings import Recordings
from explain.methods import choose_methods
from localization.interventions import Intervened, intervention_of
from localization.localizer import Network
from localization.trials import Trial, chosen_gate, store_of
from running.errors import InputError
from running.files import read_json
from running.provenance import ROOT, plain


def find_results(results: str | Path, experiment: str) -> Path:
    """Return the folder of an experiment's results: that of all conditions where there is one, else the newest.

    Parameters
    ----------
    results : path
        Folder of the results of all experiments, such as ``results/quick``.
    experiment : str
        "perturbation", "tdoa", "localization" or "relevance_check".

    Raises
    ------
    InputError
        When there are none.
    """
    runs = list(Path(results, experiment).glob("*/run.json"))
    if not runs:
        raise InputError(
            f"no results of {experiment} in {results}: run `make reproduce` first, or choose another folder"
        )
    return max(runs, key=lambda run: (run.parent.name == "pooled", run.stat().st_mtime_ns)).parent


def open_trial(folder: Path, condition: str, model_name: str) -> Trial:
    """Open a network in a condition again, with the recordings and the relevance of an experiment.

    Parameters
    ----------
    folder : Path
        Results of an experiment with relevance, see `find_results`.
    condition : str
        Name of a condition, such as "SNR_25_T60_0.15".
    model_name : str

    Raises
    ------
    InputError
        When the experiment had no such trial, or when its weights or recordings are gone or others now.
    """
    run = read_json(folder / "run.json")
    arguments = run["arguments"]
    kept = {(trial["condition"], trial["network"]["localizer"]): trial for trial in run["trials"]}
    if (condition, model_name) not in kept:
        known = ", ".join(" ".join(names) for names in kept)
        raise InputError(f"{folder} has no {model_name} in {condition}; it has {known}")
    trial = kept[condition, model_name]
    recordings = Recordings(ROOT / arguments["data_path"] / condition / arguments["split"], arguments["sources"])
    if arguments["intervention"]:
        recordings = Intervened(recordings, intervention_of(arguments["intervention"]))
    network = Network(ROOT / run["files"][trial["network"]["weights"]], recordings.setup, model_name)
    methods = choose_methods(arguments["method"], gate=chosen_gate(arguments["gate"]))
    place, start = ROOT / arguments["results"], arguments["start"]
    stores = {each.name: store_of(place, start, network, recordings, each) for each in methods}
    if {name: plain(store.identity) for name, store in stores.items()} != trial["relevance"]:
        raise InputError(f"weights or recordings are no longer those of {folder}: run the experiment again")
    return Trial(recordings.condition, network, recordings, stores)


def choose_source(errors: pd.DataFrame, choice: str | int) -> int:
    """Return the number of a source.

    Parameters
    ----------
    errors : DataFrame
        Rows of ``sources.csv`` of perturbation_experiment.py: the test sources of a network in a condition.
    choice : "best", "worst" or int
        The source of the smallest or largest MAE, as in the published examples, or one by its number.

    Raises
    ------
    InputError
        When there is no such source.
    """
    by_source = errors.set_index("source")["mae_m"]
    if choice in ("best", "worst"):
        return int(by_source.idxmin() if choice == "best" else by_source.idxmax())
    if choice not in by_source.index:
        raise InputError(
            f"there is no source {choice!r}: say best, worst or one of {', '.join(map(str, by_source.index))}"
        )
    return int(choice)
