"""The options of the commands that explain the enhancer, and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from enhancement.attributions import FLOOR
from enhancement.clips import Clips, add_clip_arguments, open_clips
from enhancement.nsnet2 import NETWORKS, NSNet2
from enhancement.places import places_of
from explain.methods import METHODS, Method, choose_methods
from explain.methods.deeplift import DeepLift
from explain.methods.noise import Floor
from explain.store import model_fingerprint
from running import arguments
from running.errors import InputError
from running.memory import keep_freed_memory
from running.results import Results

PLACES = ("results", "gpu")
"""Options that change nothing in the results."""


@dataclass(frozen=True)
class Asked:
    """What is to be explained, and by what.

    Parameters
    ----------
    clips : Clips
    methods : list of Method
        Above the floor.
    networks : dict of str to NSNet2
        Unrolled to the length of the clips, by their names in `NETWORKS`.
    floor : Floor
        What levels are compared with; None where there are no methods.
    f_out, t_out : dict of str to list of int
        Places of the mask, where they are asked for.
    device : torch.device
    results : Results
    """

    clips: Clips
    methods: list[Method]
    networks: dict[str, NSNet2]
    floor: Floor
    f_out: dict[str, list[int]]
    t_out: dict[str, list[int]]
    device: torch.device
    results: Results


def add_network_arguments(parser: argparse.ArgumentParser, networks: Sequence[str]) -> None:
    """Add clips, networks with those taken by default, and places; `opened` reads them."""
    add_clip_arguments(parser)
    parser.add_argument("--network", nargs="+", choices=NETWORKS, default=list(networks), help="what is explained")
    parser.add_argument("--results", type=Path, default=Path("results/enhancement"), help="folder of the results")
    arguments.add_gpu(parser)


def add_arguments(
    parser: argparse.ArgumentParser, networks: Sequence[str], methods: Sequence[str] | None = None
) -> None:
    """Add the same and methods, by default some or all that serve; `opened` reads them."""
    add_network_arguments(parser, networks)
    parser.add_argument(
        "--method",
        nargs="+",
        choices=[name for name, method in METHODS.items() if not method.of_delays],
        default=methods,
        help="attribution methods" + ("" if methods else ", by default all that serve"),
    )
    parser.add_argument("--baselines", type=arguments.whole(2), help="draws of the floor for deep_shap, by default 4")
    parser.add_argument(
        "--floor", type=arguments.number(), default=FLOOR.level, help="level that holds nothing, log10 of the power"
    )


def opened(args: argparse.Namespace, experiment: str) -> Asked:
    """Return what the options mean, with the results of an experiment.

    Raises
    ------
    InputError
        For options that do not fit each other, files that can't be used, or results that were made otherwise.
    """
    keep_freed_memory()
    clips, device = open_clips(args), arguments.device(args)
    networks = {name: NETWORKS[name](args.seed).unrolled(clips.frames) for name in dict.fromkeys(args.network)}
    methods, floor = [], FLOOR
    if "method" in args:
        floor = replace(FLOOR, level=args.floor)
        methods = [method.above(floor) for method in chosen_methods(args, networks)]
    f_out, t_out = places_of(args, clips) if "f_out" in args else ({}, {})
    weights = {name: model_fingerprint(network) for name, network in networks.items()}
    content = {"clips": clips.fingerprint, "weights": weights}
    results = Results(args.results / experiment, vars(args), PLACES, content)
    return Asked(clips, methods, networks, floor, f_out, t_out, device, results)


def chosen_methods(args: argparse.Namespace, networks: Mapping[str, NSNet2]) -> list[Method]:
    """Return the methods that the arguments name, which serve all of the networks."""
    serving = [
        name for name, method in METHODS.items() if not method.of_delays and all(map(method.serves, networks.values()))
    ]
    args.method = args.method or serving
    for name in args.method:
        if name not in serving:
            raise InputError(f"{name} does not serve this network; leave it out of --method")
    if args.baselines and "deep_shap" not in args.method:
        raise InputError("--baselines is for --method deep_shap; leave it out or choose that, too")
    methods = choose_methods(args.method)
    if not args.baselines:
        return methods
    return [
        replace(each, baselines=args.baselines) if isinstance(each, DeepLift) and each.name == "deep_shap" else each
        for each in methods
    ]
