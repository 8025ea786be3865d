"""What the experiments share: their arguments, and the trials - a network in a condition - that they run."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import params
from acoustics.recordings import Recordings, subset
from explain.lrp.rules import GATES
from explain.methods import METHODS, Method, choose_methods
from explain.store import AttributionStore
from localization.added_noise import changes_of
from localization.interventions import INTERVENTIONS, Intervened, read_intervention
from localization.localizer import Centre, Localizer, Network, SteeredResponse
from localization.starts import STARTS, Start
from models import MODELS, PUBLISHED_MODELS
from models.weights import SHIPPED, Condition, find_weights, has_weights
from running import arguments, ranks
from running.files import remove_parts
from running.memory import keep_freed_memory
from running.results import Results

USUAL = {
    "split": "test",
    "method": ["lrp"],
    "start": "ground_truth",
    "gate": "published",
    "intervention": None,
    "added": [],
}
PLACES = ("data_path", "weights", "results", "gpu")
"""Arguments that change nothing in the results, or of which the trials say more."""


def add_recording_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which networks in which conditions hear which recordings, as they are, and where results go."""
    arguments.add_conditions(parser)
    parser.add_argument("--model_name", nargs="+", choices=MODELS, default=list(PUBLISHED_MODELS), help="networks")
    arguments.add_data_path(parser)
    parser.add_argument(
        "--weights",
        nargs="+",
        type=Path,
        default=[SHIPPED],
        metavar="PLACE",
        help="files of weights, or folders of train.py's runs (such as logs), of shipped or of the published weights; "
        "the first place that has a network and condition counts",
    )
    parser.add_argument("--split", choices=params.SPLITS, default=USUAL["split"], help="recordings to use")
    parser.add_argument("--sources", type=arguments.whole(1), metavar="N", help="only N sources, spread over the split")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of the results")
    arguments.add_seed(parser)
    arguments.add_gpu(parser)


