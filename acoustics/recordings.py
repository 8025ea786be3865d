"""Microphone recordings: speech heard through room responses, on disk and back.

A dataset is a folder for each condition, or for sources that each have a room of their own, with ``dataset.json`` (what
it was made from) and one folder for each split: ``sources.csv`` (a row a source), one multichannel WAV file a source,
whose comment holds the source's row, and the dry ``speech``. The training split also keeps its room ``responses`` (a
file a source).
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import soxr
from scipy.signal import oaconvolve

import params
from acoustics.speech.corpus import LOWEST_RATE_HZ
from running.errors import InputError
from running.files import read_csv, read_json, whole_file, write_csv
from running.provenance import fingerprint

FORMAT = 1
QUANTISATION_MARGIN_DB = 20
COLUMNS = {
    "source": int,
    "x_m": float,
    "y_m": float,
    "z_m": float,
    "utterance": str,
    "speaker": str,
    "correlation_time_samples": int,
    "windows": int,
    "samples": int,
    "noise_rms": float,
    "scale": float,
}
"""What a table of sources says of each, and its type."""
ROOM_COLUMNS = ("size_x_m", "size_y_m", "size_z_m", "turn_degrees", "middle_x_m", "middle_y_m", "T60_s", "snr_db")
"""What else it says, where each source has a room of its own: numbers, see `acoustics.rooms.Placement`."""


def record(speech: np.ndarray, rirs: np.ndarray, snr_db: float, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Let a talker be heard by all microphones.

    Parameters
    ----------
    speech : float32 array, shape (n_samples,)
        Clean utterance.
    rirs : float32 array, shape (microphone, rir_sample)
        Room impulse responses.
    snr_db : float
        The noise's power is that of microphone 0, averaged over the whole recording, less this many decibels.
    rng : numpy.random.Generator
        Source of the white Gaussian noise.

    Returns
    -------
    recording : float32 array, shape (microphone, n_samples + rir_samples - 1)
    noise_rms : float
    """
    clean = hear(speech, rirs)
    noise_rms = noise_rms_of(clean, snr_db)
    recording = draw_noise(clean.shape, noise_rms, rng)
    recording += clean
    return recording, noise_rms


def hear(speech: np.ndarray, rirs: np.ndarray) -> np.ndarray:
    """Return what the microphones hear of a talker without noise, float32, as long as `record`'s."""
    return oaconvolve(speech[None], rirs, axes=-1).astype(np.float32)


def noise_rms_of(clean: np.ndarray, snr_db: float) -> float:
    """Return how strong the noise is: so many decibels below what microphone 0 hears of (microphone, sample)."""
    return float(np.sqrt(np.mean(np.square(clean[0], dtype=np.float64)) / 10 ** (snr_db / 10)))


def noise_generator(seed: int, split: str, source: int) -> np.random.Generator:
    """Return the generator of the noise of one recording, seeded by (seed, split, source) alone."""
    return np.random.default_rng([seed, params.SPLITS.index(split), source])


def draw_noise(shape: tuple[int, int], noise_rms: float, rng: np.random.Generator) -> np.ndarray:
    """Draw white Gaussian noise, float32, of a shape (microphone, sample)."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    noise *= np.float32(noise_rms)
    return noise


def write_recording(path: Path, recording: np.ndarray, fs_hz: int, noise_rms: float, row: dict) -> None:
    """Write one source's recording as multichannel WAV, whole or not at all.

    The recording is divided by ``scale``, a power of two that makes the best of the integer range; 24 bits are taken
    where 16 would not keep the quantisation `QUANTISATION_MARGIN_DB` below the noise. The file's comment holds `row`
    with `samples`, `noise_rms` and `scale` added.
    """
    peak = float(np.abs(recording).max())
    exponent = int(np.ceil(np.log2(peak))) if peak > 0 else 0
    scale = 2.0 ** (exponent + (peak >= 2.0**exponent))
    bits = sample_bits(noise_rms, scale)
    whole_numbers = np.rint(recording.T * (2.0 ** (bits - 1) / scale)).clip(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    samples = whole_numbers.astype(np.int16) if bits == 16 else whole_numbers.astype(np.int32) << 8
    memory = io.BytesIO()
    with soundfile.SoundFile(
        memory, "w", samplerate=fs_hz, channels=len(recording), subtype=f"PCM_{bits}", format="WAV"
    ) as file:
        file.comment = json.dumps(row | {"samples": recording.shape[1], "noise_rms": noise_rms, "scale": scale})
        file.write(samples)
    with whole_file(path) as beside:
        beside.write_bytes(memory.getbuffer())


def sample_bits(noise_rms: float, scale: float) -> int:
    """Return the bits of a sample on disk: 16 where that keeps the quantisation far below the noise, else 24."""
    margin_db = 20 * np.log10(noise_rms / (scale * 2.0**-15 / np.sqrt(12))) if noise_rms > 0 else -np.inf
    return 16 if margin_db >= QUANTISATION_MARGIN_DB else 24


def read_row(path: Path) -> dict:
    """Return the row that a recording's file carries; raise InputError when the file is damaged."""
    try:
        with soundfile.SoundFile(path) as file:
            row = json.loads(file.comment)
            if len(file) != row["samples"]:
                raise InputError(f"{path} is truncated; remove it and run generate_data.py again")
    except (soundfile.SoundFileError, json.JSONDecodeError, KeyError):
        raise InputError(f"{path} is no recording of generate_data.py; remove it and run that again") from None
    return row


