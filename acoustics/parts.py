"""The parts of a recording: direct sound, early and late reflections, and noise, each from where it is wanted.

The parts of a room response are told apart by the images of the image source method, not by cutting samples: the
band-limited impulses of the images overlap. The direct sound is the image of order 0. Early reflections are those that
reach a microphone within `Edit.early_s` after its direct sound; all others are late.

In a cue-conflict experiment the parts come from several positions, to see which of them an estimate follows. A trial is
an `Edit`, what is heard then is `render`'s. Such experiments with networks: A. Francl, J. H. McDermott, "Deep neural
network models of sound localization reveal how perception is adapted to real-world environments", Nature Human
Behaviour 6, 2022.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from acoustics.delay import delayed
from acoustics.recordings import Recordings, draw_noise, hear, noise_generator
from acoustics.room import Scene, axis_images, delays_samples
from acoustics.simulators import SIMULATORS, Simulator, resolve_simulator
from running.errors import InputError

Position = tuple[float, float, float]


@dataclass(frozen=True)
class Edit:
    """From where each part of a recording comes; None is the source's own position.

    Parameters
    ----------
    delays_m, levels_m : (x, y, z), optional
        Position in metres that gives the direct sound its delays, and the one that gives its levels, 1 / (4 pi d).
    early_m, late_m : (x, y, z), optional
        Positions in metres of the source of the early and of the late reflections.
    early_s : float
        Time after the direct sound, at the same microphone and from the same position, up to which reflections are
        early.
    aligned : bool
        False: reflections arrive when their own position says. True: early and late reflections are each moved in time,
        by the same at all microphones, so that the direct sound of their position would on average over the
        microphones arrive when that of `delays_m` does; what then comes before the response begins or after it ends
        is left out.

    Raises
    ------
    InputError
        When `early_s` is negative or not a number.
    """

    delays_m: Position | None = None
    levels_m: Position | None = None
    early_m: Position | None = None
    late_m: Position | None = None
    early_s: float = 0.02
    aligned: bool = False

    def __post_init__(self):
        if not self.early_s >= 0:
            raise InputError(f"early reflections end {self.early_s} s after the direct sound; give 0 or more")


class Response(NamedTuple):
    """The parts of a room response, each of shape (microphone, rir_sample)."""

    direct: np.ndarray
    early: np.ndarray
    late: np.ndarray


class Parts(NamedTuple):
    """The parts of a recording, each float32 of shape (microphone, sample)."""

    direct: np.ndarray
    early: np.ndarray
    late: np.ndarray
    noise: np.ndarray

    def heard(self) -> np.ndarray:
        """Return what the microphones record: the sum of the parts."""
        return self.direct + self.early + self.late + self.noise


def render(recordings: Recordings, row: int, edit: Edit = Edit()) -> Parts:
    """Make a recording anew from its parts.

    Parameters
    ----------
    recordings : Recordings
    row : int
        Of the source in the recordings.
    edit : Edit
        From where the parts come. Whatever it says, the noise is that of the recording.

    Returns
    -------
    Parts
        As long as the recording. Unedited, their sum is the recording before it was quantised, but for the rounding of
        float32.

    Raises
    ------
    InputError
        When the dry speech is missing or not that of the recording, the dataset's simulator can't run here, a position
        lies outside the room, or each source has a room of its own.
    """
    scene, speech = _scene(recordings, row), recordings.utterance(row)
    _check_length(recordings, row, scene, speech)
    responses = response_parts(scene, recordings.dataset.arguments["simulator"], edit)
    direct, early, late = (hear(speech, rirs) for rirs in responses)
    return Parts(direct, early, late, _noise(recordings, row))


def reverberated(recordings: Recordings, row: int, T60_s: float) -> np.ndarray:
    """Make a recording anew at another reverberation time.

    Parameters
    ----------
    recordings : Recordings
    row : int
        Of the source in the recordings.
    T60_s : float
        In seconds.

    Returns
    -------
    float32 array, shape (microphone, sample)
        As long as the recording and with its noise; at its own T60 the recording before it was quantised.

    Raises
    ------
    InputError
        As `render`, and for a T60 that is impossible in the room.
    """
    scene, speech = _scene(recordings, row), recordings.utterance(row)
    _check_length(recordings, row, scene, speech)
    program = SIMULATORS[resolve_simulator(recordings.dataset.arguments["simulator"])]
    heard = hear(speech, program.simulate(replace(scene, T60_s=T60_s))[0])
    recording = _noise(recordings, row)
    n_samples = min(heard.shape[1], recording.shape[1])
    recording[:, :n_samples] += heard[:, :n_samples]
    return recording


def _scene(recordings: Recordings, row: int) -> Scene:
    """Return a source and the array in the room."""
    setup = recordings.setup
    return Scene(
        setup.room,
        recordings.positions_m[[row]],
        setup.array.as_array(),
        recordings.one_condition().T60_s,
        setup.fs_hz,
        setup.c_m_s,
        recordings.dataset.arguments["reflection_sign"],
    )


def _check_length(recordings: Recordings, row: int, scene: Scene, speech: np.ndarray) -> None:
    """Raise InputError where dry speech is not that of the recording."""
    source = recordings.sources[row]
    if len(speech) + scene.n_samples - 1 != source["samples"]:
        path = recordings.dataset.speech_path(recordings.folder.name, source["utterance"])
        raise InputError(f"{path} is not what was recorded; remove it and run the same generate_data.py again")


def _noise(recordings: Recordings, row: int) -> np.ndarray:
    """Return the noise of a recording."""
    source, seed = recordings.sources[row], recordings.dataset.arguments["seed"]
    rng = noise_generator(seed, recordings.folder.name, source["source"])
    return draw_noise((len(recordings.setup.array), source["samples"]), source["noise_rms"], rng)


def response_parts(scene: Scene, simulator: str, edit: Edit = Edit()) -> Response:
    """Return the parts of the room response of one source.

    Direct sound and early reflections are summed over their images. The late reflections are the rest of what the
    simulator gives for all images, so the unedited parts add up to its response.

    Parameters
    ----------
    scene : Scene
        With one source.
    simulator : str
        A key of `SIMULATORS`, or "auto".
    edit : Edit

    Returns
    -------
    Response
        float32.

    Raises
    ------
    InputError
        When a position lies outside the room or the simulator can't run.

    Notes
    -----
    Aligned early reflections have their exact, fractional delays. The late ones are moved as one, by their spectrum,
    which differs from moving each by at most 4e-3 below nine tenths of the Nyquist frequency, and by 2e-2 in all: the
    Nyquist frequency itself can carry no delay.
    """
    program = SIMULATORS[resolve_simulator(simulator)]
    delays, levels, early, late = (
        scene if position_m is None else replace(scene, sources_m=np.array([position_m]))
        for position_m in (edit.delays_m, edit.levels_m, edit.early_m, edit.late_m)
    )

    def shift_samples(other: Scene) -> float:
        return float(np.mean(_arrivals(delays) - _arrivals(other))) if edit.aligned else 0.0

    rest = program.simulate(late)[0] - _near(program, late, edit.early_s, least_order=0)
    parts = (
        _sum_images(program, delays, _arrivals(delays)[:, None], 1 / (4 * np.pi * _distances_m(levels))),
        _near(program, early, edit.early_s, 1, shift_samples(early)),
        delayed(rest, shift_samples(late)),
    )
    return Response(*(part.astype(np.float32) for part in parts))


def _near(program: Simulator, scene: Scene, early_s: float, least_order: int, shift_samples: float = 0.0) -> np.ndarray:
    """Return the images of some order or higher that are not late, delayed by some samples, (microphone, sample)."""
    last_m = np.minimum(_distances_m(scene) + early_s * scene.c_m_s, scene.reach_m)
    axes = [axis_images(*axis, last_m.max()) for axis in zip(scene.room.size_m, scene.sources_m[0], strict=True)]
    images_m, orders = (np.stack(np.meshgrid(*values), axis=-1).reshape(-1, 3) for values in zip(*axes, strict=True))
    orders = orders.sum(axis=1)
    distances_m = cdist(scene.microphones_m, images_m)
    amplitudes = scene.reflection**orders / (4 * np.pi * distances_m)
    amplitudes[(orders < least_order) | ((orders > 0) & (distances_m > last_m))] = 0
    return _sum_images(program, scene, distances_m * (scene.fs_hz / scene.c_m_s) + shift_samples, amplitudes)


def _sum_images(program: Simulator, scene: Scene, delays: np.ndarray, amplitudes: np.ndarray) -> np.ndarray:
    """Sum those of the images, (microphone, image), that arrive within the response."""
    heard = (delays >= 0) & (delays < scene.n_samples)
    return program.impulses(scene, np.where(heard, delays, 0.0), np.where(heard, amplitudes, 0.0))


def _arrivals(scene: Scene) -> np.ndarray:
    """Return the arrival of the direct sound at each microphone in samples, shape (microphone,)."""
    return delays_samples(scene.sources_m, scene.microphones_m, scene.fs_hz, scene.c_m_s)[0]


def _distances_m(scene: Scene) -> np.ndarray:
    """Return the distance of the source from each microphone, shape (microphone, 1)."""
    return cdist(scene.microphones_m, scene.sources_m)
