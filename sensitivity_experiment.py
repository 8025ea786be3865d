"""How estimates move with the delay of each microphone: by gradient, by real shifts, and if direct sound alone counted.

    python sensitivity_experiment.py --T60 0.15 --SNR 25
    python sensitivity_experiment.py --conditions all --sources 20 --windows 2

prints how well gradients agree with finite shifts, and S: how much of the way an estimate follows the delays of the
direct sound (1 for a localizer that lives on them, 0 for one that does not use them). Written to results/sensitivity,
with profiles over the microphones, tuning curves and octave bands, for the networks and for a soft SRP-PHAT, which must
come out near 1; beside them untrained networks, and what LRP and gradient x input say of each microphone. It needs the
test recordings (generate_data.py) and weights (those that are shipped, or --weights logs after train.py).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from acoustics.recordings import Recordings, subset
from explain.lrp.rules import GATES, has_gate, has_rules
from explain.methods import Method
from explain.methods.lrp import LRP
from localization.localizer import Network, SoftSteeredResponse
from localization.sensitivity import (
    SHIFTS_SAMPLES,
    VERSION,
    averaged_sensitivities,
    displacements_m,
    drawn_jitter,
    sensitivities,
)
from localization.sensitivity_scores import (
    AVERAGED,
    COORDINATES,
    GRADIENT,
    LEVEL,
    MULTILATERATION,
    SHIFTS,
    Heard,
    band_rows,
    finite_differences,
    over_initialisations,
    profile_rows,
    score_rows,
    tuning_rows,
)
from localization.starts import start_m
from localization.trials import add_hearing_arguments, null_rows, open_networks, open_recordings, origin_of, results_of
from report.found import followed
from report.tables import as_text, rounded, write_latex
from running import arguments, ranks
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import write_csv
from running.memory import keep_freed_memory
from running.parts import by_source
from running.provenance import fingerprint
from running.seeds import generator

DECIMALS = 8
TRAINED, UNTRAINED = "trained", "untrained"
SHOWN_STEP_SAMPLES = 0.5
SHOWN = {
    f"{title} {coordinate}": (score, against, coordinate)
    for title, score, against, coordinates in (
        ("S", "S", "", ("xx", "yy", "xy", "yx")),
        ("r shifts", "profile_correlation", SHIFTS, "xy"),
        ("slope shifts", "profile_slope", SHIFTS, "xy"),
        ("r direct", "profile_correlation", MULTILATERATION, "xy"),
        ("common", "common_delay_share", "", "xy"),
    )
    for coordinate in coordinates
}
FOLLOWS = {
    "none": "not, as far as can be told",
    "part": "part of the way",
    "all": "all the way, as far as can be told",
    "more": "further than they say",
    "against": "the other way",
    "unsure": "unknown how far",
}
LEGEND = f"""S: metres that the estimate follows for a metre by which the direct sound's delays alone move. Profiles
over the microphones, means over windows: r and slope against those of real shifts of +-{SHOWN_STEP_SAMPLES} samples,
and r with multilateration's (direct). common: magnitude of the sum over microphones, over the sum of magnitudes."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_hearing_arguments(parser)
    parser.set_defaults(sources=20)
    parser.add_argument("--windows", type=arguments.whole(1), default=2, help="windows of each source, spread over it")
    parser.add_argument(
        "--draws", type=arguments.whole(1), default=8, help="small delays of all microphones that gradients average"
    )
    parser.add_argument(
        "--jitter", type=arguments.number(above=0), default=0.5, metavar="SAMPLES", help="the largest of these delays"
    )
    parser.add_argument(
        "--untrained", type=arguments.whole(2), default=20, help="random initialisations of each network"
    )
    parser.add_argument(
        "--null_sources", type=arguments.whole(1), default=4, help="sources of each condition that these hear"
    )
    return parser.parse_args(argv)


