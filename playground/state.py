"""All that the playground's controls say, as a link and as JSON, both ways."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from math import isfinite
from typing import Any
from urllib.parse import parse_qs, urlencode

import params
from acoustics.parts import Parts
from explain.methods import METHODS
from localization.cues import CUES
from localization.interventions import read_intervention
from localization.interventions.delay import Delay
from localization.interventions.gain import Gain
from localization.interventions.octave import NoOctave, OneOctave
from localization.interventions.polarity import AllPolarities, Polarity
from localization.interventions.silent import Silent
from localization.starts import STARTS
from running.errors import InputError

SETUP = params.PUBLISHED
FILE = "file"
VOICES = {
    "f5-11": "woman, American (f5)",
    "linda-05": "woman, Caribbean (linda)",
    "m7-11": "man, New York (m7)",
    "m8-00": "man, West Midlands (m8)",
    "robert-11": "man, British (robert)",
    FILE: "a file of my own",
}
"""Utterances of the test's voices, which no network heard in training, by what readers call them."""
ANY_ROOM, PAPER = "any room", "paper"
SOFT_SRP_PHAT = "soft SRP-PHAT"
NETWORKS = (
    *("loc_cnn", "sample_cnn", "steered_cnn"),
    *(f"{name} ({ANY_ROOM})" for name in ("loc_cnn", "sample_cnn", "steered_cnn")),
    *(f"{name} ({PAPER})" for name in ("loc_cnn", "sample_cnn")),
    *(params.SRP_PHAT, SOFT_SRP_PHAT),
)
"""What localizes, by its name in tables."""
NEAREST = "nearest"
TRAINED = (NEAREST, *(f"{condition.T60_s:g}" for condition in params.CONDITIONS))
PUBLISHED_ROOM, OWN_SIZE = "published", "size"
ROOMS = {
    PUBLISHED_ROOM: "the paper's, 3.6 x 8.2 x 2.4 m",
    **{f"drawn {number}": f"another one ({number})" for number in range(1, 6)},
    OWN_SIZE: "a size of my own",
}
KEPT = (Delay, Gain, Polarity, AllPolarities, Silent, OneOctave, NoOctave)
"""Changes of microphones that need nothing but a recording."""


OF_MICROPHONES = ("microphones", "delay_samples", "gain_db", "flipped", "silent")
CHANGED = (*OF_MICROPHONES, "kept", "parts", "cue", "cue_x_m", "cue_y_m", "cue_z_m")
"""Fields that say what of the sound is changed."""
SIMULATED = ("x_m", "y_m", "z_m", "T60_s", "snr_db", "room", "parts", "cue")
"""Fields that a recording of one's own has no use for."""
LOOKED_AT = ("window", "microphone", "method", "start", "untrained")
"""Fields that change no sound and no estimate."""


def _number(default: float, least: float, most: float):
    return field(default=float(default), metadata={"least": least, "most": most})


def _whole(default: int, least: int, most: int):
    return field(default=default, metadata={"least": least, "most": most})


def _one_of(choices: Collection[str]):
    return field(default=next(iter(choices)), metadata={"choices": tuple(choices)})


