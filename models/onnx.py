"""Localization networks as ONNX files, with all that a user on another platform needs to know."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import params
from models import MODELS
from models.inference import outputs
from models.network import Network
from running.onnx_file import Described, where_from, write_onnx
from running.provenance import origin
from running.seeds import generator

CITATION = (
    'L. Comanducci, F. Antonacci, A. Sarti, "Interpreting End-to-End Deep Learning Models for Speech Source '
    'Localization Using Layer-wise Relevance Propagation", EUSIPCO 2024'
)
FRAME = (
    "metres in the frame of microphones_m: from a lower corner of the set-up's room, x along its width, y along its "
    "length, z upwards; other rooms stand around the same microphones"
)
ANY_LEVEL = "any: the network itself leaves out how loud a window is, so do not normalise"
OWN_LEVEL = "as in the recordings it was trained with: loudness changes the answer, and nothing normalises it"


def write_localizer(
    path: Path,
    network: Network,
    record: dict,
    weights: Path,
    setup: params.Setup,
    condition: params.Condition | params.AnyRoom | None,
) -> float | None:
    """Write a localization network as ONNX, with a JSON beside it.

    Parameters
    ----------
    path : Path
    network : Network
        In evaluation mode.
    record : dict
        As `models.checkpoints.load_checkpoint` returns it.
    weights : Path
        Where the weights were read.
    setup : params.Setup
        Whose windows the network hears.
    condition : params.Condition or params.AnyRoom, optional
        What it was trained for, where that is known.

    Returns
    -------
    float or None
        See `running.onnx_file.write_onnx`, as for what it raises.
    """
    metadata = described(network, record, weights, setup, condition)
    ends = Described(
        input_name="windows",
        output_name="positions_m",
        item="window",
        input_shape=(len(setup.array), setup.window_samples),
        metadata=metadata,
        doc=in_words(metadata),
    )
    return write_onnx(path, network.in_real_numbers().eval(), ends, record | {"exported": origin({"weights": weights})})


def described(
    network: Network,
    record: dict,
    weights: Path,
    setup: params.Setup,
    condition: params.Condition | params.AnyRoom | None,
) -> dict[str, str]:
    """Return what the file says of itself, as text; arguments as `write_localizer`'s."""
    microphones, samples = len(setup.array), setup.window_samples
    area_m = [list(ends_m) for ends_m in (setup.grid.x_m, setup.grid.y_m, setup.grid.z_m)]
    said = {
        "name": MODELS[record["model_name"]].title,
        "task": "position of a talker from one window of all microphones",
        "input": f"windows, float32, (window, microphone, sample) = (any number, {microphones}, {samples})",
        "sample_rate_hz": str(setup.fs_hz),
        "window_samples": str(samples),
        "hop_samples": str(samples),
        "window_function": "none (rectangular)",
        "level": ANY_LEVEL if _ignores_level(network, microphones, samples) else OWN_LEVEL,
        "microphones_m": json.dumps(setup.array.as_array().tolist()),
        "output": "positions_m, float32, (window, 3): x, y, z",
        "frame": FRAME,
        "area_m": json.dumps(area_m),
    }
    return said | _trained_for(setup, condition) | {"citation": CITATION} | where_from(weights, record)


def in_words(metadata: dict[str, str]) -> str:
    """Return the same for people."""
    said = metadata
    return (
        f"{said['name']}: {said['task']}. Input: {said['input']}: raw samples at {said['sample_rate_hz']} Hz, the "
        "microphones in the order of microphones_m. Windows follow one another without overlap, and each is answered "
        f"by itself. Level: {said['level']}. Output: {said['output']}, in {said['frame']}. Trained for talkers in the "
        f"area (area_m) {said['area_m']}, room (room_m) {said['room_m']}, T60 in seconds {said['T60_s']}, SNR in "
        f"decibels {said['snr_db']}; elsewhere its answers mean little."
    )


def _trained_for(setup: params.Setup, condition: params.Condition | params.AnyRoom | None) -> dict[str, str]:
    """Return room, T60 and SNR of a network's training; for any room their ranges."""
    match condition:
        case params.AnyRoom():
            room_m, T60_s, snr_db = f"any, of {json.dumps(condition.sizes_m)}", condition.T60_s, condition.snr_db
        case params.Condition():
            room_m, T60_s, snr_db = json.dumps(setup.room.size_m), condition.T60_s, condition.snr_db
        case None:
            return dict.fromkeys(("room_m", "T60_s", "snr_db"), "unknown")
    return {"room_m": room_m, "T60_s": json.dumps(T60_s), "snr_db": json.dumps(snr_db)}


def _ignores_level(network: Network, microphones: int, samples: int) -> bool:
    """Tell whether a network answers the same to a louder window."""
    noise = generator(0, "level").standard_normal((1, microphones, samples), dtype="float32")
    answer, louder = outputs(network, noise), outputs(network, 16 * noise)
    return bool(np.abs(louder - answer).max() <= 1e-4 * np.abs(answer).max())
