"""The playground's interface: what happens when a control is touched."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from acoustics.parts import Parts
from localization.interventions import read_intervention
from playground import scene, views
from playground.expected import predicted_m
from playground.heat import attribution_view
from playground.layout import FIELDS, FILES, lay_out
from playground.own_file import OwnFile
from playground.state import CHANGED, FILE, OF_MICROPHONES, OWN_SIZE, SIMULATED, State
from running.errors import InputError

CONTROLS = tuple(name for name in FIELDS if name not in ("file", "sha256"))
EXAMPLES = {
    "One microphone 3 samples late": State(microphones=(0,), delay_samples=3),
    "A cue conflict: reflections from elsewhere": State(T60_s=0.6, snr_db=10, cue="early"),
    "No early reflections, 0.6 s": State(T60_s=0.6, snr_db=10, network="sample_cnn", parts=("direct", "late", "noise")),
    "Another room": State(room="drawn 1"),
}
RESTING = "A recording of your own can't be told apart into its parts, so place, room, parts and cues rest."
STYLE = Path(__file__).with_name("style.css")
SHOW_LINK = "query => history.replaceState(null, '', query ? '?' + query : location.pathname)"
SAVE = """text => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], {type: 'application/json'}));
  link.download = 'playground.json';
  if (text) link.click();
}"""
COPY_LINK = "() => navigator.clipboard.writeText(location.href)"
PAPER, PAPER_DARK = "#F4F5F7", "#0B0D10"


def build() -> gr.Blocks:
    """Return the interface; `launch_options` go with its launch."""
    with gr.Blocks(title="What does it hear?", analytics_enabled=False) as app:
        made = lay_out(list(EXAMPLES))
        own, opened_with = gr.State(None), gr.Textbox(visible=False)
        query, saved = gr.Textbox(visible="hidden"), gr.Textbox(visible="hidden")

        def named(*names: str) -> list:
            return [made[name] for name in names]

        inputs, rows = [own, *named(*CONTROLS)], named("sizes", "cue places")
        everything = [*inputs, made["note"], *rows]
        pictures = [*named("headline", "room map", "close map", "table", "players", "window"), query]

        def refresh(event):
            hearing = {"show_progress_on": made["headline"], "concurrency_id": "hearing"}
            event = event.then(_show, inputs, pictures, show_progress="minimal", **hearing)
            event = event.then(None, query, None, js=SHOW_LINK)
            event = event.then(_predict, inputs, named("close map", "table"), show_progress="hidden", **hearing)
            event.then(_explain, inputs, made["attributions"], show_progress="minimal", concurrency_id="explaining")

        touched = [made[name].submit if name == "kept" else made[name].input for name in CONTROLS]
        seen, quick = [own, *named("voice", "room", "cue")], {"show_progress": "hidden", "trigger_mode": "always_last"}
        refresh(gr.on(touched, _reveal, seen, [made["note"], *rows, *named(*SIMULATED)], **quick))
        places = named("x_m", "y_m", "cue_x_m", "cue_y_m")
        for clicked in named("room map", "close map"):
            refresh(clicked.click(_place, [made["placing"], *places], places, **quick))
        for title, state in EXAMPLES.items():
            refresh(made[title].click(functools.partial(_restored, state), None, everything, **quick))
        refresh(made["undo"].click(_undone, inputs, everything, **quick))
        refresh(made["keep"].click(_kept, inputs, everything, **quick))
        refresh(made["upload"].upload(_open_file, [made["upload"], *inputs], everything))
        refresh(made["open"].upload(_open_json, made["open"], everything))
        refresh(app.load(_open_link, opened_with, everything, js="() => location.search"))
        made["copy"].click(None, js=COPY_LINK)
        made["save"].click(_saved, inputs, saved).then(None, saved, None, js=SAVE)
    return app


def launch_options() -> dict:
    """Return what Gradio's launch takes for the interface's look."""
    fonts = {"font": ("ui-sans-serif", "system-ui", "sans-serif"), "font_mono": ("ui-monospace", "monospace")}
    sizes = {"radius_size": "sm", "spacing_size": "sm", "text_size": "sm"}
    theme = gr.themes.Base(primary_hue="blue", neutral_hue="gray", **fonts, **sizes).set(
        body_background_fill=PAPER,
        body_background_fill_dark=PAPER_DARK,
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_padding="2px 0px",
        checkbox_label_padding="3px 8px",
        checkbox_label_gap="4px",
    )
    return {"theme": theme, "css": views.styles() + STYLE.read_text(), "footer_links": []}


def _telling(title: str) -> Callable:
    """Let a handler tell of bad input in one line, and change nothing."""

    def telling(handle: Callable) -> Callable:
        @functools.wraps(handle)
        def wrapped(*values):
            try:
                return handle(*values)
            except InputError as error:
                gr.Warning(str(error), title=title)
                return gr.skip()

        return wrapped

    return telling


def _state(own: dict | None, *values) -> State:
    """Return what the controls say."""
    said: dict[str, Any] = dict(zip(CONTROLS, values, strict=True))
    said |= {name: int(said[name]) for name in ("window", "microphone")}
    said["microphones"] = tuple(sorted(said["microphones"]))
    said["parts"] = tuple(name for name in Parts._fields if name in said["parts"])
    said["kept"] = tuple(said["kept"].split())
    named = {key: own[key] for key in ("file", "sha256")} if own and said["voice"] == FILE else {}
    return State(**said, **named)


def _heard_by(own: dict | None, *values) -> tuple[State, OwnFile | None]:
    return _state(own, *values), own["opened"] if own else None


def _everything(state: State, own: dict | None) -> list:
    """Return what sets all controls, and shows what belongs to them."""
    values = {name: getattr(state, name) for name in CONTROLS} | {"kept": " ".join(state.kept)}
    values = {name: list(each) if isinstance(each, tuple) else each for name, each in values.items()}
    note, sizes, cue_places, *rest = _reveal(own, state.voice, state.room, state.cue)
    resting = dict(zip(SIMULATED, rest, strict=True))
    set_ = [gr.update(value=each) | resting.get(name, {}) for name, each in values.items()]
    return [own, *set_, note, sizes, cue_places]


def _reveal(own: dict | None, voice: str, room: str, cue: str) -> list:
    """Show rows only where they are needed; what simulates a talker rests beside a recording of one's own."""
    rests = voice == FILE and own and own["opened"] and own["opened"].is_recording
    rows = [gr.update(visible=room == OWN_SIZE), gr.update(visible=cue != "none")]
    note = f"<p class='note'>{escape(_note(own) if voice == FILE else FILES)}</p>"
    return [note, *rows, *[gr.update(interactive=not rests)] * len(SIMULATED)]


