"""Which rule hands relevance down through which layer, and why: one table for all networks, as published."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

from torch import nn

from explain.lrp import hooks
from explain.lrp.canonizers import MergeBatchNorm
from explain.zennit_import import zennit
from models.inference import evaluating
from models.layers import Complement, Product, Sum, WindowScale
from running.errors import InputError

GAMMA = 0.25
GAMMA_RULE, EPSILON_RULE = f"gamma {GAMMA:g}", f"epsilon {hooks.EPSILON:g}"
GATES = ("published", "signal")
DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d)


@dataclass(frozen=True)
class TableRow:
    """A kind of layer, its rule, and the reason for it.

    Parameters
    ----------
    kind : str
    types : tuple of type
    rule : str
        A rule of `HOOKS`; "merged" or "gradient" where the layer needs none.
    reason : str
    """

    kind: str
    types: tuple[type, ...]
    rule: str
    reason: str


FIRST = TableRow(
    "first convolution",
    (zennit.types.Convolution,),
    "w-square",
    "audio swings around zero, so a sample's value says nothing of its weight; weights alone share relevance out",
)


def _convolution(rule: str, reason: str) -> TableRow:
    return TableRow("convolution", (zennit.types.Convolution,), rule, reason)


PUBLISHED = "published"
CONVOLUTIONS = {
    PUBLISHED: (FIRST, _convolution(GAMMA_RULE, "favours what speaks for the output, so that noise cancels less")),
    "epsilon_plus": (None, _convolution("z-plus", "only what speaks for the output shares")),
    "epsilon_alpha2_beta1": (
        None,
        _convolution("alpha 2 beta 1", "what speaks for it counts twice, less what speaks against"),
    ),
    "epsilon": (None, _convolution(EPSILON_RULE, "all contributions share as they are")),
}
"""Composites by their names: the rule of the first convolution where it has one of its own, and that of the others.

Those that are not published are zennit's EpsilonPlus and EpsilonAlpha2Beta1, and the epsilon rule everywhere."""
TABLE = (
    TableRow(
        "linear",
        (zennit.types.Linear,),
        EPSILON_RULE,
        "near the output contributions are few and clear; they share as is",
    ),
    TableRow("max pool", (zennit.types.MaxPool,), "norm", "the largest sample alone made the output, and gets all"),
    TableRow("average pool", (zennit.types.AvgPool,), "norm", "each sample gets its part of the mean"),
    TableRow("sum", (Sum,), "norm", "each branch gets its part of the sum"),
    TableRow("activation", (zennit.types.Activation,), "pass", "one input, one output: nothing to share out"),
    TableRow("complement", (Complement,), "pass", "one input, one output: nothing to share out"),
    TableRow("scale", (WindowScale,), "pass", "one factor for the whole window changes no sample's part in it"),
    TableRow("batch norm", (zennit.types.BatchNorm,), "merged", "linear in evaluation, so part of the layer before it"),
    TableRow("dropout", DROPOUTS, "gradient", "does nothing in evaluation"),
    TableRow("flatten", (nn.Flatten,), "gradient", "only changes the shape"),
)
GATE_ROWS = {
    "published": TableRow("product", (Product,), "gate", "as published: all to the gate, by its argument order"),
    "signal": TableRow("product", (Product,), "signal", "corrected: the gate only scales, the signal carries"),
}

# Rule: how it is computed here, where it is, and how zennit computes it in general.
HOOKS = {
    "w-square": (hooks.WSquare(), zennit.rules.WSquare(stabilizer=hooks.EPSILON)),
    GAMMA_RULE: (hooks.Gamma(GAMMA), zennit.rules.Gamma(gamma=GAMMA, stabilizer=hooks.EPSILON)),
    EPSILON_RULE: (hooks.Norm(), zennit.rules.Epsilon(epsilon=hooks.EPSILON)),
    "z-plus": (None, zennit.rules.ZPlus(stabilizer=hooks.EPSILON)),
    "alpha 2 beta 1": (None, zennit.rules.AlphaBeta(alpha=2, beta=1, stabilizer=hooks.EPSILON)),
    "norm": (hooks.Norm(), zennit.rules.Norm(stabilizer=hooks.EPSILON)),
    "pass": (hooks.Pass(), zennit.rules.Pass()),
    "gate": (hooks.Gate("gate"),) * 2,
    "signal": (hooks.Gate("signal"),) * 2,
}


