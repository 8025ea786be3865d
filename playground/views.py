"""What the playground shows, as HTML: maps in metres, a table, players, attributions over microphones and time.

Colours are CSS variables, so that the light and the dark look need no second drawing.
"""

from __future__ import annotations

import io
from base64 import b64encode
from html import escape

import numpy as np
import soundfile

from acoustics.rooms import Placement
from playground.expected import geometry_m
from playground.scene import Answer
from playground.state import SETUP, State
from report.sounds import PEAK
from report.style import DARK, LIGHT, Theme, localizer_title

MARGIN_M = 0.25


def styles() -> str:
    """Return the colours of `report.style` as CSS variables."""

    def variables(theme: Theme) -> str:
        names = ("paper", "ink", "pale", "vermilion", "blue", "green", "purple")
        return "".join(f"--{name}:{getattr(theme, name)};" for name in names)

    return f":root{{{variables(LIGHT)}}} .dark{{{variables(DARK)}}}"


def room_map(state: State, placement: Placement, is_simulated: bool) -> str:
    """Draw the room from above with talker and array; a click is in metres, see `playground.app`."""
    length_m, width_m, _ = placement.room.size_m
    corners_m = placement.out_of_room([(0, 0), (length_m, 0), (length_m, width_m), (0, width_m)])
    low_m, high_m = corners_m.min(axis=0) - MARGIN_M, corners_m.max(axis=0) + MARGIN_M
    drawn = [_polygon(corners_m, "wall"), *_array_and_area()]
    if is_simulated:
        drawn += [_dot(state.position_m, "talker", "the talker"), *_cue(state)]
    return _svg(low_m, high_m, drawn, "The room from above", "room")


def close_map(state: State, answer: Answer, predicted_m: np.ndarray | None) -> str:
    """Draw the source area closely: truth, where each window is put before and after, medians, what was expected."""
    low_m, high_m = np.transpose([SETUP.grid.x_m, SETUP.grid.y_m]) + np.array([[-MARGIN_M], [MARGIN_M]])
    before_m, after_m = (np.median(each, axis=0) for each in (answer.before_m, answer.after_m))
    last = len(answer.before_m) - 1
    drawn = [*_grid(low_m, high_m), *_array_and_area()]
    if not np.array_equal(answer.before_m, answer.after_m):
        drawn += [_line(*ends_m) for ends_m in zip(answer.before_m, answer.after_m, strict=True)]
        drawn += [_dot(each, "after small", f"window {n}, after") for n, each in enumerate(answer.after_m)]
    drawn += [_dot(each, "before small", f"window {n}, before") for n, each in enumerate(answer.before_m)]
    drawn.append(_dot(answer.after_m[min(state.window, last)], "ring", "the window looked at"))
    drawn.append(_dot(before_m, "before", "median before"))
    expected_m = geometry_m(state, answer)
    if expected_m.any():
        drawn.append(_dot(before_m[:2] + expected_m, "geometry hollow", "geometry expects"))
    if predicted_m is not None and predicted_m.any():
        drawn.append(_dot((before_m + predicted_m)[:2], "sensitivity hollow", "sensitivity predicts"))
    if answer.moved_m.any():
        drawn.append(_dot(after_m, "after", "median after"))
    if answer.truth_m is not None:
        drawn += [_cross(answer.truth_m), *_cue(state)]
    legend = {"truth": "the talker", "before": "windows and median, before", "after": "after the change"}
    if answer.truth_m is None:
        del legend["truth"]
    keys = "".join(f'<span class="key {kind}">{text}</span>' for kind, text in legend.items())
    return _svg(low_m, high_m, drawn, "Where each window is put", "close") + f'<p class="keys">{keys}</p>'


def headline(state: State, answer: Answer) -> str:
    """Say in a sentence where the talker is put."""
    name = escape(localizer_title(state.network))
    if answer.truth_m is None:
        place = ", ".join(
            f"{axis} {value:.2f}" for axis, value in zip("xyz", np.median(answer.before_m, 0), strict=True)
        )
        said = f"{name} puts the talker at {place} m."
    else:
        said = f"{name} is off by {_error_cm(answer, answer.before_m)} cm."
    moved_cm = 100 * np.linalg.norm(answer.moved_m[:2])
    if moved_cm >= 0.05:
        said += f" What you changed moves it by {moved_cm:.1f} cm"
        said += "." if answer.truth_m is None else f": it is then off by {_error_cm(answer, answer.after_m)} cm."
    return f'<p class="headline">{said}</p>'


