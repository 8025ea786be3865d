"""What a network is asked for while it learns: the position, and the bins along x, y and z that a talker stands in."""

from __future__ import annotations

import torch
from torch import nn

from models.network import Network

BINS = 64
WIDTH_BINS = 1.5
"""Standard deviation of the bell that marks the true position among the bins, in shares `1 / BINS` of the extent."""


class Learner(nn.Module):
    """A network, and a layer that says bins from what its last layer hears; only the network is kept.

    What minimises a squared error lies in the middle of all that may be true. In the hole of the training grid, where
    nothing stood, that is too far outside. Along each axis alone there is no hole: features that tell the bins there
    serve the position too.

    Parameters
    ----------
    model : Network
    positions : float32 tensor, shape (source, 3)
        Training positions, in the units of the network's output. Their extent along each axis is divided into `BINS`.
    """

    def __init__(self, model: Network, positions: torch.Tensor):
        super().__init__()
        self.model = model
        self.bins = model.bins_layer(BINS)
        lowest, highest = positions.amin(0), positions.amax(0)
        extent = torch.where(highest > lowest, highest - lowest, 1)
        centres = lowest[:, None] + extent[:, None] * torch.linspace(0, 1, BINS)
        self.register_buffer("centres", centres, persistent=False)  # (axis, bin)
        self.register_buffer("width", WIDTH_BINS / BINS * extent[:, None], persistent=False)

    def forward(self, windows: torch.Tensor, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Compare answers with the truth.

        Parameters
        ----------
        windows : float32 tensor, shape (window, microphone, sample)
        positions : float32 tensor, shape (window, 3)
            In the units of the network's output.

        Returns
        -------
        squared : tensor, shape (3,)
            Squared errors of the position, summed over windows.
        divergence : scalar tensor
            Kullback-Leibler divergence of the bins from the truth, mean of x, y and z, summed over windows.
        """
        heard = []
        listener = self.model.output_layer.register_forward_pre_hook(lambda layer, inputs: heard.append(inputs[0]))
        try:
            answers = self.model(windows).float()  # (window, 3)
        finally:
            listener.remove()
        said = self.bins(heard[0]).float().unflatten(1, (3, BINS)).log_softmax(-1)  # (window, axis, bin)
        divergence = nn.functional.kl_div(said, self.truth(positions), reduction="sum") / 3
        return (answers - positions).square().sum(0), divergence

    def truth(self, positions: torch.Tensor) -> torch.Tensor:
        """Return how likely each bin is, shape (window, axis, bin): a bell around the true position."""
        away = (positions[:, :, None] - self.centres) / self.width
        return torch.softmax(-away.square() / 2, -1)
