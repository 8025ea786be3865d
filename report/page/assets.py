"""The page's files: data, text, sounds, spectrograms."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from report.inspection import FLOOR_DB
from running.files import whole_file

GREY_QUALITY = 50  # of spectrograms, some 10 kB each
COMPRESSION = 0.4  # of sounds, of at most 1: 25 to 65 kbit/s, levels change by at most 0.2 dB


@dataclass(frozen=True)
class Sound:
    """A sound: its name for readers, its file relative to the page, and how long it lasts."""

    name: str
    file: str
    seconds: float


class Assets:
    """Writes into the folder ``page`` beside ``index.html``.

    Parameters
    ----------
    to : path
        Folder of ``index.html``.
    """

    def __init__(self, to: str | Path):
        self.folder = Path(to) / "page"

    def copy(self, source: Path, name: str) -> str:
        """Copy a file under a name; return its place relative to the page."""
        with whole_file(self._path(name)) as beside:
            shutil.copyfile(source, beside)
        return f"page/{name}"

    def text(self, name: str, content: str) -> str:
        """Write a text under a name; return its place relative to the page."""
        with whole_file(self._path(name)) as beside:
            beside.write_text(content)
        return f"page/{name}"

    def data(self, name: str, content: dict) -> str:
        """Write what a browser draws as a script, which a page opened from its file may load; return its place."""
        written = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("],[", "],\n[")
        return self.text(f"data/{name}.js", f'act("{name}", {written});\n')

    def sound(self, file: str, name: str, signal: np.ndarray, fs_hz: int) -> Sound:
        """Write a sound as MP3: every browser plays it, and equal sounds make equal files."""
        memory = io.BytesIO()
        soundfile.write(memory, signal, fs_hz, format="MP3", bitrate_mode="VARIABLE", compression_level=COMPRESSION)
        with whole_file(self._path(f"{file}.mp3")) as beside:
            beside.write_bytes(memory.getbuffer())
        return Sound(name, f"page/{file}.mp3", len(signal) / fs_hz)

    def spectrogram(self, file: str, level_db: np.ndarray) -> str:
        """Write levels, shape (frequency, frame), as a grey WebP, the largest white; return its place."""
        grey = 255 * (level_db - FLOOR_DB) / -FLOOR_DB
        with whole_file(self._path(f"{file}.webp")) as beside:
            Image.fromarray(grey[::-1].round().astype(np.uint8)).save(beside, "WEBP", method=4, quality=GREY_QUALITY)
        return f"page/{file}.webp"

    def _path(self, name: str) -> Path:
        return self.folder / name
