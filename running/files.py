"""Files appear whole or not at all: they are written beside their place, then renamed."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from running.errors import InputError


def part_of(path: Path) -> Path:
    """Return the path beside `path` at which this process writes what is to take its place."""
    return path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; it takes its place when the block ends well, and is removed otherwise."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = part_of(path)
    try:
        yield beside
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


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


def write_csv(path: str | Path, rows: list[dict]) -> None:
    """Write rows of equal keys as CSV with a header, whole or not at all."""
    with whole_file(path) as beside, beside.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_csv(path: str | Path) -> list[dict]:
    """Read a CSV with a header as rows of strings; raise InputError when the file is absent."""
    try:
        with Path(path).open(newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None


def remove_parts(folder: str | Path) -> None:
    """Remove the files and folders that killed processes of this machine left at `part_of` in a folder."""
    for part in Path(folder).glob(".*.part*"):
        if _is_alive(int(part.name.rpartition(".part")[0].rpartition(".")[2])):
            continue
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
