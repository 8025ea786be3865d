"""Whether relevance sounds cleaner than the recording: it is listened to in three ways, and scored.

    python sound_experiment.py --T60 0.15 --SNR 25
    python sound_experiment.py --conditions all --method lrp gradient_x_input

takes relevance itself as a signal, multiplies its positive part with the input, and puts the input through a mask of
relevance over time and frequency; results, figures and the sounds of one source go to results/sounds. Denoising and
dereverberation would mean more direct sound in them than in what energy keeps, and than in what untrained networks
keep. It needs the test recordings with their dry speech (generate_data.py) and weights (those that are shipped, or
--weights logs after train.py).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from acoustics.recordings import Recordings
from explain.methods import Method, choose_methods
from localization.localizer import Network
from localization.shares import part_windows
from localization.sounds import (
    DIRECT,
    PERCENT,
    REFERENCES,
    RELEVANCE,
    SCORES,
    UNTOUCHED,
    UNTRAINED,
    VERSION,
    control_weights,
    loudest,
    score_rows,
    scores,
    untouched_scores,
    ways,
)
from localization.trials import (
    add_hearing_arguments,
    add_method_arguments,
    chosen_gate,
    heard_in,
    open_networks,
    open_recordings,
    origin_of,
    results_of,
)
from report.found import heard
from report.listening import dots, signals
from report.style import write_figure
from report.tables import as_text
from running import arguments, ranks
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import whole_file, write_csv
from running.memory import keep_freed_memory
from running.parts import by_source
from running.provenance import fingerprint
from running.seeds import generator

SHOWN = ("value", "low", "high", *(f"above_{name}" for name in REFERENCES))
NAMES = dict(zip(SCORES, ("SI-SDR", "DRR", "DNR"), strict=True))
VERDICT = "{way}, {score}: cleaner, in {all}, than {above}; less clean than {below}"
LEGEND = """Scores of what relevance keeps, with 95 % intervals; those of all controls are in sounds.csv. In how many
networks, conditions and methods it is cleaner than what is kept by its controls, and less clean, by 95 % intervals:"""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_hearing_arguments(parser)
    add_method_arguments(parser)
    parser.set_defaults(sources=20)
    parser.add_argument("--windows", type=arguments.whole(1), default=2, help="loudest windows of each source")
    parser.add_argument(
        "--percent", type=arguments.number(above=0, most=100), default=PERCENT, help="bins that a mask keeps"
    )
    parser.add_argument(
        "--untrained", type=arguments.whole(1), default=2, help="random initialisations of each network"
    )
    return parser.parse_args(argv)


def scores_of(
    networks: list[Network], methods: list[Method], recordings: Recordings, args
) -> list[dict[str, np.ndarray]]:
    """Return the scores of each source by method, way and control, shape (network, score) each.

    The first network is the trained one; the others are its untrained twins.
    """

    def compute(row: int) -> dict[str, np.ndarray]:
        parts = part_windows(recordings, row)
        parts = parts[:, loudest(parts.sum(axis=0), args.windows)]
        windows, parts = parts.sum(axis=0), parts.astype(np.float64)
        inputs = parts.sum(axis=0)
        found = {UNTOUCHED: untouched_scores(parts)[None]}
        for method in methods:
            relevance = [
                network.explain(windows, method, args.start, recordings.positions_m[row]).astype(np.float64)
                for network in networks
            ]
            for way in ways(args.percent):
                weights, *null = (way.weights(inputs, each) for each in relevance)
                rng = generator(args.seed, "chance", recordings.numbers[row])
                kept = {RELEVANCE: weights} | control_weights(way, weights, parts[DIRECT], inputs, rng)
                place = f"{method.name} {way.name}"
                found |= {f"{place} {name}": scores(way, each, parts)[None] for name, each in kept.items()}
                found[f"{place} {UNTRAINED}"] = np.stack([scores(way, each, parts) for each in null])
        return found

    asked = {name: getattr(args, name) for name in ("start", "windows", "percent", "seed")}
    identity = asked | {"recordings": recordings.fingerprint, "version": VERSION}
    identity["networks"] = [network.identity for network in networks]
    identity["methods"] = [method.identity(network.model) for method in methods for network in networks]
    folder = args.results / "parts" / f"sounds-{fingerprint(identity)[:16]}"
    return by_source(folder, recordings.names, compute, f"{networks[0].name} {recordings.condition.name}")


def table_of(network: Network, methods: list[Method], recordings: Recordings, args) -> pd.DataFrame:
    """Return all scores of a network in a condition: a row a method, way to listen, control and score."""
    methods = [heard_in(method, recordings) for method in methods]
    networks = [network, *(network.untrained(args.seed, number) for number in range(args.untrained))]
    sources = scores_of(networks, methods, recordings, args)
    voices = [source["speaker"] for source in recordings.sources]
    tables = []
    for method in methods:
        for way in ways(args.percent):
            place = {"condition": recordings.condition.name, "model": network.name, "method": method.name}
            place["way"] = way.name
            start = f"{method.name} {way.name} "
            names = {name: name.removeprefix(start) for name in sources[0] if name.startswith(start)}
            names[UNTOUCHED] = UNTOUCHED
            found = {control: np.stack([source[name] for source in sources], axis=1) for name, control in names.items()}
            rows = score_rows(found, voices, args.seed)
            tables.append(pd.concat([pd.DataFrame(place, index=rows.index), rows], axis=1))
    return pd.concat(tables, ignore_index=True)


def write_sounds(folder: Path, network: Network, methods: list[Method], recordings: Recordings, args) -> None:
    """Write what there is to hear of the first source, equally loud for each network and method."""
    for method in methods:
        for title, signal in signals(network, recordings, 0, method, args.start, args.percent).items():
            name = f"{title} {network.name} {method.name}.wav".replace(" ", "_")
            with whole_file(folder / recordings.condition.name / name) as beside:
                soundfile.write(beside, signal, recordings.setup.fs_hz)


def verdict_of(way: str, score: str, rows: pd.DataFrame) -> str:
    """Return a sentence on how often what relevance keeps is cleaner than what each reference keeps."""
    above, below = (
        ", ".join(f"{name.replace('_', ' ')} {(rows[f'{name}_verdict'] == side).sum()}" for name in REFERENCES)
        for side in ("above", "below")
    )
    return VERDICT.format(way=way, score=score, all=len(rows), above=above, below=below)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    keep_freed_memory()
    methods = choose_methods(args.method, gate=chosen_gate(args.gate))
    heard_by = [(recordings, network) for recordings in open_recordings(args)
                for network in open_networks(args, recordings)]  # fmt: skip
    origins = [origin_of(recordings, network) for recordings, network in heard_by]
    results = results_of(args, "sounds", origins, [network for _, network in heard_by])
    with ranks.process_group():
        tables = [table_of(network, methods, recordings, args) for recordings, network in heard_by]
    if not ranks.is_main():
        return results.folder
    table = pd.concat(tables, ignore_index=True)
    write_csv(results.folder / "sounds.csv", table)
    for score in SCORES:
        write_figure(results.folder / f"{score}.png", dots(table, score))
    for recordings, network in heard_by:
        write_sounds(results.folder, network, methods, recordings, args)
    results.finish()
    own = table[(table["control"] == RELEVANCE) & table["value"].notna()]
    print(as_text(own[["condition", "model", "method", "way", "score", *SHOWN]], digits=1))
    print(LEGEND)
    for (way, score), rows in own.groupby(["way", "score"], sort=False):
        print(verdict_of(way, NAMES[score], rows))
    finish(heard(table), results.folder, command("map_experiment.py", args, parse([])))
    return results.folder


if __name__ == "__main__":
    main()
