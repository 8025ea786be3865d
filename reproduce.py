"""The whole method, in order: recordings, weights, relevance and the experiments, ending with a table of results.

    python reproduce.py                     quick: all conditions, both networks, on a part of the data
    python reproduce.py --profile full      the same on all test sources
    python reproduce.py --profile paper     everything at full scale, from scratch: hours; days with --recipe paper
    python reproduce.py --profile smoke     everything at toy size, to see that it runs

An interrupted run goes on where it stopped when the same command is given; what is there is reused.
"""

from __future__ import annotations

import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path

import cue_experiment
import faithfulness_experiment
import generate_data
import intervention_experiment
import localization_experiment
import params
import perturbation_experiment
import relevance_check
import rooms_experiment
import sensitivity_experiment
import shares_experiment
import sound_experiment
import tdoa_experiment
import train
from acoustics.simulators import SIMULATORS
from models import MODELS, PUBLISHED_MODELS
from models.weights import SHIPPED, find_weights
from report.any_room import read_verdicts
from report.numbers import narrow_tables
from report.summary import read_summary
from report.tables import as_text
from report.verdict import read_verdict
from running import arguments, ranks
from running.ending import command, finish, in_another
from running.errors import InputError, exits_cleanly
from running.provenance import ROOT
from training.recipes import DEFAULT, RECIPES

HEARD = {
    "cues": cue_experiment,
    "rooms": rooms_experiment,
    "sensitivity": sensitivity_experiment,
    "shares": shares_experiment,
    "interventions": intervention_experiment,
    "faithfulness": faithfulness_experiment,
    "sounds": sound_experiment,
}
"""Experiments on what is heard, and on the methods that explain it."""
ANY_ROOM = "--beside models/pretrained/any_room"
ALL = f"--model_name {' '.join(MODELS)} {ANY_ROOM} models/pretrained/paper"
FEW = "lrp lrp_epsilon_plus gradient_x_input integrated_gradients delay_sensitivity energy random"
FULL = {
    **dict.fromkeys(("cues", "rooms", "sensitivity", "shares", "interventions"), ALL),
    "faithfulness": f"--sources 5 --sane_sources 2 --method {FEW}",
    "sounds": "--method lrp gradient_x_input",
}


@dataclass(frozen=True)
class Profile:
    """How much of everything; by default all.

    Parameters
    ----------
    note : str
        What the numbers are worth when the networks were trained by this profile.
    sources : dict of str to int, optional
        Sources of each split; all by default.
    epochs, batch_size : int, optional
        In place of the recipe's.
    shipped : bool
        Whether weights of the repository are used where it has them.
    untrained, null_sources : int
        Initialisations of each network, and sources of each condition that they hear, for the null of the delays'
        direction.
    heard : dict of str to str
        Which of the experiments on what is heard are run, with their options.
    """

    note: str
    sources: dict[str, int] | None = None
    epochs: int | None = None
    batch_size: int | None = None
    shipped: bool = True
    untrained: int = 20
    null_sources: int = 24
    heard: dict[str, str] = field(default_factory=lambda: FULL)


PROFILES = {
    "smoke": Profile(
        "toy networks: the numbers mean nothing",
        {"train": 6, "val": 3, "test": 2},
        epochs=1,
        batch_size=3,
        shipped=False,
        untrained=2,
        null_sources=1,
        heard={
            "cues": "--trials 10",
            "rooms": "--rooms 1 --talkers 1",
            "sensitivity": "--sources 1 --windows 1 --draws 1 --untrained 2 --null_sources 1",
            "shares": "--sources 1 --untrained 1 --null_sources 1",
        },
    ),
    "quick": Profile(
        "networks trained for a minute: the numbers mean little",
        {"train": 240, "val": 40, "test": 20},
        epochs=15,
        batch_size=30,
        null_sources=2,
        heard={
            "cues": f"--trials 30 {ANY_ROOM}",
            "rooms": f"--rooms 3 {ANY_ROOM}",
            "sensitivity": f"--sources 2 --windows 1 --untrained 4 --null_sources 2 {ANY_ROOM}",
            "shares": f"--sources 3 --untrained 2 --null_sources 3 {ANY_ROOM}",
        },
    ),
    "full": Profile("networks trained at full scale"),
    "paper": Profile("networks trained at full scale", shipped=False),
}

CHECKED_SOURCES = 2
WIDTH = 120


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--profile", choices=PROFILES, default="quick", help="how much of everything")
    arguments.add_several_conditions(parser, "conditions; all by default")
    parser.set_defaults(conditions=[params.CONDITIONS])
    arguments.add_corpus(parser)
    arguments.add_simulator(parser, SIMULATORS)
    parser.add_argument("--recipe", choices=RECIPES, default=DEFAULT, help="how the networks are trained")
    parser.add_argument("--folder", type=Path, help="place of all files; by default results/ and profile and corpus")
    arguments.add_seed(parser)
    arguments.add_gpu(parser)
    return parser.parse_args(argv)


def main_folder(args) -> Path:
    """Return the folder of all that a run makes."""
    spoken = "" if args.corpus == "espeak" else f"_{arguments.slug(args.corpus)}"
    return args.folder or Path("results") / f"{args.profile}{spoken}"


def shipped_weights(args) -> Path | None:
    """Return the folder of the repository's weights; None where it lacks a network or the profile wants none."""
    if not PROFILES[args.profile].shipped:
        return None
    place = SHIPPED if args.recipe == DEFAULT else SHIPPED / args.recipe
    try:
        for condition in arguments.conditions(args):
            for model_name in PUBLISHED_MODELS:
                find_weights(model_name, condition, [place])
    except InputError:
        return None
    return place


