"""Files appear whole or not at all: they are written beside their place, then renamed."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from running.errors import InputError

ABANDONED_S = 24 * 3600
PART = re.compile(r"\..*\.(?P<host>[^.]+)\.(?P<process>\d+)\.part.*")


def part_of(path: Path) -> Path:
    """Return the path beside `path` at which this process of this machine writes what is to take its place."""
    return path.with_name(f".{path.stem}.{_host()}.{os.getpid()}.part{path.suffix}")


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; it takes its place when the block ends well, and is removed otherwise.

    All of it is on the disk before it takes its place, and the place after it: so it survives a power cut.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = part_of(path)
    try:
        yield beside
        _flush(beside)
        os.replace(beside, path)
        _flush(path.parent)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a new folder beside `path`, which is not there yet; as `whole_file`."""
    beside = part_of(path)
    beside.mkdir(parents=True)
    try:
        yield beside
        for inner in (*beside.rglob("*"), beside):
            _flush(inner)
        os.replace(beside, path)
        _flush(path.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def check_space(folder: Path, n_bytes: float) -> None:
    """Raise InputError when the disk of a folder, which need not exist, has less than `n_bytes` free."""
    present = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free_bytes = shutil.disk_usage(present).free
    if free_bytes < n_bytes:
        raise InputError(
            f"{folder} needs about {n_bytes / 1e9:.2g} GB, but its disk has {free_bytes / 1e9:.2g} GB free; "
            "make room or choose another folder"
        )


def write_json(path: str | Path, content: dict) -> None:
    """Write `content` as indented JSON, whole or not at all."""
    with whole_file(path) as beside:
        beside.write_text(json.dumps(content, indent=2) + "\n")


def read_json(path: str | Path) -> dict:
    """Read a JSON object; raise InputError when the file is absent or is none."""
    try:
        content = json.loads(Path(path).read_text())
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid JSON ({error}); remove it and run again") from None
    if not isinstance(content, dict):
        raise InputError(f"{path} holds no JSON object; remove it and run again")
    return content


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as CSV with a header, whole or not at all; what is missing is an empty cell."""
    with whole_file(path) as beside:
        table.to_csv(beside, index=False, lineterminator="\n")


def read_csv(path: str | Path, types: dict[str, type] | None = None) -> pd.DataFrame:
    """Read a CSV with a header; every number comes back as it was written.

    Parameters
    ----------
    path : path
    types : dict of str to type, optional
        Columns whose type is known: text that may look like numbers, whole numbers of which none may be missing. The
        type of others follows from what they hold.

    Returns
    -------
    DataFrame
        Empty cells are NaN in columns of numbers and "" in columns of text.

    Raises
    ------
    InputError
        When the file is absent, no CSV, or a column isn't of its type.
    """
    try:
        table = pd.read_csv(
            path, dtype=types, float_precision="round_trip", keep_default_na=False, na_values=[""], low_memory=False
        )
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except ValueError as error:  # of pandas' parser, too
        reason = " ".join(str(error).split())
        raise InputError(f"{path} is damaged ({reason}); remove it and run again") from None
    return table.fillna({name: "" for name in table if not is_numeric_dtype(table[name])})


def remove_parts(folder: str | Path) -> None:
    """Remove the files and folders that killed processes left at `part_of` in a folder.

    Those of this machine go when their process is gone; those of others, which may share the disk, when they are
    `ABANDONED_S` old.
    """
    for part in Path(folder).glob(".*.part*"):
        made_by = PART.fullmatch(part.name)
        if made_by is None or not _is_abandoned(part, made_by["host"], int(made_by["process"])):
            continue
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def _is_abandoned(part: Path, host: str, process: int) -> bool:
    if host == _host():
        return not _is_alive(process)
    with suppress(FileNotFoundError):
        return time.time() - part.stat().st_mtime > ABANDONED_S
    return False


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _host() -> str:
    """Return the name of this machine, without the dots that part names in a file's name."""
    return socket.gethostname().replace(".", "-")


def _flush(path: Path) -> None:
    """Let the disk have what was written to a file, or which files a folder has."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
