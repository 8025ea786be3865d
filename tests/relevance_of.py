"""LRP of a bare network, from one true position."""

import numpy as np

from explain.methods.lrp import LRP


def relevance_of(model, windows, position_m, gate="published", fast=True, batch_size=None):
    start_m = np.broadcast_to(position_m, (len(windows), 3))
    return LRP(gate, fast).attribute(model, windows, start_m, batch_size=batch_size)
