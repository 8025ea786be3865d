"""What the page says of networks that hear spoken digits: accuracies, what they need, what they mark."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd

from report.digits import (
    confusion_matrices,
    removal_curves,
    spectrogram_heatmaps,
    stretch_curves,
    waveform_heatmaps,
)
from report.digits_verdict import sentences, titled
from report.page.assets import Assets, Picture
from report.page.plates import Plate
from report.page.players import digit_players
from report.page.results import Results
from report.page.tables import Cell, Row, Table
from report.tables import rounded
from running.arrays import read_arrays

PUBLISHED = "AudioMNIST (published)"


def gather_digits(read: dict[str, Results], assets: Assets) -> dict | None:
    """Return what the template shows of spoken digits, with all files that it names written; None without results.

    Parameters
    ----------
    read : dict of str to Results
        "digits" and those of its experiments.
    assets : Assets
    """
    names = ("digits", "digits/removal", "digits/stretch", "digits/heatmaps")
    if not all(name in read for name in names):
        return None
    tests, removal, stretch, heatmaps = (read[name] for name in names)
    curves = titled(removal.tables["curves.csv"])
    over_folds, stretched = tests.tables["over_folds.csv"], stretch.tables["stretch.csv"]
    return {
        "sentences": sentences(over_folds, removal.tables["areas.csv"], stretched),
        "accuracies": accuracy_table(titled(over_folds)),
        "confusion": confusion_picture(titled(tests.tables["confusion.csv"]), assets),
        "removal": removal_plate(curves[curves["task"] == curves["task"].iloc[0]], assets),
        "stretch": assets.picture(
            "digits/stretch",
            "Answers “female” against the factor by which frequencies, and times, are stretched",
            partial(stretch_curves, titled(stretched)),
        ),
        "heatmaps": heatmap_pictures(heatmaps.folder, assets),
        "players": digit_players(heatmaps.folder, assets),
    }


def accuracy_table(over_folds: pd.DataFrame) -> Table:
    """Return the accuracies over folds, with what was published in a column of its own.

    Parameters
    ----------
    over_folds : DataFrame
        ``over_folds.csv`` of digits.test, with titles.
    """
    corpora, groups = list(dict.fromkeys(over_folds["corpus"])), []
    for task, of_task in over_folds.groupby("task", sort=False):
        rows = []
        for network, own in of_task.groupby("network", sort=False):
            by_corpus = own.set_index("corpus")
            cells = [_accuracy(by_corpus, corpus) for corpus in corpora]
            theirs = own.iloc[0][["published", "published_std"]]
            published = None if theirs.isna().any() else _percent(*(100 * theirs))
            rows.append(Row(network, "plain", [*cells, published]))
        groups.append((task, rows))
    caption = (
        "Right answers in percent by speakers that a network never heard, mean over folds; below it the standard "
        "deviation over folds. What was published is of other recordings and can’t be compared"
    )
    return Table(caption, [*corpora, PUBLISHED], groups)


def removal_plate(curves: pd.DataFrame, assets: Assets) -> Plate:
    """Draw the removal curves of all networks; narrow: a figure a network and domain."""
    alt, draw = "Right answers, and probability of the true class, against the share removed, for ", removal_curves
    parts = []
    for network, of_network in curves.groupby("network", sort=False):
        pictures = [
            assets.picture(f"digits/removal-{network}-{domain}", f"{alt}{network}: {domain}", partial(draw, own))
            for domain, own in of_network.groupby("domain", sort=False)
        ]
        parts.append((network, pictures))
    names = ", ".join(dict.fromkeys(curves["network"]))
    return Plate(assets.picture("digits/removal", alt + names, partial(draw, curves)), parts)


def confusion_picture(confusion: pd.DataFrame, assets: Assets) -> Picture:
    """Draw which digit is taken for which, on the first corpus."""
    own = confusion[(confusion["task"] == "digit") & (confusion["corpus"] == confusion["corpus"].iloc[0])]
    alt = "Which digit is taken for which, in percent"
    return assets.picture("digits/confusion", alt, partial(confusion_matrices, own))


def heatmap_pictures(folder: Path, assets: Assets) -> list[Picture]:
    """Draw the heatmaps that digits.heatmaps left."""
    found = []
    for path in sorted(folder.glob("*.h5")):
        arrays, said = read_arrays(path)
        inputs, maps = arrays["inputs"], {name: arrays[name] for name in said["maps"]}
        draw = spectrogram_heatmaps if inputs.ndim == 3 else waveform_heatmaps
        alt = f"What {said['network']} hears of each digit, and what is marked in it, for the {said['task']}"
        drawn = partial(draw, inputs, maps, list(said["labels"]), float(said["hz"]))
        found.append(assets.picture(f"digits/heatmaps-{path.stem}", alt, drawn, colourful=True))
    return found


def _accuracy(by_corpus: pd.DataFrame, corpus: str) -> Cell | None:
    if corpus not in by_corpus.index:
        return None
    row = by_corpus.loc[corpus]
    return _percent(100 * row["accuracy"], 100 * row["std_over_folds"])


def _percent(value: float, spread: float) -> Cell:
    return Cell(value, rounded(value, 1), below_text="" if pd.isna(spread) else f"± {rounded(spread, 1)}")
