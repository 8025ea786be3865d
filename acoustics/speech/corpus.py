"""What a speech corpus is: named utterances by named speakers, loaded at any sampling rate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import soxr

from running.errors import InputError

SMALLEST_RANGE = 2e-3
"""A recording whose samples span less than this, of a full scale of 2, is silent."""

LOWEST_RATE_HZ = 4000
"""Less holds no speech, and what a broken header calls 1 Hz would last for ever at another rate."""


@dataclass(frozen=True, order=True)
class Utterance:
    """One utterance of a corpus: its `id`, unique and stable, and the name of its `speaker`."""

    id: str
    speaker: str


class Corpus(ABC):
    """A set of dry utterances; can be pickled and sent to workers.

    Parameters
    ----------
    name : str
        Short name for tables and records.
    min_samples : int
        Shorter utterances are refused when loaded; counted at the rate asked for.
    note : str
        What the user should know about this corpus, or nothing.
    """

    def __init__(self, name: str, min_samples: int, note: str = ""):
        self.name = name
        self.min_samples = min_samples
        self.note = note

    @abstractmethod
    def utterances(self) -> tuple[Utterance, ...]:
        """Return all utterances, sorted by id."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Return a SHA-256 in hex of the utterances, their speakers and what each corpus takes for their sound."""

    @abstractmethod
    def read(self, utterance: Utterance) -> tuple[np.ndarray, int]:
        """Return the samples as they are stored, shape (sample,), and their rate in Hz."""

    def locate(self, utterance: Utterance) -> str:
        """Return the words that tell a user which utterance is meant."""
        return f"utterance {utterance.id} of {self.name}"

    def load(self, utterance: Utterance, fs_hz: int) -> np.ndarray:
        """Return an utterance resampled to `fs_hz` and scaled to peak 1.

        Returns
        -------
        numpy.ndarray
            float32 of shape (sample,), its largest magnitude exactly 1.

        Raises
        ------
        InputError
            When it can't be read, has a rate below `LOWEST_RATE_HZ`, holds NaN or infinity, is silent, or is shorter
            than `min_samples`.
        """
        samples, rate_hz = self.read(utterance)
        where = self.locate(utterance)
        check_sound(samples, rate_hz, where)
        resampled = soxr.resample(samples.astype(np.float32, copy=False), rate_hz, fs_hz)
        if len(resampled) < max(self.min_samples, 1):
            raise InputError(
                f"{where} is too short: {len(resampled)} samples at {fs_hz} Hz where {self.min_samples} are needed; "
                "remove it"
            )
        return resampled / np.abs(resampled).max()


def check_sound(samples: np.ndarray, rate_hz: int, where: str) -> None:
    """Raise InputError as `check_samples` does, and for silence."""
    check_samples(samples, rate_hz, where)
    if len(samples) and np.ptp(samples) < SMALLEST_RANGE:
        raise InputError(f"{where} is silent; remove or replace it")


def check_samples(samples: np.ndarray, rate_hz: int, where: str) -> None:
    """Raise InputError, which says `where`, for a rate below `LOWEST_RATE_HZ`, NaN or infinity."""
    if rate_hz < LOWEST_RATE_HZ:
        raise InputError(f"{where} has a rate of {rate_hz} Hz where {LOWEST_RATE_HZ} Hz are needed; replace it")
    if not np.isfinite(samples).all():
        raise InputError(f"{where} holds NaN or infinite samples; remove or replace it")
