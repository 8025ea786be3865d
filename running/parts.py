"""Results made source by source: shared by the ranks, kept on disk, never made twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from running import ranks
from running.arrays import read_arrays, write_arrays
from running.errors import InputError
from running.files import remove_parts


def by_source(
    folder: Path, sources: Sequence[str], compute: Callable[[int], dict[str, np.ndarray]], what: str
) -> list[dict[str, np.ndarray]]:
    """Compute the arrays of every source, each in a file of its own, and return them in order.

    Parameters
    ----------
    folder : Path
        Place of the files; its name must tell all that the arrays depend on.
    sources : sequence of str
        Names of the sources, which name the files.
    compute : callable
        From a source's place in `sources` to its arrays by name.
    what : str
        What is computed, for the progress bar.
    """
    paths = [folder / f"{source}.h5" for source in sources]
    _make(paths, lambda path: path.exists(), compute, write_arrays, what)
    return [read_arrays(path)[0] for path in paths]


def files_by_source(
    folder: Path,
    sources: Sequence[str],
    compute: Callable[[int], dict[str, np.ndarray]],
    what: str,
    attributes: Mapping[str, str],
    packed: bool = True,
) -> list[Path]:
    """Do as `by_source` with arrays too large to be held at once, and return the files; a damaged one is made anew.

    Parameters
    ----------
    folder, sources, compute, what
        As `by_source` takes them.
    attributes : mapping
        What every file says of itself; one whose "fingerprint" is another is made anew, too.
    packed
        As `write_arrays` takes it.
    """
    paths = [folder / f"{source}.h5" for source in sources]

    def write(path: Path, arrays: dict[str, np.ndarray]) -> None:
        write_arrays(path, arrays, attributes, packed)

    _make(paths, lambda path: path.exists() and _is_sound(path, attributes["fingerprint"]), compute, write, what)
    return paths


def _make(paths: list[Path], is_made: Callable, compute: Callable, write: Callable, what: str) -> None:
    """Make what of the files is not made yet, each rank its share of them."""
    if ranks.is_main():
        for folder in {path.parent for path in paths}:
            remove_parts(folder)
    ranks.barrier()
    own = [row for row in ranks.share(range(len(paths))) if not is_made(paths[row])]
    for row in tqdm(own, desc=what, unit="source", disable=not ranks.is_main() or not own):
        write(paths[row], compute(row))
    ranks.barrier()


def _is_sound(path: Path, fingerprint: str) -> bool:
    """Tell whether a file can be read and is ours; where not, say so."""
    try:
        problem = "belongs to others" if read_arrays(path)[1].get("fingerprint") != fingerprint else ""
    except InputError:
        problem = "is damaged"
    if problem:
        print(f"{path} {problem}; it is made anew")
    return not problem
