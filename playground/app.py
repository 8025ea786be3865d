"""The playground's interface: controls, and what happens when one is touched."""

from __future__ import annotations

import tempfile
from dataclasses import fields, replace
from pathlib import Path

import gradio as gr
import numpy as np

from explain.methods import METHODS
from localization.interventions import read_intervention
from localization.starts import STARTS
from playground import scene, views
from playground.scene import OwnFile
from playground.state import CHANGED, FILE, NETWORKS, OWN_SIZE, ROOMS, VOICES, State
from report.style import localizer_title
from running.errors import InputError

FIELDS = {item.name: item for item in fields(State)}
CONTROLS = tuple(name for name in FIELDS if name not in ("file", "sha256"))
SIMULATED = ("x_m", "y_m", "z_m", "T60_s", "snr_db", "room", "parts", "cue")
"""Controls of a simulated talker, which a recording of one's own has no use for."""
EXAMPLES = {
    "One microphone 3 samples late": State(microphones=(0,), delay_samples=3.0),
    "A cue conflict: reflections from elsewhere": State(T60_s=0.6, snr_db=10.0, cue="early", cue_x_m=1.2, cue_y_m=5.0),
    "No early reflections, 0.6 s": State(
        T60_s=0.6, snr_db=10.0, network="sample_cnn", parts=("direct", "late", "noise")
    ),
    "Another room": State(room="drawn 1"),
}
LATE = "A recording of your own can't be told apart into its parts, so place, room, parts and cues rest."
STYLE = Path(__file__).with_name("style.css")
CLICK = """element.addEventListener('click', event => {
  const map = element.querySelector('svg');
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
  trigger('click', {x: at.x, y: -at.y});
})"""
SHOW_LINK = "query => history.replaceState(null, '', query ? '?' + query : location.pathname)"
COPY_LINK = "() => navigator.clipboard.writeText(location.href)"
FONTS = ("ui-sans-serif", "system-ui", "sans-serif")
MONO = ("ui-monospace", "monospace")
THEME = gr.themes.Base(
    primary_hue="blue",
    neutral_hue="gray",
    font=FONTS,
    font_mono=MONO,
    radius_size="sm",
    spacing_size="sm",
    text_size="sm",
).set(
    body_background_fill="#F4F5F7",
    body_background_fill_dark="#0B0D10",
    block_background_fill="transparent",
    block_background_fill_dark="transparent",
    block_border_width="0px",
    block_padding="2px 0px",
    block_shadow="none",
    checkbox_label_padding="3px 8px",
    checkbox_label_gap="4px",
)


def build() -> gr.Blocks:
    """Return the interface; `launch_options` go with its launch."""
    with gr.Blocks(title="What does it hear? A playground", analytics_enabled=False) as app:
        gr.HTML(
            "<h1>What does it hear?</h1><p>Delay microphone 0 by 3 samples and see the talker move.</p>", elem_id="top"
        )
        with gr.Row(elem_id="examples"):
            examples = {gr.Button(title, size="sm"): state for title, state in EXAMPLES.items()}
        with gr.Row(elem_id="panes"):
            with gr.Column(scale=5, min_width=340):
                controls, room_map, talker = _talker_pane()
            with gr.Column(scale=7, min_width=340, elem_id="right"):
                shown, looked_at = _heard_pane()
        controls |= looked_at
        own, query = gr.State(None), gr.Textbox(elem_id="query", visible="hidden")
        inputs = [own, *(controls[name] for name in CONTROLS)]
        outputs = [
            shown["headline"],
            room_map,
            shown["map"],
            shown["table"],
            shown["players"],
            controls["window"],
            query,
        ]
        everything = [*inputs[1:], talker["sizes"], talker["cues"]]

        def refresh(event):
            event = event.then(_show, inputs, outputs, show_progress="minimal", show_progress_on=shown["headline"],
                               concurrency_id="hear")  # fmt: skip
            event = event.then(
                _predict, inputs, [shown["map"], shown["table"]], show_progress="hidden", concurrency_id="hear"
            )
            event = event.then(None, query, None, js=SHOW_LINK)
            event.then(_explain, inputs, shown["attributions"], show_progress="minimal", concurrency_id="explain")

        touched = [controls[name].input for name in CONTROLS if name not in ("kept", "window")]
        touched += [controls["kept"].submit, controls["window"].input]
        seen = [own, controls["voice"], controls["room"], controls["cue"]]
        revealed = [talker["sizes"], talker["cues"], *(controls[name] for name in SIMULATED)]
        refresh(gr.on(touched, _reveal, seen, revealed, show_progress="hidden", trigger_mode="always_last"))
        for clicked in (room_map, shown["map"]):
            places = [controls[name] for name in ("x_m", "y_m", "cue_x_m", "cue_y_m")]
            refresh(clicked.click(_place, [talker["placing"], *places], places, show_progress="hidden"))
        for button, state in examples.items():
            refresh(button.click(lambda state=state: _controls_of(state), None, everything))
        refresh(talker["reset"].click(lambda *values: _controls_of(_state(*values).reset(CHANGED)), inputs, everything))
        refresh(talker["keep"].click(_keep, inputs, everything))
        opened = [own, talker["note"], *everything]
        refresh(talker["upload"].upload(_open_file, [talker["upload"], *inputs], opened))
        shown["copy"].click(None, js=COPY_LINK)
        shown["save"].click(_saved, inputs, shown["save"])
        refresh(shown["open"].upload(_open_json, shown["open"], opened))
        start = gr.Textbox(visible=False)
        refresh(app.load(_open_link, start, opened, js="() => location.search"))
    return app


