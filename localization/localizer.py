"""Everything that estimates positions from windows, as one object: a network, SRP-PHAT, a constant."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

import params
from acoustics.recordings import cut_windows, read_multichannel
from acoustics.srp_phat import SrpPhat
from explain.methods import Method, choose_methods
from explain.store import model_fingerprint
from localization.starts import start_m
from localization.steered import SoftSrpPhat
from models import MODELS, build_model
from models.checkpoints import load_checkpoint
from models.inference import outputs
from models.weights import SHIPPED, Condition, find_weights
from running.errors import InputError
from running.seeds import generator


class Localizer(ABC):
    """Something that says where a talker is.

    Parameters
    ----------
    setup : params.Setup
        Room, array and window that it knows.

    Attributes
    ----------
    name : str
        Its name in tables.
    identity : dict
        All that the positions depend on, beside the windows.
    """

    name: str

    def __init__(self, setup: params.Setup):
        self.setup = setup

    @property
    @abstractmethod
    def identity(self) -> dict: ...

    @abstractmethod
    def estimate(self, windows: np.ndarray) -> np.ndarray:
        """Return the position of the talker of each window.

        Parameters
        ----------
        windows : float32 array, shape (window, microphone, sample)

        Returns
        -------
        float array, shape (window, 3)
            In metres.
        """

    def origin(self) -> dict:
        """Return what a result's JSON says of it."""
        return {"localizer": self.name} | self.identity

    def windows(self, path: str | Path) -> np.ndarray:
        """Return the windows of an audio file with a channel for each microphone, (window, microphone, sample).

        Raises
        ------
        InputError
            As `acoustics.recordings.read_multichannel`.
        """
        return cut_windows(read_multichannel(path, self.setup), self.setup.window_samples)


class Centre(Localizer):
    """Says the mean position of the training and validation sources, whatever it hears: the best constant."""

    name = params.CENTRE

    @property
    def identity(self) -> dict:
        return {"position_m": self.position_m.tolist()}

    @cached_property
    def position_m(self) -> np.ndarray:
        """The position in metres, shape (3,)."""
        return self.setup.grid.centre_m()

    def estimate(self, windows: np.ndarray) -> np.ndarray:
        return np.tile(self.position_m, (len(windows), 1))


class SteeredResponse(Localizer):
    """SRP-PHAT on its usual grid, see `acoustics.srp_phat`."""

    name = params.SRP_PHAT
    version = 1

    @cached_property
    def srp_phat(self) -> SrpPhat:
        """The method with its grid."""
        return SrpPhat(self.setup)

    @property
    def identity(self) -> dict:
        return {"spacing_m": self.srp_phat.spacing_m, "version": self.version}

    def estimate(self, windows: np.ndarray) -> np.ndarray:
        return self.srp_phat.estimate(windows)


class SoftSteeredResponse(Localizer):
    """SRP-PHAT that can be differentiated, see `localization.steered`.

    Parameters
    ----------
    setup : params.Setup
    device : str or torch.device

    Attributes
    ----------
    model : torch.nn.Module
    """

    name = "soft SRP-PHAT"
    version = 1

    def __init__(self, setup: params.Setup, device: str | torch.device = "cpu"):
        super().__init__(setup)
        self.device, self.model = device, SoftSrpPhat(setup)

    @property
    def identity(self) -> dict:
        grid, temperature = self.model.srp_phat, self.model.temperature
        own = {"spacing_m": grid.spacing_m, "highest_hz": grid.highest_hz, "temperature": temperature}
        return own | {"version": self.version}

    def estimate(self, windows: np.ndarray) -> np.ndarray:
        return outputs(self.model, windows, self.device)