def ruled(
    model: nn.Module, gate: str = PUBLISHED, fast: bool = True, convolutions: str = PUBLISHED
) -> AbstractContextManager[None]:
    """Let gradients of `model` be relevance for the length of a block; see `build_composite`."""
    return evaluating(model, build_composite(model, gate, fast, convolutions))


def build_composite(
    model: nn.Module, gate: str = PUBLISHED, fast: bool = True, convolutions: str = PUBLISHED
) -> zennit.core.Composite:
    """Return the rules as a zennit composite for a network.

    Parameters
    ----------
    model : torch.nn.Module
    gate : {"published", "signal"}
        Where the squeeze-excite product sends relevance: to the gate as published, or to the signal.
    fast : bool
        The rules of `explain.lrp.hooks` for the layers that they serve and zennit's own for all others (convolutions
        over images, with a stride, in groups); otherwise zennit's wherever it has one, for comparison.
    convolutions : str
        A key of `CONVOLUTIONS`.

    Raises
    ------
    InputError
        For an unknown gate or composite, or a layer that no rule is known for.
    """
    rules = rules_by_layer(model, gate, convolutions)
    names = [((name,), _hook(model.get_submodule(name), rule, fast)) for name, rule in rules.items() if rule in HOOKS]
    return zennit.composites.NameMapComposite(names, canonizers=[MergeBatchNorm()])


def rules_by_layer(model: nn.Module, gate: str = PUBLISHED, convolutions: str = PUBLISHED) -> dict[str, str]:
    """Return the rule of every layer by the layer's name."""
    return {row["layer"]: row["rule"] for row in describe_composite(model, gate, convolutions)}


def has_rules(model: nn.Module) -> bool:
    """Tell whether a rule is known for every layer of a network."""
    try:
        return bool(describe_composite(model))
    except InputError:
        return False


def has_gate(model: nn.Module) -> bool:
    """Tell whether a network multiplies a signal by a gate, so that relevance has to choose."""
    return any(isinstance(layer, Product) for layer in model.modules())


def has_convolution(model: nn.Module) -> bool:
    """Tell whether a network has layers in which composites differ."""
    return any(isinstance(layer, zennit.types.Convolution) for layer in model.modules())


def describe_composite(model: nn.Module, gate: str = PUBLISHED, convolutions: str = PUBLISHED) -> list[dict[str, str]]:
    """Return the table of a network's layers in the order of its modules: layer, kind, rule, reason.

    Raises
    ------
    InputError
        As `build_composite`.
    """
    if gate not in GATES:
        raise InputError(f"gate {gate!r} is none of {', '.join(GATES)}")
    if convolutions not in CONVOLUTIONS:
        raise InputError(f"composite {convolutions!r} is none of {', '.join(CONVOLUTIONS)}")
    leaves = [(name, layer) for name, layer in model.named_modules() if not any(layer.children())]
    first_row, convolution = CONVOLUTIONS[convolutions]
    first = next((layer for _, layer in leaves if isinstance(layer, FIRST.types)), None) if first_row else None
    table = (convolution, *TABLE, GATE_ROWS[gate])
    described = []
    for name, layer in leaves:
        special = first_row if layer is first else None
        row = special or next((row for row in table if isinstance(layer, row.types)), None)
        if row is None:
            raise InputError(f"LRP has no rule for {name}, a {type(layer).__name__}: choose another method")
        described.append({"layer": name, "kind": row.kind, "rule": row.rule, "reason": row.reason})
    return described


def _hook(layer: nn.Module, rule: str, fast: bool) -> zennit.core.Hook:
    """Return a rule's hook; zennit has none for products and for sums of separate inputs."""
    own, general = HOOKS[rule]
    return own if own and (isinstance(layer, Sum) or (fast and own.serves(layer))) else general
