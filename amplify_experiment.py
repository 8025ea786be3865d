"""How far estimates move when the most or least attributed bins of the spectrogram are made louder, or later.

    python amplify_experiment.py --T60 0.15 --SNR 25
    python amplify_experiment.py --method lrp gradient_x_input --top_percent 10 --dB_amplification -6
    python amplify_experiment.py --delay_samples 1 --microphone 7

chooses bins by the half of the maps (map_experiment.py) that tells what the change does: the top ones should move the
estimate up a coordinate, the bottom ones down. To results/amplification go displacements beside those by the loudest
and by random bins, with how far the maps say that they are, pictures, and sounds of one source. It needs the test
recordings (generate_data.py) and weights (those that are shipped, or --weights logs after train.py).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from explain.amplification import BOTTOM, RANDOM, TOP, Change
from localization.amplified import Amplified, effects, predictions
from localization.coordinate_maps import CoordinateMaps, add_map_arguments, frame_centres, open_maps
from report.amplified import chosen_masks, displacement_bars, prediction_scatter
from report.found import amplified_by
from report.sounds import PEAK
from report.style import write_figure
from report.tables import as_text
from running import arguments, ranks
from running.ending import command, finish
from running.errors import InputError, exits_cleanly
from running.files import whole_file, write_csv

SHOWN = ("condition", "model", "method", "coordinate", "choice", "moved_m", "random_verdict", "energy_verdict")
LEGEND = """Displacement of the estimate along the coordinate that bins were chosen for, in metres, and whether its 95 %
interval lies above or below that of random and of the loudest bins, on the same windows."""
PREDICTED = (
    """What maps predict against what is: correlation over windows and choices, slope, and share of right signs."""
)


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_map_arguments(parser)
    parser.add_argument(
        "--top_percent",
        type=arguments.number(above=0, most=100),
        default=10.0,
        help="share of the bins, of those with the largest and of those with the smallest values",
    )
    parser.add_argument(
        "--dB_amplification",
        type=arguments.number(least=-100, most=100),
        help="gain in dB of the amplitude, 6 where neither it nor a delay is given: 6 doubles, -6 halves",
    )
    parser.add_argument(
        "--delay_samples", type=arguments.number(), metavar="SAMPLES", help="delay the bins, in place of a gain"
    )
    parser.add_argument("--draws", type=arguments.whole(1), default=5, help="random choices of bins for each window")
    return parser.parse_args(argv)


def change_of(args) -> Change:
    """Return what the arguments do to bins; raise InputError where that is two things or nothing."""
    gain_db, delay_samples = args.dB_amplification, args.delay_samples
    if gain_db is not None and delay_samples is not None:
        raise InputError("bins are made louder or later, not both; leave out --dB_amplification or --delay_samples")
    if 0 in (gain_db, delay_samples):
        raise InputError("0 dB or a delay of 0 samples changes nothing; give another number")
    return Change(delay_samples=delay_samples) if delay_samples else Change(6.0 if gain_db is None else gain_db)


def write_sounds(folder: Path, amplified: Amplified, of: dict[str, CoordinateMaps]) -> None:
    """Write what one microphone hears in the windows of the first source, as it is and after each choice, as loud."""
    first = next(iter(of.values()))
    recordings, windows = first.excerpts.recordings, first.excerpts.windows(0)
    maps = {method: next(each.read()) for method, each in of.items()}
    heard = len(recordings.setup.array) // 2 if amplified.microphone is None else amplified.microphone
    sounds = {"untouched": windows}
    for (method, coordinate, choice), mask in amplified.masks(maps, windows, recordings.numbers[0]).items():
        if choice in (TOP, BOTTOM, f"{RANDOM} 0"):
            name = "_".join(filter(None, (method, coordinate, choice.split(" ")[0])))
            sounds[name] = amplified.sounds(windows, mask)
    peak = max(np.abs(sound[:, heard]).max() for sound in sounds.values())
    for name, sound in sounds.items():
        place = f"{recordings.condition.name}-{first.network.name.replace(' ', '_')}-{recordings.names[0]}"
        with whole_file(folder / "sounds" / f"{place}-{name}.wav") as beside:
            soundfile.write(beside, sound[:, heard].ravel() * (PEAK / peak), recordings.setup.fs_hz)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    amplified = Amplified(change_of(args), args.top_percent, args.microphone, args.draws, args.seed)
    opened, results = open_maps(args, f"amplification/{amplified}")
    tables = []
    with ranks.process_group():
        for of in opened:
            network, recordings = next(iter(of.values())).network, next(iter(of.values())).excerpts.recordings
            table, masks = amplified.displacements(of)
            tables.append(table)
            if ranks.is_main():
                write_sounds(results.folder, amplified, of)
                figure = chosen_masks(masks, amplified.keys(list(of)), *frame_centres(recordings.setup))
                place = f"{recordings.condition.name}-{network.name.replace(' ', '_')}"
                write_figure(results.folder / f"masks-{place}.png", figure)
    if not ranks.is_main():
        return results.folder
    displacements = pd.concat(tables, ignore_index=True)
    found, predicted = effects(displacements, args.seed), predictions(displacements)
    for name, table in (("displacements", displacements), ("effects", found), ("predictions", predicted)):
        write_csv(results.folder / f"{name}.csv", table)
    for condition in dict.fromkeys(found["condition"]):
        of_condition = (each[each["condition"] == condition] for each in (found, displacements))
        for name, draw in (("effects", displacement_bars), ("predictions", prediction_scatter)):
            write_figure(results.folder / f"{name}-{condition}.png", draw(next(of_condition)))
    results.finish()
    print(LEGEND)
    print(as_text(found[list(SHOWN)]))
    print(PREDICTED)
    print(as_text(predicted[predicted["choice"] == "all"].drop(columns="choice"), digits=3))
    finish(amplified_by(found), results.folder, command("burst_experiment.py", args, parse([])))
    return results.folder


if __name__ == "__main__":
    main()
