"""Make the datasets: which sources, which speech, and the work on all processors."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

import params
from acoustics.gcc import correlation_time_samples
from acoustics.recordings import (
    FORMAT,
    Dataset,
    noise_generator,
    read_description,
    record,
    sample_bits,
    write_recording,
)
from acoustics.room import Scene
from acoustics.rooms import Placement
from acoustics.simulators import SIMULATORS
from acoustics.speech import Corpus, Utterance
from running import ranks
from running.errors import InputError
from running.files import remove_parts, write_json
from running.provenance import plain, versions
from running.results import refuse_other
from running.workers import by_workers

SPEECH_CREST_DB = 20


@dataclass(frozen=True)
class SourceJob:
    """One source to record: where it stands, what it says, in what condition, and in which room if not the set-up's."""

    split: str
    source: int
    position_m: tuple[float, float, float]
    utterance: Utterance
    condition: params.Condition
    placement: Placement | None

    def columns(self) -> dict[str, float]:
        """Return what the table of sources says of the room, where it is one of its own."""
        return self.placement.columns() | vars(self.condition) if self.placement else {}


@dataclass(frozen=True)
class Studio:
    """All that the recordings of a dataset have in common.

    Parameters
    ----------
    dataset : Dataset
    setup : params.Setup
    corpus : Corpus
    simulator : str
        Name of the simulator, not "auto".
    reflection_sign : {-1, 1}
    seed : int
    """

    dataset: Dataset
    setup: params.Setup
    corpus: Corpus
    simulator: str
    reflection_sign: int
    seed: int

    def scene(self, job: SourceJob) -> Scene:
        """Return source and array in the room; raises InputError as `acoustics.room.Scene`."""
        setup, T60_s = self.setup, job.condition.T60_s
        if job.placement:
            return job.placement.scene([job.position_m], T60_s, self.reflection_sign)
        source_m, array_m = np.array([job.position_m]), setup.array.as_array()
        return Scene(setup.room, source_m, array_m, T60_s, setup.fs_hz, setup.c_m_s, self.reflection_sign)

    def make(self, job: SourceJob) -> None:
        """Record one source and write its file."""
        setup = self.setup
        speech = self.corpus.load(job.utterance, setup.fs_hz)
        rirs = SIMULATORS[self.simulator].simulate(self.scene(job))[0]
        if job.split == "train":
            self.dataset.write_response(job.source, rirs)
        rng = noise_generator(self.seed, job.split, job.source)
        recording, noise_rms = record(speech, rirs, job.condition.snr_db, rng)
        row = {
            "source": job.source,
            **dict(zip(("x_m", "y_m", "z_m"), job.position_m, strict=True)),
            "utterance": job.utterance.id,
            "speaker": job.utterance.speaker,
            "correlation_time_samples": correlation_time_samples(speech),
            "windows": recording.shape[1] // setup.window_samples,
            **job.columns(),
        }
        write_recording(self.dataset.path(job.split, job.source), recording, setup.fs_hz, noise_rms, row)


def claim_dataset(dataset: Dataset) -> None:
    """Begin a dataset, or go on with the one that is there.

    Raises
    ------
    InputError
        When the folder holds a dataset made with other arguments, or of another format.
    """
    path = dataset.folder / "dataset.json"
    arguments = plain(dataset.arguments)
    if not path.exists():
        write_json(path, {"format": FORMAT, "arguments": arguments, "versions": versions()})
        return
    refuse_other(dataset.folder, read_description(dataset.folder), arguments, "--data_path")


def check_speech(studio: Studio, jobs: list[SourceJob]) -> dict[Utterance, np.ndarray]:
    """Load every utterance that is still needed once, so that a bad one is found before anything is written.

    Returns
    -------
    dict of Utterance to float32 array, shape (sample,)
        Those of which a recording or the dry speech is not there yet.

    Raises
    ------
    InputError
        For the first utterance that can't be used.
    """
    dataset = studio.dataset
    needed = {
        job.utterance
        for job in jobs
        if not dataset.path(job.split, job.source).exists()
        or not dataset.speech_path(job.split, job.utterance.id).exists()
    }
    spoken = {utterance: studio.corpus.load(utterance, studio.setup.fs_hz) for utterance in sorted(needed)}
    for utterance, speech in spoken.items():
        try:
            correlation_time_samples(speech)
        except ValueError:
            where = studio.corpus.locate(utterance)
            raise InputError(f"{where} holds hardly more than a constant; remove or replace it") from None
    return spoken


def keep_speech(studio: Studio, jobs: list[SourceJob], speech: dict[Utterance, np.ndarray]) -> None:
    """Write the dry utterances that are not there yet, also of sources that are recorded already."""
    for job in jobs:
        if not studio.dataset.speech_path(job.split, job.utterance.id).exists():
            studio.dataset.write_speech(job.split, job.utterance.id, speech[job.utterance], studio.setup.fs_hz)


def missing(dataset: Dataset, jobs: list[SourceJob]) -> list[SourceJob]:
    """Return the sources that are not there yet."""
    return [job for job in jobs if not dataset.path(job.split, job.source).exists()]


def disk_bytes(studio: Studio, jobs: list[SourceJob], speech: dict[Utterance, np.ndarray]) -> float:
    """Estimate what sources that are not there yet will take on disk.

    Parameters
    ----------
    studio : Studio
    jobs : list of SourceJob
    speech : dict of Utterance to array, shape (sample,)
        What they say.
    """
    microphones, float_bytes = len(studio.setup.array), np.dtype(np.float32).itemsize
    n_bytes = 0.0
    for job in jobs:
        rir_samples = job.condition.T60_s * studio.setup.fs_hz
        noise_rms = 10 ** (-(job.condition.snr_db + SPEECH_CREST_DB) / 20)
        n_bytes += (len(speech[job.utterance]) + rir_samples) * microphones * sample_bits(noise_rms, 1.0) / 8
        n_bytes += (job.split == "train") * rir_samples * microphones * float_bytes
    kept = {(job.split, job.utterance) for job in jobs}
    return n_bytes + sum(len(speech[utterance]) for _, utterance in kept) * float_bytes


def make_sources(studio: Studio, jobs: list[SourceJob], workers: int) -> None:
    """Record the sources that are not there yet; each rank takes its share, `workers` processes do it."""
    dataset = studio.dataset
    if ranks.is_main():
        for split in {job.split for job in jobs}:
            for folder in (dataset.folder / split, *(dataset.folder / split).glob("*/")):
                remove_parts(folder)
            if missing(dataset, [job for job in jobs if job.split == split]):
                dataset.table_path(split).unlink(missing_ok=True)
    ranks.barrier()
    own = missing(dataset, ranks.share(jobs))
    bar = tqdm(total=len(own), desc=dataset.folder.name, unit="source", disable=not ranks.is_main())
    with bar, closing(by_workers(studio.make, own, workers)) as made:
        for _ in made:
            bar.update()
    ranks.barrier()
    if ranks.is_main():
        for split in dict.fromkeys(job.split for job in jobs):
            if not dataset.table_path(split).exists():
                dataset.write_table(split)
