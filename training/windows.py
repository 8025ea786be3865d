"""Which windows an epoch takes, and how they come from disk while the network computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

import params
from acoustics.recordings import Recordings

READERS = 2


@dataclass(frozen=True)
class Batch:
    """Windows to read.

    Parameters
    ----------
    sources, windows : int arrays, shape (n,)
        Source and the number of its window.
    """

    sources: np.ndarray
    windows: np.ndarray

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, rows: slice) -> Batch:
        return Batch(self.sources[rows], self.windows[rows])


def in_batches(drawn, size: int) -> list:
    """Return parts of `size` windows, of a `Batch` or of `training.mixtures.Takes`; the last one may be smaller."""
    return [drawn[first : first + size] for first in range(0, len(drawn), size)]


def generator(seed: int, split: str, epoch: int) -> np.random.Generator:
    """Return the generator of all draws of an epoch."""
    return np.random.default_rng([seed, params.SPLITS.index(split), epoch])


def draw_epoch(window_counts: np.ndarray, rng: np.random.Generator) -> Batch:
    """Return one random window of each source in random order; `window_counts` is an int array of shape (source,)."""
    windows = rng.integers(window_counts)
    order = rng.permutation(len(window_counts))
    return Batch(order, windows[order])


def read(recordings: Recordings, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Read a batch from disk.

    Returns
    -------
    windows : float32 tensor, shape (n, microphone, sample)
        The microphones of a sample lie side by side in memory.
    positions_m : float32 tensor, shape (n, 3)
    """
    length = recordings.setup.window_samples
    windows = np.empty((len(batch), length, len(recordings.setup.array)), np.float32)
    for row, source, window in zip(windows, batch.sources, batch.windows, strict=True):
        row[:] = recordings.read(source, window * length, length).T
    positions_m = recordings.positions_m[batch.sources].astype(np.float32)
    return torch.from_numpy(windows).transpose(1, 2), torch.from_numpy(positions_m)


def read_ahead(recordings: Recordings, batches: list[Batch]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield each batch as `read` returns it, in order; the next ones are read in threads meanwhile."""
    pool = ThreadPoolExecutor(READERS)
    try:
        waiting: deque = deque()
        for batch in batches:
            waiting.append(pool.submit(read, recordings, batch))
            if len(waiting) > READERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
