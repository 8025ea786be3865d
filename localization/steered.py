"""SRP-PHAT that can be differentiated: what attribution methods say of a localizer that lives on delays alone."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import nn

from acoustics.srp_phat import SrpPhat
from params import PUBLISHED, Setup


class SoftSrpPhat(nn.Module):
    """The mean position over a grid, weighted by exp(steered response power / temperature): a soft maximum.

    Where `acoustics.srp_phat` takes the position of the largest power, this one moves smoothly with every delay, so
    that it has a gradient. For this a peak must span several positions of the grid; hence the frequencies end early.
    Silence is placed in the middle of the area.

    Parameters
    ----------
    setup : Setup
    spacing_m, highest_hz : float
        See `acoustics.srp_phat.SrpPhat`.
    temperature : float
        In the power's unit. The higher it is, the more does what lies around a peak pull the estimate to the middle.
    """

    def __init__(
        self,
        setup: Setup = PUBLISHED,
        spacing_m: float = 0.025,
        highest_hz: float | None = 2000.0,
        temperature: float = 0.4,
    ):
        super().__init__()
        self.srp_phat, self.temperature = SrpPhat(setup, spacing_m, highest_hz), temperature
        pairs = self.srp_phat.interpolations
        joined = sparse.hstack(list(pairs.values()), format="csc")  # (position, pair * lag)
        lags = np.unique(joined.tocoo().col)  # most lags are longer than a pair is apart
        self._keep("pairs", np.array(list(pairs)))  # (pair, 2)
        self._keep("lags", lags)
        self._keep("interpolation", joined[:, lags].toarray())  # (position, lag)
        self._keep("gains", self.srp_phat.gains.astype(np.float32))  # (bin,)
        self._keep("positions_m", self.srp_phat.positions_m.astype(np.float32))  # (position, 3)

    def _keep(self, name: str, values: np.ndarray) -> None:
        self.register_buffer(name, torch.tensor(values), persistent=False)

    def power(self, windows: torch.Tensor) -> torch.Tensor:
        """Return the steered response power, shape (window, position), of windows (window, microphone, sample)."""
        spectra = torch.fft.rfft(windows, self.srp_phat.n_fft)[..., : len(self.gains)]  # (window, microphone, bin)
        magnitude = spectra.abs()
        floor = torch.finfo(magnitude.dtype).eps * magnitude.amax(dim=-1, keepdim=True)
        phases = spectra / magnitude.where(magnitude > floor, torch.inf) * self.gains
        cross = phases[:, self.pairs[:, 1]] * phases[:, self.pairs[:, 0]].conj()  # (window, pair, bin)
        correlations = torch.fft.irfft(cross, self.srp_phat.n_lags).flatten(1)  # (window, pair * lag)
        return correlations[:, self.lags] @ self.interpolation.T  # (window, position)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        weights = torch.softmax(self.power(windows) / self.temperature, dim=-1)  # (window, position)
        return weights @ self.positions_m  # (window, 3)

    def extra_repr(self) -> str:
        grid = self.srp_phat
        return f"{grid.setup}, {grid.spacing_m} m, {grid.highest_hz} Hz, temperature {self.temperature}"