def launch_options() -> dict:
    """Return what Gradio's launch takes for the interface's look."""
    return {"theme": THEME, "css": views.styles() + STYLE.read_text(), "footer_links": []}


def _talker_pane():
    controls, parts = {}, {}
    with gr.Column(elem_classes="card"):
        gr.HTML("<h2>The talker</h2>")
        with gr.Row():
            with gr.Column(min_width=150, scale=2):
                room_map = gr.HTML(elem_id="room-map", js_on_load=CLICK)
            with gr.Column(min_width=220, scale=3):
                placing = gr.Radio(["talker", "cue"], value="talker", label="A click on a map places the")
                for name, label in (("x_m", "x (m)"), ("y_m", "y (m)"), ("z_m", "z, height (m)")):
                    controls[name] = _slider(name, label, 0.01)
                controls["voice"] = gr.Dropdown(_pairs(VOICES), value=State().voice, label="Voice")
                upload = gr.UploadButton("Open a file of my own", file_types=["audio"], size="sm", elem_id="own-file")
                note = gr.HTML("<p class='note'>Speech of one channel, or a recording with a channel for each of the 16 "
                               "microphones.</p>")  # fmt: skip
        with gr.Row():
            controls["T60_s"] = _slider("T60_s", "T60 (s)", 0.05)
            controls["snr_db"] = _slider("snr_db", "SNR (dB)", 1)
        with gr.Row():
            titles = {name: localizer_title(name) for name in NETWORKS}
            controls["network"] = gr.Dropdown(_pairs(titles), value=State().network, label="Network")
            trained = {
                each: "the talker's (nearest)" if each == "nearest" else f"{each} s" for each in _choices("trained")
            }
            controls["trained"] = gr.Dropdown(_pairs(trained), value=State().trained, label="Trained for a T60 of")
            controls["room"] = gr.Dropdown(_pairs(ROOMS), value=State().room, label="Room")
        with gr.Row(visible=False) as sizes:
            for name, label in (("length_m", "length (m)"), ("width_m", "width (m)"), ("height_m", "height (m)")):
                controls[name] = _slider(name, label, 0.1)
    with gr.Column(elem_classes="card"):
        gr.HTML("<h2>Change what is heard</h2>")
        count = range(len(scene.SETUP.array))
        controls["microphones"] = gr.CheckboxGroup([(str(each), each) for each in count], value=[], label="Microphones",
                                                   elem_id="microphones")  # fmt: skip
        with gr.Row():
            controls["delay_samples"] = _slider("delay_samples", "delay (samples)", 0.25)
            controls["gain_db"] = _slider("gain_db", "gain (dB)", 0.5)
        with gr.Row(elem_classes="low"):
            controls["flipped"] = gr.Checkbox(label="flip the sign", container=False, min_width=110)
            controls["silent"] = gr.Checkbox(label="mute", container=False, min_width=70)
            keep = gr.Button("Keep these, change others", size="sm", min_width=180)
        controls["kept"] = gr.Textbox(label="Kept changes", placeholder="none; for example silent:5 delay:3,0.5 octave:1000",
                                      lines=1, max_lines=1)  # fmt: skip
        controls["parts"] = gr.CheckboxGroup(
            [("direct sound", "direct"), ("early reflections", "early"), ("late reflections", "late"), ("noise", "noise")],
            value=list(State().parts), label="What is heard of it", elem_id="parts",
        )  # fmt: skip
        cues = {"none": "none", "delays": "direct sound's delays", "levels": "its levels", "early": "early reflections",
                "late": "late reflections"}  # fmt: skip
        controls["cue"] = gr.Radio(_pairs(cues), value="none", label="One cue from elsewhere", elem_id="cue")
        with gr.Row(visible=False) as cue_places:
            for name, label in (("cue_x_m", "cue x (m)"), ("cue_y_m", "cue y (m)"), ("cue_z_m", "cue z (m)")):
                controls[name] = _slider(name, label, 0.01)
        reset = gr.Button("Undo all changes", size="sm", elem_id="reset")
    parts |= {"sizes": sizes, "cues": cue_places, "placing": placing, "upload": upload, "note": note, "keep": keep}
    return controls, room_map, parts | {"reset": reset}