def add_hearing_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which networks, with others beside them, in which conditions hear which recordings, and where results go."""
    add_recording_arguments(parser)
    parser.add_argument(
        "--beside",
        nargs="+",
        type=Path,
        default=[],
        metavar="PLACE",
        help="other weights of these networks, as far as the place has them, to put beside these by the name of their "
        "folder: models/pretrained/paper, models/pretrained/any_room, or a folder of the published weights",
    )


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which networks in which conditions hear which recordings, changed or not, and where results go."""
    add_recording_arguments(parser)
    usages = "; ".join(kind.usage for kind in INTERVENTIONS.values())
    parser.add_argument(
        "--intervention",
        type=arguments.refusing(read_intervention),
        metavar="NAME[:VALUE]",
        help=f"let the networks hear something else: {usages}",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what all experiments with relevance can be asked for."""
    add_network_arguments(parser)
    add_method_arguments(parser)


def add_method_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how relevance is computed, and of what."""
    add_method_argument(parser)
    add_start_arguments(parser)


def add_method_argument(parser: argparse.ArgumentParser) -> None:
    """Add by which methods relevance is computed."""
    parser.add_argument(
        "--method",
        nargs="+",
        choices=METHODS,
        default=USUAL["method"],
        help="how relevance is computed; several are put side by side: --method lrp gradient_x_input",
    )


def add_start_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is explained, and where it goes in a network with gates."""
    parser.add_argument(
        "--start",
        choices=STARTS,
        default=USUAL["start"],
        help="what is explained: the true position (as published); the network's own estimate (prediction), where the "
        "truth is not known; one coordinate of it (x, y, z), to see what tells that one, as in --start x; the "
        "estimate less the constant 'the centre' (from_centre), so that what all talkers share is not explained; how "
        "far it lies from there in its own direction (distance), one number of metres, or from where SRP-PHAT hears "
        "the talker (distance_from_srp_phat)",
    )
    add_gate_argument(parser)


def add_gate_argument(parser: argparse.ArgumentParser) -> None:
    """Add where relevance goes in a network with gates."""
    parser.add_argument(
        "--gate",
        choices=GATES,
        default=USUAL["gate"],
        help="for LRP through SampleCNN's squeeze-excite products: 'published' hands relevance to the gate, "
        "to compare with the paper; 'signal' lets the gate only scale, to see which samples matter, as in "
        "--model_name sample_cnn --gate signal",
    )


@dataclass(frozen=True)
class Trial:
    """A network in a condition.

    Parameters
    ----------
    condition : params.Condition or params.AnyRoom
    network : Network
    recordings : Recordings
    stores : dict of str to AttributionStore
        Relevance of the recordings for the network, by method.
    """

    condition: Condition
    network: Network
    recordings: Recordings
    stores: dict[str, AttributionStore]

    def origin(self) -> dict:
        """Return what a result's JSON says of the trial."""
        return {
            "condition": self.condition.name,
            "network": self.network.origin(),
            "recordings": self.recordings.fingerprint,
            "sources": self.recordings.numbers,
            "relevance": {name: store.identity for name, store in self.stores.items()},
        }


def open_recordings(args: argparse.Namespace) -> list[Recordings]:
    """Open the recordings of all conditions that the arguments name, after what they add and the intervention.

    Raises
    ------
    InputError
        When recordings are missing or half-made.
    """
    opened: list[Recordings] = [
        Recordings(args.data_path / condition.name / args.split, args.sources)
        for condition in arguments.conditions(args)
    ]
    for intervention in changes_of(args):
        opened = [Intervened(each, intervention) for each in opened]
    return opened


def open_networks(args: argparse.Namespace, recordings: Recordings) -> list[Network]:
    """Load all networks that the arguments name for the condition of some recordings, and say which files they are.

    Raises
    ------
    InputError
        When weights are missing or do not fit the recordings; a place beside needs to have one of the networks.
    """
    names, condition = list(dict.fromkeys(args.model_name)), recordings.condition
    found = [("", name, find_weights(name, condition, args.weights)) for name in names]
    for place in getattr(args, "beside", []):
        has = [name for name in names if has_weights(name, condition, place)] or names
        found += [(place.name.replace("_", " "), name, find_weights(name, condition, [place])) for name in has]
    opened = []
    for label, name, weights in found:
        network = Network(weights, recordings.setup, name, arguments.device(args), label)
        opened.append(network)
        if ranks.is_main():
            print(f"{network.name}, {condition.name}: {arguments.shown_path(weights)}")
    return opened


def open_localizers(args: argparse.Namespace, recordings: Recordings) -> list[Localizer]:
    """Return all that localize in a condition: the constant, the networks as of `open_networks`, SRP-PHAT."""
    setup = recordings.setup
    return [Centre(setup), *open_networks(args, recordings), SteeredResponse(setup)]


def origin_of(recordings: Recordings, localizer: Localizer) -> dict:
    """Return what a result's JSON says of something that localizes in a condition."""
    heard = {"recordings": recordings.fingerprint, "sources": recordings.numbers}
    return {"condition": recordings.condition.name, "network": localizer.origin()} | heard


def open_trials(args: argparse.Namespace) -> list[Trial]:
    """Open all networks in all conditions that the arguments name.

    Raises
    ------
    InputError
        When recordings or weights are missing or do not fit each other, or a method lacks a choice that was made.
    """
    keep_freed_memory()
    methods = choose_methods(args.method, gate=chosen_gate(args.gate))
    trials = []
    for recordings in open_recordings(args):
        for network in open_networks(args, recordings):
            stores = {each.name: store_of(args.results, args.start, network, recordings, each) for each in methods}
            trials.append(Trial(recordings.condition, network, recordings, stores))
    if ranks.is_main():
        for store in (store for trial in trials for store in trial.stores.values()):
            remove_parts(store.folder)
    ranks.barrier()
    return trials


def store_of(results: Path, start: str, network: Network, recordings: Recordings, method: Method) -> AttributionStore:
    """Return the relevance of recordings for a network by a method, for what it compares with as noisy as they are.

    Parameters
    ----------
    results : Path
        Folder of the results.
    start : str
        A key of `localization.starts.STARTS`.
    """
    put_in, method = Start(start, network, recordings.positions_m), heard_in(method, recordings)
    return AttributionStore(results / "relevance", recordings, network.model, method, put_in, network.device)


def heard_in(method: Method, recordings: Recordings) -> Method:
    """Return a method that compares with noise as strong as that of recordings, where they have one condition."""
    condition = recordings.condition
    return method.at_snr(condition.snr_db) if isinstance(condition, params.Condition) else method


def chosen_gate(gate: str) -> str | None:
    """Return the gate as a choice of methods: none where it is the usual one, which not every method has."""
    return None if gate == USUAL["gate"] else gate


def null_rows(recordings: Recordings, count: int) -> list[int]:
    """Return the rows of at most so many sources, spread over those that there are."""
    return subset(len(recordings), min(count, len(recordings)))


def results_of(
    args: argparse.Namespace,
    experiment: str,
    trials: list[dict],
    networks: list[Network],
    usual: dict | None = None,
    **more,
) -> Results:
    """Return the place of an experiment's results, which is refused where it holds others.

    It is named by the conditions, the networks where they are not the published ones, and split, method, start, gate,
    intervention and what is added where they are not the usual ones.

    Parameters
    ----------
    trials : list of dict
        What the JSON says of each trial.
    networks : list of Network
        Those of the trials.
    usual : dict, optional
        Where the experiment's own usual arguments are others.
    **more
        What else the results depend on and their JSON says.

    Raises
    ------
    InputError
        When the place holds results of other sources, weights, percentages, seeds or protocol.
    """
    conditions, names = arguments.conditions(args), list(dict.fromkeys(args.model_name))
    parts = ["pooled"] if set(conditions) == set(params.CONDITIONS) else [condition.name for condition in conditions]
    parts += names if set(names) != set(PUBLISHED_MODELS) else []
    for name, expected in (USUAL | (usual or {})).items():
        value = getattr(args, name, expected)
        if value != expected:
            parts += map(str, value if isinstance(value, list) else [value])
    content = {"trials": trials, "files": {network.identity["weights"]: network.weights for network in networks}} | more
    return Results(args.results / experiment / "_".join(parts), vars(args), PLACES, content)


def results_of_trials(args: argparse.Namespace, experiment: str, trials: list[Trial], **more) -> Results:
    """Return the place of the results of trials, see `results_of`."""
    return results_of(
        args, experiment, [trial.origin() for trial in trials], [trial.network for trial in trials], **more
    )
