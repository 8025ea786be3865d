"""What a state sounds like, where it is heard, and what counts for that; nothing is simulated twice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

import params
from acoustics.parts import Edit, Parts, response_parts
from acoustics.recordings import Recordings, cut_windows, draw_noise, hear, noise_rms_of
from acoustics.rooms import Placement, draw_placement
from acoustics.speech import open_corpus
from explain.methods import METHODS
from localization.interventions import Intervened, read_intervention
from localization.localizer import Localizer, SoftSteeredResponse, SteeredResponse, shipped
from localization.starts import start_m
from playground.own_file import OwnFile
from playground.state import (
    ANY_ROOM,
    FILE,
    LOOKED_AT,
    NEAREST,
    OWN_SIZE,
    PAPER,
    PUBLISHED_ROOM,
    SETUP,
    SOFT_SRP_PHAT,
    State,
)
from running.errors import InputError
from running.seeds import generator


class _Played(Recordings):
    """One recording in memory, where interventions look for those of a dataset."""

    def __init__(self, recording: np.ndarray, position_m: tuple[float, float, float]):
        self.setup, self.recording = SETUP, recording
        self.sources = [{"source": 0} | dict(zip(("x_m", "y_m", "z_m"), position_m, strict=True))]

    def read(self, row: int, first_sample: int = 0, n_samples: int = -1) -> np.ndarray:
        return self.recording[:, first_sample : None if n_samples < 0 else first_sample + n_samples].copy()


@dataclass(frozen=True)
class Answer:
    """Where each window's talker is put, in metres, before and after what was changed.

    Parameters
    ----------
    truth_m : array, shape (3,), or None
        None for a recording of one's own.
    before_m, after_m : arrays, shape (window, 3)
    """

    truth_m: np.ndarray | None
    before_m: np.ndarray
    after_m: np.ndarray

    @property
    def moved_m(self) -> np.ndarray:
        """Median displacement, shape (3,)."""
        return np.median(self.after_m - self.before_m, axis=0)


def placement(state: State) -> Placement:
    """Return the room with array and source area in it.

    Raises
    ------
    InputError
        When no drawn room can have the T60.
    """
    if state.room == PUBLISHED_ROOM:
        return Placement.own(SETUP)
    if state.room == OWN_SIZE:
        size_m = (state.length_m, state.width_m, state.height_m)
        return Placement(SETUP, params.Room(size_m), 0.0, (state.length_m / 2, state.width_m / 2))
    return draw_placement(SETUP, state.T60_s, generator(0, "playground", int(state.room.split()[1])))


def recordings(state: State, file: OwnFile | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return what the microphones hear before and after the changes, float32, shape (microphone, sample) each.

    Raises
    ------
    InputError
        For positions outside the room, an impossible T60, or parts of a recording of one's own.
    """
    if _is_recording(state, file):
        if state.parts != State().parts or state.cue != "none":
            raise InputError("a recording of your own can't be told apart into its parts; leave parts and cues alone")
        before = after = _spoken(file)
    else:
        before = _parts(state.unchanged(), file).heard()
        after = _chosen(state, file)
    changed = _Played(after, state.position_m)
    for text in state.changes:
        changed = Intervened(changed, read_intervention(text))
    return before, changed.read(0)


def hear_state(state: State, file: OwnFile | None = None) -> Answer:
    """Let the state's localizer hear what the state says, before and after its changes.

    Raises
    ------
    InputError
        As `recordings`.
    """
    return _heard(state.reset(LOOKED_AT), file)


@lru_cache(maxsize=4)
def _heard(state: State, file: OwnFile | None) -> Answer:
    before, after = recordings(state, file)
    before_m = _estimates_before(state.unchanged(), file)
    is_same = np.array_equal(before, after)
    after_m = before_m if is_same else localizer(state).estimate(windows(after))
    truth_m = None if _is_recording(state, file) else np.array(state.position_m)
    return Answer(truth_m, before_m, after_m)


