"""Bad input ends a script with one clear line and exit code 2."""

from __future__ import annotations

import functools
import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar

TRACEBACK = "--traceback"
"""Shows in which line of code an error arose; every script takes it."""

_is_inside = ContextVar("is_inside", default=False)


class InputError(Exception):
    """What the user gave can't be used; the message says in one line what is wrong and what to do."""

    def _render_traceback_(self) -> list[str]:
        """Return all that a notebook shows of it."""
        return [f"error: {self}"]


def exits_cleanly(main: Callable) -> Callable:
    """Wrap a script's ``main(argv)``: bad input, a full disk or Ctrl-C end it with one line and exit code 2 (130).

    Of scripts that call each other's the outermost one does so; what ends the others passes through.
    """

    @functools.wraps(main)
    def wrapped(argv=None):
        if _is_inside.get():
            return main(argv)
        entered = _is_inside.set(True)
        try:
            return main(argv)
        except (InputError, OSError, KeyboardInterrupt) as error:
            if TRACEBACK in (sys.argv if argv is None else argv):
                error.__suppress_context__ = False
                traceback.print_exception(error)
            line, code = _last_words(error)
            sys.stderr.write(f"{line}\n")
            raise SystemExit(code) from None
        finally:
            _is_inside.reset(entered)

    return wrapped


def _last_words(error: InputError | OSError | KeyboardInterrupt) -> tuple[str, int]:
    """Return the line and the exit code that a script ends with."""
    if isinstance(error, KeyboardInterrupt):
        return "\ninterrupted; what is done is kept, the same command goes on", 130
    if isinstance(error, InputError):
        return f"error: {error}", 2
    where = f": {error.filename}" if error.filename else ""
    return f"error: {error.strerror or error}{where}", 2
