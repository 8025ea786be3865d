"""What the experiments wrote, opened for the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from explain.delays import DelayProtocol
from explain.results import find_results
from running.errors import InputError
from running.files import read_json
from running.provenance import ROOT

TABLES = {
    "perturbation": ("curves.csv", "sources.csv"),
    "tdoa": ("summary.csv", "delays.csv"),
    "tdoa_refined": ("summary.csv",),
    "localization": ("errors.csv", "estimates.csv"),
}


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
    def heard(self) -> list[tuple]:
        """Sources and relevance of each trial: what experiments that belong together share."""
        return [(trial["condition"], trial["sources"], trial["relevance"]) for trial in self.run["trials"]]

    @property
    def localized(self) -> set[tuple]:
        """Which networks heard which sources: condition, network, hash of its weights, sources."""
        return {
            (trial["condition"], trial["model_name"], trial.get("fingerprint") or trial["relevance"]["weights"],
             tuple(trial["sources"]))
            for trial in self.run["trials"] if "model_name" in trial
        }  # fmt: skip


def read_results(results: str | Path) -> dict[str, Results]:
    """Read what the experiments wrote.

    Parameters
    ----------
    results : path
        Folder of the results of all experiments, such as ``results/quick``.

    Returns
    -------
    dict of str to Results
        "perturbation" and "tdoa"; "tdoa_refined" and "localization" where they are.

    Raises
    ------
    InputError
        When one of the first two is missing or not whole, or when they are of different networks or sources.
    """
    removal = find_results(results, "perturbation")
    refined, localization = (Path(results, name, removal.name) for name in ("tdoa_refined", "localization"))
    folders = {"perturbation": removal, "tdoa": find_results(results, "tdoa")}
    folders |= {
        name: folder
        for name, folder in (("tdoa_refined", refined), ("localization", localization))
        if (folder / "run.json").is_file()
    }
    read = {name: _read(name, folder) for name, folder in folders.items()}
    for name in ("tdoa", "tdoa_refined"):
        if name in read and read[name].heard != read["perturbation"].heard:
            raise _other(folders[name], removal)
    if "localization" in read and not read["localization"].localized <= read["perturbation"].localized:
        raise _other(localization, removal)
    return read


def _other(first: Path, second: Path) -> InputError:
    return InputError(f"{first} and {second} are of different networks or sources: run both experiments again")


def _read(name: str, folder: Path) -> Results:
    try:
        tables = {table: pd.read_csv(folder / table) for table in TABLES[name]}
    except FileNotFoundError as error:
        raise InputError(f"{error.filename} is missing: run the experiment again") from None
    return Results(folder, read_json(folder / "run.json"), tables)
