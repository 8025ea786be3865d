"""What a killed process of this machine leaves."""

import os
import subprocess
import sys
from pathlib import Path

from running.files import part_of


def dead_process() -> int:
    """Return the number of a process that is no more."""
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    return killed.pid


def part_of_a_dead_process(path: Path) -> Path:
    """Return where a process that is no more was about to write `path`."""
    own = part_of(path)
    return own.with_name(own.name.replace(f".{os.getpid()}.", f".{dead_process()}."))
