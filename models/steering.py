"""From windows to maps of the area: the phases of all microphones, compared in pairs and steered by known delays."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import nn
from torch.nn import functional

LOWEST_HZ = 100.0
BAND_HZ = 25.0
LAGS_A_CYCLE = 4.0
TAPS = 8
KAISER_BETA = 6.25


class PhaseTransform(nn.Module):
    """Split the spectra of the microphones into phases and the level that they share.

    Parameters
    ----------
    window_samples, fs_hz : int
    highest_hz : float

    Attributes
    ----------
    frequencies : float64 array, shape (band, frequency)
        Those from `LOWEST_HZ` to the highest, in bands of about `BAND_HZ`; in cycles a sample.
    """

    def __init__(self, window_samples: int, fs_hz: int, highest_hz: float):
        super().__init__()
        width_hz = fs_hz / window_samples
        in_band = max(1, round(BAND_HZ / width_hz))
        self.first = max(1, round(LOWEST_HZ / width_hz))
        last = int(min(highest_hz / width_hz, (window_samples - 1) // 2))
        bands = (last - self.first + 1) // in_band
        if bands < 1:
            raise ValueError(f"windows of {window_samples} samples are too short for frequencies from {LOWEST_HZ:g} Hz")
        self.frequencies = (self.first + np.arange(bands * in_band)).reshape(bands, in_band) / window_samples

    def forward(self, window: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return phases, shape (batch, microphone, frequency), and levels, shape (batch, frequency).

        Phases are complex numbers of magnitude 1, or 0 where there is nothing but rounding errors. Levels are
        logarithms of the mean power of the microphones, less their mean, so that loudness tells nothing.
        """
        spectra = torch.fft.rfft(window)[..., self.first : self.first + self.frequencies.size]
        divisor, level = whitened(spectra.abs())
        return spectra / divisor, level


def whitened(magnitude: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what spectra are to be divided by to leave phases, as `magnitude`, and the level, (batch, frequency).

    Parameters
    ----------
    magnitude : tensor, shape (batch, microphone, frequency)
    """
    resolution = torch.finfo(magnitude.dtype)
    floor = resolution.eps * magnitude.amax(dim=(1, 2), keepdim=True)
    power = magnitude.square().mean(dim=1) + floor.squeeze(1).square()
    level = power.clamp_min(resolution.tiny).log()
    return magnitude.where(magnitude > floor, torch.inf), level - level.mean(dim=1, keepdim=True)


class Steering(nn.Module):
    """Steered response power with phase transform, of groups of pairs of microphones and with weighted frequencies.

    The power of a position is the mean over the pairs m, n of a group of their correlation at the pair's true lag,

        P = mean_{m, n} Re sum_k w_k A_n[k] conj(A_m[k]) exp(2 pi j f_k (tau_n - tau_m)),

    where A are the phases of `PhaseTransform`, w the weights of a window's frequencies, and tau the delays from the
    position to the microphones. It is at most the sum of the weights. Of all frequencies of a band f_k is the middle
    one, so that a band can be summed up before it is steered: lags of 5 ms lose 3 %.

    Parameters
    ----------
    frequencies : float64 array, shape (band, frequency)
        In cycles a sample.
    delays_samples : float64 array, shape (z, y, x, microphone)
        From each position of the map.
    groups : list of int arrays, shape (pair, 2)
        Microphones of the pairs of each group.

    Notes
    -----
    Correlations are computed at `LAGS_A_CYCLE` lags a cycle of the highest frequency and interpolated by a sinc in a
    Kaiser window of `TAPS` taps, to 2e-3 of their magnitude.
    """

    def __init__(self, frequencies: np.ndarray, delays_samples: np.ndarray, groups: list[np.ndarray]):
        super().__init__()
        *cells, microphones = delays_samples.shape
        pairs = np.concatenate(groups)
        sizes = [len(group) for group in groups]
        step_samples = 1 / (LAGS_A_CYCLE * frequencies.max())
        first, second = delays_samples.reshape(-1, microphones).T[pairs.T]
        lags = (second - first) / step_samples  # (pair, position)
        reach = int(np.abs(lags).max()) + TAPS // 2
        turns = 2 * np.pi * step_samples * np.outer(np.arange(-reach, reach + 1), frequencies.mean(axis=1))
        taps = np.floor(lags).astype(int)[..., None] + np.arange(TAPS) - TAPS // 2 + 1  # (pair, position, tap)
        values = _kernel(taps - lags[..., None]) / np.repeat(sizes, sizes)[:, None, None]
        rows = np.repeat(np.arange(len(groups)), sizes)[:, None] * lags.shape[1] + np.arange(lags.shape[1])
        columns = (taps + reach) * len(pairs) + np.arange(len(pairs))[:, None, None]
        places = np.broadcast_to(rows[..., None], taps.shape).ravel(), columns.ravel()
        shape = len(groups) * lags.shape[1], (2 * reach + 1) * len(pairs)
        matrix = sparse.csr_array((values.ravel().astype(np.float32), places), shape)
        self.bands, self.shape = frequencies.shape, (len(groups), *cells)
        self._keep("pairs", pairs[:, 1] * microphones + pairs[:, 0])
        self._keep("turns", np.concatenate([np.cos(turns), -np.sin(turns)], axis=1).astype(np.float32))  # (lag, 2 band)
        for name, each in (("steered", matrix), ("lagged", matrix.T.tocsr())):
            self._keep(f"{name}_columns", each.indices)
            self._keep(f"{name}_starts", each.indptr[:-1])
            self._keep(f"{name}_values", each.data)

    def _keep(self, name: str, values: np.ndarray) -> None:
        self.register_buffer(name, torch.from_numpy(values), persistent=False)

    def forward(self, phases: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return the powers, shape (batch, group, z, y, x)."""
        phases = phases.unflatten(-1, self.bands).transpose(1, 2)  # (batch, band, microphone, frequency)
        weighted = phases * weights.unflatten(-1, self.bands).unsqueeze(2)
        cross = torch.view_as_real(weighted @ phases.mH).flatten(2, 3)  # (batch, band, microphone n * m, 2)
        spectra = cross.index_select(2, self.pairs).permute(3, 1, 2, 0)  # (2, band, pair, batch)
        correlations = self.turns @ spectra.flatten(0, 1).flatten(1)  # (lag, pair * batch)
        powers = _Product.apply(
            correlations.view(-1, len(phases)).to(self.turns.dtype),
            (self.steered_columns, self.steered_starts, self.steered_values),
            (self.lagged_columns, self.lagged_starts, self.lagged_values),
        )
        return powers.T.unflatten(1, self.shape)


class _Product(torch.autograd.Function):
    """The product of a sparse matrix and a dense one, given the sparse one and its transpose as rows."""

    @staticmethod
    def forward(ctx, dense: torch.Tensor, matrix: tuple, transposed: tuple) -> torch.Tensor:
        ctx.transposed = transposed
        return _product(matrix, dense)

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> tuple:
        return _product(ctx.transposed, gradient.contiguous()), None, None


def _product(matrix: tuple, dense: torch.Tensor) -> torch.Tensor:
    columns, starts, values = matrix
    return functional.embedding_bag(columns, dense, starts, mode="sum", per_sample_weights=values)


def _kernel(offsets: np.ndarray) -> np.ndarray:
    """Return the interpolating sinc at offsets in steps, at most half of `TAPS`."""
    return np.sinc(offsets) * np.i0(KAISER_BETA * np.sqrt(1 - (2 * offsets / TAPS) ** 2)) / np.i0(KAISER_BETA)
