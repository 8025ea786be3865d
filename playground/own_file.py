"""A file of one's own: speech for the simulated talker, or what an array recorded."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import soundfile

from acoustics.recordings import read_multichannel
from acoustics.speech import Utterance
from acoustics.speech.files import FileCorpus
from playground.state import SETUP
from running.errors import InputError

LONGEST_S = 20
"""So much of it is heard."""


@dataclass(frozen=True)
class OwnFile:
    """An audio file of one channel, speech, or with a channel for each microphone, a recording.

    Parameters
    ----------
    path : Path
    sha256 : str
        The first digits of the hash of its bytes.
    is_recording : bool
    """

    path: Path
    sha256: str
    is_recording: bool

    @classmethod
    def open(cls, path: str | Path) -> OwnFile:
        """Look at a file.

        Raises
        ------
        InputError
            When it can't be read, has another number of channels, or holds nothing to be heard.
        """
        path, microphones = Path(path), len(SETUP.array)
        try:
            channels = soundfile.info(path).channels
        except soundfile.SoundFileError:
            raise InputError(f"{path.name} can't be read as audio; give a wav, flac, ogg or mp3 file") from None
        if channels not in (1, microphones):
            many = f"speech has one, a recording one for each of the {microphones} microphones"
            raise InputError(f"{path.name} has {channels} channels; {many}")
        opened = cls(path, sha256(path.read_bytes()).hexdigest()[:12], channels == microphones)
        opened.samples()
        return opened

    def samples(self) -> np.ndarray:
        """Return what it holds at the set-up's rate, float32, shape ([microphone,] sample); speech has a peak of 1."""
        try:
            if self.is_recording:
                samples = read_multichannel(self.path, SETUP)
            else:
                utterance = Utterance(self.path.name, self.path.name)
                corpus = FileCorpus("own", {utterance: self.path}, SETUP.window_samples)
                samples = corpus.load(utterance, SETUP.fs_hz)
        except InputError as error:  # the interface keeps files under names that say nothing
            raise InputError(str(error).replace(str(self.path), self.path.name)) from None
        return samples[..., : LONGEST_S * SETUP.fs_hz]
