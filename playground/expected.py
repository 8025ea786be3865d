"""By how much an estimate should move: what the delays' geometry says, and what the localizer's sensitivity says."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch

from acoustics.room import delays_samples
from explain.gradients import output_gradients
from explain.spectral import cross_spectrum, delay_half
from localization.interventions import read_intervention
from localization.interventions.delay import Delay
from localization.sensitivity import multilaterated
from models.inference import evaluating
from playground.own_file import OwnFile
from playground.scene import Answer, localizer, recordings, windows
from playground.state import LOOKED_AT, SETUP, State


def geometry_m(state: State, answer: Answer) -> np.ndarray:
    """Return the displacement in x and y that the change of the direct sound's delays means, shape (2,)."""
    around_m = np.median(answer.before_m, axis=0) if answer.truth_m is None else answer.truth_m
    return (multilaterated(around_m, shifts_samples(state), SETUP) - around_m)[:2]


def predicted_m(state: State, file: OwnFile | None = None) -> np.ndarray | None:
    """Return the displacement that the localizer's sensitivity predicts, median over windows, shape (3,).

    Delays count by the sensitivity to delays, all else by the gradient times the change of the signals. None for a
    localizer without gradient.

    Raises
    ------
    InputError
        As `playground.scene.recordings`.
    """
    state = state.reset(LOOKED_AT)
    model = getattr(localizer(state), "model", None)
    if model is None:
        return None
    kept = tuple(text for text in state.kept if not isinstance(read_intervention(text), Delay))
    in_time = replace(state, kept=kept, delay_samples=0.0, cue="none" if state.cue == "delays" else state.cue)
    before, after = recordings(in_time, file)
    change, shifts = windows(after - before), shifts_samples(state)
    if not (change.any() or shifts.any()):
        return np.zeros(3)
    gradients, by_delay = _sensitivities(model, state.unchanged(), file)
    by_signal = np.einsum("wcms,wms->wc", gradients, change, optimize=True)
    return np.median(by_delay @ shifts + by_signal, axis=0)


def shifts_samples(state: State) -> np.ndarray:
    """Return how much later each microphone hears the direct sound after the changes, shape (microphone,)."""
    shifts = np.zeros(len(SETUP.array))
    for each in map(read_intervention, state.changes):
        if isinstance(each, Delay):
            shifts[each.microphone] += each.samples
    if state.cue == "delays":
        places_m = np.array([state.position_m, state.cue_m])
        own, moved = delays_samples(places_m, SETUP.array.as_array(), SETUP.fs_hz, SETUP.c_m_s)
        shifts += moved - own
    return shifts


@lru_cache(maxsize=4)
def _sensitivities(model: torch.nn.Module, state: State, file: OwnFile | None) -> tuple[np.ndarray, np.ndarray]:
    """Return how the coordinates change before the changes: with the signals, and with their delays in samples.

    Shapes (window, coordinate, microphone, sample) and (window, coordinate, microphone).
    """
    heard = torch.tensor(windows(recordings(state, file)[0]))
    with evaluating(model):
        gradients = output_gradients(model, heard)
    halves = delay_half(cross_spectrum(heard[:, None], gradients), heard.shape[-1])
    return gradients.numpy(), halves.sum(dim=-1).numpy()
