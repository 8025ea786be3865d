"""What trained networks answer on recordings, and how far off it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

import params
from acoustics.recordings import Recordings
from training.windows import all_windows, in_batches, read_ahead

BATCH_SIZE = 100


@dataclass(frozen=True)
class Estimates:
    """Estimated positions of windows.

    Parameters
    ----------
    sources : int array, shape (window,)
        Row of the source in the recordings, from 0.
    windows : int array, shape (window,)
        Number of the window within its source.
    estimates_m, positions_m : float64 arrays, shape (window, 3)
        Where the network heard the talker, and where it was.
    """

    sources: np.ndarray
    windows: np.ndarray
    estimates_m: np.ndarray
    positions_m: np.ndarray

    def mae_row(self, name: str) -> dict:
        """Return a table's row: mean absolute error over windows, for each coordinate and over all three, in metres."""
        error_m = np.abs(self.estimates_m - self.positions_m)
        by_axis = dict(zip(("mae_x_m", "mae_y_m", "mae_z_m"), map(float, error_m.mean(0)), strict=True))
        return {"model": name, "windows": len(error_m), "mae_m": float(error_m.mean()), **by_axis}


def estimate_positions(
    model: nn.Module, recordings: Recordings, sources: Sequence[int] | None = None, device: str | torch.device = "cpu"
) -> Estimates:
    """Let a network hear all whole windows of some sources (all by default), in fp32.

    Parameters
    ----------
    model : torch.nn.Module
        In metres, such as `models.checkpoints.load_checkpoint` returns.
    recordings : Recordings
    sources : sequence of int, optional
        Rows of the sources, from 0.
    device : torch.device

    Raises
    ------
    InputError
        When a recording can't be read.
    """
    rows = np.arange(len(recordings)) if sources is None else np.asarray(sources, int)
    heard = all_windows(recordings.window_counts, rows)
    model = model.to(device).eval()
    estimates_m = np.empty((len(heard), 3))
    with torch.inference_mode():
        batches = read_ahead(recordings, in_batches(heard, BATCH_SIZE))
        for first, (windows, _) in zip(range(0, len(heard), BATCH_SIZE), batches, strict=True):
            estimates_m[first : first + BATCH_SIZE] = model(windows.to(device)).cpu().numpy()
    return Estimates(heard.sources, heard.windows, estimates_m, recordings.positions_m[heard.sources])


def always_the_centre(estimates: Estimates, setup: params.Setup) -> Estimates:
    """Return what saying the mean training and validation position to every window would give: the control."""
    answers_m = np.broadcast_to(setup.grid.centre_m(), estimates.positions_m.shape)
    return Estimates(estimates.sources, estimates.windows, answers_m, estimates.positions_m)


def mae_table(model: nn.Module, recordings: Recordings, device: str | torch.device = "cpu") -> list[dict]:
    """Return the errors over all windows of a network and of the control, a row each (`Estimates.mae_row`)."""
    heard = estimate_positions(model, recordings, device=device)
    return [heard.mae_row("network"), always_the_centre(heard, recordings.setup).mae_row(params.CENTRE)]
