"""How figures look: two themes, the colours and names that mean the same in all of them, and files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import matplotlib.style
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from running.files import whole_file

SINGLE_IN = 4.2  # width of a single plot, whose text can still be read where it is 390 pixels wide
NETWORKS = {"loc_cnn": "LocCNN", "sample_cnn": "SampleCNN"}
REMOVED = {"relevance": "most relevant", "energy": "loudest", "random": "random"}
"""What is removed in which order, for readers."""


@dataclass(frozen=True)
class Theme:
    """Colours of a figure: paper, ink, and those of Okabe and Ito, which colour-blind readers tell apart.

    Parameters
    ----------
    name : str
    paper : str
        Background.
    ink, pale : str
        Text and axes; what stands back: grids, bounds, controls.
    vermilion, blue, green, purple : str
        Relevance; microphones and their energy; chance; a fourth.
    """

    name: str
    paper: str
    ink: str
    pale: str
    vermilion: str = "#D55E00"
    blue: str = "#0072B2"
    green: str = "#009E73"
    purple: str = "#CC79A7"

    @property
    def palette(self) -> tuple[str, str, str, str]:
        """Colours of things that have none of their own, in their order."""
        return self.blue, self.vermilion, self.green, self.purple

    @property
    def signed(self) -> LinearSegmentedColormap:
        """Colour map of signed values: zero is paper, positive vermilion, negative blue."""
        return LinearSegmentedColormap.from_list(f"signed {self.name}", [self.blue, self.paper, self.vermilion])

    @contextmanager
    def canvas(self, width_in: float, height_in: float) -> Iterator[Figure]:
        """Yield an empty figure to draw on; what is drawn in the block is in this theme, whatever matplotlib's own."""
        inks = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
        look = {
            **dict.fromkeys(inks, self.ink),
            **dict.fromkeys(("figure.facecolor", "axes.facecolor"), self.paper),
            "grid.color": self.pale,
            "grid.alpha": 0.35,
            "grid.linewidth": 0.6,
            "font.size": 9.5,
            "axes.titlesize": "medium",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "legend.fontsize": "small",
            "legend.frameon": False,
            "lines.markersize": 4,
        }
        with matplotlib.style.context(["default", look]):
            figure = Figure(figsize=(width_in, height_in), layout="constrained")
            yield figure
            for axes in figure.get_axes():  # ticks are made when needed, which may be outside of this block
                axes.tick_params(which="both", color=self.ink, labelcolor=self.ink, grid_color=self.pale)


LIGHT = Theme("light", paper="#FFFFFF", ink="#1F2328", pale="#8A9099")
DARK = Theme(
    "dark", paper="#14171C", ink="#E3E6EA", pale="#7F8792", blue="#56B4E9", vermilion="#F07F2E", green="#1FC796"
)


def condition_title(name: str) -> str:
    """Return a condition's name with units: "T60 0.15 s, SNR 25 dB" for "SNR_25_T60_0.15"."""
    match name.split("_"):
        case ["SNR", snr, "T60", T60]:
            return f"T60 {T60} s, SNR {snr} dB"
        case ["pooled"]:
            return "all conditions"
    return name


def method_title(name: str) -> str:
    """Return the name of a network, or of another method, for readers."""
    return NETWORKS.get(name, name)


def signal_title(name: str) -> str:
    """Return the name of a signal for readers: "relevance, LocCNN" for "relevance loc_cnn"."""
    kind, _, model = name.partition(" ")
    return f"{kind}, {NETWORKS[model]}" if model in NETWORKS else name


def write_figure(path: Path, figure: Figure, dpi: int = 150, transparent: bool = False) -> None:
    """Write a figure in the format of its suffix, whole or not at all; the same figure gives the same file."""
    options = {"metadata": {"Date": None}} if path.suffix == ".svg" else {}
    with whole_file(path) as beside, matplotlib.rc_context({"svg.hashsalt": path.stem}):
        figure.savefig(beside, dpi=dpi, transparent=transparent, **options)
