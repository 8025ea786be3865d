"""Arrays by name in HDF5 files, whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np

from running.errors import InputError
from running.files import whole_file

PACKED = {"compression": "gzip", "compression_opts": 1, "shuffle": True, "fletcher32": True}
"""Of large arrays: compressed, and with a checksum that tells damage."""


def write_arrays(
    path: Path, arrays: Mapping[str, np.ndarray], attributes: Mapping[str, object] | None = None, packed: bool = False
) -> None:
    """Write arrays by name, and what the file says of itself; `PACKED` where asked for, along the first axis."""
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        file.attrs.update(attributes or {})
        for name, array in arrays.items():
            how = PACKED | {"chunks": (1, *array.shape[1:])} if packed else {}
            file.create_dataset(name, data=array, **how)
    with whole_file(path) as beside:
        beside.write_bytes(memory.getbuffer())


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """Return the arrays of a file by name, and its attributes; raise InputError when it is damaged."""
    try:
        with h5py.File(path) as file:
            return {name: dataset[()] for name, dataset in file.items()}, dict(file.attrs)
    except (OSError, KeyError, RuntimeError):
        raise InputError(f"{path} is damaged; remove it and run again") from None
