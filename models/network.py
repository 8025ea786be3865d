"""What every network has, so that a new one is a file of its own and a line in `models.MODELS`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import nn

from params import Setup


@dataclass(frozen=True)
class Hyperparameters:
    """What a recipe of training needs of a network.

    Parameters
    ----------
    learning_rate : float
        The highest one of the recipe's schedule; by default that of Adam (D. P. Kingma, J. Ba, "Adam: A Method for
        Stochastic Optimization", 2015).
    arguments : dict
        Of the network's class; by default its own defaults.
    """

    learning_rate: float = 1e-3
    arguments: dict = field(default_factory=dict)


class Network(nn.Module, ABC):
    """A network that is built with `microphones` and `window_samples`, and arguments of its own that have defaults.

    Attributes
    ----------
    title : str
        Its name for readers.
    recipes : dict of str to Hyperparameters
        How it is trained, by the name of the recipe; by a recipe that is not here, with `Hyperparameters()`.
    """

    title: ClassVar[str]
    recipes: ClassVar[dict[str, Hyperparameters]] = {}

    @property
    @abstractmethod
    def output_layer(self) -> nn.Linear:
        """The layer that gives the answer."""

    def bins_layer(self, bins: int) -> nn.Module:
        """Return a layer that says in which of so many bins along x, y and z, which span the area, a talker stands.

        It is there for training alone and makes of what the output layer hears, shape (window, feature), logits, shape
        (window, 3 * bins).
        """
        return nn.Linear(self.output_layer.in_features, 3 * bins)

    def in_real_numbers(self) -> Network:
        """Return a network that answers the same and has neither complex numbers nor sparse products, for ONNX."""
        return self

    @classmethod
    def hyperparameters(cls, recipe_name: str) -> Hyperparameters:
        """Return how the network is trained by a recipe."""
        return cls.recipes.get(recipe_name, Hyperparameters())

    @classmethod
    def geometry_of(cls, setup: Setup) -> dict:
        """Return what the network is told of a set-up beside the size of its windows: arguments, as JSON holds them."""
        return {}

    @classmethod
    def published_state(cls, state: dict[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], dict] | None:
        """Read the state of a published file.

        Parameters
        ----------
        state : dict of str to tensor
            As published.

        Returns
        -------
        (state, arguments) or None
            The state in the names of this class and the arguments to build it with; None where the file is not of this
            network, as for all files of networks that were never published.
        """
        return None
