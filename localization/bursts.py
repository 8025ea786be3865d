"""Windows in which one band of one microphone comes late and loud for a moment: a map has to find it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
import torch

from explain.amplification import Change
from explain.map_summaries import enrichment
from explain.maps import Maps, energy_maps, maps_of
from explain.statistics import Draws, above_null, interval, mean_over_voices, verdict
from explain.time_frequency import FRAMES
from localization.coordinate_maps import COORDINATES, CoordinateMaps, frame_centres
from localization.excerpts import Excerpts
from running.errors import InputError
from running.parts import by_source
from running.provenance import fingerprint
from running.seeds import generator

VERSION = 1
"""Raised when enrichments are computed otherwise, so that kept ones are computed anew."""
PLACES = ("burst", "elsewhere")
OF_WINDOW = ("energy", "moved_m", "moved_by_delay_m")


@dataclass(frozen=True)
class Bursts(Excerpts):
    """Excerpts with a burst in every window; its microphone and time are drawn for each.

    Parameters
    ----------
    recordings, count
        See `Excerpts`.
    change : Change
        What is done to the bins of the burst: a gain and a delay.
    band_hz : (lowest, highest)
    lasts_s : float
    seed : int
    microphone : int, optional
        That of all bursts, where it is not to be drawn.
    """

    change: Change
    band_hz: tuple[float, float]
    lasts_s: float
    seed: int
    microphone: int | None = None

    @property
    def fingerprint(self) -> str:
        own = {
            name: value
            for name, value in vars(self).items()
            if name not in ("recordings", "count") and value is not None
        }
        return fingerprint({"excerpts": super().fingerprint, "frames": FRAMES} | own)

    def region(self, row: int, place: str) -> np.ndarray:
        """Return the bins of the burst, or of another one of its kind elsewhere, (window, microphone, frequency, time).

        Parameters
        ----------
        row : int
        place : {"burst", "elsewhere"}
            Elsewhere is another microphone, and a time drawn anew.

        Raises
        ------
        InputError
            When no bin lies in the band, or the burst is longer than a window.
        """
        setup = self.recordings.setup
        hz, times_s = frame_centres(setup)
        bins = (hz >= self.band_hz[0]) & (hz < self.band_hz[1])
        starts = times_s[times_s + self.lasts_s <= times_s[-1]]
        if not (bins.any() and len(starts)):
            band = "-".join(f"{each:g}" for each in self.band_hz)
            raise InputError(f"no window holds a burst of {self.lasts_s:g} s in {band} Hz; make it wider or shorter")
        mask = np.zeros((len(self.chosen(row)), len(setup.array), len(hz), len(times_s)), bool)
        rng = generator(self.seed, "burst", self.recordings.numbers[row])
        for window in mask:
            microphones, begins_s = rng.permutation(len(window))[:2], rng.choice(starts, 2)
            if self.microphone is not None:
                microphones = np.array([self.microphone, (self.microphone + 1) % len(window)])
            chosen = PLACES.index(place)
            frames = (times_s >= begins_s[chosen]) & (times_s <= begins_s[chosen] + self.lasts_s)
            window[microphones[chosen % len(microphones)]] = bins[:, None] & frames
        return mask

    def windows(self, row: int) -> np.ndarray:
        burst = torch.tensor(self.region(row, "burst"))
        return self.change.inputs(torch.tensor(super().windows(row)), burst, FRAMES).numpy()


def enrichments(maps: CoordinateMaps[Bursts], rows: list[int]) -> pd.DataFrame:
    """Say how well maps of windows with bursts find these.

    Parameters
    ----------
    maps : CoordinateMaps
        Of `Bursts`.
    rows : list of int
        Sources that are looked at.

    Returns
    -------
    DataFrame
        A row a window, half and coordinate: condition, model, method, source, speaker, window, half, coordinate;
        enrichment in the burst, elsewhere, and energy, that of the energy in the burst; moved_m, how far the burst
        moves the estimate, and moved_by_delay_m, how far beyond its gain alone.
    """
    bursts, network = maps.excerpts, maps.network
    louder = replace(bursts, change=Change(gain_db=bursts.change.gain_db))

    def compute(place: int) -> dict[str, np.ndarray]:
        row = rows[place]
        regions = {place: bursts.region(row, place) for place in PLACES}
        found = {f"{half} {place}": enrichment(values, region)
                 for half, values in maps_of(maps.stores, row, FRAMES)._asdict().items()
                 for place, region in regions.items()}  # fmt: skip
        windows = bursts.windows(row)
        burst_m, louder_m, before_m = map(
            network.estimate, (windows, louder.windows(row), Excerpts.windows(bursts, row))
        )
        return found | {
            "energy": enrichment(energy_maps(windows, FRAMES).level, regions["burst"])[:, 0],
            "moved_m": np.linalg.norm(burst_m - before_m, axis=1),
            "moved_by_delay_m": np.linalg.norm(burst_m - louder_m, axis=1),
        }

    identity = {"version": VERSION} | {name: store.identity for name, store in maps.stores.items()}
    folder = maps.results / "parts" / f"bursts-{fingerprint(identity)[:16]}"
    title = f"bursts {network.name} {bursts.recordings.condition.name} {maps.method.name}"
    parts = by_source(folder, [bursts.names[row] for row in rows], compute, title)
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    windows = bursts.table()
    windows = windows[windows["source"].isin([bursts.recordings.numbers[row] for row in rows])].reset_index(drop=True)
    windows = windows[["condition", "source", "speaker", "window"]].assign(
        model=network.name, method=maps.method.name, **{name: found[name] for name in OF_WINDOW}
    )
    return pd.concat(
        [
            windows.assign(
                half=half, coordinate=coordinate,
                enrichment=found[f"{half} burst"][:, number], elsewhere=found[f"{half} elsewhere"][:, number],
            )
            for half in Maps._fields
            for number, coordinate in enumerate(COORDINATES)
        ],
        ignore_index=True,
    )  # fmt: skip


def enrichment_rows(trained: pd.DataFrame, untrained: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the mean enrichment by each half, beside that of the energy, elsewhere and of untrained networks.

    Parameters
    ----------
    trained : DataFrame
        Of `enrichments`, of one network, method and condition.
    untrained : DataFrame
        The same of networks with random weights, which its column initialisation tells apart.
    seed : int
        Seed of the intervals (95 %, over voices and their sources).

    Returns
    -------
    DataFrame
        A row a half and coordinate ("all": their mean): enrichment, low, high; energy, elsewhere, untrained;
        above_energy, above_energy_low, above_energy_high, energy_verdict, and the same of elsewhere and untrained;
        moved_m, moved_by_delay_m; told, told_low, told_high: the rank correlation over windows of enrichment and
        moved_m, and the same of the energy's enrichment.
    """
    rows = []
    for half, coordinate in product(Maps._fields, ("all", *COORDINATES)):
        own, null = (
            table[(table["half"] == half) & ((coordinate == "all") | (table["coordinate"] == coordinate))]
            for table in (trained, untrained)
        )
        mean, low, high = mean_over_voices(own["enrichment"], own["speaker"], own["source"], seed)
        row = {name: own[name].iloc[0] for name in ("condition", "model", "method")}
        row |= {"half": half, "coordinate": coordinate, "enrichment": mean, "low": low, "high": high}
        for control in ("energy", "elsewhere"):
            beyond = own["enrichment"] - own[control]
            found = mean_over_voices(beyond, own["speaker"], own["source"], seed)
            row |= {control: own[control].mean()} | _compared(control, found)
        names = {"speaker": "voice", "source": "item", "initialisation": "network"}
        heard = own[own["source"].isin(null["source"])].rename(columns=names)
        *found, of_null = above_null(heard, null.rename(columns=names), "enrichment", seed)
        row |= {"untrained": of_null} | _compared("untrained", found)
        row |= {name: own[name].mean() for name in ("moved_m", "moved_by_delay_m")}
        for name, column in (("", "enrichment"), ("energy_", "energy")):
            row |= dict(
                zip((f"{name}told", f"{name}told_low", f"{name}told_high"), _told(own, column, seed), strict=True)
            )
        rows.append(row)
    return pd.DataFrame(rows)