def _heard_pane():
    controls, shown = {}, {}
    with gr.Column(elem_classes="card"):
        gr.HTML("<h2>What is heard</h2>")
        shown["headline"] = gr.HTML("<p class='headline'>Listening …</p>", elem_id="headline")
        with gr.Row():
            with gr.Column(min_width=260, scale=6):
                shown["map"] = gr.HTML(elem_id="close-map", js_on_load=CLICK)
            with gr.Column(min_width=280, scale=5):
                shown["table"] = gr.HTML(elem_id="table")
                shown["players"] = gr.HTML(elem_id="players")
                controls["microphone"] = _slider("microphone", "listen to microphone", 1)
    with gr.Column(elem_classes="card"):
        gr.HTML("<h2>What it goes by</h2>")
        with gr.Row(elem_classes="low"):
            methods = {name: method.title for name, method in METHODS.items()}
            controls["method"] = gr.Dropdown(_pairs(methods), value=State().method, label="Attribution method")
            starts = {name: name.replace("_", " ") for name in STARTS}
            controls["start"] = gr.Dropdown(_pairs(starts), value=State().start, label="of")
            controls["window"] = _slider("window", "window", 1, most=9)
        controls["untrained"] = gr.Checkbox(label="of the same network untrained, as a control", container=False)
        shown["attributions"] = gr.HTML(elem_id="attributions")
    with gr.Row(elem_id="keep"):
        shown["copy"] = gr.Button("Copy the link to this", size="sm")
        shown["save"] = gr.DownloadButton("Save it as a file", size="sm")
        shown["open"] = gr.UploadButton("Open a saved file", file_types=[".json"], size="sm", elem_id="open-state")
    return shown, controls


def _slider(name: str, label: str, step: float, most: float | None = None) -> gr.Slider:
    ends = FIELDS[name].metadata
    return gr.Slider(ends["least"], most or ends["most"], getattr(State(), name), step=step, label=label, min_width=120,
                     elem_id=name, buttons=[])  # fmt: skip


def _choices(name: str) -> tuple[str, ...]:
    return FIELDS[name].metadata["choices"]


def _pairs(titles: dict[str, str]) -> list[tuple[str, str]]:
    return [(title, name) for name, title in titles.items()]


def _state(own: dict | None, *values) -> State:
    """Return what the controls say; lists come as tuples, kept changes as words."""
    said = dict(zip(CONTROLS, values, strict=True))
    said["kept"] = tuple(said["kept"].split())
    said["parts"] = tuple(name for name in State().parts if name in said["parts"])
    said["microphones"] = tuple(sorted(map(int, said["microphones"])))
    for name in ("window", "microphone"):
        said[name] = int(said[name])
    named = {key: own[key] for key in ("file", "sha256")} if own and said["voice"] == FILE else {}
    return State(**said, **named)


def _controls_of(state: State, rests: bool = False) -> list:
    """Return what sets the controls; those of a simulated talker may rest."""
    values = {name: getattr(state, name) for name in CONTROLS}
    values = {name: list(each) if isinstance(each, tuple) else each for name, each in values.items()}
    values["kept"] = " ".join(state.kept)
    set_ = [gr.update(value=each, interactive=not (rests and name in SIMULATED)) for name, each in values.items()]
    return [*set_, *_rows(state.room, state.cue)]


def _rows(room: str, cue: str) -> list:
    """Show the rows of sliders that few need only where they are needed."""
    return [gr.Row(visible=room == OWN_SIZE), gr.Row(visible=cue != "none")]


