"""The last lines of a script: what was found, where the files are, and a natural next command."""

from __future__ import annotations

import argparse
import shlex
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import params
from running.arguments import shown_path

WIDTH = 120
CARRIED = ("conditions", "T60", "SNR", "split", "data_path", "model_name", "weights", "runs", "data", "input_dir",
           "results")  # fmt: skip
"""Options that a next command takes over, where it has them."""
_IN_ANOTHER = ContextVar("in_another", default=False)


@contextmanager
def in_another() -> Iterator[None]:
    """Have scripts that are called in the block name no next command: another one does, which calls them."""
    token = _IN_ANOTHER.set(True)
    try:
        yield
    finally:
        _IN_ANOTHER.reset(token)


def finish(found: Iterable[str], files: Path | list[Path], following: str) -> None:
    """Print a script's last lines.

    Parameters
    ----------
    found : iterable of str
        What was found: one or two sentences; none where nothing can be told.
    files : Path or list of Path
        Where it lies.
    following : str
        The next command, of `command`.
    """
    print()
    for sentence in found:
        print(textwrap.fill(sentence, WIDTH))
    listed = files if isinstance(files, list) else [files]
    print(f"files: {listed[0]}" if len(listed) == 1 else "\n  ".join(["files:", *map(str, listed)]))
    if not _IN_ANOTHER.get():
        print(f"next: {following}", flush=True)


def command(script: str, args: argparse.Namespace, usual: argparse.Namespace, **more) -> str:
    """Return a command that goes on with what a user asked for.

    Parameters
    ----------
    script : str
        Such as "train.py" or "-m digits.train".
    args, usual : argparse.Namespace
        What the user asked for, and the defaults; of `CARRIED` what differs is taken over.
    more : optional
        Options by name, in place of those taken over; None leaves one out.
    """
    asked = {name: getattr(args, name) for name in CARRIED if getattr(args, name, None) != getattr(usual, name, None)}
    words = [word for name, value in (asked | more).items() if value is not None
             for word in (f"--{name}", *_typed(value))]  # fmt: skip
    return " ".join(["python", script, *map(shlex.quote, words)])


def _typed(value) -> Iterator[str]:
    """Yield the words by which a user types a value."""
    match value:
        case params.CONDITIONS:
            yield "all"
        case list() | tuple():
            for each in value:
                yield from _typed(each)
        case params.Condition():
            yield f"{value.T60_s:g}/{value.snr_db:g}"
        case params.AnyRoom():
            yield value.name
        case Path():
            yield shown_path(value)
        case float():
            yield f"{value:g}"
        case _:
            yield str(value)
