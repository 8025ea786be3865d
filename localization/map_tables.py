"""Tables of the maps of one network, by one method, in one condition: how influence is spread, and what it follows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from explain.map_summaries import KINDS, agreement, clusters, correlations, influence, magnitudes, profiles, shares
from explain.maps import Maps
from localization.coordinate_maps import (
    COORDINATES,
    CoordinateMaps,
    energy_summaries,
    frame_centres,
    halves_summary,
    of_half,
)
from localization.errors import ESTIMATED, TRUE
from localization.trials import null_rows

PLACES = {"frequency": "frequency_hz", "time": "time_s"}


@dataclass(frozen=True)
class MapTables:
    """The tables, and the arrays that pictures beside them show.

    Parameters
    ----------
    maps : CoordinateMaps
    microphone : int or None
        The one that is looked at, in place of all.
    untrained : int
        Random initialisations of the network.
    null_sources : int
        Sources that these hear.
    seed : int
    """

    maps: CoordinateMaps
    microphone: int | None
    untrained: int
    null_sources: int
    seed: int

    @property
    def place(self) -> dict[str, str]:
        """What every table says of the maps."""
        condition = self.maps.excerpts.recordings.condition
        return {"condition": condition.name, "model": self.maps.network.name, "method": self.maps.method.name}

    @cached_property
    def centres(self) -> dict[str, np.ndarray]:
        """Middles of the bins along frequency and time."""
        return dict(zip(PLACES, frame_centres(self.maps.excerpts.recordings.setup), strict=True))

    @cached_property
    def null_rows(self) -> list[int]:
        """Rows of the sources that untrained networks hear."""
        return null_rows(self.maps.excerpts.recordings, self.null_sources)

    @cached_property
    def summaries(self) -> dict[str, list]:
        """Summaries of each source's maps: trained; untrained, a list a network; and energy."""
        return {
            "trained": [summary for summary, _ in self._read],
            "untrained": self.maps.untrained(self.null_rows, self.untrained, self.seed, self.microphone),
            "energy": energy_summaries(self.maps.excerpts, self.microphone),
        }

    @cached_property
    def _read(self) -> list[tuple[dict, dict]]:
        """Summary and profiles, by half, of each source's maps, which are too large to be held at once."""
        read = []
        for maps in self.maps.read():
            halves = maps.of_microphone(self.microphone)._asdict()
            looks = {half: profiles(values) for half, values in halves.items()}
            read.append((halves_summary(maps, self.microphone), looks))
        return read

    def influence(self, half: str) -> dict[str, np.ndarray]:
        """Return how large maps are on average, by kind, shape (coordinate, frequency, time)."""
        return influence(of_half(self.summaries["trained"], half))

    def influence_table(self, half: str) -> pd.DataFrame:
        """Return the same, a row a coordinate, frequency and time."""
        found, names = self.influence(half), ("coordinate", *PLACES.values())
        index = pd.MultiIndex.from_product([COORDINATES, *self.centres.values()], names=names)
        columns = {f"{kind}_m": found[kind].ravel().astype(np.float32) for kind in KINDS}
        return pd.DataFrame(columns, index).reset_index()

    def correlations(self, along: str) -> dict[tuple[str, str], np.ndarray]:
        """Return what goes together along frequency or time, by half and what it is of."""
        found, (untrained, *_) = {}, self.summaries["untrained"]
        for half in Maps._fields:
            trained = correlations(of_half(self.summaries["trained"], half), along)
            matrices = dict(zip(COORDINATES, trained, strict=True))
            matrices["untrained, x"] = correlations(of_half(untrained, half), along)[0]
            matrices["energy"] = correlations(of_half(self.summaries["energy"], half), along)[0]
            found |= {(half, title): matrix for title, matrix in matrices.items()}
        return found

    def correlation_table(self, along: str) -> pd.DataFrame:
        """Return the same, one matrix below the other."""
        columns = [f"{place:g}" for place in self.centres[along]]
        found = self.correlations(along).items()
        return pd.concat(
            pd.DataFrame(matrix.round(4), columns=columns).assign(half=half, of=title)
            for (half, title), matrix in found
        )

    def shares(self, along: str) -> pd.DataFrame:
        """Return how magnitudes are spread over frequency or time."""
        name = self.maps.network.name
        voices = [source["speaker"] for source in self.maps.excerpts.recordings.sources]
        few = [voices[row] for row in self.null_rows]
        tables = []
        for half in Maps._fields:
            sums = {name: (magnitudes(of_half(self.summaries["trained"], half), along), voices)}
            untrained = self.summaries["untrained"]
            of_each = np.stack([magnitudes(of_half(each, half), along) for each in untrained])
            each_alike = of_each / of_each.sum(axis=(1, 3), keepdims=True)
            sums[f"untrained {name}"] = each_alike.mean(axis=0), few
            if half == "level":
                sums["energy"] = magnitudes(of_half(self.summaries["energy"], half), along), voices
            for model, (of_model, heard) in sums.items():
                found = shares(of_model, heard, self.seed)
                where = self.place | {"model": model, "half": "" if model == "energy" else half}
                for number, coordinate in enumerate(COORDINATES if model != "energy" else ("",)):
                    columns = dict(zip(("share", "low", "high"), (each[number] for each in found), strict=True))
                    table = {PLACES[along]: self.centres[along]} | columns
                    tables.append(pd.DataFrame(where | {"coordinate": coordinate} | table))
        return pd.concat(tables, ignore_index=True)

    @cached_property
    def clusters(self) -> dict[str, pd.DataFrame]:
        """Clusters of windows by the shape of their maps: each window's, what each is like, and what they follow."""
        windows = self._windows()
        sides = [windows[axis] > windows[axis].median() for axis in ("x_m", "y_m")]
        groups = {"voice": windows["speaker"], "position": 2 * sides[0] + sides[1]}
        labelled, described, followed = [], [], []
        for half in Maps._fields:
            labels, silhouette = clusters(np.concatenate([looks[half] for _, looks in self._read]), self.seed)
            of_half = self.place | {"half": half}
            here = windows.assign(**of_half, cluster=labels)
            labelled.append(here)
            for number, part in here.groupby("cluster"):
                mix = ", ".join(f"{voice} {count}" for voice, count in part["speaker"].value_counts().items())
                mean = {name: part[name].mean() for name in ("mae_m", "x_m", "y_m")}
                described.append(of_half | {"cluster": number, "windows": len(part)} | mean | {"voices": mix})
            for name, of_window in groups.items():
                found = {"clusters": labels.max() + 1, "silhouette": silhouette, "by": name}
                followed.append(of_half | found | agreement(labels, of_window, windows["source"], self.seed))
        return {
            "windows": pd.concat(labelled, ignore_index=True),
            "clusters": pd.DataFrame(described),
            "followed": pd.DataFrame(followed),
        }

    def _windows(self) -> pd.DataFrame:
        """Return the windows that maps are of, with where the network hears their talkers and how wrong that is."""
        excerpts, network = self.maps.excerpts, self.maps.network
        windows, rows = excerpts.table(), range(len(excerpts.recordings))
        windows[ESTIMATED] = np.concatenate([network.estimate(excerpts.windows(row)) for row in rows])
        windows["mae_m"] = np.abs(windows[ESTIMATED].to_numpy() - windows[TRUE].to_numpy()).mean(axis=1)
        return windows
