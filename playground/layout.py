"""The playground's controls and panes: one component for each field of `playground.state.State`, and what is shown."""

from __future__ import annotations

from dataclasses import fields

import gradio as gr

from explain.methods import METHODS
from localization.starts import STARTS
from playground.state import NEAREST, NETWORKS, ROOMS, SETUP, TRAINED, VOICES, State
from report.style import localizer_title

FIELDS = {item.name: item for item in fields(State)}
SLIDERS = {
    "x_m": ("x (m)", 0.01),
    "y_m": ("y (m)", 0.01),
    "z_m": ("z, height (m)", 0.01),
    "T60_s": ("T60 (s)", 0.05),
    "snr_db": ("SNR (dB)", 1),
    "length_m": ("room x (m)", 0.1),
    "width_m": ("room y (m)", 0.1),
    "height_m": ("room z (m)", 0.1),
    "delay_samples": ("delay (samples)", 0.25),
    "gain_db": ("gain (dB)", 0.5),
    "cue_x_m": ("cue x (m)", 0.01),
    "cue_y_m": ("cue y (m)", 0.01),
    "cue_z_m": ("cue z (m)", 0.01),
    "window": ("window", 1),
    "microphone": ("listen to microphone", 1),
}
"""Label and step."""
CHOICES = {
    "voice": ("Voice", VOICES),
    "network": ("Network", {name: localizer_title(name) for name in NETWORKS}),
    "trained": ("Trained for a T60 of", {each: f"{each} s" for each in TRAINED} | {NEAREST: "the talker's (nearest)"}),
    "room": ("Room", ROOMS),
    "method": ("Method", {name: method.title for name, method in METHODS.items()}),
    "start": ("of", {name: name.replace("_", " ") for name in STARTS}),
}
PARTS = {"direct": "direct sound", "early": "early reflections", "late": "late reflections", "noise": "noise"}
CUES = {"none": "none", "delays": "direct sound's delays", "levels": "its levels"}
CUES |= {each: PARTS[each] for each in ("early", "late")}
CLICK = """element.addEventListener('click', event => {
  const map = element.querySelector('svg');
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
  trigger('click', {x: at.x, y: -at.y});
})"""
"""A map's units are metres."""
FILES = "Speech of one channel, or a recording with a channel for each of the 16 microphones."


def lay_out(examples: list[str]) -> dict[str, gr.blocks.Block]:
    """Place everything in the open `gr.Blocks`; return it by name: fields of `State`, examples, and what is shown."""
    made = {}
    first = "Delay microphone 0 by 3 samples and see the talker move."
    gr.HTML(f"<h1>What does it hear?</h1><p>{first}</p>", elem_id="top")
    with gr.Row(elem_id="examples"):
        made |= {title: gr.Button(title, size="sm") for title in examples}
    with gr.Row():
        with gr.Column(scale=5, min_width=340):
            with gr.Column(elem_classes="card"):
                _talker(made)
            with gr.Column(elem_classes="card"):
                _changes(made)
        with gr.Column(scale=7, min_width=340, elem_id="right"):
            with gr.Column(elem_classes="card"):
                _heard(made)
            with gr.Column(elem_classes="card"):
                _attributions(made)
            with gr.Row(elem_id="keep"):
                made["copy"] = gr.Button("Copy the link to this", size="sm")
                made["save"] = gr.Button("Save it as a file", size="sm", elem_id="save")
                made["open"] = gr.UploadButton("Open a saved file", file_types=[".json"], size="sm", elem_id="open")
    return made


def _talker(made: dict) -> None:
    gr.HTML("<h2>The talker</h2>")
    with gr.Row():
        with gr.Column(min_width=150, scale=2):
            made["room map"] = gr.HTML(elem_id="room-map", js_on_load=CLICK)
        with gr.Column(min_width=220, scale=3):
            made["placing"] = gr.Radio(["talker", "cue"], value="talker", label="A click on a map places the")
            _sliders(made, "x_m", "y_m", "z_m")
            _dropdowns(made, "voice")
            made["upload"] = gr.UploadButton(
                "Open a file of my own", file_types=["audio"], size="sm", elem_id="own-file"
            )
            made["note"] = gr.HTML(f"<p class='note'>{FILES}</p>")
    with gr.Row():
        _sliders(made, "T60_s", "snr_db")
    with gr.Row():
        _dropdowns(made, "network", "trained", "room")
    with gr.Row(visible=False) as made["sizes"]:
        _sliders(made, "length_m", "width_m", "height_m")


def _changes(made: dict) -> None:
    gr.HTML("<h2>Change what is heard</h2>")
    numbers = [(str(each), each) for each in range(len(SETUP.array))]
    made["microphones"] = gr.CheckboxGroup(numbers, value=[], label="Microphones", elem_id="microphones")
    with gr.Row():
        _sliders(made, "delay_samples", "gain_db")
    with gr.Row(elem_classes="low"):
        made["flipped"] = gr.Checkbox(label="flip the sign", container=False, min_width=110)
        made["silent"] = gr.Checkbox(label="mute", container=False, min_width=70)
        made["keep"] = gr.Button("Keep these, change others", size="sm", min_width=180)
    hint = "none; for example silent:5 delay:3,0.5 octave:1000"
    made["kept"] = gr.Textbox(label="Kept changes", placeholder=hint, max_lines=1)
    made["parts"] = gr.CheckboxGroup(_pairs(PARTS), value=list(PARTS), label="What is heard of it", elem_id="parts")
    made["cue"] = gr.Radio(_pairs(CUES), value="none", label="One cue from elsewhere", elem_id="cue")
    with gr.Row(visible=False) as made["cue places"]:
        _sliders(made, "cue_x_m", "cue_y_m", "cue_z_m")
    made["undo"] = gr.Button("Undo all changes", size="sm")


def _heard(made: dict) -> None:
    gr.HTML("<h2>What is heard</h2>")
    made["headline"] = gr.HTML("<p class='headline'>Listening …</p>", elem_id="headline")
    with gr.Row():
        with gr.Column(min_width=260, scale=6):
            made["close map"] = gr.HTML(elem_id="close-map", js_on_load=CLICK)
        with gr.Column(min_width=280, scale=5):
            made["table"] = gr.HTML(elem_id="table")
            made["players"] = gr.HTML()
            _sliders(made, "microphone")


def _attributions(made: dict) -> None:
    gr.HTML("<h2>What it goes by, as an attribution method has it</h2>")
    with gr.Row(elem_classes="low"):
        _dropdowns(made, "method", "start")
        _sliders(made, "window")
    made["untrained"] = gr.Checkbox(label="of the same network untrained, as a control", container=False)
    made["attributions"] = gr.HTML(elem_id="attributions")


def _sliders(made: dict, *names: str) -> None:
    for name in names:
        (label, step), ends, value = SLIDERS[name], FIELDS[name].metadata, FIELDS[name].default
        made[name] = gr.Slider(
            ends["least"], ends["most"], value, step=step, label=label, min_width=120, elem_id=name, buttons=[]
        )


def _dropdowns(made: dict, *names: str) -> None:
    for name in names:
        label, titles = CHOICES[name]
        made[name] = gr.Dropdown(_pairs(titles), value=FIELDS[name].default, label=label)


def _pairs(titles: dict[str, str]) -> list[tuple[str, str]]:
    return [(title, name) for name, title in titles.items()]
