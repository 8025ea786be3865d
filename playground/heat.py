"""Attributions over microphones and time, as HTML."""

from __future__ import annotations

import io
from base64 import b64encode
from html import escape

import numpy as np
from PIL import Image

from explain.methods import METHODS
from playground.state import SETUP, State
from report.style import LIGHT, localizer_title

COLUMNS = 640
"""Of a picture: half a millisecond each."""
CLIPPED_PERCENT = 99.5
"""Of the columns' magnitudes, what the colours go up to."""


def attribution_view(state: State, signals: np.ndarray, attributions: np.ndarray, changed: set[int]) -> str:
    """Draw the attributions of a window over microphones and time, before and after, above one microphone's signal.

    Parameters
    ----------
    state : State
    signals, attributions : arrays, shape (2, microphone, sample)
    changed : set of int
        Microphones whose names are to stand out.
    """
    names = ["before", "after"]
    if np.array_equal(*signals):
        names, signals, attributions = ["as it is heard"], signals[:1], attributions[:1]
    sums = attributions.reshape(*attributions.shape[:2], COLUMNS, -1).sum(axis=-1)
    most = np.percentile(np.abs(sums), CLIPPED_PERCENT) or 1.0
    pictures = "".join(
        _heat(name, each, np.abs(raw).sum(axis=-1), most, changed)
        for name, each, raw in zip(names, sums, attributions, strict=True)
    )
    waves = "".join(
        f'<path class="wave {kind}" d="{_wave(each[state.microphone], np.abs(signals[:, state.microphone]).max())}"/>'
        for kind, each in zip(("before", "after"), signals, strict=False)
    )
    lasts_ms = 1000 * SETUP.window_samples / SETUP.fs_hz
    ticks = "".join(
        f'<text x="{100 * ms / lasts_ms}%" y="66" class="{("first", "")[ms > 0]}">{ms}</text>'
        for ms in range(0, 300, 100)
    )
    signal = (
        f'<div class="heat wave-row"><div class="side">mic {state.microphone}</div><svg class="signal" height="70">'
        f'<svg viewBox="0 0 {COLUMNS} 50" height="50" width="100%" preserveAspectRatio="none">{waves}</svg>{ticks}'
        f'<text x="100%" y="66" class="last">{lasts_ms:.0f} ms</text></svg><div class="bars"></div></div>'
    )
    return pictures + signal + f'<p class="caption">{_caption(state)}</p>'


def _caption(state: State) -> str:
    method = METHODS[state.method]
    title = f"{method.title}, {'untrained ' if state.untrained else ''}{localizer_title(state.network)}"
    what = "Sums over half a millisecond: orange adds to the answer, blue takes from it."
    if method.of_delays:
        what = "Orange: heard later, it would raise the answer; blue: lower it."
    elif method.is_control:
        what = "A control, which does not look at the network."
    return f"<b>{escape(title)}.</b> {what} Bars: each microphone's share of all magnitudes."


def _heat(name: str, sums: np.ndarray, magnitudes: np.ndarray, most: float, changed: set[int]) -> str:
    strength = np.clip(np.abs(sums) / most, 0, 1)[..., None]
    colours = [tuple(bytes.fromhex(colour[1:])) for colour in (LIGHT.blue, LIGHT.vermilion)]
    pixels = np.concatenate([np.array(colours)[(sums > 0).astype(int)], 255 * strength], axis=-1).astype(np.uint8)
    memory = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(memory, "PNG")
    picture = f"data:image/png;base64,{b64encode(memory.getvalue()).decode()}"
    shares = magnitudes / (magnitudes.sum() or 1.0)
    shown = {*range(0, len(sums), 5), *changed}
    numbers = "".join(f'<i class="{"changed" if each in changed else ""}">{each if each in shown else ""}</i>'
                      for each in range(len(sums)))  # fmt: skip
    bars = "".join(f'<i style="width:{100 * each / shares.max() if each else 0:.0f}%"></i>' for each in shares)
    return (
        f'<p class="when">{name}</p><div class="heat"><div class="side">{numbers}</div>'
        f'<img alt="Attributions by microphone and time, {name}" src="{picture}"><div class="bars">{bars}</div></div>'
    )


def _wave(signal: np.ndarray, peak: float) -> str:
    columns = signal.reshape(COLUMNS, -1) / (peak or 1.0)
    ends = np.stack([columns.min(axis=1), columns.max(axis=1)], axis=1)
    return "M" + "L".join(f"{x} {25 - 24 * y:.1f}" for x, both in enumerate(ends) for y in both)