@dataclass(frozen=True)
class Hearing:
    """Something that localizes and has a gradient, in a condition.

    Parameters
    ----------
    localizer : Network or SoftSteeredResponse
    recordings : Recordings
    args : argparse.Namespace
    """

    localizer: Network | SoftSteeredResponse
    recordings: Recordings
    args: argparse.Namespace

    @property
    def place(self) -> dict:
        """What every table says of it."""
        return {"condition": self.recordings.condition.name, "localizer": self.localizer.name}

    def origin(self) -> dict:
        """Return what a result's JSON says of it."""
        return origin_of(self.recordings, self.localizer)

    def relevance(self) -> list[Method]:
        """Return the kinds of LRP that a network has: with a gate two, without a rule for each of its layers none."""
        if not has_rules(self.localizer.model):
            return []
        return [LRP(gate) for gate in (GATES if has_gate(self.localizer.model) else GATES[:1])]

    def chosen(self, row: int) -> list[int]:
        """Return the windows of a source that are looked at."""
        count = int(self.recordings.window_counts[row])
        return subset(count, min(count, self.args.windows))

    def heard(self, rows: list[int]) -> Heard:
        """Return what the tables need to know of the windows of sources."""
        owners = pd.DataFrame([self.recordings.sources[row] for row in rows for _ in self.chosen(row)])
        positions_m = owners[["x_m", "y_m", "z_m"]].to_numpy()
        return Heard(self.recordings.setup, positions_m, owners["speaker"], owners["source"], self.args.seed)

    def compute(self, row: int) -> dict[str, np.ndarray]:
        """Return everything of one source: sensitivities, displacements by real shifts, relevance of microphones."""
        model, device, setup = self.localizer.model, self.localizer.device, self.recordings.setup
        recording, chosen = self.recordings.read(row), self.chosen(row)
        windows = self.recordings.windows(row)[chosen]
        rng = generator(self.args.seed, "jitter", self.recordings.numbers[row])
        jitter_samples = drawn_jitter(rng, self.args.draws, len(recording), self.args.jitter)
        averaged = averaged_sensitivities(model, recording, setup, chosen, jitter_samples, device)
        return {
            **sensitivities(model, windows, setup.fs_hz, device),
            "averaged": averaged["delay"],
            "moved_m": displacements_m(self.localizer, recording, chosen),
            **{method.name: self.relevance_sums(method, windows) for method in self.relevance()},
        }

    def relevance_sums(self, method: Method, windows: np.ndarray) -> np.ndarray:
        """Return what each microphone gets of each coordinate, shape (window, coordinate, microphone), in metres."""
        model, device = self.localizer.model, self.localizer.device
        starts_m = (start_m(coordinate, self.localizer, windows) for coordinate in COORDINATES)
        attributed = [method.attribute(model, windows, each, device).sum(axis=-1) for each in starts_m]
        return np.stack(attributed, axis=1)

    def compute_untrained(self, row: int) -> dict[str, np.ndarray]:
        """Return the sensitivities of one source for untrained networks, (window, network, coordinate, microphone)."""
        windows, fs_hz = self.recordings.windows(row)[self.chosen(row)], self.recordings.setup.fs_hz
        network = self.localizer
        assert isinstance(network, Network), "all others learn nothing"
        twins = (network.untrained(self.args.seed, number) for number in range(self.args.untrained))
        each = [sensitivities(twin.model, windows, fs_hz, twin.device) for twin in twins]
        return {name: np.stack([one[name].sum(axis=-1) for one in each], axis=1) for name in ("delay", "level")}

    def parts(self, compute: Callable, rows: list[int], **identity) -> dict[str, np.ndarray]:
        """Return what is computed of sources, by name, shape (window, ...); what is kept on disk is not made again."""
        identity |= {"localizer": self.localizer.name, "version": VERSION, "windows": self.args.windows}
        identity |= {"recordings": self.recordings.fingerprint, "seed": self.args.seed} | self.localizer.identity
        folder = self.args.results / "parts" / f"sensitivity-{fingerprint(identity)[:16]}"
        names = [self.recordings.names[row] for row in rows]
        title = f"{self.localizer.name} {self.recordings.condition.name}"
        found = by_source(folder, names, lambda place: compute(rows[place]), title)
        return {name: np.concatenate([part[name] for part in found]) for name in found[0]}

    def tables(self) -> dict[str, list[dict]]:
        """Return the rows of every table."""
        rows = list(range(len(self.recordings)))
        kinds = [method.identity(self.localizer.model) for method in self.relevance()]
        drawn = {"jitter": self.args.jitter, "draws": self.args.draws, "shifts": SHIFTS_SAMPLES}
        found, heard = self.parts(self.compute, rows, relevance=kinds, **drawn), self.heard(rows)
        shifted = finite_differences(found["moved_m"])
        values = {GRADIENT: found["delay"].sum(axis=-1), AVERAGED: found["averaged"].sum(axis=-1)}
        values |= {LEVEL: found["level"].sum(axis=-1)} | {each.name: found[each.name] for each in self.relevance()}
        tables: dict[str, list[dict]] = {"profiles": [], "scores": []}
        for method, each in values.items():
            of = {"weights": TRAINED, "method": method}
            tables["profiles"] += [of | row for row in profile_rows(each, heard)]
            tables["scores"] += [of | row for row in score_rows(each, shifted, heard)]
        for step_samples, each in shifted.items():
            of = {"weights": TRAINED, "method": SHIFTS, "step_samples": step_samples}
            tables["profiles"] += [of | row for row in profile_rows(each, heard)]
            tables["scores"] += [row | of for row in score_rows(each, {}, heard)]
        if isinstance(self.localizer, Network):
            tables["scores"] += self.untrained_scores()
        tables["tuning"] = list(tuning_rows(found["moved_m"], heard))
        tables["bands"] = list(band_rows(found["delay"], found["level"], heard))
        return {name: [self.place | row for row in rows] for name, rows in tables.items()}

    def untrained_scores(self) -> list[dict]:
        """Return the scores of untrained networks."""
        rows = null_rows(self.recordings, self.args.null_sources)
        found = self.parts(self.compute_untrained, rows, untrained=self.args.untrained)
        heard, scored = self.heard(rows), []
        for method, name in ((GRADIENT, "delay"), (LEVEL, "level")):
            of_networks = [list(score_rows(each, {}, heard)) for each in found[name].swapaxes(0, 1)]
            scored += [{"weights": UNTRAINED, "method": method} | row for row in over_initialisations(of_networks)]
        return scored


