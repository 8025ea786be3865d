"""The page's files: pictures in both themes, spectrograms, sounds, data, copies of result files."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from report.inspection import FLOOR_DB
from report.style import DARK, LIGHT, Theme
from running.files import whole_file

DPI = 180
INKS = 256  # colours that drawings are reduced to: lines, text and their soft edges
QUALITY = 70  # of pictures with many colours
GREY_QUALITY = 50  # of spectrograms, some 10 kB each
COMPRESSION = 0.4  # of sounds, of at most 1: 25 to 65 kbit/s, levels change by at most 0.2 dB


@dataclass(frozen=True)
class Picture:
    """A figure in both themes.

    Parameters
    ----------
    alt : str
        What it shows, for who can't see it.
    light, dark : str
        Files, relative to the page.
    width, height : int
        In pixels.
    left, right : float
        Where its first axes begin and end, in percent of the width.
    """

    alt: str
    light: str
    dark: str
    width: int
    height: int
    left: float
    right: float


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

    def picture(self, name: str, alt: str, draw: Callable[[Theme], Figure], colourful: bool = False) -> Picture:
        """Draw a figure in both themes as WebP: few colours without loss, or many with a little."""
        for theme in (LIGHT, DARK):
            figure = draw(theme)
            image = _pixels(figure)
            options = {"quality": QUALITY} if colourful else {"lossless": True}
            shown = image if colourful else image.quantize(INKS, dither=Image.Dither.NONE).convert("RGB")
            with whole_file(self._path(f"{name}.{theme.name}.webp")) as beside:
                shown.save(beside, "WEBP", method=4, **options)
        light, dark = (f"page/{name}.{theme.name}.webp" for theme in (LIGHT, DARK))
        axes = figure.axes[0].get_position()
        return Picture(alt, light, dark, *image.size, 100 * axes.x0, 100 * axes.x1)

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

    def data(self, name: str, content: dict) -> str:
        """Write what a browser draws as a script, which a page opened from its file may load; return its place."""
        written = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        with whole_file(self._path(f"data/{name}.js")) as beside:
            beside.write_text(f'act("{name}", {written});\n')
        return f"page/data/{name}.js"

    def _path(self, name: str) -> Path:
        return self.folder / name


def _pixels(figure: Figure) -> Image.Image:
    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
