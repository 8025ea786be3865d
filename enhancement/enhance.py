"""Enhance speech with NSNet2: a noisy file in, a cleaner one out.

    python -m enhancement.enhance noisy.wav clean.wav
    python -m enhancement.enhance FOLDER ANOTHER

Files may be of any rate and any number of channels, each of which is enhanced by itself; what is written has 16 kHz and
samples of 32 bit floats. Of a folder all WAV, FLAC and Ogg files are enhanced, those of its subfolders too.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from acoustics.speech.files import open_folder
from enhancement import audio, spectra
from enhancement.nsnet2 import NSNet2, trained
from models.inference import outputs
from running import arguments
from running.ending import finish
from running.errors import InputError, exits_cleanly


def enhanced(network: NSNet2, samples: np.ndarray) -> np.ndarray:
    """Return what a network makes of signals of 16 kHz, float32, shape (signal, sample)."""
    return spectra.masked(samples, outputs(network, spectra.heard(samples)))


def files(source: Path, target: Path) -> dict[Path, Path]:
    """Return which file becomes which.

    Raises
    ------
    InputError
        When there is nothing to enhance, or two files would become one.
    """
    if not source.is_dir():
        if target.is_dir():
            raise InputError(f"{target} is a folder and {source} is a file; name a file to write")
        found = {source: target}
    else:
        inside = open_folder(source, None, 0).files.values()
        found = {path: (target / path.relative_to(source)).with_suffix(".wav") for path in inside}
    if len({path.resolve() for path in (*found, *found.values())}) < 2 * len(found):
        raise InputError(f"what comes of {source} would replace a file that is read or written; choose another place")
    return found


@exits_cleanly
def main(argv: list[str] | None = None) -> list[Path]:
    """Run the script; return the files written."""
    parser = arguments.parser(__doc__)
    parser.add_argument("source", type=Path, metavar="IN", help="an audio file, or a folder of them")
    parser.add_argument("target", type=Path, metavar="OUT", help="the file, or the folder, to write")
    args = parser.parse_args(argv)
    chosen, network = files(args.source, args.target), trained()
    for source, target in tqdm(chosen.items(), unit="file", disable=len(chosen) == 1):
        audio.write(target, enhanced(network, audio.read(source)))
    finish([f"Enhanced files: {len(chosen)}."], args.target, "python -m enhancement.attribute")
    return list(chosen.values())


if __name__ == "__main__":
    main()