def shown(scores: pd.DataFrame) -> pd.DataFrame:
    """Return a table to print: a row a condition, localizer and method, finite shifts of one step."""
    keys = ["condition", "localizer", "weights", "method"]
    scores = scores[scores["step_samples"].isna() | (scores["step_samples"] == SHOWN_STEP_SAMPLES)]
    wide = scores.pivot(index=keys, columns=["score", "against", "coordinate"], values="value")
    wide = wide.loc[scores.set_index(keys).index.unique()]
    return pd.DataFrame({title: wide[column] for title, column in SHOWN.items()}).reset_index()


def verdicts(scores: pd.DataFrame) -> list[str]:
    """Return a sentence for every condition and localizer: how it follows the delays of the direct sound."""
    found = scores[(scores["score"] == "S") & (scores["method"] == AVERAGED) & (scores["verdict"] != "")]
    sentences = []
    for (condition, localizer), rows in found.groupby(["condition", "localizer"], sort=False):
        parts = [
            f"{row.coordinate[0]} {FOLLOWS[row.verdict]} ({rounded(row.value, 2)}, {row.low:.2f} to {row.high:.2f})"
            for row in rows.itertuples()
        ]
        sentences.append(f"{condition} {localizer} follows the delays of the direct sound: {'; '.join(parts)}")
    return sentences


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    keep_freed_memory()
    hearings = []
    for recordings in open_recordings(args):
        soft = SoftSteeredResponse(recordings.setup, arguments.device(args))
        localizers: list[Network | SoftSteeredResponse] = [*open_networks(args, recordings), soft]
        hearings += [Hearing(each, recordings, args) for each in localizers]
    networks = [each.localizer for each in hearings if isinstance(each.localizer, Network)]
    results = results_of(args, "sensitivity", [each.origin() for each in hearings], networks)
    with ranks.process_group():
        parts = [hearing.tables() for hearing in hearings]
    if not ranks.is_main():
        return results.folder
    tables = {name: pd.DataFrame([row for part in parts for row in part[name]]) for name in parts[0]}
    for name, table in tables.items():
        write_csv(results.folder / f"{name}.csv", table.round(DECIMALS))
    table = shown(tables["scores"])
    write_latex(results.folder / "table.tex", table, digits=2)
    results.finish()
    print(LEGEND)
    print(as_text(table, digits=2))
    print("\n".join(verdicts(tables["scores"])))
    finish(followed(tables["scores"]), results.folder, command("faithfulness_experiment.py", args, parse([])))
    return results.folder


if __name__ == "__main__":
    main()
