"""Bad input ends a script with one clear line and exit code 2."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable


class InputError(Exception):
    """What the user gave can't be used; the message says in one line what is wrong and what to do."""

    def _render_traceback_(self) -> list[str]:
        """Return all that a notebook shows of it."""
        return [f"error: {self}"]


def exits_cleanly(main: Callable) -> Callable:
    """Wrap a script's ``main(argv)``: bad input, a full disk or Ctrl-C end it with one line and exit code 2 (130)."""

    @functools.wraps(main)
    def wrapped(argv=None):
        try:
            return main(argv)
        except InputError as error:
            sys.stderr.write(f"error: {error}\n")
            raise SystemExit(2) from None
        except OSError as error:
            where = f": {error.filename}" if error.filename else ""
            sys.stderr.write(f"error: {error.strerror or error}{where}\n")
            raise SystemExit(2) from None
        except KeyboardInterrupt:
            sys.stderr.write("\ninterrupted; what is done is kept, the same command goes on\n")
            raise SystemExit(130) from None

    return wrapped
