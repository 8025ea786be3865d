"""How NSNet2's masks agree with what is known of clips to which noise was added.

    python -m enhancement.masks
    python -m enhancement.masks --input_dir FOLDER --background white --SNR 0

writes to results/enhancement/masks the correlation over bins of the generated mask with the binary speech mask, 1 where
the clean power is within 40 dB of the clip's largest, and with the SNR mask, clean power over clean and noise power;
beside them the same of networks that learned nothing and of the level that is heard; and a picture of the first clip.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from enhancement.clips import Clips
from enhancement.explaining import add_network_arguments, opened
from enhancement.nsnet2 import BINS
from enhancement.spectra import FRAMES, FS_HZ, LEAST_POWER
from enhancement.voices import means
from models.inference import outputs
from report.enhancement import masks as drawn
from report.enhancement_verdict import masked
from report.style import write_figure
from report.tables import as_text
from running import arguments
from running.ending import command, finish
from running.errors import InputError, exits_cleanly
from running.files import write_csv

RANGE_DB = 40.0
LEGEND = "Correlation over bins with the binary speech mask and with the SNR mask, mean over clips."


def power(samples: np.ndarray) -> np.ndarray:
    """Return the power of each bin of a sound, shape (bin, frame), of shape (sample,)."""
    return FRAMES.spectrogram(torch.tensor(samples, dtype=torch.float64)).abs().square().numpy()


def speech_mask(clean: np.ndarray, range_db: float = RANGE_DB) -> np.ndarray:
    """Return 1 where clean power is at most so far below its largest, 0 elsewhere."""
    return (clean > clean.max() * 10 ** (-range_db / 10)).astype(float)


def snr_mask(clean: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return clean power over the sum of clean and noise power: the gain of Wiener's filter."""
    return clean / np.maximum(clean + noise, LEAST_POWER)


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return Pearson's correlation of the values of two masks; NaN where one is the same everywhere."""
    if not (np.ptp(first) and np.ptp(second)):
        return np.nan
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def known_masks(clips: Clips, row: int, range_db: float = RANGE_DB) -> dict[str, np.ndarray]:
    """Return what is known of a clip: "speech" and "SNR" mask, shape (bin, frame)."""
    clean = power(clips.reference[row])
    added = power(clips.samples[row].astype(np.float64) - clips.reference[row])
    return {"speech": speech_mask(clean, range_db), "SNR": snr_mask(clean, added)}


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_network_arguments(parser, networks=["trained", "untrained", "shuffled"])
    parser.add_argument(
        "--range_dB", type=arguments.number(above=0), default=RANGE_DB, help="speech is what is so near the largest"
    )
    return parser.parse_args(argv)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    asked = opened(args, "masks")
    clips, folder = asked.clips, asked.results.folder
    if not np.any(clips.samples - clips.reference):
        raise InputError("nothing is added to these clips, so what is noise is not known; add a --background")
    rows, shown = [], {}
    for row, (clip, voice) in enumerate(zip(clips.names, clips.voices, strict=True)):
        known = known_masks(clips, row, args.range_dB)
        window = clips.windows(row)
        heard = {name: outputs(network, window, asked.device).reshape(BINS, -1)
                 for name, network in asked.networks.items()}  # fmt: skip
        shown = shown or {f"{name} network": mask for name, mask in heard.items() if name == "trained"} | {
            f"{name} mask": mask for name, mask in known.items()
        }
        rows += [
            {"of": name, "clip": clip, "voice": voice, "mean": mask.mean()}
            | {kind: correlation(mask, each) for kind, each in known.items()}
            for name, mask in (heard | {"energy": window[0, 0]}).items()
        ]
    table = pd.DataFrame(rows)
    found = means(table, ("of",), ["speech", "SNR"], args.seed)
    write_csv(folder / "clips.csv", table)
    write_csv(folder / "agreement.csv", found)
    places = np.array(FRAMES.centres_hz(FS_HZ)), np.array(FRAMES.centres_s(clips.samples.shape[1], FS_HZ))
    write_figure(folder / f"masks-{clips.names[0]}.png", drawn(clips.windows(0)[0, 0], shown, *places))
    asked.results.finish()
    print(LEGEND)
    print(as_text(found, digits=3))
    finish(masked(found), folder, command("-m enhancement.amplify", parse(argv), parse([])))
    return folder


if __name__ == "__main__":
    main()