class Network(Localizer):
    """A trained network.

    Parameters
    ----------
    weights : Path
        File of the weights.
    setup : params.Setup
        Whose windows it is to hear.
    name : str, optional
        The network expected, a key of `models.MODELS`; for published files it is told from the weights when absent.
    device : str or torch.device
    label : str
        What tells it, in tables, from others of its kind.

    Attributes
    ----------
    model : torch.nn.Module
        In evaluation mode.
    kind : str
        A key of `models.MODELS`.
    arguments : dict
        What builds the network again.

    Raises
    ------
    InputError
        When the weights are absent, damaged, of another network, or do not fit the set-up.
    """

    def __init__(
        self,
        weights: Path,
        setup: params.Setup = params.PUBLISHED,
        name: str | None = None,
        device: str | torch.device = "cpu",
        label: str = "",
    ):
        super().__init__(setup)
        self.weights, self.device = Path(weights), device
        self.model, record = load_checkpoint(self.weights, name)
        self.kind, self.arguments = record["model_name"], record["arguments"]
        self.name = f"{self.kind} ({label})" if label else self.kind
        self._check_fit()

    @cached_property
    def identity(self) -> dict:
        return {"weights": model_fingerprint(self.model)}

    def estimate(self, windows: np.ndarray) -> np.ndarray:
        return outputs(self.model, windows, self.device)

    def explain(
        self,
        windows: np.ndarray,
        method: str | Method = "lrp",
        start: str = "prediction",
        position_m: Sequence[float] | None = None,
    ) -> np.ndarray:
        """Say how much each sample counts for the positions.

        Parameters
        ----------
        windows : float32 array, shape (window, microphone, sample)
        method : str or Method
            A key of `explain.methods.METHODS`, or a method.
        start : str
            What is explained, a key of `localization.starts.STARTS`.
        position_m : (x, y, z), optional
            Where the talker is, in metres; the start "ground_truth" needs it.

        Returns
        -------
        float32 array, shape (window, microphone, sample)
            In metres.

        Raises
        ------
        InputError
            For an unknown method or start, or when the position is missing.
        """
        (chosen,) = choose_methods([method]) if isinstance(method, str) else [method]
        put_in_m = start_m(start, self, windows, position_m)
        return chosen.attribute(self.model, windows, put_in_m, self.device)

    def untrained(self, seed: int, number: int) -> Network:
        """Return the network with random weights: of each seed, one for each number."""
        twin = copy.copy(self)
        twin.__dict__.pop("identity", None)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(generator(seed, "untrained", number).integers(2**63)))
            twin.model = build_model(self.kind, **self.arguments).eval()
        return twin

    def _check_fit(self) -> None:
        geometry = MODELS[self.kind].geometry_of(self.setup)
        if any(self.arguments.get(name) != value for name, value in geometry.items()):
            raise InputError(
                f"the network of {self.weights} was trained for another array or area; train one for this set-up"
            )
        silence = np.zeros((1, len(self.setup.array), self.setup.window_samples), np.float32)
        try:
            outputs(self.model, silence)
        except RuntimeError:
            raise InputError(
                f"the network of {self.weights} does not fit windows of {len(self.setup.array)} microphones and "
                f"{self.setup.window_samples} samples"
            ) from None


def shipped(name: str, T60: float | None = None, SNR: float | None = None, recipe: str | None = None) -> Network:
    """Return a network that comes with the repository.

    Parameters
    ----------
    name : str
        A key of `models.MODELS`.
    T60, SNR : float, optional
        Reverberation time in seconds and signal-to-noise ratio in decibels that it was trained for, in the published
        room; without them, the network for any room.
    recipe : str, optional
        "paper" for the networks trained with the published dropout and loss.

    Raises
    ------
    InputError
        When there is none, or only one of T60 and SNR is given.
    """
    if T60 is None and SNR is None:
        condition: Condition = params.ANY_ROOM
    elif T60 is None or SNR is None:
        raise InputError("a condition has a T60 and an SNR; give both, or neither for the network for any room")
    else:
        condition = params.Condition(T60, SNR)
    folder = recipe or (condition.name if condition == params.ANY_ROOM else ".")
    return Network(find_weights(name, condition, [SHIPPED / folder]), name=name)
