"""What the experiments wrote, opened for the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from localization.delays import DelayProtocol
from localization.results import find_results
from running.errors import InputError
from running.files import read_csv, read_json
from running.provenance import ROOT

TABLES = {
    "perturbation": ("curves.csv", "verdicts.csv", "sources.csv"),
    "tdoa": ("summary.csv", "verdicts.csv"),
    "tdoa_refined": ("summary.csv", "verdicts.csv"),
    "localization": ("errors.csv", "verdicts.csv"),
    "cues": ("weights.csv",),
    "cues_aligned": ("weights.csv",),
    "rooms": ("errors.csv", "verdicts.csv"),
    "sensitivity": ("scores.csv", "profiles.csv", "tuning.csv"),
    "shares": ("shares.csv",),
    "interventions": ("interventions.csv",),
    "faithfulness": ("criteria.csv", "agreement.csv", "conclusions.csv", "costs.csv"),
}
OTHER_TASKS = {
    "digits": ("over_folds.csv",),
    "digits/removal": ("curves.csv", "areas.csv"),
    "digits/stretch": ("stretch.csv",),
    "digits/heatmaps": (),
    "enhancement/maps": ("means.csv", "lags.csv"),
    "enhancement/masks": ("agreement.csv",),
    "enhancement/bursts": ("enrichments.csv",),
    "enhancement/amplification": ("effects.csv", "predictions.csv"),
}
"""What networks of other tasks left, which has no part in localization's trials."""
HEARD = ("cues", "cues_aligned", "rooms", "sensitivity", "shares", "interventions", "faithfulness")
"""Experiments that may hear other sources than the removal does, and other networks beside its own."""


@dataclass(frozen=True)
class Results:
    """What an experiment wrote.

    Parameters
    ----------
    folder : Path
    run : dict
        How it came about, ``run.json``.
    tables : dict of str to DataFrame
        By the name of their file.
    """

    folder: Path
    run: dict
    tables: dict[str, pd.DataFrame]

    @property
    def datasets(self) -> dict[str, Path]:
        """How the recordings of each condition came about, ``dataset.json``."""
        data_path = ROOT / self.run["arguments"]["data_path"]
        return {trial["condition"]: data_path / trial["condition"] / "dataset.json" for trial in self.run["trials"]}

    @property
    def protocol(self) -> DelayProtocol:
        """How delays were found, where the experiment is about delays."""
        protocol = self.run["protocol"]
        return DelayProtocol(**protocol | {"pairs": tuple(map(tuple, protocol["pairs"]))})

    @property
    def sources(self) -> dict[str, int]:
        """How many sources of each condition were heard."""
        return {trial["condition"]: len(trial["sources"]) for trial in self.run["trials"]}


def read_results(results: str | Path) -> dict[str, Results]:
    """Read what the experiments wrote.

    Parameters
    ----------
    results : path
        Folder of the results of all experiments, such as ``results/quick``.

    Returns
    -------
    dict of str to Results
        "perturbation" and "tdoa"; "tdoa_refined" and "localization" where they are of the same networks and sources;
        `HEARD` where they are of the same networks and recordings. Of "rooms" there may be several, with other voices
        ("rooms_emodb") or elsewhere ("rooms_held_out"). `OTHER_TASKS` where they are there.

    Raises
    ------
    InputError
        When one of the first two is missing or not whole, or when they are of different networks or sources.
    """
    removal = find_results(results, "perturbation")
    newest = find_results(results, "tdoa")
    trials = read_json(removal / "run.json")["trials"]
    more_rooms = sorted(folder.name for folder in Path(results).glob("rooms_*"))
    names = [name for name in (*TABLES, *more_rooms) if name != "perturbation"]
    folders = {name: _of_trials(Path(results, name), trials) for name in names}
    if folders["tdoa"] is None:
        raise InputError(f"{newest} and {removal} are of different networks or sources: run both experiments again")
    folders = {"perturbation": removal} | {name: folder for name, folder in folders.items() if folder}
    return {name: _read(folder, TABLES[_kind(name)]) for name, folder in folders.items()} | read_other_tasks(results)


def read_other_tasks(results: str | Path) -> dict[str, Results]:
    """Read what is there of `OTHER_TASKS` in a folder of results."""
    folders = {name: Path(results, name) for name in OTHER_TASKS}
    there = {name: folder for name, folder in folders.items() if (folder / "run.json").is_file()}
    return {name: _read(folder, OTHER_TASKS[name]) for name, folder in there.items()}


def _of_trials(experiment: Path, trials: list[dict]) -> Path | None:
    """Return the newest results of an experiment whose networks and sources, or recordings, are those of trials."""
    same = _are_among if _kind(experiment.name) in HEARD else _are_same
    runs = [run for run in experiment.glob("*/run.json") if same(read_json(run)["trials"], trials)]
    return max(runs, key=lambda run: run.stat().st_mtime_ns).parent if runs else None


def _are_same(found: list[dict], trials: list[dict]) -> bool:
    """Tell whether the networks heard the same, and where both have relevance, had the same."""
    networks = [trial for trial in found if "weights" in trial.get("network", {})]
    return len(networks) == len(trials) and all(
        any(each.items() <= trial.items() for each in networks) for trial in trials
    )


def _are_among(found: list[dict], trials: list[dict]) -> bool:
    """Tell whether the networks of trials heard the same recordings, if not the same sources."""
    return all(
        any(all(each.get(key) == trial[key] for key in ("condition", "network", "recordings")) for each in found)
        for trial in trials
    )


def _kind(name: str) -> str:
    return name if name in TABLES else name.split("_")[0]


def _read(folder: Path, tables: Sequence[str]) -> Results:
    for table in tables:
        if not (folder / table).is_file():
            raise InputError(f"{folder / table} is missing: run the experiment again")
    return Results(folder, read_json(folder / "run.json"), {table: read_csv(folder / table) for table in tables})
