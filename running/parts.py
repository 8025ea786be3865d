"""Results made source by source: shared by the ranks, kept on disk, never made twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from tqdm import tqdm

from running import ranks
from running.errors import InputError
from running.files import remove_parts, whole_file


def by_source(
    folder: Path, sources: list[int], compute: Callable[[int], dict[str, np.ndarray]], what: str
) -> list[dict[str, np.ndarray]]:
    """Compute the arrays of every source, each in a file of its own, and return them in order.

    Parameters
    ----------
    folder : Path
        Place of the files; its name must tell all that the arrays depend on.
    sources : list of int
        Numbers of the sources, which name the files.
    compute : callable
        From a source's place in `sources` to its arrays by name.
    what : str
        What is computed, for the progress bar.
    """
    if ranks.is_main():
        remove_parts(folder)
    ranks.barrier()
    paths = [folder / f"{source:04d}.npz" for source in sources]
    own = [row for row in ranks.share(range(len(paths))) if not paths[row].exists()]
    for row in tqdm(own, desc=what, unit="source", disable=not ranks.is_main() or not own):
        arrays = compute(row)
        with whole_file(paths[row]) as beside, beside.open("wb") as file:
            np.savez(file, **arrays)
    ranks.barrier()
    return [_load(path) for path in paths]


def _load(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except (BadZipFile, ValueError, EOFError):
        raise InputError(f"{path} is damaged; remove it and run again") from None
