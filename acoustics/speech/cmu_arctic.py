"""CMU ARCTIC, the published corpus: found in a folder, or downloaded into it.

J. Kominek, A. W. Black, "The CMU Arctic speech databases", 5th ISCA Workshop on Speech Synthesis, 2004.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tarfile
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tqdm import tqdm

from acoustics.speech.corpus import Utterance
from acoustics.speech.files import FileCorpus
from running.errors import InputError

SPEAKERS = (
    "aew",
    "ahw",
    "aup",
    "awb",
    "axb",
    "bdl",
    "clb",
    "eey",
    "fem",
    "gka",
    "jmk",
    "ksp",
    "ljm",
    "lnh",
    "rms",
    "rxr",
    "slp",
    "slt",
)
PAGE = "http://festvox.org/cmu_arctic/"
DIRECTORY = Path("data/cmu_arctic")
BLOCK_BYTES = 2**18
TIMEOUT_S = 60


def open_cmu_arctic(directory: str | Path, min_samples: int) -> FileCorpus:
    """Open what speakers of CMU ARCTIC there are in `directory`/cmu_us_<speaker>_arctic/wav.

    Utterances are ordered by prompt, then speaker, as in pyroomacoustics' `CMUArcticCorpus`, which was used for the
    published data.

    Raises
    ------
    InputError
        When there is no speaker.
    """
    directory = Path(directory)
    files = {
        Utterance(f"{path.stem}/{speaker}", speaker): path
        for speaker in SPEAKERS
        for path in sorted((directory / _folder(speaker) / "wav").glob("arctic_*.wav"))
    }
    if not files:
        raise InputError(f"{directory} holds no speaker of CMU ARCTIC; {_how_to_get(directory)}")
    missing = [speaker for speaker in SPEAKERS if not (directory / _folder(speaker)).is_dir()]
    note = f"{len(missing)} of {len(SPEAKERS)} speakers are missing: {', '.join(missing)}" if missing else ""
    return FileCorpus("cmu_arctic", files, min_samples, note)


def download_cmu_arctic(directory: str | Path, page: str = PAGE) -> None:
    """Download the speakers that `directory` lacks; what an earlier attempt has left is continued.

    Raises
    ------
    InputError
        When a speaker can't be downloaded or unpacked; what is done is kept.
    """
    directory = Path(directory)
    if all((directory / _folder(speaker)).is_dir() for speaker in SPEAKERS):
        return
    directory.mkdir(parents=True, exist_ok=True)
    with _lock(directory):
        for speaker in SPEAKERS:
            if not (directory / _folder(speaker)).is_dir():
                archive = _download(f"{page}packed/{_folder(speaker)}.tar.bz2", directory)
                _unpack(archive, speaker, directory)
                archive.unlink()


def _folder(speaker: str) -> str:
    return f"cmu_us_{speaker}_arctic"


def _how_to_get(directory: Path) -> str:
    return (
        f"get packed/{_folder('*')}.tar.bz2 from {PAGE} and unpack them "
        f"so that {directory / _folder('aew')}/wav/*.wav and the like exist"
    )


@contextmanager
def _lock(directory: Path):
    """Let one process at a time download into a directory."""
    with (directory / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _download(url: str, directory: Path) -> Path:
    """Download one archive, going on where an earlier attempt has stopped; return its path."""
    archive = directory / f".{url.rpartition('/')[2]}.part"
    present = archive.stat().st_size if archive.exists() else 0
    try:
        with urlopen(Request(url, headers={"Range": f"bytes={present}-"}), timeout=TIMEOUT_S) as response:
            continued = response.status == 206
            if response.length is None:
                raise ConnectionError("the server does not say how much there is")
            whole = (present if continued else 0) + response.length
            with archive.open("ab" if continued else "wb") as file:
                _copy(response, file, whole, url.rpartition("/")[2])
        received = archive.stat().st_size
        if received != whole:
            raise ConnectionError(f"{received} of {whole} bytes arrived")
    except HTTPError as error:
        if error.code != 416:  # nothing beyond what is present
            raise _no_download(url, directory, error) from None
    except (ConnectionError, TimeoutError, HTTPException) as error:
        raise _no_download(url, directory, error) from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise _no_download(url, directory, error) from None
    return archive


def _no_download(url: str, directory: Path, reason: Exception) -> InputError:
    return InputError(f"{url} can't be downloaded ({reason}); run again to go on, or {_how_to_get(directory)}")


def _copy(response, file, whole: int, title: str) -> None:
    with tqdm(desc=title, total=whole, initial=file.tell(), unit="B", unit_scale=True) as progress:
        while block := response.read(BLOCK_BYTES):
            file.write(block)
            progress.update(len(block))


def _unpack(archive: Path, speaker: str, directory: Path) -> None:
    """Unpack the recordings of an archive and nothing else; the speaker's folder appears whole or not at all."""
    wanted = re.compile(rf"(?:\./)?{_folder(speaker)}/wav/(arctic_\w+\.wav)")
    beside = directory / f".{_folder(speaker)}.part"
    shutil.rmtree(beside, ignore_errors=True)
    (beside / "wav").mkdir(parents=True)
    try:
        with tarfile.open(archive, "r|bz2") as members:
            for member in members:
                match = wanted.fullmatch(member.name)
                if match and member.isfile():
                    with (beside / "wav" / match[1]).open("wb") as file:
                        shutil.copyfileobj(members.extractfile(member), file)
        if not any((beside / "wav").iterdir()):
            raise tarfile.TarError("no recordings in it")
        os.replace(beside, directory / _folder(speaker))
    except (tarfile.TarError, EOFError, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise
        archive.unlink()
        raise InputError(f"the archive of speaker {speaker} is damaged ({error}); it was removed, run again") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