def _note(own: dict | None) -> str:
    """Say which file speaks."""
    if own is None:
        return f"Open it; until then a built-in voice stands in. {FILES}"
    if own["opened"] is None:
        lost = "which a link can't carry: open it again. Until then a built-in voice stands in."
        return f"This was made with {own['file'] or 'a file of its own'}, {lost}"
    other = f" It is not the file that this was made with, {own['other']}." if own["other"] else ""
    return f"{own['file']} speaks.{other} {RESTING if own['opened'].is_recording else ''}"


def _show(*values):
    try:
        state, file = _heard_by(*values)
        answer, (before, after) = scene.hear_state(state, file), scene.recordings(state, file)
        room = views.room_map(state, scene.placement(state), answer.truth_m is not None)
    except InputError as error:
        return [f"<p class='headline wrong'>{escape(str(error))}</p>", *[gr.skip()] * 6]
    return [
        views.headline(state, answer),
        room,
        views.close_map(state, answer, None),
        views.movement_table(state, answer, None, is_known=not hasattr(scene.localizer(state), "model")),
        views.players(before, after, state.microphone),
        gr.update(maximum=len(answer.before_m) - 1),
        state.to_query(),
    ]


def _predict(*values):
    try:
        state, file = _heard_by(*values)
        answer, expected_m = scene.hear_state(state, file), predicted_m(state, file)
    except InputError:  # it is said already
        return gr.skip()
    return views.close_map(state, answer, expected_m), views.movement_table(state, answer, expected_m)


def _explain(*values):
    try:
        state, file = _heard_by(*values)
        signals, attributions = scene.attributions(state, file)
    except InputError as error:
        return f"<p class='note'>{escape(str(error))}</p>"
    changed = {getattr(read_intervention(each), "microphone", -1) for each in state.changes}
    return attribution_view(state, signals, attributions, changed)


def _place(placing: str, x_m: float, y_m: float, cue_x_m: float, cue_y_m: float, event: gr.EventData):
    ends = [FIELDS[name].metadata for name in ("x_m", "y_m")]
    at_m = [round(float(np.clip(at, each["least"], each["most"])), 2)
            for at, each in zip((event.x, event.y), ends, strict=True)]  # fmt: skip
    return [*at_m, cue_x_m, cue_y_m] if placing == "talker" else [x_m, y_m, *at_m]


@_telling("This can't be undone")
def _undone(own, *values):
    return _everything(_state(own, *values).reset(CHANGED), own)


@_telling("This can't be kept")
def _kept(own, *values):
    state = _state(own, *values)
    return _everything(replace(state.reset(OF_MICROPHONES), kept=state.changes), own)


@_telling("This file can't be used")
def _open_file(path, own, *values):
    opened = OwnFile.open(path)
    state = replace(_state(None, *values), voice=FILE)
    is_other = own and not own["opened"] and own["sha256"] != opened.sha256
    own = {"opened": opened, "file": opened.path.name, "sha256": opened.sha256, "other": is_other and own["file"]}
    return _everything(state.reset(("parts", "cue")) if opened.is_recording else state, own)


@_telling("This file can't be opened")
def _open_json(path):
    return _restored(State.from_json(Path(path).read_text(errors="replace")))


def _open_link(query):
    try:
        return _restored(State.from_query(query or ""))
    except InputError as error:
        gr.Warning(str(error), title="This link can't be opened")
        return _restored(State())


def _restored(state: State) -> list:
    """Return what sets everything; a file of one's own must be opened again."""
    own = {"opened": None, "file": state.file, "sha256": state.sha256} if state.voice == FILE else None
    return _everything(state, own)


def _saved(*values):
    try:
        return _state(*values).to_json()
    except InputError as error:
        gr.Warning(str(error), title="This can't be saved")
        return ""