def attributions(state: State, file: OwnFile | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the chosen window before and after the changes and its attributions, shape (2, microphone, sample) each.

    Raises
    ------
    InputError
        When the localizer, method and start do not go together, and as `recordings`.
    """
    heard = np.stack([windows(each) for each in recordings(state, file)], axis=1)
    chosen = heard[min(state.window, len(heard) - 1)]
    explained, method = _explained(state.network, state.trained, state.T60_s, state.untrained), METHODS[state.method]
    if not hasattr(explained, "model"):
        raise InputError(f"{params.SRP_PHAT} has no gradient to explain; take {SOFT_SRP_PHAT} or a network")
    if not method.serves(explained.model):
        raise InputError(f"{method.title} does not serve this network, or differs in nothing; choose another method")
    position_m = None if _is_recording(state, file) else state.position_m
    put_in_m = start_m(state.start, explained, chosen, position_m)
    return chosen, method.at_snr(state.snr_db).attribute(explained.model, chosen, put_in_m)


def windows(recording: np.ndarray) -> np.ndarray:
    """Return the windows of a recording, shape (window, microphone, sample)."""
    return cut_windows(recording, SETUP.window_samples)


def localizer(state: State) -> Localizer:
    """Return what localizes."""
    return _localizer(state.network, state.trained, state.T60_s)


def _is_recording(state: State, file: OwnFile | None) -> bool:
    return state.voice == FILE and file is not None and file.is_recording


def _chosen(state: State, file: OwnFile | None) -> np.ndarray:
    """Return the sum of the parts that are heard, shape (microphone, sample)."""
    parts = _parts(state, file)._asdict()
    return sum((parts[name] for name in state.parts), start=np.zeros_like(parts["noise"]))


def _parts(state: State, file: OwnFile | None) -> Parts:
    cue = (state.cue, state.cue_m) if state.cue != "none" else None
    place = placement(state)
    spoken = file if state.voice == FILE and file else state.voice
    return _simulated(spoken, place, state.position_m, state.T60_s, state.snr_db, cue)


@lru_cache(maxsize=8)
def _simulated(spoken: str | OwnFile, place: Placement, position_m: tuple, T60_s: float, snr_db: float, cue) -> Parts:
    """Return the parts of a recording; the noise is as strong as the talker asks without a moved cue."""
    if cue is None:
        edit, own = Edit(), None
    else:
        name, cue_m = cue
        moved: dict[str, Any] = {f"{name}_m": params.point_m(place.into_room(cue_m))}
        edit = Edit(**moved)
        own = _simulated(spoken, place, position_m, T60_s, snr_db, None)
    responses = response_parts(place.scene([position_m], T60_s), "auto", edit)
    speech = _spoken(spoken)
    direct, early, late = (hear(speech, each) for each in responses)
    if own is not None:
        return Parts(direct, early, late, own.noise)
    noise_rms = noise_rms_of(direct + early + late, snr_db)
    return Parts(direct, early, late, draw_noise(direct.shape, noise_rms, generator(0, "playground noise")))


@lru_cache(maxsize=4)
def _spoken(spoken: str | OwnFile) -> np.ndarray:
    if isinstance(spoken, OwnFile):
        return spoken.samples()
    corpus = open_corpus("espeak")
    name = State().voice if spoken == FILE else spoken  # the file is not here: a built-in voice stands in
    (utterance,) = (each for each in corpus.utterances() if each.id == name)
    return corpus.load(utterance, SETUP.fs_hz)


@lru_cache(maxsize=16)
def _localizer(network: str, trained: str, T60_s: float) -> Localizer:
    if network in (params.SRP_PHAT, SOFT_SRP_PHAT):
        return {params.SRP_PHAT: SteeredResponse, SOFT_SRP_PHAT: SoftSteeredResponse}[network](SETUP)
    name, _, kind = network.removesuffix(")").partition(" (")
    if kind == ANY_ROOM:
        return shipped(name)
    wanted_s = T60_s if trained == NEAREST else float(trained)
    condition = min(params.CONDITIONS, key=lambda each: abs(each.T60_s - wanted_s))
    return shipped(name, condition.T60_s, condition.snr_db, recipe=kind if kind == PAPER else None)


@lru_cache(maxsize=4)
def _explained(network: str, trained: str, T60_s: float, untrained: bool) -> Localizer:
    """Return a localizer of its own to explain: methods change a network while they look at it."""
    found = _localizer.__wrapped__(network, trained, T60_s)
    return found.untrained(0, 0) if untrained and hasattr(found, "untrained") else found


@lru_cache(maxsize=8)
def _estimates_before(state: State, file: OwnFile | None) -> np.ndarray:
    return localizer(state).estimate(windows(recordings(state, file)[0]))