def _told(table: pd.DataFrame, column: str, seed: int) -> tuple[float, float, float]:
    """Return the rank correlation over windows with how far the burst moves the estimate, and its 95 % interval."""
    by_window = table.groupby(["speaker", "source", "window"])[[column, "moved_m"]].mean()
    values = by_window.rank().to_numpy()
    items = by_window.reset_index("window").index
    sources = items.drop_duplicates()
    draws = Draws.of(sources.get_level_values(0), seed)
    counts = np.vstack([np.ones(len(values)), draws.counts[:, sources.get_indexer(items)]])  # (resample, window)
    centred = values - (counts @ values / counts.sum(axis=1, keepdims=True))[:, None]  # (resample, window, 2)
    products = np.einsum("rw,rwa,rwb->rab", counts, centred, centred)
    scale = np.sqrt(products[:, 0, 0] * products[:, 1, 1])
    found = np.divide(products[:, 0, 1], scale, out=np.full(len(scale), np.nan), where=scale > 0)
    return found[0], *map(float, interval(found[1:]))


def _compared(control: str, found) -> dict[str, float]:
    names = (f"above_{control}", f"above_{control}_low", f"above_{control}_high")
    return dict(zip(names, found, strict=True)) | {f"{control}_verdict": verdict(*found[1:])}
