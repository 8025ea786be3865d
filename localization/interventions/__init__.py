"""Recordings heard otherwise, and the registry that feeds ``--intervention``: a new one is a file and a line here."""

from __future__ import annotations

from localization.interventions.delay import Delay
from localization.interventions.intervened import Intervened, Intervention
from localization.interventions.no_noise import NoNoise
from localization.interventions.polarity import Polarity
from running.errors import InputError

__all__ = ["INTERVENTIONS", "Intervened", "Intervention", "intervention_of", "read_intervention"]

INTERVENTIONS: dict[str, type[Intervention]] = {
    "polarity": Polarity,
    "delay": Delay,
    "no_noise": NoNoise,
}


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
