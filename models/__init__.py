"""The two networks and the registry that feeds the scripts' choices."""

from __future__ import annotations

from torch import nn

from models.loc_cnn import LocCNN
from models.sample_cnn import SampleCNN
from running.errors import InputError

MODELS = {"loc_cnn": LocCNN, "sample_cnn": SampleCNN}


def build_model(name: str, **arguments) -> nn.Module:
    """Return an untrained network.

    Parameters
    ----------
    name : str
        A key of `MODELS`.
    **arguments
        Arguments of its class: `microphones`, `window_samples`, `dropout`, `dropout_rate`, `input_scale`.

    Raises
    ------
    InputError
        For an unknown name or arguments the network can't have.
    """
    if name not in MODELS:
        raise InputError(f"model {name!r} is none of {', '.join(MODELS)}")
    try:
        return MODELS[name](**arguments)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{name}: {error}") from None
