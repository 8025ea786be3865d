"""Results made source by source: shared by the ranks, kept on disk, never made twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from running import ranks
from running.arrays import read_arrays, write_arrays
from running.files import remove_parts


def by_source(
    folder: Path, sources: list[str], compute: Callable[[int], dict[str, np.ndarray]], what: str
) -> list[dict[str, np.ndarray]]:
    """Compute the arrays of every source, each in a file of its own, and return them in order.

    Parameters
    ----------
    folder : Path
        Place of the files; its name must tell all that the arrays depend on.
    sources : list of str
        Names of the sources, which name the files.
    compute : callable
        From a source's place in `sources` to its arrays by name.
    what : str
        What is computed, for the progress bar.
    """
    if ranks.is_main():
        remove_parts(folder)
    ranks.barrier()
    paths = [folder / f"{source}.h5" for source in sources]
    own = [row for row in ranks.share(range(len(paths))) if not paths[row].exists()]
    for row in tqdm(own, desc=what, unit="source", disable=not ranks.is_main() or not own):
        write_arrays(paths[row], compute(row))
    ranks.barrier()
    return [read_arrays(path)[0] for path in paths]
