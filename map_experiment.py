"""Which frequencies, and when, count for each coordinate: time-frequency maps, level and delay apart.

    python map_experiment.py --T60 0.15 --SNR 25
    python map_experiment.py --method lrp gradient_x_input --sources 20 --windows 2 --microphone 7

writes to results/time_frequency a file of maps for each source, (window, output, microphone, frequency, time), and to
results/maps, each a picture with its table: mean influence; shares of frequencies and of times in the window beside
untrained networks and the energy; correlations between times and between frequencies; clusters of windows, and whether
they follow positions or voices. It needs the test recordings (generate_data.py) and weights (those that are shipped, or
--weights logs after train.py).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from explain.map_summaries import (
    ALONG,
    KINDS,
    agreement,
    clusters,
    correlations,
    influence,
    magnitudes,
    profiles,
    shares,
)
from localization.coordinate_maps import (
    COORDINATES,
    FRAMES,
    CoordinateMaps,
    add_map_arguments,
    add_null_arguments,
    energy_summaries,
    halves_summary,
    of_half,
    open_maps,
)
from localization.errors import ESTIMATED, TRUE
from localization.trials import null_rows
from report.maps import cluster_positions, correlation_matrices, influence_maps, share_curves
from report.style import write_figure
from report.tables import as_text
from running import arguments, ranks
from running.errors import exits_cleanly
from running.files import write_csv

UNITS = {"level": "m", "delay": "m per sample"}
SHOWN = ("condition", "model", "method", "half", "clusters", "silhouette", "by", "ami", "null_ami", "p")
LEGEND = """Clusters of windows by the shape of their maps, and their adjusted mutual information with voices and with
quarters of the area, beside that of voices and quarters dealt out at random."""


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    add_map_arguments(parser)
    add_null_arguments(parser)
    return parser.parse_args(argv)


class Pictures:
    """The tables of one network, method and condition, and its pictures, written beside each other.

    Parameters
    ----------
    folder : Path
    maps : CoordinateMaps
    args : argparse.Namespace
    """

    def __init__(self, folder: Path, maps: CoordinateMaps, args):
        self.folder, self.maps, self.args = folder, maps, args
        setup = maps.excerpts.recordings.setup
        self.places = {
            "frequency": np.array(FRAMES.centres_hz(setup.fs_hz)),
            "time": np.array(FRAMES.centres_s(setup.window_samples, setup.fs_hz)),
        }
        self.place = {
            "condition": maps.excerpts.recordings.condition.name,
            "model": maps.network.name,
            "method": maps.method.name,
        }

    def write(self) -> dict[str, pd.DataFrame]:
        """Write what is of this network alone; return the tables to which others add theirs."""
        args, excerpts = self.args, self.maps.excerpts
        rows = null_rows(excerpts.recordings, args.null_sources)
        trained, looks = [], {half: [] for half in UNITS}
        for maps in self.maps.read():
            trained.append(halves_summary(maps, args.microphone))
            for half, values in maps.of_microphone(args.microphone)._asdict().items():
                looks[half].append(profiles(values))
        untrained = self.maps.untrained(rows, args.untrained, args.seed, args.microphone)
        energy = energy_summaries(excerpts, args.microphone)
        self.influence(trained)
        for along in ALONG:
            self.correlations(trained, untrained[0], energy, along)
        tables = {along: self.shares(trained, untrained, energy, rows, along) for along in ALONG}
        return tables | self.clusters({half: np.concatenate(each) for half, each in looks.items()})

    def influence(self, trained: list[dict]) -> None:
        """Draw and write where maps are large."""
        for half, unit in UNITS.items():
            found = influence(of_half(trained, half))
            index = pd.MultiIndex.from_product(
                [COORDINATES, *self.places.values()], names=("coordinate", "frequency_hz", "time_s")
            )
            table = pd.DataFrame({f"{kind}_m": found[kind].ravel().astype(np.float32) for kind in KINDS}, index)
            figure = influence_maps(found, COORDINATES, *self.places.values(), unit)
            self._save(f"influence_{half}", table.reset_index(), figure)

    def correlations(self, trained: list[dict], untrained: list[dict], energy: list[dict], along: str) -> None:
        """Draw and write what goes together."""
        found = {}
        for half in UNITS:
            matrices = dict(zip(COORDINATES, correlations(of_half(trained, half), along), strict=True))
            matrices["untrained, x"] = correlations(of_half(untrained, half), along)[0]
            matrices["energy"] = correlations(of_half(energy, half), along)[0]
            found |= {(half, title): matrix for title, matrix in matrices.items()}
        places = self.places[along]
        tables = [
            pd.DataFrame(matrix.round(4), columns=[f"{place:g}" for place in places]).assign(half=half, of=title)
            for (half, title), matrix in found.items()
        ]
        self._save(f"correlation_{along}", pd.concat(tables), correlation_matrices(found, places, along))

    def shares(
        self, trained: list[dict], untrained: list[list[dict]], energy: list[dict], rows: list[int], along: str
    ) -> pd.DataFrame:
        """Return how magnitudes are spread over frequency or time."""
        voices = [source["speaker"] for source in self.maps.excerpts.recordings.sources]
        place_name = {"frequency": "frequency_hz", "time": "time_s"}[along]
        few = [voices[row] for row in rows]
        tables = []
        for half in UNITS:
            sums = {self.maps.network.name: (magnitudes(of_half(trained, half), along), voices)}
            of_each = np.stack([magnitudes(of_half(each, half), along) for each in untrained])
            each_alike = of_each / of_each.sum(axis=(1, 3), keepdims=True)
            sums[f"untrained {self.maps.network.name}"] = each_alike.mean(axis=0), few
            if half == "level":
                sums["energy"] = magnitudes(of_half(energy, half), along), voices
            for model, (of_model, heard) in sums.items():
                found = shares(of_model, heard, self.args.seed)
                for number, output in enumerate(COORDINATES if model != "energy" else ("",)):
                    table = pd.DataFrame(
                        dict(zip(("share", "low", "high"), (each[number] for each in found), strict=True))
                    )
                    table.insert(0, place_name, self.places[along])
                    where = self.place | {
                        "model": model,
                        "half": "" if model == "energy" else half,
                        "coordinate": output,
                    }
                    tables.append(pd.concat([pd.DataFrame(where, index=table.index), table], axis=1))
        return pd.concat(tables, ignore_index=True)

    def clusters(self, looks: dict[str, np.ndarray]) -> dict[str, pd.DataFrame]:
        """Draw clusters of windows and return their tables: each window's, each cluster's, and what they follow."""
        excerpts, network, seed = self.maps.excerpts, self.maps.network, self.args.seed
        windows = excerpts.table()
        rows = range(len(excerpts.recordings))
        windows[ESTIMATED] = np.concatenate([network.estimate(excerpts.windows(row)) for row in rows])
        windows["mae_m"] = np.abs(windows[ESTIMATED].to_numpy() - windows[TRUE].to_numpy()).mean(axis=1)
        sides = [windows[axis] > windows[axis].median() for axis in ("x_m", "y_m")]
        groups = {"voice": windows["speaker"], "position": 2 * sides[0] + sides[1]}
        labelled, described, followed = [], [], []
        for half, values in looks.items():
            labels, silhouette = clusters(values, seed)
            here = windows.assign(**self.place, half=half, cluster=labels)
            labelled.append(here)
            for number, part in here.groupby("cluster"):
                mix = ", ".join(f"{voice} {count}" for voice, count in part["speaker"].value_counts().items())
                mean = {name: part[name].mean() for name in ("mae_m", "x_m", "y_m")}
                described.append(
                    self.place | {"half": half, "cluster": number, "windows": len(part)} | mean | {"voices": mix}
                )
            for name, of_window in groups.items():
                found = {"clusters": labels.max() + 1, "silhouette": silhouette, "by": name}
                followed.append(
                    self.place | {"half": half} | found | agreement(labels, of_window, windows["source"], seed)
                )
        labelled = pd.concat(labelled, ignore_index=True)
        self._save("clusters", pd.DataFrame(described), cluster_positions(labelled, excerpts.recordings.setup))
        return {"windows": labelled, "clusters": pd.DataFrame(described), "followed": pd.DataFrame(followed)}

    def _save(self, name: str, table: pd.DataFrame, figure) -> None:
        if not ranks.is_main():
            return
        stem = f"{name}-{'-'.join(self.place.values()).replace(' ', '_')}"
        write_csv(self.folder / f"{stem}.csv", table)
        write_figure(self.folder / f"{stem}.png", figure)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the folder of its results."""
    args = parse(argv)
    where = "maps" if args.microphone is None else f"maps/microphone_{args.microphone}"
    opened, results = open_maps(args, where)
    with ranks.process_group():
        found = [Pictures(results.folder, maps, args).write() for of in opened for maps in of.values()]
    if not ranks.is_main():
        return results.folder
    tables = {name: pd.concat([each[name] for each in found], ignore_index=True) for name in found[0]}
    for name, table in tables.items():
        write_csv(results.folder / f"{name}.csv", table.drop_duplicates())
    for along in ALONG:
        for (condition, method), table in tables[along].groupby(["condition", "method"]):
            one_energy = table.drop_duplicates([name for name in table if name not in ("share", "low", "high")])
            write_figure(results.folder / f"{along}-{condition}-{method}.png", share_curves(one_energy, along))
    results.finish()
    print(LEGEND)
    print(as_text(tables["followed"][list(SHOWN)], digits=3))
    print(f"results: {results.folder}")
    return results.folder


if __name__ == "__main__":
    main()
