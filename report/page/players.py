"""Sounds of other tasks: a title, a sentence and a few sounds each, ready for JSON."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import soundfile

from report.page.assets import Assets

DIGITS = {
    "input": "as they are",
    "relevance": "times relevance",
    "relevance_untrained": "times relevance in an untrained network",
    "energy": "times their energy",
}
CLIPS = {"noisy": "as the network hears it", "enhanced": "as it answers", "clean": "without noise"}


def digit_players(heatmaps: Path, assets: Assets) -> list[dict]:
    """Return what digits.heatmaps left to hear, with the sounds written as the page plays them.

    Parameters
    ----------
    heatmaps : Path
        Results of digits.heatmaps.
    assets : Assets

    Returns
    -------
    list of dict
        With "title", "sentence", and "sounds": `report.page.assets.Sound` as dicts.
    """
    folder = heatmaps / "sounds"
    said = "Relevance says something where digits are clearer in it than in an untrained network’s and in their energy."
    return [
        _players(
            "Ten digits by one voice", said, {folder / f"{stem}_{name}.wav": DIGITS[name] for name in DIGITS}, assets
        )
        for stem in sorted(path.stem.removesuffix("_input") for path in folder.glob("*_digit_input.wav"))
    ]


def clip_players(folder: Path, assets: Assets) -> list[dict]:
    """Return the first clip of `python -m enhancement`, before and after; as `digit_players`.

    Parameters
    ----------
    folder : Path
        Of the clips.
    assets : Assets
    """
    paths = {sorted((folder / name).glob("*.wav"))[0]: title for name, title in CLIPS.items()}
    return [
        _players("A clip, before and after", "What is without noise is what the network should answer.", paths, assets)
    ]


def _players(title: str, sentence: str, paths: dict[Path, str], assets: Assets) -> dict:
    """Write sounds; `paths` are those of WAV files, with their titles."""
    sounds = []
    for path, name in paths.items():
        signal, fs_hz = soundfile.read(path)
        sounds.append(assets.sound(f"sounds/{path.parent.name}-{path.stem}", name, signal, fs_hz))
    return {"title": title, "sentence": sentence, "sounds": [asdict(sound) for sound in sounds]}