@dataclass(frozen=True)
class Dataset:
    """The dataset of one condition.

    Parameters
    ----------
    folder : Path
    arguments : dict
        What all its samples depend on: set-up, condition, corpus, draw, simulator, sign, seed.
    """

    folder: Path
    arguments: dict

    def path(self, split: str, source: int) -> Path:
        """File of one source."""
        return self.folder / split / f"{source:04d}.wav"

    def table_path(self, split: str) -> Path:
        """Table of the sources of a split; it is there when the split is complete."""
        return self.folder / split / "sources.csv"

    def response_path(self, source: int) -> Path:
        """File of the room responses of a training source."""
        return self.folder / "train" / "responses" / f"{source:04d}.npy"

    def speech_path(self, split: str, utterance: str) -> Path:
        """File of a dry utterance of a split."""
        return self.folder / split / "speech" / f"{utterance}.au"

    def write_response(self, source: int, rirs: np.ndarray) -> None:
        """Keep the room responses of a training source, shape (microphone, rir_sample)."""
        with whole_file(self.response_path(source)) as beside:
            np.save(beside, rirs)

    def write_speech(self, split: str, utterance: str, speech: np.ndarray, fs_hz: int) -> None:
        """Keep a dry utterance of a split, as it is; as AU, for a WAV of floats holds the time."""
        with whole_file(self.speech_path(split, utterance)) as beside:
            soundfile.write(beside, speech, fs_hz, subtype="FLOAT", format="AU")

    def write_table(self, split: str) -> None:
        """Write a split's table from the rows that its files carry."""
        paths = sorted((self.folder / split).glob("*.wav"), key=lambda path: int(path.stem))
        write_csv(self.table_path(split), pd.DataFrame([read_row(path) for path in paths]))


def read_description(folder: Path) -> dict:
    """Return what a dataset was made from, as its ``dataset.json`` says.

    Raises
    ------
    InputError
        When it is damaged or of another format.
    """
    path = folder / "dataset.json"
    described = read_json(path)
    if described.get("format") != FORMAT:
        raise InputError(f"{path} is of format {described.get('format')}, not {FORMAT}; make the dataset anew")
    if not isinstance(described.get("arguments"), dict):
        raise InputError(f"{path} is damaged; make the dataset anew")
    return described["arguments"]