def numbers(profile: Profile, *splits: str) -> list[str]:
    """Return a profile's numbers of sources as a script's arguments; none where it takes all."""
    return ["--sources", *(str(profile.sources[split]) for split in splits)] if profile.sources else []


def condition_arguments(condition: params.Condition | params.AnyRoom) -> list[str]:
    """Return a condition as a script's arguments."""
    assert isinstance(condition, params.Condition), "main refuses others"
    return ["--T60", f"{condition.T60_s:g}", "--SNR", f"{condition.snr_db:g}"]


@in_another()
def make_recordings(args, splits: tuple[str, ...], common: list[str]) -> None:
    """Make the recordings of all conditions."""
    speech = ["--corpus", args.corpus, *(["--speaker_pattern", args.speaker_pattern] if args.speaker_pattern else [])]
    made = [*common, *speech, "--simulator", args.simulator, "--splits", *splits]
    for condition in arguments.conditions(args):
        generate_data.main([*condition_arguments(condition), *made, *numbers(PROFILES[args.profile], *splits)])


@in_another()
def train_networks(args, log_dir: Path, common: list[str]) -> None:
    """Train both networks for all conditions."""
    profile = PROFILES[args.profile]
    how = ["--recipe", args.recipe, "--log_dir", str(log_dir), "--gpu", str(args.gpu)]
    how += ["--epochs", str(profile.epochs)] if profile.epochs else []
    how += ["--batch_size", str(profile.batch_size)] if profile.batch_size else []
    for condition in arguments.conditions(args):
        for model_name in PUBLISHED_MODELS:
            train.main([*condition_arguments(condition), "--model_name", model_name, *common, *how])


@in_another()
def run_experiments(args, folder: Path, weights: Path) -> dict[str, Path]:
    """See how well the networks localize, check relevance and run both experiments; return the folders of results."""
    named = [f"{condition.T60_s:g}/{condition.snr_db:g}" for condition in arguments.conditions(args)]
    shared = ["--data_path", str(folder / "data"), "--conditions", *named, "--weights", str(weights), str(SHIPPED)]
    shared += ["--results", str(folder), "--gpu", str(args.gpu), "--seed", str(args.seed)]
    tested = numbers(PROFILES[args.profile], "test")
    folders = {}
    _say("3/7 localization")
    folders["localization"] = localization_experiment.main([*shared, *tested])
    _say("4/7 conservation of relevance")
    folders["relevance check"] = relevance_check.main([*shared, "--sources", str(CHECKED_SOURCES)])
    _say("5/7 removal of relevant input")
    folders["perturbation"] = perturbation_experiment.main([*shared, *tested])
    _say("6/7 time delays")
    profile = PROFILES[args.profile]
    null = ["--untrained", str(profile.untrained), "--null_sources", str(profile.null_sources)]
    both = tdoa_experiment.main([*shared, *tested, *null, "--protocol", "published", "refined"])
    folders["tdoa"], folders["tdoa_refined"] = both
    _say("7/7 what the networks hear")
    for name, options in profile.heard.items():
        folders[name] = HEARD[name].main([*shared, *options.split()])
    return folders


def print_tables(folders: dict[str, Path]) -> None:
    """Print the tables that the verdict follows from."""
    localization, removal, delays = read_summary(folders)
    heard = read_verdicts(folders)
    print("\nwhat the networks hear. Intervals of 95 % over voices and trials in brackets")
    for sentence in (sentence for verdict in heard for sentence in verdict.sentences):
        print(textwrap.fill(sentence, WIDTH, initial_indent="- ", subsequent_indent="  "))
    for legend, table in narrow_tables(heard):
        print(f"\n{textwrap.fill(legend, WIDTH)}\n{as_text(table)}")
    print(f"\nlocalization. {localization_experiment.LEGEND}")
    print(as_text(localization, digits=3))
    print(
        "\nMAE in metres, published in brackets: with nothing removed, and without a tenth of the input: the most\n"
        "relevant, the loudest (energy) or random samples"
    )
    print(as_text(removal))
    (pair,) = delays["pair"].unique()
    print(f"\ntime delays of microphones {pair}: anomalies, and MAE in samples of the other estimates")
    print(as_text(delays.drop(columns="pair")))


@exits_cleanly
def main(argv: list[str] | None = None) -> None:
    """Run the script."""
    args = parse(argv)
    if params.ANY_ROOM in arguments.conditions(args):
        raise InputError(f"{params.ANY_ROOM.name} is no condition of the method; give T60/SNR, such as 0.15/25")
    began = time.monotonic()
    profile, folder = PROFILES[args.profile], main_folder(args)
    shipped = shipped_weights(args)
    common = ["--data_path", str(folder / "data"), "--seed", str(args.seed)]
    weights = shipped or folder / "logs" / args.recipe

    _say("1/7 recordings")
    make_recordings(args, ("test",) if shipped else params.SPLITS, common)
    _say("2/7 networks")
    if shipped:
        print(f"the repository's own, {shipped.relative_to(ROOT)}")
    else:
        train_networks(args, weights, common)
    folders = run_experiments(args, folder, weights)

    if not ranks.is_main():
        return
    _say(f"what was found, after {(time.monotonic() - began) / 60:.1f} minutes")
    print("\n".join(read_verdict(folders).sentences))
    if not shipped:
        print(f"note: {profile.note}")
    print_tables(folders)
    files = sorted(path for place in folders.values() for path in place.iterdir())
    finish([], files, command("build_page.py", args, args, results=folder))


def _say(what: str) -> None:
    if ranks.is_main():
        print(f"\n== {what}", flush=True)


if __name__ == "__main__":
    main()
