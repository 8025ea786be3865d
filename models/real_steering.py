"""The front end of SteeredCNN in real numbers and products of matrices alone, for programs that lack more.

ONNX has no complex numbers, and its Fourier transform is ten to a hundred times less exact in ONNX Runtime.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from models.steering import PhaseTransform, Steering, whitened


class FourierTransform(nn.Module):
    """Spectra of real windows, exact but for rounding.

    For windows of N = a b samples n = b n1 + n2, at frequencies k = k1 + a k2,

        X[k] = sum_{n2} exp(-2 pi j n2 k2 / b) exp(-2 pi j n2 k1 / N) sum_{n1} exp(-2 pi j n1 k1 / a) x[n]

    (J. W. Cooley, J. W. Tukey, "An Algorithm for the Machine Calculation of Complex Fourier Series", 1965).

    Parameters
    ----------
    window_samples : int
    """

    def __init__(self, window_samples: int):
        super().__init__()
        a = max(each for each in range(1, int(window_samples**0.5) + 1) if window_samples % each == 0)
        self.factors = a, window_samples // a
        for name, first, second, period in (
            ("inner", a, a, a),  # (k1, n1)
            ("turn", *self.factors, window_samples),  # (k1, n2)
            ("outer", self.factors[1], self.factors[1], self.factors[1]),  # (n2, k2)
        ):
            angles = 2 * np.pi / period * (np.outer(np.arange(first), np.arange(second)) % period)
            for part, values in (("cos", np.cos(angles)), ("sin", np.sin(angles))):
                self.register_buffer(f"{name}_{part}", torch.tensor(values, dtype=torch.float32), persistent=False)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Return real and imaginary parts, shape (2, batch, microphone, frequency), of all frequencies up to N."""
        x = window.unflatten(-1, self.factors)  # (batch, microphone, n1, n2)
        real, imag = self.inner_cos @ x, -self.inner_sin @ x  # (batch, microphone, k1, n2)
        real, imag = real * self.turn_cos + imag * self.turn_sin, imag * self.turn_cos - real * self.turn_sin
        parts = real @ self.outer_cos + imag @ self.outer_sin, imag @ self.outer_cos - real @ self.outer_sin
        return torch.stack(parts).transpose(-1, -2).flatten(-2)


class RealPhaseTransform(nn.Module):
    """As `models.steering.PhaseTransform`, but phases have real and imaginary parts along a first axis.

    Parameters
    ----------
    transform : PhaseTransform
    window_samples : int
    """

    def __init__(self, transform: PhaseTransform, window_samples: int):
        super().__init__()
        self.kept = slice(transform.first, transform.first + transform.frequencies.size)
        self.spectra = FourierTransform(window_samples)

    def forward(self, window: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        spectra = self.spectra(window)[..., self.kept]  # (2, batch, microphone, frequency)
        divisor, level = whitened(spectra.square().sum(dim=0).sqrt())
        return spectra / divisor, level


class RealSteering(nn.Module):
    """As `models.steering.Steering`, of what `RealPhaseTransform` makes.

    Parameters
    ----------
    steering : Steering
    """

    def __init__(self, steering: Steering):
        super().__init__()
        self.bands, self.shape = steering.bands, steering.shape
        starts, values = steering.steered_starts, steering.steered_values
        ends = torch.cat([starts[1:], starts.new_tensor([len(values)])])
        places = starts[:, None] + torch.arange(int((ends - starts).max()))  # (group and position, value)
        inside, places = places < ends[:, None], places.clamp(max=len(values) - 1)
        self.register_buffer("pairs", steering.pairs, persistent=False)
        self.register_buffer("turns", steering.turns, persistent=False)
        self.register_buffer("columns", steering.steered_columns[places].int(), persistent=False)
        self.register_buffer("values", values[places] * inside, persistent=False)

    def forward(self, phases: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        phases = phases.unflatten(-1, self.bands).transpose(2, 3)  # (2, batch, band, microphone, frequency)
        weighted = phases * weights.unflatten(-1, self.bands).unsqueeze(2)
        (real, imag), (weighted_real, weighted_imag) = phases.mT, weighted
        parts = weighted_real @ real + weighted_imag @ imag, weighted_imag @ real - weighted_real @ imag
        cross = torch.stack(parts, dim=1).flatten(3)  # (batch, 2, band, microphone n * m)
        spectra = cross.index_select(3, self.pairs).flatten(1, 2)  # (batch, 2 * band, pair)
        correlations = (self.turns @ spectra).flatten(1)  # (batch, lag * pair)
        taken = correlations.index_select(1, self.columns.flatten()).unflatten(1, self.columns.shape)
        return (taken * self.values).sum(dim=-1).unflatten(1, self.shape)  # (batch, group, z, y, x)
