"""Which frequencies and times of the noisy spectrogram NSNet2 listens to, for which of the mask.

    python -m enhancement.maps
    python -m enhancement.maps --method deep_shap gradient_x_input --f_out 0:161:2 --t_out 20:80:10 --clips 8

reads the attributions of enhancement.attribute, or makes them, and writes to results/enhancement/maps: mean influence
of each bin of the input; from which input frequency to which output frequency, and from which frame to which;
correlations between input frames and between input frequencies; how far back in time it listens; clusters of output
frequencies. All stand beside the untrained network, the energy and random numbers, from the same estimator.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from enhancement.attributions import Attributions
from enhancement.explaining import add_arguments, opened
from enhancement.map_tables import (
    CONTROLS,
    STATISTICS,
    Explained,
    bin_clusters,
    clip_summary,
    control,
    lag_shares,
    lag_table,
    shares,
    statistics,
)
from enhancement.nsnet2 import BINS
from enhancement.places import add_places
from enhancement.spectra import FRAMES, FS_HZ
from enhancement.voices import means
from explain.map_summaries import ALONG, correlations, influence
from report.enhancement import cluster_profiles, lag_curves, transfer_matrices
from report.enhancement_verdict import mapped
from report.maps import correlation_matrices, influence_maps
from report.style import write_figure
from report.tables import as_text
from running import arguments
from running.arrays import read_arrays, write_arrays
from running.ending import command, finish
from running.errors import exits_cleanly
from running.files import write_csv

BELOW_HZ = 1000
LEGEND = "\n".join(f"{name}: {what}" for name, what in STATISTICS.items())


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_arguments(parser, networks=["trained", "untrained"], methods=["deep_shap"])
    add_places(parser, f_out=["0:161:4"], t_out=["19::15"])
    parser.set_defaults(clips=6, seconds=0.8)
    return parser.parse_args(argv)


def draw(folder: Path, found: dict[str, list[dict]], explained: Explained, lags: pd.DataFrame, seed: int):
    """Write the pictures of one method beside its controls; return the table of clusters.

    Parameters
    ----------
    folder : Path
    found : dict
        Sums of all clips by what they are of: the networks, then the controls.
    explained : Explained
    lags : DataFrame
    seed : int
    """
    hz, time_s = np.array(FRAMES.centres_hz(FS_HZ)), FRAMES.centres_s(explained.frames * FRAMES.hop_samples, FS_HZ)
    out_s = np.array([np.take(time_s, list(own)).mean() for own in explained.t_out.values()])
    networks = [name for name in found if name not in CONTROLS]
    pictures = {
        "influence": influence_maps(
            {kind: np.concatenate([_of_largest(influence(found[name]))[kind] for name in networks])
             for kind in influence(found[networks[0]])}, networks, hz, np.array(time_s), "of the largest",
        )
    }  # fmt: skip
    frequencies = {name: shares(sum(each["frequencies"] for each in clips)) for name, clips in found.items()}
    low_out, low_in = explained.centres_hz <= BELOW_HZ, hz <= BELOW_HZ
    pictures["frequency_to_frequency"] = transfer_matrices(
        frequencies, hz / 1e3, explained.centres_hz / 1e3, "frequency (kHz)"
    )
    if low_out.sum() > 1:
        low = {name: values[np.ix_(low_out, low_in)] for name, values in frequencies.items()}
        pictures["frequency_to_frequency_low"] = transfer_matrices(
            low, hz[low_in], explained.centres_hz[low_out], "frequency (Hz)"
        )
    if len(out_s) > 1:
        times = {name: shares(sum(each["times"] for each in clips)) for name, clips in found.items()}
        pictures["time_to_time"] = transfer_matrices(times, np.array(time_s), out_s, "time (s)")
    for along, places in zip(ALONG, (hz, np.array(time_s)), strict=True):
        matrices = {("", name): correlations(clips, along)[0] for name, clips in found.items()}
        pictures[f"correlation_{along}"] = correlation_matrices(matrices, places, along, rows={"": "signed"})
        write_arrays(folder / f"correlation_{along}.h5", {name: matrix for (_, name), matrix in matrices.items()})
    pictures["lags"] = lag_curves(lags)
    rows, labels = [], {}
    for name in networks:
        labels[name], said = bin_clusters(frequencies[name], explained.centres_hz, seed)
        rows.append({"of": name} | said)
    pictures["clusters"] = cluster_profiles(
        {name: frequencies[name] for name in networks}, labels, hz, explained.centres_hz
    )
    axes = {"of": list(frequencies), "inputs_hz": hz, "outputs_hz": explained.centres_hz}
    write_arrays(folder / "frequency_to_frequency.h5", frequencies, axes)
    for name, figure in pictures.items():
        write_figure(folder / f"{name}.png", figure)
    return pd.DataFrame(rows)


def _of_largest(kinds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return maps from 0 to 1 as their absolute one is."""
    least, most = kinds["absolute"].min(), kinds["absolute"].max()
    return {kind: (values - (least if kind == "absolute" else 0)) / (most - least) for kind, values in kinds.items()}


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    asked = opened(args, "maps")
    clips, results = asked.clips, asked.results
    explained = Explained(asked.f_out, asked.t_out, BINS, clips.frames)
    voices = dict(zip(clips.names, clips.voices, strict=True))
    above = [clips.windows(row)[0, 0] - args.floor for row in range(len(clips.names))]
    controls = {
        kind: [clip_summary(control(kind, levels, explained, args.seed, row), explained.lags)
               for row, levels in enumerate(above)]
        for kind in CONTROLS
    }  # fmt: skip
    tables = {"statistics": [], "lags": [], "clusters": []}
    for method in asked.methods:
        found = {}
        for name, network in asked.networks.items():
            folder = args.results / "attributions" / name
            made = Attributions(folder, network, method, clips, explained.f_out, explained.t_out, asked.device)
            found[name] = [
                clip_summary((read_arrays(file)[0]["attributions"] for file in files), explained.lags)
                for files in made.files()
            ]
        found |= controls
        lags = pd.concat(
            [lag_table({clip: lag_shares(each["times"], explained.lags) for clip, each in zip(voices, of, strict=True)},
                       voices).assign(method=method.name, of=name)
             for name, of in found.items()], ignore_index=True,
        )  # fmt: skip
        rows = [
            {"method": method.name, "of": name, "clip": clip, "voice": voices[clip]} | statistics(each, explained)
            for name, of in found.items()
            for clip, each in zip(voices, of, strict=True)
        ]
        tables["statistics"].append(pd.DataFrame(rows))
        tables["lags"].append(means(lags, ("method", "of", "lag_ms"), ["share"], args.seed))
        said = draw(results.folder / method.name, found, explained, tables["lags"][-1], args.seed)
        tables["clusters"].append(said.assign(method=method.name))
    joined = {name: pd.concat(each, ignore_index=True) for name, each in tables.items()}
    joined["means"] = means(joined["statistics"], ("method", "of"), list(STATISTICS), args.seed)
    for name, table in joined.items():
        write_csv(results.folder / f"{name}.csv", table)
    results.finish()
    print(LEGEND)
    print(as_text(joined["means"][["method", "of", *STATISTICS]], digits=3))
    finish(mapped(joined["means"]), results.folder, command("-m enhancement.masks", parse(argv), parse([])))
    return results.folder


if __name__ == "__main__":
    main()
