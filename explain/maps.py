"""Maps over frequency and time of what counts for each output at each microphone, and their files.

A map has two halves, `explain.time_frequency.halves`: what a bin's level does and what its delay does. Outputs are told
apart by starts: one store of attributions for each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from explain.store import AttributionStore
from explain.time_frequency import Frames, halves
from running.parts import files_by_source
from running.provenance import fingerprint

FORMAT = 1
AXES = ("window", "output", "microphone", "frequency", "time")


class Maps(NamedTuple):
    """The two halves of maps, float32, of shape `AXES` each."""

    level: np.ndarray
    delay: np.ndarray

    def of_microphone(self, microphone: int | None) -> Maps:
        """Return the maps of one microphone alone, or of all."""
        return self if microphone is None else Maps(*(half[:, :, [microphone]] for half in self))


def maps_of(stores: Mapping[str, AttributionStore], row: int, frames: Frames) -> Maps:
    """Return the maps of an item's inputs.

    Parameters
    ----------
    stores : mapping
        Attributions of the same inputs from the start of each output.
    row : int
        The item's row in the inputs.
    frames : Frames
    """
    inputs = next(iter(stores.values())).inputs.windows(row)
    attributions = np.stack([store.compute(row, inputs) for store in stores.values()], axis=1)
    return Maps(*(half.numpy() for half in halves(torch.tensor(inputs)[:, None], torch.tensor(attributions), frames)))


def energy_maps(inputs: np.ndarray, frames: Frames) -> Maps:
    """Return maps, of one output, in which the energy of each sample is its attribution; both halves are its level."""
    samples = torch.tensor(inputs)
    level = halves(samples, samples.square(), frames)[0].numpy()[:, None]
    return Maps(level, level)


def map_files(
    folder: Path, stores: Mapping[str, AttributionStore], frames: Frames, fs_hz: float, unit: str, what: str
) -> list[Path]:
    """Return the files of the maps of all items; those that are not there, damaged or of others are made first.

    Each says in its attributes what it holds: the axes and the values along them, units, method, weights, starts,
    frames.

    Parameters
    ----------
    folder : Path
        Holds the maps of all networks and methods; these get a folder inside, named by what they depend on.
    stores : mapping
        See `maps_of`.
    frames : Frames
    fs_hz : float
        Rate of the inputs.
    unit : str
        Of the attributions.
    what : str
        What is computed, for the progress bar.
    """
    store = next(iter(stores.values()))
    identity = {"format": FORMAT, "frames": frames, "stores": {name: each.identity for name, each in stores.items()}}
    own = fingerprint(identity)
    attributes = {
        "fingerprint": own,
        "axes": AXES,
        "datasets": Maps._fields,
        "units": (unit, f"{unit} per sample of delay"),
        "outputs": list(stores),
        "starts": [each.start.name for each in stores.values()],
        "frequency_hz": frames.centres_hz(fs_hz),
        "time_s": frames.centres_s(store.inputs.windows(0).shape[-1], fs_hz),
        "fs_hz": fs_hz,
        "frames": json.dumps(vars(frames)),
        "method": json.dumps(store.method.identity(store.model)),
        "weights": store.identity["weights"],
        "inputs": store.identity["inputs"],
    }
    place = folder / f"{type(store.model).__name__}-{store.method.name}-{''.join(stores)}-{own[:16]}"
    return files_by_source(
        place, store.inputs.names, lambda row: maps_of(stores, row, frames)._asdict(), what, attributes
    )
