"""Attribution methods and the registry that feeds the scripts' choices: a new method is a file and a line here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from explain.lrp.rules import CONVOLUTIONS, PUBLISHED
from explain.methods.controls import Energy, Random
from explain.methods.deeplift import DeepLift
from explain.methods.delay_sensitivity import DelaySensitivity
from explain.methods.gradient import Gradient
from explain.methods.gradient_shap import GradientShap
from explain.methods.gradient_x_input import GradientXInput
from explain.methods.integrated_gradients import IntegratedGradients
from explain.methods.lrp import LRP
from explain.methods.method import Method
from explain.methods.occlusion import Occlusion
from explain.methods.smoothgrad import SmoothGrad
from running.errors import InputError

__all__ = ["METHODS", "Method", "choose_methods"]

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        LRP(),
        LRP(gate="signal"),
        *(LRP(convolutions=rules) for rules in CONVOLUTIONS if rules != PUBLISHED),
        Gradient(),
        GradientXInput(),
        SmoothGrad(),
        IntegratedGradients(),
        GradientShap(),
        DeepLift(),
        DeepLift(baselines=4),
        Occlusion(),
        DelaySensitivity(),
        Energy(),
        Random(),
    )
}


def choose_methods(names: Sequence[str], **choices) -> list[Method]:
    """Return methods by their names, each once.

    Parameters
    ----------
    names : sequence of str
        Keys of `METHODS`.
    **choices
        Values of fields, such as ``gate="signal"``, for the methods that have them; None leaves a field as it is.

    Raises
    ------
    InputError
        For an unknown name, or a choice that none of the methods has.
    """
    unknown = [name for name in names if name not in METHODS]
    if unknown:
        raise InputError(f"method {unknown[0]!r} is none of {', '.join(METHODS)}")
    made = {key: value for key, value in choices.items() if value is not None}
    own = {name: {each.name for each in fields(METHODS[name])} for name in dict.fromkeys(names)}
    for key in made:
        if not any(key in have for have in own.values()):
            raise InputError(f"{', '.join(own)} has no {key}; leave --{key} out or choose another --method")
    return [
        replace(METHODS[name], **kept) if (kept := {key: made[key] for key in made if key in have}) else METHODS[name]
        for name, have in own.items()
    ]
