"""A script on two ranks of this machine."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run_on_two_ranks(script: Path, *arguments: str) -> None:
    """Run a script under torchrun; fail with what it printed.

    The ranks meet at 127.0.0.1: torchrun's ``--standalone`` would ask for this machine by its name, which not every
    machine can resolve.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", str(port)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    result = subprocess.run(
        [*torchrun, str(script), *arguments], env=environment, capture_output=True, text=True, errors="replace"
    )
    if result.returncode:
        pytest.fail(f"two ranks of {script.name} ended with {result.returncode}:\n{result.stderr[-6000:]}")
