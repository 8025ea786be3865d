"""Whether attributions look at the network and at the input: both are changed, and attributions should be others.

J. Adebayo, J. Gilmer, M. Muelly, I. Goodfellow, M. Hardt, B. Kim, "Sanity Checks for Saliency Maps", NeurIPS 2018.
"""

from __future__ import annotations

import copy

import numpy as np
from scipy.stats import rankdata
from torch import nn


def randomised(model: nn.Module, twin: nn.Module, share: float) -> nn.Module:
    """Return a network whose upper layers have the weights of an untrained twin, its lower ones their own.

    Parameters
    ----------
    model, twin : torch.nn.Module
        Of the same layers.
    share : float
        How many of the layers with weights, counted from the output, are taken from the twin.
    """
    mixed = copy.deepcopy(model)
    names = [name for name, layer in mixed.named_modules() if not any(layer.children()) and layer.state_dict()]
    for name in names[len(names) - round(share * len(names)) :]:
        mixed.get_submodule(name).load_state_dict(twin.get_submodule(name).state_dict())
    return mixed


def rank_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation of the values of each input, shape (input,), of arrays of shape (input, ...)."""
    ranks = [rankdata(each.reshape(len(each), -1), axis=1) for each in (first, second)]
    centred = [each - each.mean(axis=1, keepdims=True) for each in ranks]
    norms = np.prod([np.linalg.norm(each, axis=1) for each in centred], axis=0)
    return np.divide(np.prod(centred, axis=0).sum(axis=1), norms, out=np.zeros(len(norms)), where=norms > 0)