@dataclass(frozen=True)
class State:
    """What is played, how it is changed, who hears it and what is looked at; the field order is that of the controls.

    Parameters
    ----------
    x_m, y_m, z_m : float
        Where the talker stands, in metres, in the coordinates of the set-up in every room.
    voice : str
        A key of `VOICES`.
    T60_s, snr_db : float
    room : str
        A key of `ROOMS`; the drawn ones are such as networks for any room were trained in.
    length_m, width_m, height_m : float
        Of a room of `OWN_SIZE`, with array and source area in its middle.
    network : str
        One of `NETWORKS`.
    trained : str
        T60 in seconds that the network was trained for, where there are several; `NEAREST`: the talker's.
    microphones : tuple of int
        Those that the next four change, counted from 0.
    delay_samples, gain_db : float
    flipped, silent : bool
    kept : tuple of str
        Further changes, as ``--intervention`` writes them, each one of `KEPT`.
    parts : tuple of str
        What of the recording is heard, fields of `acoustics.parts.Parts`.
    cue : str
        The one of `localization.cues.CUES` that comes from elsewhere, or "none".
    cue_x_m, cue_y_m, cue_z_m : float
        From where.
    window, microphone : int
        What is looked at; a window after the last is the last.
    method, start : str
        Keys of `explain.methods.METHODS` and `localization.starts.STARTS`.
    untrained : bool
        Whether the explained network has random weights.
    file, sha256 : str
        Name and hash of a file of one's own, which no link can carry.

    Raises
    ------
    InputError
        For a value of the wrong kind or out of its range.
    """

    x_m: float = _number(1.7, 0.1, 3.5)
    y_m: float = _number(5.5, 0.1, 8.1)
    z_m: float = _number(1.2, 0.2, 2.2)
    voice: str = _one_of(VOICES)
    T60_s: float = _number(0.15, 0.15, 0.6)
    snr_db: float = _number(25, 0, 60)
    room: str = _one_of(ROOMS)
    length_m: float = _number(5, 2.6, 12)
    width_m: float = _number(6, 3, 15)
    height_m: float = _number(2.8, 2, 5)
    network: str = _one_of(NETWORKS)
    trained: str = _one_of(TRAINED)
    microphones: tuple[int, ...] = ()
    delay_samples: float = _number(0, -16, 16)
    gain_db: float = _number(0, -20, 20)
    flipped: bool = False
    silent: bool = False
    kept: tuple[str, ...] = ()
    parts: tuple[str, ...] = field(default=Parts._fields, metadata={"choices": Parts._fields})
    cue: str = _one_of(("none", *CUES))
    cue_x_m: float = _number(1.2, 0.1, 3.5)
    cue_y_m: float = _number(5.0, 0.1, 8.1)
    cue_z_m: float = _number(1.2, 0.2, 2.2)
    window: int = _whole(2, 0, 999)
    microphone: int = _whole(0, 0, len(SETUP.array) - 1)
    method: str = field(default="gradient_x_input", metadata={"choices": tuple(METHODS)})
    start: str = field(default="prediction", metadata={"choices": tuple(STARTS)})
    untrained: bool = False
    file: str = ""
    sha256: str = ""

    def __post_init__(self):
        for item in fields(self):
            _check(item, getattr(self, item.name))
        wrong = [number for number in self.microphones if not 0 <= number < len(SETUP.array)]
        if wrong:
            raise InputError(f"there is no microphone {wrong[0]}: the array's 16 are counted from 0")
        for text in self.kept:
            if not isinstance(read_intervention(text), KEPT):
                raise InputError(f"{text!r} can't be kept here; take {', '.join(kind.name for kind in KEPT)}")

    @property
    def changes(self) -> tuple[str, ...]:
        """The changes of microphones, as ``--intervention`` writes them; several follow one another."""
        made = []
        for number in self.microphones:
            made += [f"delay:{number},{self.delay_samples:g}"] if self.delay_samples else []
            made += [f"gain:{number},{self.gain_db:g}"] if self.gain_db else []
            made += [f"polarity:{number}"] if self.flipped else []
            made += [f"silent:{number}"] if self.silent else []
        return (*self.kept, *made)

    @property
    def position_m(self) -> tuple[float, float, float]:
        """Where the talker stands, (x, y, z) in metres."""
        return self.x_m, self.y_m, self.z_m

    @property
    def cue_m(self) -> tuple[float, float, float]:
        """From where the moved cue comes, (x, y, z) in metres."""
        return self.cue_x_m, self.cue_y_m, self.cue_z_m

    def reset(self, names: Sequence[str]) -> State:
        """Return the state with some fields as they are by default."""
        return replace(self, **{name: getattr(DEFAULT, name) for name in names})

    def unchanged(self) -> State:
        """Return the state before anything of what is heard was changed."""
        return self.reset(CHANGED)

    def to_query(self) -> str:
        """Return what follows the ``?`` of a link: what differs from the defaults, "" for nothing."""
        values = {name: value for name, value in asdict(self).items() if value != getattr(DEFAULT, name)}
        shown = {name: value if value != () else "" for name, value in values.items()}
        return urlencode(shown, doseq=True, safe=":,")

    @classmethod
    def from_query(cls, query: str) -> State:
        """Read what `to_query` wrote, with or without its ``?``; what begins with ``__`` is Gradio's own.

        Raises
        ------
        InputError
            For an unknown name or a value that it can't have.
        """
        given = parse_qs(query.removeprefix("?"), keep_blank_values=True)
        kinds = {item.name: item for item in fields(cls)}
        values = {}
        for name, texts in given.items():
            if name.startswith("__"):
                continue
            if name not in kinds:
                raise InputError(f"the link says {name}, which the playground does not know")
            values[name] = _read(name, getattr(DEFAULT, name), texts)
        return cls(**values)

    def to_json(self) -> str:
        """Return all fields as JSON."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> State:
        """Read what `to_json` wrote; what is absent is as by default.

        Raises
        ------
        InputError
            For anything else.
        """
        try:
            values: dict[str, Any] = dict(json.loads(text).items())
        except (ValueError, AttributeError):
            raise InputError("this file is no state of the playground") from None
        unknown = sorted(values.keys() - {item.name for item in fields(cls)})
        if unknown:
            raise InputError(f"this file is no state of the playground: it has {', '.join(unknown)}")
        for name, value in values.items():
            values[name] = tuple(value) if isinstance(value, list) else value
        return cls(**values)


def _element(name: str) -> type:
    return int if name == "microphones" else str


def _read(name: str, default, texts: list[str]):
    """Return the value of a link's texts, of the type of a default."""
    if isinstance(default, tuple):
        kind = _element(name)
        texts = [text for text in texts if text]
    else:
        kind, texts = type(default), texts[-1:]
    try:
        values = [bool(("False", "True").index(text)) if kind is bool else kind(text) for text in texts]
    except ValueError:
        raise InputError(f"the link's {name} can't be {texts[0]!r}") from None
    return tuple(values) if isinstance(default, tuple) else values[0]


def _check(item, value) -> None:
    """Raise InputError for a value that a field can't have."""
    kinds = (float, int) if isinstance(item.default, float) else (type(item.default),)
    if type(value) not in kinds:
        raise InputError(f"{item.name} can't be {value!r}")
    if "least" in item.metadata:
        least, most = item.metadata["least"], item.metadata["most"]
        if not (isfinite(value) and least <= value <= most):
            raise InputError(f"{item.name} is from {least:g} to {most:g}, not {value:g}")
    inner = value if isinstance(value, tuple) else (value,)
    choices = item.metadata.get("choices")
    wrong = [each for each in inner if choices and each not in choices]
    wrong += [each for each in inner if isinstance(value, tuple) and type(each) is not _element(item.name)]
    if wrong:
        raise InputError(
            f"{item.name} can't be {wrong[0]!r}" + (f"; take one of {', '.join(choices)}" if choices else "")
        )


DEFAULT = State()
