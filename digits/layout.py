"""The public layout of AudioMNIST: clips of spoken digits, a folder a speaker, and who the speakers are.

CORPUS/07/3_07_12.wav is take 12 of speaker 7's three; CORPUS/audioMNIST_meta.txt tells in JSON who "01" to "60" are.
Facts: github.com/soerenab/AudioMNIST. Of who they are only the gender is read: ages are numbers, text, or impossible.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from acoustics.speech.corpus import Utterance
from acoustics.speech.files import FileCorpus
from running.errors import InputError
from running.files import read_json, remove_parts, write_json
from running.provenance import commit, plain, versions
from running.results import refuse_other

META = "audioMNIST_meta.txt"
META_KEYS = ("accent", "age", "gender", "native speaker", "origin", "recordingdate", "recordingroom")
CLIP = re.compile(r"(?P<digit>\d)_(?P<speaker>\d+)_(?P<take>\d+)\.wav")
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPEAKERS = tuple(range(1, 61))
WOMEN = (12, 26, 28, 36, 43, 47, 52, 56, 57, 58, 59, 60)
MALE, FEMALE, UNKNOWN = 0, 1, -1
GENDERS = {"male": MALE, "female": FEMALE, "unknown": UNKNOWN}


@dataclass(frozen=True, order=True)
class Clip:
    """A clip: who says which digit for which time."""

    speaker: int
    digit: int
    take: int

    @property
    def name(self) -> str:
        """Return the clip's path in a corpus."""
        return f"{self.speaker:02d}/{self.digit}_{self.speaker:02d}_{self.take}.wav"


@dataclass(frozen=True)
class Layout:
    """A corpus in the public layout.

    Attributes
    ----------
    folder : Path
        Holds the speakers' folders.
    files : dict of Clip to Path
        Sorted by speaker, digit and take.
    genders : dict of int to int
        By speaker: `MALE`, `FEMALE` or `UNKNOWN`.
    """

    folder: Path
    files: dict[Clip, Path]
    genders: dict[int, int]

    @classmethod
    def open(cls, folder: Path) -> Layout:
        """Open a corpus by its folder, or by the folder in which that is called ``data``.

        Raises
        ------
        InputError
            When it is absent, has no clips or no meta file, or a clip lies in another speaker's folder.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise InputError(f"there is no folder {folder}; make it by python -m digits.speak or give another corpus")
        folder = next((place for place in (folder, folder / "data") if _clips(place)), folder)
        files = dict(sorted(_clips(folder).items()))
        if not files:
            raise InputError(f"{folder} has no clips such as 07/3_07_12.wav (speaker 7's three, take 12)")
        for clip, path in files.items():
            if not path.parent.name.isdecimal() or int(path.parent.name) != clip.speaker:
                raise InputError(f"{path} lies in the folder of another speaker than its name says; move or remove it")
        return cls(folder, files, genders(folder, {clip.speaker for clip in files}))

    @property
    def name(self) -> str:
        """Return what the corpus is called: by its folder, and by that folder's where it is called ``data``."""
        folder = self.folder.resolve()
        return folder.parent.name if folder.name == "data" else folder.name

    def fingerprint(self) -> str:
        """Return a SHA-256 over names, sizes and samples from the middle of all clips."""
        utterances = {Utterance(clip.name, f"{clip.speaker:02d}"): path for clip, path in self.files.items()}
        return FileCorpus(self.name, utterances, 1).fingerprint()


def genders(folder: Path, speakers: set[int]) -> dict[int, int]:
    """Return the genders of speakers by number: what the meta file says, and what is published where it lacks one."""
    said, found = read_meta(folder), {}
    for speaker in sorted(speakers):
        published = {True: "female", False: "male"}[speaker in WOMEN] if speaker in SPEAKERS else "unknown"
        entry = said.get(f"{speaker:02d}", {})
        gender = str(entry.get("gender", published) if isinstance(entry, dict) else entry).strip().lower()
        if gender not in GENDERS:
            raise InputError(
                f"{folder / META} gives speaker {speaker:02d} the gender {gender!r}; write male, female or unknown"
            )
        found[speaker] = GENDERS[gender]
    return found


def read_meta(folder: Path) -> dict[str, dict]:
    """Return what a corpus' meta file says of its speakers; raise InputError where it is absent or damaged."""
    if not (folder / META).exists():
        raise InputError(f"{folder} has no {META}; put it there: it tells who the speakers are")
    return read_json(folder / META)


def add_meta(folder: Path, entries: dict[int, dict]) -> None:
    """Write entries of speakers, by number, into a corpus' meta file, which keeps its others."""
    there = read_meta(folder) if (folder / META).exists() else {}
    added = {f"{speaker:02d}": entry for speaker, entry in entries.items()}
    write_json(folder / META, dict(sorted((there | added).items())))


def claim(folder: Path, made_from: dict) -> None:
    """Begin a corpus, or go on with one that was begun alike; raise InputError where the folder holds another."""
    path = folder / "corpus.json"
    if path.exists():
        refuse_other(folder, read_json(path)["made_from"], plain(made_from), "--to")
    elif folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} holds something else; choose another --to")
    else:
        write_json(path, {"made_from": plain(made_from), "versions": versions(), "commit": commit()})
    remove_parts(folder)


def _clips(folder: Path) -> dict[Clip, Path]:
    """Return the clips in the folders of a folder."""
    if not folder.is_dir():
        return {}
    named = {}
    for inner in os.scandir(folder):
        if inner.is_dir() and not inner.name.startswith("."):
            for file in os.scandir(inner.path):
                match = CLIP.fullmatch(file.name)
                if match:
                    named[Clip(*(int(match[what]) for what in ("speaker", "digit", "take")))] = Path(file.path)
    return named
