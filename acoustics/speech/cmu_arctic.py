"""CMU ARCTIC, the published corpus: found in a folder, or downloaded into it.

J. Kominek, A. W. Black, "The CMU Arctic speech databases", 5th ISCA Workshop on Speech Synthesis, 2004.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path

from acoustics.speech.corpus import Utterance
from acoustics.speech.files import FileCorpus
from running.errors import InputError

SPEAKERS = {
    "aew": "645cb33c0f0b2ce41384fdd8d3db2c3f5fc15c1e688baeb74d2e08cab18ab406",
    "ahw": "024664adeb892809d646a3efd043625b46b5bfa3e6189b3500b2d0d59dfab06c",
    "aup": "2c55bc3050caa996758869126ad10cf42e1441212111db034b3a45189c18b6fc",
    "awb": "d74a950c9739a65f7bfc4dfa6187f2730fa03de5b8eb3f2da97a51b74df64d3c",
    "axb": "dd65c3d2907d1ee52f86e44f578319159e60f4bf722a9142be01161d84e330ff",
    "bdl": "26b91aaf48b2799b2956792b4632c2f926cd0542f402b5452d5adecb60942904",
    "clb": "3f16dc3f3b97955ea22623efb33b444341013fc660677b2e170efdcc959fa7c6",
    "eey": "8a0ee4e5acbd4b2f61a4fb947c1730ab3adcc9dc50b195981d99391d29928e8a",
    "fem": "3fcff629412b57233589cdb058f730594a62c4f3a75c20de14afe06621ef45e2",
    "gka": "dc82e7967cbd5eddbed33074b0699128dbd4482b41711916d58103707e38c67f",
    "jmk": "3a37c0e1dfc91e734fdbc88b562d9e2ebca621772402cdc693bbc9b09b211d73",
    "ksp": "8029cafce8296f9bed3022c44ef1e7953332b6bf6943c14b929f468122532717",
    "ljm": "b23993765cbf2b9e7bbc3c85b6c56eaf292ac81ee4bb887b638a24d104f921a0",
    "lnh": "4faf34d71aa7112813252fb20c5433e2fdd9a9de55a00701ffcbf05f24a5991a",
    "rms": "c6dc11235629c58441c071a7ba8a2d067903dfefbaabc4056d87da35b72ecda4",
    "rxr": "1fa4271c393e5998d200e56c102ff46fcfea169aaa2148ad9e9469616fbfdd9b",
    "slp": "54345ed55e45c23d419e9a823eef427f1cc93c83a710735ec667d068c916abf1",
    "slt": "7c173297916acf3cc7fcab2713be4c60b27312316765a90934651d367226b4ea",
}
"""SHA-256 of each speaker's archive; github.com/pytorch/audio lists the same in ``torchaudio.datasets.CMUARCTIC``."""

PAGE = "http://festvox.org/cmu_arctic/"
DIRECTORY = Path("data/cmu_arctic")
ARCHIVES = ".archives"
BLOCK_BYTES = 2**18
TIMEOUT_S = 60
RETRIES = 3


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
    """Download the speakers that `directory` lacks, by pooch: checked, and tried again where the connection breaks.

    Raises
    ------
    InputError
        When a speaker can't be downloaded or is not what it was; the speakers before it are kept.
    """
    directory = Path(directory)
    lacking = [speaker for speaker in SPEAKERS if not (directory / _folder(speaker)).is_dir()]
    if not lacking:
        return
    directory.mkdir(parents=True, exist_ok=True)
    with _lock(directory):
        for speaker in lacking:
            if not (directory / _folder(speaker)).is_dir():
                _unpack(_fetch(speaker, directory, page), speaker, directory)
        shutil.rmtree(directory / ARCHIVES, ignore_errors=True)


def _folder(speaker: str) -> str:
    return f"cmu_us_{speaker}_arctic"


def _archive(speaker: str) -> str:
    return f"{_folder(speaker)}.tar.bz2"


def _how_to_get(directory: Path) -> str:
    return (
        f"get packed/{_archive('*')} from {PAGE} and unpack them "
        f"so that {directory / _folder('aew')}/wav/*.wav and the like exist"
    )


@contextmanager
def _lock(directory: Path):
    """Let one process at a time download into a directory."""
    with (directory / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(speaker: str, directory: Path, page: str) -> Path:
    """Return a speaker's archive, downloaded unless it is there."""
    import pooch  # its progress bar complains in notebooks when it is imported, used or not

    name = _archive(speaker)
    archives = pooch.create(
        path=directory / ARCHIVES,
        base_url=f"{page}packed/",
        registry={name: f"sha256:{SPEAKERS[speaker]}"},
        retry_if_failed=RETRIES,
    )
    downloader = pooch.HTTPDownloader(progressbar=True, chunk_size=BLOCK_BYTES, timeout=TIMEOUT_S)
    try:
        return Path(archives.fetch(name, downloader=downloader))
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) is not None:  # of the disk, not of the network
            raise
        where = archives.get_url(name)
        raise InputError(
            f"{where} can't be downloaded ({error}); run again to go on, or {_how_to_get(directory)}"
        ) from None


def _unpack(archive: Path, speaker: str, directory: Path) -> None:
    """Unpack the recordings of an archive, nothing else, and remove it; the folder appears whole or not at all."""
    wanted = re.compile(rf"(?:\./)?{_folder(speaker)}/wav/(arctic_\w+\.wav)")
    with tempfile.TemporaryDirectory(dir=archive.parent) as beside, tarfile.open(archive) as members:
        wav = Path(beside, _folder(speaker), "wav")
        wav.mkdir(parents=True)
        for member in members:
            match = wanted.fullmatch(member.name)
            file = members.extractfile(member) if match and member.isfile() else None
            if match and file:
                (wav / match[1]).write_bytes(file.read())
        wav.parent.rename(directory / _folder(speaker))
    archive.unlink()
