"""Origin: for each experiment the command, seed, versions, commit and hashes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

import pandas as pd

from report.page.act import Act, Column, View, kept
from report.page.results import Results
from running.files import read_json

LEAD = """Every number on this page comes from a file that says how it was made. The same command makes the same
numbers."""
SCRIPTS = {
    "amplification": "amplify",
    "cues": "cue",
    "interventions": "intervention",
    "maps": "map",
    "probes": "probe",
    "sounds": "sound",
}
DIGITS = 10  # of a commit
MODULES = {"amplification": "amplify", "bursts": "burst", "digits": "test"}


def origin(read: Mapping[str, Results]) -> Act:
    """Return the act."""
    runs = {name: each.run for name, each in read.items()}
    commands = [
        (name, command(name, each["arguments"]), each["arguments"].get("seed"), (each["commit"] or "unknown")[:DIGITS])
        for name, each in runs.items()
    ]
    versions = pd.DataFrame(
        [(package, version, name) for name, run in runs.items() for package, version in run["versions"].items()],
        columns=["package", "version", "experiment"],
    )
    versions = versions.groupby(["package", "version"], sort=False)["experiment"].agg(", ".join).reset_index()
    files = {path: digest for run in runs.values() for digest, path in run.get("files", {}).items()}
    for name in ("digits", "enhancement/maps"):
        files |= {f"{name}: {weights}": digest for weights, digest in runs.get(name, {}).get("weights", {}).items()}
    return Act(
        "origin",
        "Origin",
        "How it came about",
        LEAD,
        [
            _table("commands", "Commands", pd.DataFrame(commands, columns=["experiment", "command", "seed", "commit"])),
            _table("versions", "Versions", versions),
            _table("weights", "Weights", pd.DataFrame(sorted(files.items()), columns=["file", "SHA-256"])),
            _table("recordings", "Recordings", recordings(read["perturbation"])),
        ],
    )


def command(name: str, arguments: Mapping) -> str:
    """Return the command of an experiment; folders outside of the repository by their own name."""
    kind, _, part = name.partition("/")
    if kind in ("digits", "enhancement"):
        script = f"-m {kind}.{MODULES.get(part or kind, part)}"
    else:
        kind = kind.split("_")[0]
        script = f"{SCRIPTS.get(kind, kind)}_experiment.py"
    given = dict(arguments)
    if given.get("conditions"):
        given |= {"T60": None, "SNR": None}
    words = [f"--{flag} {_said(value)}".strip() for flag, value in given.items() if value not in (None, False, [], "")]
    return " ".join(["python", script, *words])


def recordings(results: Results) -> pd.DataFrame:
    """Return the speech of each condition and the hash of its recordings."""
    hashes = {trial["condition"]: trial["recordings"] for trial in results.run["trials"]}
    speech = {condition: read_json(path)["arguments"]["corpus"]["name"] for condition, path in results.datasets.items()}
    rows = [(condition, speech[condition], digest) for condition, digest in hashes.items()]
    return pd.DataFrame(rows, columns=["condition", "speech", "SHA-256"])


def _table(name: str, title: str, table: pd.DataFrame) -> View:
    columns = [Column(each, each, decimals=0 if each == "seed" else None) for each in table.columns]
    return View(name, title, [], "", columns, kept(table, columns))


def _said(value) -> str:
    """Return a value of an argument as the command line takes it."""
    if value is True:
        return ""
    if isinstance(value, dict):
        return f"{value['T60_s']:g}/{value['snr_db']:g}" if "T60_s" in value else " ".join(map(_said, value.values()))
    if isinstance(value, list):
        return " ".join(map(_said, value))
    path = PurePath(str(value))
    return path.name if path.is_absolute() else str(value)
