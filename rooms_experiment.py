"""How well the networks localize in other rooms of the same reverberation time, beside SRP-PHAT and a constant.

    python rooms_experiment.py --T60 0.15 --SNR 25
    python rooms_experiment.py --conditions all --corpus FOLDER --speaker_pattern '^\\d\\d'

draws rooms of other sizes, and other places and turns of array and source area in them (as they stand to one another),
lets talkers all over the area be heard there and in the own room, and writes and prints errors to results/rooms. They
are the voices of the recordings, or of --corpus. It needs recordings with their dry speech (generate_data.py), which
say what else is to be as it was, and weights (those that are shipped, or --weights logs after train.py).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from acoustics.recordings import Recordings
from acoustics.rooms import Placement, draw_placement
from acoustics.speech import open_corpus
from localization.localizer import Localizer, Network
from localization.rooms import (
    OTHER,
    OWN,
    REGIONS,
    Voices,
    draw_talkers,
    errors_by_place,
    errors_by_room,
    estimate_talkers,
    room_table,
    room_verdicts,
)
from localization.trials import add_hearing_arguments, open_localizers, open_recordings, origin_of, results_of
from params import ANY_ROOM
from report.found import elsewhere
from report.tables import as_text
from running import arguments, ranks
from running.ending import command, finish
from running.errors import InputError, exits_cleanly
from running.files import write_csv
from running.seeds import generator

LEGEND = """In metres: mean absolute errors over all windows,
median and 90th percentile of the horizontal distance. Slopes are of estimate against truth."""
USUAL_REGION = "area"
SHOWN = ("mae_m", "mae_x_m", "mae_y_m", "mae_z_m", "median_m", "p90_m", "slope_x", "slope_y")


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_hearing_arguments(parser)
    parser.add_argument("--rooms", type=arguments.whole(1), default=50, metavar="N", help="rooms of each condition")
    parser.add_argument("--talkers", type=arguments.whole(1), default=4, metavar="N", help="talkers in each room")
    parser.add_argument(
        "--region",
        choices=REGIONS,
        default=USUAL_REGION,
        help="where talkers stand: all over the source area, or where the test sources do, held out in training, so "
        "that errors in the own room are the usual ones",
    )
    arguments.add_corpus(parser)
    parser.set_defaults(corpus=None)
    return parser.parse_args(argv)


def voices_of(args, recordings: Recordings) -> Voices:
    """Return who speaks in a condition: the voices of the recordings, or of the corpus that the arguments name."""
    if args.corpus is None:
        if args.speaker_pattern:
            raise InputError("--speaker_pattern is for a folder of audio files; name it by --corpus")
        return Voices.of_recordings(recordings)
    setup = recordings.setup
    return Voices.of_corpus(open_corpus(args.corpus, args.speaker_pattern, setup.window_samples), setup.fs_hz)


def estimates_of(args, recordings: Recordings, found: list[Localizer], voices: Voices) -> tuple[pd.DataFrame, ...]:
    """Return the estimates in other rooms and in the own one, and the rooms, of one condition."""
    setup = recordings.setup
    talkers = [draw_talkers(setup, voices, room, args.talkers, args.seed, args.region) for room in range(args.rooms)]
    rngs = [generator(args.seed, "rooms", room) for room in range(args.rooms)]
    placements = [draw_placement(setup, recordings.one_condition().T60_s, rng) for rng in rngs]
    tables = []
    for place, rooms in {OTHER: placements, OWN: [Placement.own(setup)] * args.rooms}.items():
        table = estimate_talkers(found, recordings, voices, talkers, rooms, args.seed, args.results / "parts")
        tables.append(table.assign(place=place))
    return pd.concat(tables, ignore_index=True), room_table(placements, [each[0].voice for each in talkers])


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    opened = [(each, voices_of(args, each)) for each in open_recordings(args)]
    heard_by = [open_localizers(args, recordings) for recordings, _ in opened]
    origins = [
        origin_of(recordings, each) | {"voices": voices.identity}
        for (recordings, voices), found in zip(opened, heard_by, strict=True)
        for each in found
    ]
    networks = [each for found in heard_by for each in found if isinstance(each, Network)]
    told = ["rooms", *([arguments.slug(args.corpus)] if args.corpus else [])]
    told += [args.region] if args.region != USUAL_REGION else []
    sizes_m, margin_m = ANY_ROOM.sizes_m, ANY_ROOM.margin_m
    results = results_of(args, "_".join(told), origins, networks, sizes_m=sizes_m, margin_m=margin_m)
    with ranks.process_group():
        made = [
            (recordings, estimates_of(args, recordings, found, voices))
            for (recordings, voices), found in zip(opened, heard_by, strict=True)
        ]
    if not ranks.is_main():
        return results.folder
    estimates = pd.concat([estimated for _, (estimated, _) in made], ignore_index=True)
    rooms = pd.concat([drawn.assign(condition=recordings.condition.name) for recordings, (_, drawn) in made])
    errors = errors_by_place(estimates)
    write_csv(results.folder / "estimates.csv", estimates)
    write_csv(results.folder / "rooms.csv", errors_by_room(estimates).merge(rooms, on=["condition", "room"]))
    write_csv(results.folder / "errors.csv", errors)
    verdicts = room_verdicts(estimates, args.seed)
    write_csv(results.folder / "verdicts.csv", verdicts)
    results.finish()
    print(f"{args.rooms} rooms with {args.talkers} talkers each, and the same talkers in the own room. {LEGEND}")
    print(as_text(errors[["condition", "place", "localizer", "windows", *SHOWN]], digits=3))
    finish(elsewhere(verdicts), results.folder, command("intervention_experiment.py", args, parse([])))
    return results.folder


if __name__ == "__main__":
    main()
