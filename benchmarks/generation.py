"""Time the making of a recording stage by stage, on one core, at the T60 and SNR of the four published conditions.

In the own room, and with a room drawn for each source as for networks that are to localize in any room.

Each stage is run for several sources; columns are the mean milliseconds a source of the fastest of several passes, the
share of the whole, and the minutes that a full dataset takes on the given number of cores.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

import params
from acoustics.gcc import correlation_time_samples
from acoustics.recordings import record, write_recording
from acoustics.rooms import Placement, draw_placement
from acoustics.simulators import SIMULATORS
from acoustics.speech import open_corpus
from benchmarks.timing import fastest_in_turn
from running import arguments, provenance
from running.errors import exits_cleanly
from running.files import write_json


@exits_cleanly
def main(argv=None) -> None:
    """Measure, print and save."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--sources", type=arguments.whole(1), default=8, help="sources a pass")
    parser.add_argument("--seconds", type=arguments.number(above=0), default=8.0, help="time to spend on a condition")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/generation.json"), help="where to save")
    args = parser.parse_args(argv)
    cores = len(os.sched_getaffinity(0))
    kinds = [(condition, rooms) for condition in params.CONDITIONS for rooms in ("own", "random")]
    rows = [row for condition, rooms in kinds for row in stages(condition, rooms, args.sources, args.seconds)]
    print(f"{'condition':16} {'rooms':6} {'stage':16} {'ms a source':>11} {'share':>6} {f'min ({cores} cores)':>13}")
    for row in rows:
        print(
            f"{row['condition']:16} {row['rooms']:6} {row['stage']:16} {row['ms_per_source']:11.1f} "
            f"{row['share']:6.0%} {row['ms_per_source'] * row['sources_of_dataset'] / 6e4 / cores:13.1f}"
        )
    write_json(args.output, {"rows": rows, "cores": cores, **provenance.origin(vars(args))})
    print(f"saved to {args.output}")


def stages(condition: params.Condition, rooms: str, count: int, seconds: float) -> list[dict]:
    """Return a row for each stage and one for their sum; rooms are "own" or "random"."""
    setup, corpus = params.PUBLISHED, open_corpus("espeak")
    positions_m, utterances = setup.grid.splits()["test"], corpus.utterances()
    chosen = [utterances[index] for index in np.linspace(0, len(utterances) - 1, count).astype(int)]
    speech = [corpus.load(utterance, setup.fs_hz) for utterance in chosen]
    own = [Placement.own(setup)] * count
    drawn = [draw_placement(setup, condition.T60_s, _rng(source)) for source in range(count)]
    placements = {"own": own, "random": drawn}[rooms]

    def simulate(source: int) -> np.ndarray:
        scene = placements[source].scene(positions_m[source : source + 1], condition.T60_s)
        return SIMULATORS["finufft"].simulate(scene)[0]

    rirs = [simulate(source) for source in range(count)]
    mixed = [record(speech[source], rirs[source], condition.snr_db, _rng(source)) for source in range(count)]
    sources = range(count)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "0000.wav"

        def write_all() -> None:
            for recorded in mixed:
                write_recording(path, *_written(setup, recorded))

        work: dict[str, Callable] = {
            "speech": lambda: [corpus.load(utterance, setup.fs_hz) for utterance in chosen],
            "room responses": lambda: [simulate(source) for source in sources],
            "mixing, noise": lambda: [
                record(speech[source], rirs[source], condition.snr_db, _rng(source)) for source in sources
            ],
            "correlation time": lambda: [correlation_time_samples(signal) for signal in speech],
            "writing": write_all,
        }
        fastest_s, _ = fastest_in_turn(work, seconds)
    fastest_s["all"] = sum(fastest_s.values())
    total = sum(len(split_m) for split_m in setup.grid.splits().values())
    return [
        {
            "condition": condition.name,
            "rooms": rooms,
            "stage": stage,
            "ms_per_source": 1e3 * taken_s / count,
            "share": taken_s / fastest_s["all"],
            "sources_of_dataset": total,
        }
        for stage, taken_s in fastest_s.items()
    ]


def _rng(source: int) -> np.random.Generator:
    return np.random.default_rng(source)


def _written(setup: params.Setup, recorded: tuple[np.ndarray, float]) -> tuple:
    recording, noise_rms = recorded
    return recording, setup.fs_hz, noise_rms, {}


if __name__ == "__main__":
    main()
