"""Spoken digits from nothing to the figures: clips, networks, tests, and what explains the answers.

    python -m digits                     quick: few takes, one fold of each network
    python -m digits --profile full      fifty takes, all folds: a day on two cores
    python -m digits --corpus AudioMNIST/data --profile full

An interrupted run goes on where it stopped when the same command is given; what is there is reused.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from digits import heatmaps, preprocess, removal, speak, stretch, train
from digits import test as testing
from report.digits_verdict import sentences
from report.tables import as_text
from running import arguments, ranks
from running.ending import finish, in_another
from running.errors import exits_cleanly
from running.files import read_csv

NETWORKS = {"digit": ("audio_net", "alex_net"), "gender": ("alex_net",)}
"""Those that are trained, by task."""
METHODS = """
Methods: how far their sums miss what is promised (in mean logits), rank correlation with an untrained network’s
relevance, seconds a clip."""


@dataclass(frozen=True)
class Profile:
    """How much of everything.

    Parameters
    ----------
    note : str
        What the numbers are worth.
    takes : int
        Of each digit by each speaker, to be made and to be learned from.
    folds : str
    clips : int
        Of each test speaker, for removal and stretching.
    methods : tuple of str
        Whose relevance is removed.
    """

    note: str
    takes: int
    folds: str
    clips: int
    methods: tuple[str, ...]


PROFILES = {
    "quick": Profile("one fold of networks that heard few takes", 5, "0", 2, ("lrp_epsilon_plus",)),
    "full": Profile("all folds", 50, "all", 10, ("lrp_epsilon_plus", "lrp", "gradient_x_input", "deeplift")),
}


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--profile", choices=PROFILES, default="quick", help="how much of everything")
    parser.add_argument("--corpus", type=Path, help="a corpus in AudioMNIST's layout, in place of the built-in one")
    parser.add_argument("--results", type=Path, help="folder of all that is made; results/PROFILE/digits by default")
    arguments.add_seed(parser)
    arguments.add_gpu(parser)
    return parser.parse_args(argv)


def prepared(args, profile: Profile, folder: Path) -> Path:
    """Return the folder of preprocessed clips; they are made unless they are there."""
    seed = ["--seed", str(args.seed)]
    corpus = args.corpus or folder / "corpus"
    if not args.corpus:
        speak.main(["--to", str(corpus), "--takes", str(profile.takes), *seed])
    clips = folder / "clips"
    preprocess.main(["--corpus", str(corpus), "--to", str(clips), *seed])
    return clips


@in_another()
def run(args, profile: Profile, folder: Path) -> None:
    """Run all commands."""
    common = ["--seed", str(args.seed), "--gpu", str(args.gpu)]
    _say("1/6 clips")
    clips = prepared(args, profile, folder)
    _say("2/6 networks")
    for task, networks in NETWORKS.items():
        asked = ["--task", task, "--network", *networks, "--fold", profile.folds]
        asked += ["--takes", str(profile.takes)]
        train.main([*asked, "--data", str(clips), "--log_dir", str(folder / "logs"), *common])
    place = ["--runs", str(folder / "logs"), "--data", str(clips), "--results", str(folder)]
    _say("3/6 tests")
    testing.main([*place, "--gpu", str(args.gpu)])
    _say("4/6 removal")
    removal.main([*place, *common, "--clips", str(profile.clips), "--method", *profile.methods])
    _say("5/6 stretching")
    stretch.main([*place, *common, "--clips", str(profile.clips)])
    _say("6/6 heatmaps")
    heatmaps.main([*place, *common, "--clips", str(profile.clips)])


@exits_cleanly
def main(argv: list[str] | None = None) -> None:
    """Run the script."""
    args = parse(argv)
    began, profile = time.monotonic(), PROFILES[args.profile]
    folder = args.results or Path("results", args.profile, "digits")
    run(args, profile, folder)
    if not ranks.is_main():
        return
    _say(f"results after {(time.monotonic() - began) / 60:.1f} minutes")
    found = (read_csv(folder / table) for table in ("over_folds.csv", "removal/areas.csv", "stretch/stretch.csv"))
    print("\n".join(f"- {sentence}" for sentence in sentences(*found)))
    methods = read_csv(folder / "removal" / "methods.csv")
    wide = methods.pivot(index=["task", "network", "method"], columns="criterion", values="mean").reset_index()
    print(METHODS)
    print(as_text(wide, digits=3))
    print(f"\nnote: {profile.note}; espeak-ng’s voices are no people" * (not args.corpus))
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in (".csv", ".png", ".wav")
             and not {"corpus", "clips", "logs", "parts"} & set(path.relative_to(folder).parts)]  # fmt: skip
    finish([], files, "python -m enhancement")


def _say(what: str) -> None:
    if ranks.is_main():
        print(f"\n== {what}", flush=True)


if __name__ == "__main__":
    main()