class Recordings:
    """The recordings of one split, read from disk when asked for.

    Parameters
    ----------
    folder : path
        Such as ``data/SNR_25_T60_0.15/test``.
    limit : int, optional
        Only the first so many sources of a fixed random order (`subset`).

    Raises
    ------
    InputError
        When the dataset is missing, half-made or damaged.
    """

    def __init__(self, folder: str | Path, limit: int | None = None):
        self.folder = Path(folder)
        condition_folder = self.folder.parent
        if not (condition_folder / "dataset.json").is_file():
            raise InputError(f"no dataset in {condition_folder}; make it with generate_data.py")
        if not (self.folder / "sources.csv").is_file():
            raise InputError(f"the dataset in {self.folder} is not complete; run the same generate_data.py again")
        arguments = read_description(condition_folder)
        try:
            self.setup = params.Setup.from_dict(arguments["setup"])
            self.condition = params.condition_from_dict(arguments["condition"])
        except (KeyError, TypeError, ValueError) as error:
            path = condition_folder / "dataset.json"
            raise InputError(f"{path} is damaged ({error}); make the dataset anew") from None
        self.dataset = Dataset(condition_folder, arguments)
        own_rooms = isinstance(self.condition, params.AnyRoom)
        self.sources = _read_table(self.folder / "sources.csv", ROOM_COLUMNS if own_rooms else ())
        if limit is not None:
            if limit > len(self.sources):
                raise InputError(f"{self.folder} has {len(self.sources)} sources, not {limit}")
            wanted = set(subset(len(self.setup.grid.splits()[self.folder.name]), limit))
            self.sources = [row for row in self.sources if row["source"] in wanted]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what the recordings were made from, and of the split."""
        return fingerprint({"dataset": self.dataset.arguments, "split": self.folder.name})

    @property
    def positions_m(self) -> np.ndarray:
        """Source positions, float64, shape (source, 3)."""
        return np.array([[row["x_m"], row["y_m"], row["z_m"]] for row in self.sources])

    @property
    def numbers(self) -> list[int]:
        """Number of each source in its split; its row is its place among the sources that were asked for."""
        return [row["source"] for row in self.sources]

    @property
    def names(self) -> list[str]:
        """Name of each source in files."""
        return [f"{number:04d}" for number in self.numbers]

    def condition_of(self, row: int) -> params.Condition:
        """Return the condition of a source: that of all, or its own where each has a room of its own."""
        if isinstance(self.condition, params.Condition):
            return self.condition
        return params.Condition(self.sources[row]["T60_s"], self.sources[row]["snr_db"])

    def one_condition(self) -> params.Condition:
        """Return the condition of all sources, in the room of the set-up.

        Raises
        ------
        InputError
            When each source has a room of its own.
        """
        if isinstance(self.condition, params.Condition):
            return self.condition
        raise InputError(f"in {self.folder} each source has a room of its own; take recordings of one condition")

    @property
    def window_counts(self) -> np.ndarray:
        """Number of whole windows of each source, shape (source,)."""
        return np.array([row["windows"] for row in self.sources])

    def __len__(self) -> int:
        return len(self.sources)

    def read(self, row: int, first_sample: int = 0, n_samples: int = -1) -> np.ndarray:
        """Return part of a recording (all of it by default) as float32, shape (microphone, n_samples).

        The microphones of a sample lie side by side in memory, as in the file.

        Parameters
        ----------
        row : int
            Of `sources`, from 0.

        Raises
        ------
        InputError
            When the file is missing, truncated, or has other channels or another rate than the set-up.
        """
        source = self.sources[row]
        path = self.dataset.path(self.folder.name, source["source"])
        try:
            with soundfile.SoundFile(path) as file:
                self._check(path, file, source)
                file.seek(first_sample)
                bits = 16 if file.subtype == "PCM_16" else 32
                samples = file.read(n_samples, dtype=f"int{bits}", always_2d=True)
        except soundfile.SoundFileError as error:
            raise InputError(f"{path} can't be read ({error}); remove it and run generate_data.py again") from None
        return np.multiply(samples.T, source["scale"] / 2 ** (bits - 1), dtype=np.float32)

    def windows(self, row: int) -> np.ndarray:
        """Return all whole windows of a source as float32, shape (window, microphone, sample)."""
        count, length = self.sources[row]["windows"], self.setup.window_samples
        return cut_windows(self.read(row, 0, count * length), length)

    def response(self, row: int) -> np.ndarray:
        """Return the room responses of a training source, float32, shape (microphone, rir_sample).

        They can't be written to, and are read from the disk when they are needed.

        Raises
        ------
        InputError
            When the file is missing or damaged.
        """
        path = self.dataset.response_path(self.sources[row]["source"])
        try:
            return np.load(path, mmap_mode="r")
        except (OSError, ValueError, EOFError):
            raise _lost(path) from None

    def utterance(self, row: int) -> np.ndarray:
        """Return the dry utterance of a source, float32, shape (sample,).

        Raises
        ------
        InputError
            When the file is missing, as in datasets made when the training split alone kept it, or damaged.
        """
        return self._speech(self.sources[row]["utterance"])

    def speech(self) -> dict[str, np.ndarray]:
        """Return the dry utterances of all sources by name, as `utterance` does each."""
        return {name: self._speech(name) for name in sorted({row["utterance"] for row in self.sources})}

    def _speech(self, utterance: str) -> np.ndarray:
        path = self.dataset.speech_path(self.folder.name, utterance)
        try:
            with path.open("rb") as file:  # by its name alone libsndfile takes anything for AU
                return soundfile.read(file, dtype="float32")[0]
        except FileNotFoundError:
            raise InputError(f"{path} is missing; run the same generate_data.py again") from None
        except soundfile.SoundFileError:
            raise InputError(f"{path} is damaged; remove it and run the same generate_data.py again") from None

    def _check(self, path: Path, file: soundfile.SoundFile, row: dict) -> None:
        if file.channels != len(self.setup.array):
            raise InputError(f"{path} has {file.channels} channels, the array {len(self.setup.array)} microphones")
        if file.samplerate != self.setup.fs_hz:
            raise InputError(f"{path} has a rate of {file.samplerate} Hz, not {self.setup.fs_hz} Hz")
        if len(file) != row["samples"]:
            raise InputError(f"{path} is truncated; remove it and run generate_data.py again")


def _lost(path: Path) -> InputError:
    return InputError(f"{path} is missing or damaged; remove the dataset and run generate_data.py again")


def cut_windows(recording: np.ndarray, window_samples: int) -> np.ndarray:
    """Cut a recording, shape (microphone, n_samples), into windows, shape (window, microphone, sample).

    Windows are rectangular and do not overlap; the remainder is dropped.
    """
    count = recording.shape[1] // window_samples
    windows = recording[:, : count * window_samples].reshape(len(recording), count, window_samples)
    return np.ascontiguousarray(windows.transpose(1, 0, 2))


def read_multichannel(path: str | Path, setup: params.Setup) -> np.ndarray:
    """Return any audio file with a channel for each microphone, at the set-up's rate.

    Parameters
    ----------
    path : path
        WAV, FLAC, Ogg or whatever else libsndfile reads; channels in the order of the microphones.
    setup : params.Setup
        The networks know one array: the microphones must stand in the room as the set-up says.

    Returns
    -------
    float32 array, shape (microphone, sample)
        Resampled where the file's rate is another; full scale is 1.

    Raises
    ------
    InputError
        When the file can't be read, has another number of channels, too low a rate, a channel without signal, samples
        that are no numbers, or less than a window.
    """
    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        raise InputError(f"{path} can't be read ({error})") from None
    channels, microphones = samples.shape[1], len(setup.array)
    if channels != microphones:
        raise InputError(f"{path} has {channels} channels; it needs one for each of the {microphones} microphones")
    if rate_hz < LOWEST_RATE_HZ:
        raise InputError(f"{path} has a rate of {rate_hz} Hz; {LOWEST_RATE_HZ} Hz are needed")
    if not np.isfinite(samples).all():
        raise InputError(f"{path} holds NaN or infinite samples")
    recording = np.ascontiguousarray(soxr.resample(samples, rate_hz, setup.fs_hz).T)
    if recording.shape[1] < setup.window_samples:
        seconds, least_s = recording.shape[1] / setup.fs_hz, setup.window_samples / setup.fs_hz
        raise InputError(f"{path} lasts {seconds:.2f} s; it needs a window of {least_s:.2f} s or more")
    silent = np.flatnonzero(np.ptp(recording, axis=1) == 0)
    if silent.size:
        raise InputError(f"{path} has no signal in channel {silent[0]}, counted from 0")
    return recording


def subset(total: int, count: int) -> list[int]:
    """Return `count` of the numbers below `total`, spread at random; a smaller subset is part of every larger one."""
    return sorted(map(int, np.random.default_rng(total).permutation(total)[:count]))


def _read_table(path: Path, more: tuple[str, ...]) -> list[dict]:
    columns = COLUMNS | dict.fromkeys(more, float)
    table = read_csv(path, columns)
    missing = [name for name in columns if name not in table or table[name].isna().any()]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}; remove it and run generate_data.py again")
    return table.to_dict("records")
