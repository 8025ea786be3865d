"""Make the recordings of one condition: speech in a simulated room, heard by the array, with noise.

    python generate_data.py --T60 0.15 --SNR 25
    python generate_data.py --rooms random

writes data/SNR_25_T60_0.15/{train,val,test}, or data/any_room, where each source has a room, a T60 and an SNR of its
own: one multichannel WAV file a source, sources.csv with a row a source, and the dry speech; the training split also
keeps its room responses. All files are the same, bit for bit, for any --workers, after any interruption, and under
torchrun.
"""

from __future__ import annotations

import os

import params
from acoustics.generation import (
    SourceJob,
    Studio,
    check_speech,
    claim_dataset,
    disk_bytes,
    keep_speech,
    make_sources,
    missing,
)
from acoustics.recordings import Dataset, subset
from acoustics.rir import SIMULATORS, resolve_simulator
from acoustics.room import Scene
from acoustics.rooms import draw_room
from acoustics.speech import DRAWS, draw_utterances, open_corpus
from running import arguments, ranks
from running.ending import command, finish
from running.errors import InputError, exits_cleanly
from running.files import check_space


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    arguments.add_rooms(parser)
    arguments.add_data_path(parser)
    arguments.add_corpus(parser)
    parser.add_argument(
        "--draw",
        choices=DRAWS,
        default="speakers",
        help="what the splits do not share: speakers, utterances, or (published: drawn with replacement) nothing",
    )
    arguments.add_simulator(parser, SIMULATORS)
    parser.add_argument(
        "--reflection_sign", type=int, choices=(-1, 1), default=-1, help="sign of a wall's reflection; -1 as published"
    )
    parser.add_argument(
        "--splits", nargs="+", choices=params.SPLITS, default=params.SPLITS, help="only some of the splits"
    )
    parser.add_argument(
        "--sources",
        nargs="+",
        type=arguments.whole(1),
        metavar="N",
        help="only N sources a split (or one N for each of --splits), spread over the area; all by default",
    )
    arguments.add_seed(parser)
    arguments.add_setup(parser)
    parser.add_argument(
        "--workers", type=arguments.whole(1), default=len(os.sched_getaffinity(0)), help="processes at work"
    )
    return parser.parse_args(argv)


def check_scene(args, condition: params.Condition | params.AnyRoom) -> None:
    """Refuse a T60 or positions that can't be; raises InputError as `acoustics.room.Scene` and `draw_room`."""
    setup, grid_m = args.setup, args.setup.grid.positions_m()
    if isinstance(condition, params.AnyRoom):
        drawn, placement = draw_room(setup, condition, args.seed, "train", 0)
        placement.scene(grid_m, drawn.T60_s)
    else:
        Scene(setup.room, grid_m, setup.array.as_array(), condition.T60_s, setup.fs_hz, setup.c_m_s)


def jobs_of(args, condition: params.Condition | params.AnyRoom, corpus) -> list[SourceJob]:
    """Return the sources to record; what is drawn for a source does not depend on how many are asked for."""
    positions_m = args.setup.grid.splits()
    counts = {split: len(positions_m[split]) for split in params.SPLITS}
    utterances = draw_utterances(corpus, counts, args.seed, args.draw)
    limits = args.sources or [max(counts.values())]
    if len(limits) not in (1, len(args.splits)):
        raise InputError(f"--sources has {len(limits)} numbers for {len(args.splits)} splits; give one, or one each")
    limits = limits * len(args.splits) if len(limits) == 1 else limits
    jobs = []
    for split, limit in zip(args.splits, limits, strict=True):
        for source in subset(counts[split], limit):
            room = condition, None
            if isinstance(condition, params.AnyRoom):
                room = draw_room(args.setup, condition, args.seed, split, source)
            position_m = params.point_m(positions_m[split][source])
            jobs.append(SourceJob(split, source, position_m, utterances[split][source], *room))
    return jobs


@exits_cleanly
def main(argv: list[str] | None = None) -> None:
    """Run the script."""
    args = parse(argv)
    condition = arguments.condition(args)
    check_scene(args, condition)
    corpus = open_corpus(args.corpus, args.speaker_pattern, args.setup.window_samples)
    made_from = {
        "setup": args.setup.to_dict(),
        "condition": vars(condition),
        "corpus": {"name": corpus.name, "fingerprint": corpus.fingerprint()},
        "draw": args.draw,
        "simulator": resolve_simulator(args.simulator),
        "reflection_sign": args.reflection_sign,
        "seed": args.seed,
    }
    dataset = Dataset(args.data_path / condition.name, made_from)
    studio = Studio(dataset, args.setup, corpus, made_from["simulator"], args.reflection_sign, seed=args.seed)
    jobs = jobs_of(args, condition, corpus)
    if ranks.is_main() and corpus.note:
        print(corpus.note)
    with ranks.process_group():
        if ranks.is_main():
            speech = check_speech(studio, jobs)
            new = missing(dataset, jobs)
            new_bytes = disk_bytes(studio, new, speech)
            check_space(dataset.folder, new_bytes)
            claim_dataset(dataset)
            if new:
                begins = f"{len(new)} of {len(jobs)} sources to make, about {new_bytes / 1e9:.2g} GB"
                print(f"{condition.name}: {begins}", flush=True)
            keep_speech(studio, jobs, speech)
        make_sources(studio, jobs, args.workers)
    if ranks.is_main():
        whole = f"{len(jobs)} sources of {condition.name} are whole: speech in its room, with noise."
        finish([whole], dataset.folder, following(parse(argv), condition))


def following(args, condition: params.Condition | params.AnyRoom) -> str:
    """Return the next command: training, where there is what it needs, or how well shipped networks localize."""
    usual, anywhere = parse([]), isinstance(condition, params.AnyRoom)
    if {"train", "val"} <= set(args.splits):
        return command("train.py", args, usual, rooms="random" if anywhere else None)
    return command("localization_experiment.py", args, usual, conditions=condition if anywhere else None)


if __name__ == "__main__":
    main()
