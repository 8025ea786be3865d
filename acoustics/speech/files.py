"""Corpora of audio files: any folder of recordings."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import numpy as np
import soundfile

from acoustics.speech.corpus import Corpus, Utterance
from running.errors import InputError

SUFFIXES = (".wav", ".flac", ".ogg")
PROBE_BYTES = 4096
STREAMED_BYTES = 0x7FFFF000
"""Programs that write WAV into a pipe announce at least this much data, as they can't know the length."""


class FileCorpus(Corpus):
    """Utterances that are audio files of one channel.

    Parameters
    ----------
    name, min_samples, note
        As for `Corpus`.
    files : dict of Utterance to Path
        Where each utterance lies.
    """

    def __init__(self, name: str, files: dict[Utterance, Path], min_samples: int, note: str = ""):
        super().__init__(name, min_samples, note)
        self.files = dict(sorted(files.items()))

    def utterances(self) -> tuple[Utterance, ...]:
        return tuple(self.files)

    def fingerprint(self) -> str:
        """Return a SHA-256 over ids, speakers, file sizes and the 4096 bytes in the middle of each file."""
        digest = hashlib.sha256()
        for utterance, path in self.files.items():
            with path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, (size - PROBE_BYTES) // 2))
                probe = file.read(PROBE_BYTES)
            digest.update(repr((utterance.id, utterance.speaker, size, probe)).encode())
        return digest.hexdigest()

    def read(self, utterance: Utterance) -> tuple[np.ndarray, int]:
        return read_speech(self.files[utterance])

    def locate(self, utterance: Utterance) -> str:
        return str(self.files[utterance])


def open_folder(folder: str | Path, speaker_pattern: str | None, min_samples: int) -> FileCorpus:
    """Open all WAV, FLAC and Ogg files under a folder; hidden files and folders are left out.

    Parameters
    ----------
    folder : path
        Searched with its subfolders. An utterance's id is its path below `folder`.
    speaker_pattern : str or None
        Regular expression searched for in each id; its first group, or the whole match where it has none, names the
        speaker. Without it the first part of the path does: the subfolder, or the file itself where there is none.
    min_samples : int
        As for `Corpus`.

    Raises
    ------
    InputError
        For a missing folder, one without audio, an invalid pattern, or a pattern that does not fit every file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder} to read speech from; give a folder, espeak or cmu_arctic")
    ids = sorted(path.relative_to(folder).as_posix() for path in _audio_files(folder))
    if not ids:
        raise InputError(f"{folder} holds no audio files ({', '.join(SUFFIXES)})")
    flat = speaker_pattern is None and all("/" not in name for name in ids)
    note = "the folder has no subfolders and no speaker pattern was given: each file counts as its own speaker"
    files = {Utterance(name, _speaker(name, speaker_pattern)): folder / name for name in ids}
    return FileCorpus(folder.resolve().name, files, min_samples, note if flat else "")


def read_speech(path: Path) -> tuple[np.ndarray, int]:
    """Return the samples of an audio file of one channel, float32 of shape (sample,), and their rate in Hz.

    Raises
    ------
    InputError
        When the file is missing, not audio, cut off, or has several channels: averaging unknown channels is no way to
        get dry speech.
    """
    samples, rate_hz = read_audio(path)
    if samples.shape[1] != 1:
        raise InputError(f"{path} has {samples.shape[1]} channels; speech must have one")
    return samples[:, 0], rate_hz


def read_audio(path: Path) -> tuple[np.ndarray, int]:
    """Return the samples of an audio file, float32 of shape (sample, channel), and their rate in Hz.

    Raises
    ------
    InputError
        When the file is missing, not audio, or cut off.
    """
    try:
        with soundfile.SoundFile(path) as file:
            samples = file.read(dtype="float32", always_2d=True)
            complete = len(samples) == file.frames and not _lacks_wav_data(file.extra_info)
            rate_hz = file.samplerate
        if file.format == "OGG":
            complete = complete and _ends_ogg_stream(path)
    except soundfile.LibsndfileError:
        raise InputError(f"{path} can't be read as audio or is cut off; remove or replace it") from None
    if not complete:
        raise InputError(f"{path} is cut off; remove or replace it")
    return samples, rate_hz


def _audio_files(folder: Path):
    for where, subfolders, names in os.walk(folder):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for name in names:
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield Path(where, name)


def _speaker(name: str, pattern: str | None) -> str:
    if pattern is None:
        return name.partition("/")[0]
    try:
        match = re.search(pattern, name)
    except re.error as error:
        raise InputError(f"the speaker pattern {pattern!r} is no regular expression ({error})") from None
    speaker = match and match[1 if match.re.groups else 0]
    if not speaker:
        raise InputError(f"the speaker pattern {pattern!r} finds no speaker in {name}")
    return speaker


def _lacks_wav_data(log: str) -> bool:
    """Tell from libsndfile's log whether a WAV file is shorter than it announces."""
    announced = re.search(r"^ *data : (\d+) \(should be (\d+)\)", log, re.MULTILINE)
    return announced is not None and int(announced[2]) < int(announced[1]) < STREAMED_BYTES


def _ends_ogg_stream(path: Path) -> bool:
    """Tell whether the last Ogg page is whole and marked as the last one (RFC 3533, section 6)."""
    content = path.read_bytes()
    page = content[content.rfind(b"OggS") :]
    segments = page[26] if len(page) > 26 else 0
    body = page[27 : 27 + segments]
    return len(page) > 26 and bool(page[5] & 4) and len(page) >= 27 + segments + sum(body)
