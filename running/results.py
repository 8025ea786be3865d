"""A folder of results: of one experiment, made in one way, never mixed."""

from __future__ import annotations

from pathlib import Path

from running.errors import InputError
from running.files import read_json, write_json
from running.provenance import origin, plain

LONGEST = 60
UNCONCERNED = ("versions", "commit", "files")
"""What a ``run.json`` says beside all that the results depend on."""


class Results:
    """Place of an experiment's results; its ``run.json``, written last, says how they came about.

    Parameters
    ----------
    folder : Path
    arguments : dict
        The script's.
    places : tuple of str
        Arguments that change nothing in the results.
    content : dict
        What else the results depend on; and "files", where it lies.

    Raises
    ------
    InputError
        When the folder holds results that were made otherwise.
    """

    def __init__(self, folder: Path, arguments: dict, places: tuple[str, ...], content: dict):
        self.folder, self.places = folder, places
        self.record = origin(arguments) | plain(content)
        if (folder / "run.json").exists():
            there = read_json(folder / "run.json")
            refuse_other(folder, self._identity(there), self._identity(self.record), "--results")

    def finish(self) -> None:
        """Say how the results came about."""
        write_json(self.folder / "run.json", self.record)

    def _identity(self, record: dict) -> dict:
        kept = {key: value for key, value in record.items() if key not in UNCONCERNED}
        asked = {key: value for key, value in record.get("arguments", {}).items() if key not in self.places}
        return kept | {"arguments": asked}


def refuse_other(folder: Path, there: dict, asked: dict, option: str) -> None:
    """Raise InputError when what is there was made otherwise than what is asked for.

    Parameters
    ----------
    folder : Path
        What is there.
    there, asked : dict
        All that it depends on, in JSON's own types.
    option : str
        What a user types to choose another place.
    """
    for key, values in differences(there, asked).items():
        made, wanted = map(str, values)
        shown = f"{key} {made}, not {wanted}" if max(len(made), len(wanted)) <= LONGEST else f"another {key}"
        raise InputError(f"{folder} was made with {shown}; choose another {option} or remove it")


def differences(first: dict, second: dict) -> dict[str, tuple]:
    """Return the values in which two dictionaries differ, by their keys from the outermost on."""
    found = {}
    for key in first | second:
        here, there = first.get(key), second.get(key)
        if isinstance(here, dict) and isinstance(there, dict):
            found |= {f"{key}.{inner}": differing for inner, differing in differences(here, there).items()}
        elif here != there:
            found[key] = here, there
    return found
