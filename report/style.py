"""How figures look: two themes, the colours and names that mean the same in all of them, and files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import matplotlib.style
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from explain.lrp.rules import GATES
from explain.methods import METHODS
from explain.methods.lrp import LRP
from models import MODELS
from running.files import whole_file

SINGLE_IN = 4.2  # width of a single plot, whose text can still be read where it is 390 pixels wide
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
        case ["any", "room"]:
            return "any room"
        case ["pooled"]:
            return "all conditions"
    return name


def T60_title(name: str) -> str:
    """Return a condition's reverberation time as a number without its unit: "0.15"."""
    return condition_title(name).split(" s,")[0].removeprefix("T60 ")


def localizer_title(name: str) -> str:
    """Return the name of a network, or of something else that localizes, for readers: "untrained LocCNN"."""
    return " ".join(MODELS[word].title if word in MODELS else word for word in name.split(" "))


def method_title(name: str) -> str:
    """Return the name of an attribution method for readers."""
    titles = {method.name: method.title for method in (*METHODS.values(), *map(LRP, GATES))}
    return titles.get(name, name)


def signal_title(signal: str, method: str = "", model: str = "") -> str:
    """Return the name of a signal for readers, such as "relevance (LRP), LocCNN"; what is "" is left out."""
    return ", ".join([_by_method(signal, method), *([localizer_title(model)] if model else [])])


def signal_titles(delays: pd.DataFrame) -> dict[tuple[str, str, str], str]:
    """Return the signals of a table of delays with their names for readers, in their order.

    Parameters
    ----------
    delays : DataFrame
        With columns `signal`, `method` and `model`, which are the keys; a method is named only beside others.
    """
    named = has_several_methods(delays)
    return {
        (signal, method, model): signal_title(signal, method if named else "", model)
        for signal, method, model in distinct(delays, ["signal", "method", "model"])
    }


def curve_titles(curves: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return what is removed for each curve of a table, for readers: relevance first, by each method; no controls.

    Parameters
    ----------
    curves : DataFrame
        With columns `curve` and `method`, which are the keys; a method is named only beside others.
    """
    named = has_several_methods(curves)
    return {
        (curve, method): _by_method(title, method if named else "")
        for curve, title in REMOVED.items()
        for method in dict.fromkeys(curves.loc[curves["curve"] == curve, "method"])
    }


def has_several_methods(table: pd.DataFrame) -> bool:
    """Tell whether a table has more than one attribution method, so that what it shows of one must name it."""
    return table.loc[table["method"] != "", "method"].nunique() > 1


def distinct(table: pd.DataFrame, columns: list[str]) -> list[tuple]:
    """Return the different rows that a table has in some columns, in their order."""
    return list(table[columns].drop_duplicates().itertuples(index=False, name=None))


def _by_method(what: str, method: str) -> str:
    return f"{what} ({method_title(method)})" if method else what


def legend(figure: Figure, n_columns: int) -> None:
    """Write what all panels show above them, once."""
    handles: dict[str, Artist] = {}
    for axes in figure.get_axes():
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.legend(handles.values(), handles, loc="outside upper center", ncols=min(n_columns, len(handles)))


def write_figure(path: Path, figure: Figure, dpi: int = 150, transparent: bool = False) -> None:
    """Write a figure in the format of its suffix, whole or not at all; the same figure gives the same file."""
    options = {"metadata": {"Date": None}} if path.suffix == ".svg" else {}
    with whole_file(path) as beside, matplotlib.rc_context({"svg.hashsalt": path.stem}):
        figure.savefig(beside, dpi=dpi, transparent=transparent, **options)
