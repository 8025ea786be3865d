"""Recordings heard otherwise, and the registry that feeds ``--intervention``: a new one is a file and a line here."""

from __future__ import annotations

from localization.interventions.delay import Delay
from localization.interventions.delays import NoDelays, OtherDelays
from localization.interventions.equal_levels import EqualLevels
from localization.interventions.gain import Gain
from localization.interventions.intervened import Intervened, Intervention
from localization.interventions.mirrored import Mirrored
from localization.interventions.noise import Sinusoidal, White
from localization.interventions.octave import NoOctave, OneOctave
from localization.interventions.polarity import AllPolarities, Polarity, RandomPolarities
from localization.interventions.reverberation import Reverberation
from localization.interventions.silent import RandomSilent, Silent
from localization.interventions.without import NoDirect, NoEarly, NoLate, NoNoise
from running.errors import InputError

__all__ = ["INTERVENTIONS", "Intervened", "Intervention", "intervention_of", "read_intervention"]

KINDS = (
    Polarity,
    AllPolarities,
    RandomPolarities,
    Delay,
    Gain,
    NoDelays,
    OtherDelays,
    EqualLevels,
    Mirrored,
    NoDirect,
    NoEarly,
    NoLate,
    NoNoise,
    OneOctave,
    NoOctave,
    Silent,
    RandomSilent,
    Sinusoidal,
    White,
    Reverberation,
)
INTERVENTIONS: dict[str, type[Intervention]] = {kind.name: kind for kind in KINDS}


def read_intervention(text: str) -> Intervention:
    """Return the intervention that ``NAME`` or ``NAME:VALUE`` names, such as ``delay:3,0.5``.

    Raises
    ------
    InputError
        For an unknown name, or a value that it can't have.
    """
    name, _, value = text.partition(":")
    if name not in INTERVENTIONS:
        raise InputError(f"there is no intervention {name!r}; take one of {', '.join(INTERVENTIONS)}")
    try:
        return INTERVENTIONS[name].read(value)
    except ValueError:
        raise InputError(f"{text!r} is no intervention; write {INTERVENTIONS[name].usage}") from None


def intervention_of(identity: dict) -> Intervention:
    """Return the intervention whose `identity` a result's JSON holds."""
    values = {key: value for key, value in identity.items() if key not in ("intervention", "version")}
    return INTERVENTIONS[identity["intervention"]](**values)
