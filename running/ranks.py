"""The ranks of a run under ``torchrun``; without it there is one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def rank() -> int:
    """Number of this process, from 0."""
    return int(os.environ.get("RANK", 0))


def world_size() -> int:
    """Number of processes."""
    return int(os.environ.get("WORLD_SIZE", 1))


def local_rank() -> int:
    """Number of this process on its machine, from 0."""
    return int(os.environ.get("LOCAL_RANK", 0))


def is_main() -> bool:
    """Tell whether this process prints and writes what is written once."""
    return rank() == 0


def share(items: Any) -> Any:
    """Return the part of `items`, whatever can be sliced, that falls to this rank."""
    return items[rank() :: world_size()]


@contextmanager
def process_group(backend: str = "gloo") -> Iterator[None]:
    """Join the other ranks for the length of a block; with one rank there is nothing to join.

    The group's threads end with the block: those that live on until the process exits can abort it there
    (pytorch/pytorch, pull request 179291). So nothing may keep the group, as DistributedDataParallel would.
    """
    if world_size() == 1:
        yield
        return
    import torch.distributed as dist
    import torch.distributed.nn  # noqa: F401 -- imported inside the block, its default arguments would keep the group

    dist.init_process_group(backend)
    try:
        yield
    finally:
        dist.destroy_process_group()


def barrier() -> None:
    """Wait for all ranks of the `process_group`."""
    if world_size() > 1:
        import torch.distributed as dist

        dist.barrier()