def movement_table(state: State, answer: Answer, predicted_m: np.ndarray | None, is_known: bool = True) -> str:
    """Set what was expected beside what is heard; `is_known`: whether the prediction is there yet."""
    rows = {
        "geometry": ("Geometry (multilateration) expects", [*geometry_m(state, answer), None]),
        "sensitivity": ("Its sensitivity predicts", [None] * 3 if predicted_m is None else predicted_m),
        "after": ("It moved by", answer.moved_m),
    }
    cells = []
    for kind, (title, values_m) in rows.items():
        unknown = "…" if kind == "sensitivity" and not is_known else "–"
        numbers = "".join(f"<td>{unknown if each is None else _signed_cm(each)}</td>" for each in values_m)
        cells.append(f'<tr class="{kind}"><th scope="row"><span class="key {kind}">{title}</span></th>{numbers}</tr>')
    head = "<tr><th>centimetres</th><th>x</th><th>y</th><th>z</th></tr>"
    return f'<table class="moved">{head}{"".join(cells)}</table>'


def players(before: np.ndarray, after: np.ndarray, microphone: int) -> str:
    """Let one microphone be heard before and after, both at the same volume."""
    signals = before[microphone], after[microphone]
    volume = PEAK / (max(np.abs(each).max() for each in signals) or 1.0)
    return "".join(
        f'<label class="player">{kind}<audio controls preload="auto" src="{_wav(volume * each)}"></audio></label>'
        for kind, each in zip(("before", "after"), signals, strict=True)
    )


def _error_cm(answer: Answer, estimates_m: np.ndarray) -> str:
    return f"{100 * np.linalg.norm((np.median(estimates_m, axis=0) - answer.truth_m)[:2]):.1f}"


def _signed_cm(value_m: float) -> str:
    centimetres = round(100 * value_m, 1)
    return f"{centimetres:+.1f}".replace("-", "−") if centimetres else "0"


def _wav(signal: np.ndarray) -> str:
    memory = io.BytesIO()
    soundfile.write(memory, signal, SETUP.fs_hz, format="WAV", subtype="PCM_16")
    return f"data:audio/wav;base64,{b64encode(memory.getvalue()).decode()}"


def _svg(low_m: np.ndarray, high_m: np.ndarray, drawn: list[str], title: str, kind: str) -> str:
    """Return a picture whose units are metres; y grows upwards, so that its sign is turned."""
    size_m = high_m - low_m
    box = f"{low_m[0]:.3f} {-high_m[1]:.3f} {size_m[0]:.3f} {size_m[1]:.3f}"
    return f'<svg class="map {kind}" viewBox="{box}" role="img" aria-label="{title}">{"".join(drawn)}</svg>'


def _array_and_area() -> list[str]:
    grid, microphones_m = SETUP.grid, SETUP.array.as_array()
    corners_m = [(x_m, y_m) for x_m, y_m in zip(np.repeat(grid.x_m, 2), (*grid.y_m, *grid.y_m[::-1]), strict=True)]
    dots = [_dot(each, "microphone", f"microphone {number}") for number, each in enumerate(microphones_m)]
    for number in (0, len(microphones_m) - 1):
        x_m, y_m = microphones_m[number, :2]
        dots.append(f'<text class="tick" text-anchor="middle" x="{x_m:.3f}" y="{-y_m - 0.08:.3f}">{number}</text>')
    return [_polygon(corners_m, "area"), *dots]


def _cue(state: State) -> list[str]:
    return [_dot(state.cue_m, "cue hollow", f"{state.cue} from here")] if state.cue != "none" else []


def _grid(low_m: np.ndarray, high_m: np.ndarray) -> list[str]:
    drawn = []
    for axis, name in enumerate("xy"):
        for value_m in np.arange(np.ceil(2 * low_m[axis]) / 2, high_m[axis] - 0.15, 0.5):
            x_m, y_m = (value_m, low_m[1] + 0.04) if axis == 0 else (low_m[0] + 0.04, value_m)
            drawn.append(f'<text class="tick" x="{x_m:.3f}" y="{-y_m:.3f}">{name} {value_m:g}</text>')
    return drawn


def _polygon(corners_m, kind: str) -> str:
    return f'<polygon class="{kind}" points="{" ".join(f"{x:.3f},{-y:.3f}" for x, y in corners_m)}"/>'


def _dot(position_m, kind: str, title: str) -> str:
    place = f"M{position_m[0]:.3f} {-position_m[1]:.3f}h0"
    hole = f'<path class="dot hole" d="{place}"/>' if "hollow" in kind else ""
    return f'<path class="dot {kind}" d="{place}"><title>{escape(title)}</title></path>{hole}'


def _line(first_m, second_m) -> str:
    return f'<path class="line" d="M{first_m[0]:.3f} {-first_m[1]:.3f}L{second_m[0]:.3f} {-second_m[1]:.3f}"/>'


def _cross(position_m) -> str:
    x, y, arm = position_m[0], -position_m[1], 0.045
    strokes = f"M{x - arm:.3f} {y - arm:.3f}l{2 * arm} {2 * arm}m0 {-2 * arm}l{-2 * arm} {2 * arm}"
    return f'<path class="truth" d="{strokes}"><title>where the talker is</title></path>'