def _reveal(own, voice: str, room: str, cue: str) -> list:
    rests = voice == FILE and own and own["opened"] and own["opened"].is_recording
    return [*_rows(room, cue), *[gr.update(interactive=not rests)] * len(SIMULATED)]


def _file(own: dict | None) -> OwnFile | None:
    return own and own["opened"]


def _show(own, *values):
    try:
        state = _state(own, *values)
        file = _file(own)
        answer = scene.hear_state(state, file)
        before, after = scene.recordings(state, file)
        room = views.room_map(state, scene.placement(state), answer.truth_m is not None)
    except InputError as error:
        gr.Warning(str(error), title="That can't be heard")
        return [f"<p class='headline wrong'>{error}</p>", *[gr.skip()] * 6]
    return [
        views.headline(state, answer),
        room,
        views.close_map(state, answer, None),
        views.movement_table(answer, None, is_known=not hasattr(scene.localizer(state), "model")),
        views.players(before, after, state.microphone),
        gr.Slider(maximum=len(answer.before_m) - 1),
        state.to_query(),
    ]


def _predict(own, *values):
    try:
        state = _state(own, *values)
        file = _file(own)
        answer, predicted_m = scene.hear_state(state, file), scene.predicted_m(state, file)
    except InputError:
        return gr.skip()
    return views.close_map(state, answer, predicted_m), views.movement_table(answer, predicted_m)


def _explain(own, *values):
    try:
        state = _state(own, *values)
        signals, attributions = scene.attributions(state, _file(own))
    except InputError as error:
        return f"<p class='note'>{error}</p>"
    texts = map(read_intervention, state.changes)
    changed = {each.microphone for each in texts if hasattr(each, "microphone")}
    return views.attribution_view(state, signals, attributions, changed)


def _place(placing: str, x_m, y_m, cue_x_m, cue_y_m, event: gr.EventData):
    ends = [FIELDS[name].metadata for name in ("x_m", "y_m")]
    clicked = [round(float(np.clip(at, each["least"], each["most"])), 2)
               for at, each in zip((event.x, event.y), ends, strict=True)]  # fmt: skip
    return [*clicked, cue_x_m, cue_y_m] if placing == "talker" else [x_m, y_m, *clicked]


def _keep(own, *values):
    try:
        state = _state(own, *values)
        kept = replace(
            state.reset(("microphones", "delay_samples", "gain_db", "flipped", "silent")), kept=state.changes
        )
    except InputError as error:
        gr.Warning(str(error))
        return gr.skip()
    return _controls_of(kept)


def _open_file(path: str, own: dict | None, *values):
    try:
        opened = OwnFile.open(path)
        state = replace(_state(None, *values), voice=FILE)
    except InputError as error:
        gr.Warning(str(error), title="This file can't be used")
        return gr.skip()
    note = f"{opened.path.name} speaks."
    if own and not own["opened"] and own["sha256"] != opened.sha256:
        note = f"{opened.path.name} speaks, which is not the file of the link ({own['file']})."
    if opened.is_recording:
        note, state = f"{note} {LATE}", state.reset(("parts", "cue"))
    own = {"opened": opened, "file": opened.path.name, "sha256": opened.sha256}
    return [own, f"<p class='note'>{views.escape(note)}</p>", *_controls_of(state, opened.is_recording)]


def _restored(state: State) -> list:
    """Return what sets all controls; a file of one's own must be opened again."""
    own = {"opened": None, "file": state.file, "sha256": state.sha256} if state.voice == FILE else None
    note = ""
    if own:
        note = f"This was made with {state.file or 'a file of your own'}, which a link can't carry: open it again. "
        note += "Until then a built-in voice stands in."
    return [own, f"<p class='note'>{views.escape(note)}</p>" if note else gr.skip(), *_controls_of(state)]


def _open_link(query: str):
    try:
        return _restored(State.from_query(query or ""))
    except InputError as error:
        gr.Warning(str(error), title="This link can't be opened")
        return _restored(State())


def _open_json(path: str):
    try:
        return _restored(State.from_json(Path(path).read_text(errors="replace")))
    except InputError as error:
        gr.Warning(str(error), title="This file can't be opened")
        return gr.skip()


def _saved(own, *values):
    try:
        state = _state(own, *values)
    except InputError as error:
        gr.Warning(str(error))
        return gr.skip()
    path = Path(tempfile.mkdtemp()) / "playground.json"
    path.write_text(state.to_json())
    return str(path)
