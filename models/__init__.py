"""The registry of networks, which feeds the scripts' choices."""

from __future__ import annotations

from models.loc_cnn import LocCNN
from models.network import Network
from models.sample_cnn import SampleCNN
from models.steered_cnn import SteeredCNN
from running.errors import InputError

MODELS: dict[str, type[Network]] = {
    "loc_cnn": LocCNN,
    "sample_cnn": SampleCNN,
    "steered_cnn": SteeredCNN,
}
PUBLISHED_MODELS = ("loc_cnn", "sample_cnn")
"""Those of the paper, which the scripts take where none is named: they come trained, and LRP has rules for them."""


def build_model(name: str, **arguments) -> Network:
    """Return an untrained network.

    Parameters
    ----------
    name : str
        A key of `MODELS`.
    **arguments
        Arguments of its class, such as `microphones` and `window_samples`.

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
