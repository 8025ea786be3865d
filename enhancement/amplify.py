"""What NSNet2's mask becomes when the most or least attributed bins of the noisy spectrogram are made louder.

    python -m enhancement.amplify --top_percent 10 --dB_amplification 6
    python -m enhancement.amplify --method deep_shap lrp_signal --dB_amplification -6 --input_dir FOLDER

explains the mean of the mask: the top bins should open it, the bottom ones close it. To
results/enhancement/amplification go the changes of the mask beside those by the loudest and by random bins, with how
far attributions say that they are, and sounds of the first clip: heard and enhanced, before and after.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from enhancement import audio
from enhancement.amplified import Amplified, effects_on, mean_mask, predictions
from enhancement.enhance import enhanced
from enhancement.explaining import Asked, add_arguments, opened
from enhancement.voices import means
from explain.amplification import ENERGY, RANDOM, Change
from explain.statistics import verdict
from report.enhancement import effect_bars
from report.enhancement_verdict import opened_by
from report.style import write_figure
from report.tables import as_text
from running import arguments
from running.ending import command, finish
from running.errors import InputError, exits_cleanly
from running.files import write_csv

SHOWN = ("network", "method", "choice", "opened", "opened_low", "opened_high", "ratio_db", "predicted")
SHOWN += ("random_verdict", "energy_verdict")
LEGEND = """Change of the mean mask with its 95 % interval over voices, mean ratio of both masks, the change that
attributions predict, and whether the change is above or below that by random and by the loudest bins, on the same
clips."""
PREDICTED = "Predicted against real changes: correlation over clips and choices, slope, share of right signs."


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_arguments(
        parser, networks=["trained", "untrained"], methods=["deep_shap", "integrated_gradients", "gradient_x_input"]
    )
    parser.add_argument(
        "--top_percent",
        type=arguments.number(above=0, most=100),
        default=10.0,
        help="share of the bins, of those with the largest and of those with the smallest values",
    )
    parser.add_argument(
        "--dB_amplification",
        type=arguments.number(least=-100, most=100),
        default=6.0,
        help="gain in dB of the amplitude: 6 doubles, -6 halves",
    )
    parser.add_argument("--draws", type=arguments.whole(1), default=5, help="random choices of bins for each clip")
    return parser.parse_args(argv)


def compared(effects: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the mean effects of every choice, beside random and the loudest bins."""
    by_clip = effects.groupby(["network", "clip", "voice", "method", "choice"], sort=False)
    table = by_clip[["opened", "ratio_db", "predicted"]].mean().reset_index()
    table.loc[table["method"] == "", "predicted"] = np.nan  # of several methods
    for control in (RANDOM, ENERGY):
        there = table[table["choice"] == control].set_index(["network", "clip"])["opened"]
        places = list(zip(table["network"], table["clip"], strict=True))
        table[f"beyond_{control}"] = table["opened"] - there.loc[places].to_numpy()
    values = ["opened", "ratio_db", "predicted", f"beyond_{RANDOM}", f"beyond_{ENERGY}"]
    found = means(table, ("network", "method", "choice"), values, seed)
    for control in (RANDOM, ENERGY):
        ends = zip(found[f"beyond_{control}_low"], found[f"beyond_{control}_high"], strict=True)
        found[f"{control}_verdict"] = [verdict(*each) for each in ends]
    return found


def write_sounds(folder: Path, asked: Asked, amplified: Amplified) -> None:
    """Write the first clip as the first network hears and enhances it, as it is and after each choice."""
    network, clips = next(iter(asked.networks.values())), asked.clips
    window, samples = clips.windows(0), clips.samples[0]
    start = mean_mask(network, window, asked.device)
    attributions = {each.name: each.attribute(network, window, start, asked.device) for each in asked.methods}
    sounds = {"untouched": samples} | {
        "_".join(filter(None, (method, choice))): amplified.sound(samples, chosen)
        for (method, choice, draw), chosen in amplified.chosen(attributions, window, 0).items()
        if draw == 0
    }
    for name, heard in sounds.items():
        audio.write(folder / "sounds" / f"{clips.names[0]}-{name}-heard.wav", heard[None])
        audio.write(folder / "sounds" / f"{clips.names[0]}-{name}-enhanced.wav", enhanced(network, heard[None]))


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    if args.dB_amplification == 0:
        raise InputError("0 dB changes nothing; give another number")
    amplified = Amplified(Change(args.dB_amplification), args.top_percent, args.draws, args.seed)
    asked = opened(args, "amplification")
    clips, folder = asked.clips, asked.results.folder
    effects = pd.concat([
        effects_on(network, asked.methods, clips, row, amplified, asked.floor, asked.device).assign(
            network=name, clip=clips.names[row], voice=clips.voices[row]
        )
        for (name, network), row in product(asked.networks.items(), range(len(clips.names)))
    ], ignore_index=True)  # fmt: skip
    found, predicted = compared(effects, args.seed), predictions(effects)
    write_sounds(folder, asked, amplified)
    for name, table in (("clips", effects), ("effects", found), ("predictions", predicted)):
        write_csv(folder / f"{name}.csv", table)
    write_figure(folder / "effects.png", effect_bars(found))
    asked.results.finish()
    print(LEGEND)
    print(as_text(found[list(SHOWN)]))
    print(PREDICTED)
    print(as_text(predicted, digits=3))
    finish(opened_by(found), folder, command("-m enhancement.burst", parse(argv), parse([])))
    return folder


if __name__ == "__main__":
    main()
