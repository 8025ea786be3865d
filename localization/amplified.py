"""How far estimates move when bins are made louder or later, and how far the maps say that they do."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
import torch

from explain.amplification import BOTTOM, ENERGY, RANDOM, TOP, Change, chosen_bins, random_bins
from explain.maps import Maps
from explain.statistics import mean_over_voices, verdict
from explain.time_frequency import FRAMES
from localization.coordinate_maps import COORDINATES, CoordinateMaps
from localization.localizer import Network
from running.arrays import read_arrays
from running.parts import by_source
from running.provenance import fingerprint

VERSION = 1
"""Raised when displacements are computed otherwise, so that kept ones are computed anew."""
CONTROLS = (RANDOM, ENERGY)


@dataclass(frozen=True)
class Amplified:
    """Bins of the windows that several methods' maps are of, changed in one way.

    Parameters
    ----------
    change : Change
    percent : float
        Share of the bins.
    microphone : int, optional
        Whose bins are changed; all when absent.
    draws : int
        Random choices.
    seed : int
    """

    change: Change
    percent: float
    microphone: int | None
    draws: int
    seed: int

    def __str__(self) -> str:
        """Return a name fit for a folder."""
        where = "" if self.microphone is None else f"_microphone_{self.microphone}"
        return f"{self.change}_{self.percent:g}percent{where}"

    def masks(self, maps: dict[str, Maps], windows: np.ndarray, number: int) -> dict[tuple[str, str, str], np.ndarray]:
        """Return which bins are changed, (window, microphone, frequency, time), by method, coordinate and choice.

        The top bins have the largest values of the half that tells what the change does, the bottom ones the smallest,
        sign included: a gain above 0 dB or a delay of the former should move the estimate up the coordinate, one of the
        latter down. Controls are of no method and coordinate: the loudest bins, and random ones, numbered.
        """
        found = {}
        for method, of_method in maps.items():
            for place, coordinate in enumerate(COORDINATES):
                values = getattr(of_method, self.change.half)[:, place]
                for choice, sign in ((TOP, 1), (BOTTOM, -1)):
                    found[method, coordinate, choice] = chosen_bins(sign * values, self.percent, self.microphone)
        magnitudes = FRAMES.spectrogram(torch.tensor(windows)).abs().numpy()
        found["", "", ENERGY] = chosen_bins(magnitudes, self.percent, self.microphone)
        for draw in range(self.draws):
            of_draw = random_bins(magnitudes.shape, self.percent, self.seed, number, draw, self.microphone)
            found["", "", f"{RANDOM} {draw}"] = of_draw
        return found

    def sounds(self, windows: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Return the windows with the bins of a mask changed."""
        return self.change.inputs(torch.tensor(windows), torch.tensor(mask), FRAMES).numpy()

    def keys(self, methods: list[str]) -> list[tuple[str, str, str]]:
        """Return the keys of `masks`."""
        own = list(product(methods, COORDINATES, (TOP, BOTTOM)))
        return [*own, ("", "", ENERGY), *(("", "", f"{RANDOM} {draw}") for draw in range(self.draws))]

    def displacements(self, of: dict[str, CoordinateMaps]) -> tuple[pd.DataFrame, np.ndarray]:
        """Return how far estimates move.

        Parameters
        ----------
        of : dict from methods' names to CoordinateMaps
            Of one network and the same windows.

        Returns
        -------
        table : DataFrame
            A row a window, choice and method whose map predicts: condition, model, source, speaker, window, method and
            coordinate ("" of controls), choice, by (the method that predicts), moved_x_m ..., distance_m,
            error_change_m (of the mean over coordinates), predicted_x_m ...
        masks : float array, shape (key, frequency, time)
            How often each bin is chosen, of `keys` in their order.
        """
        first = next(iter(of.values()))
        network, excerpts = first.network, first.excerpts
        recordings = excerpts.recordings
        paths = {method: maps.paths for method, maps in of.items()}

        def compute(row: int) -> dict[str, np.ndarray]:
            maps = {method: Maps(**read_arrays(path[row])[0]) for method, path in paths.items()}
            windows = excerpts.windows(row)
            masks = self.masks(maps, windows, recordings.numbers[row])
            return {
                "before_m": network.estimate(windows),
                "after_m": self._estimates(network, windows, masks),
                "predicted_m": np.stack(
                    [[self.change.predicted(each, mask) for each in maps.values()] for mask in masks.values()]
                ),
                "chosen": np.stack([mask.mean(axis=(0, 1)) for mask in masks.values()]),
            }

        identity = {"version": VERSION, "amplified": self, "frames": FRAMES, "network": network.identity}
        identity["maps"] = [store.identity for maps in of.values() for store in maps.stores.values()]
        folder = first.results / "parts" / f"amplified-{fingerprint(identity)[:16]}"
        title = f"{network.name} {recordings.condition.name}"
        parts = by_source(folder, excerpts.names, compute, f"changed bins {title}")
        before_m = np.concatenate([part["before_m"] for part in parts])
        after_m, predicted_m = (
            np.concatenate([part[name] for part in parts], axis=-2) for name in ("after_m", "predicted_m")
        )
        windows = excerpts.table()
        truth_m = windows[["x_m", "y_m", "z_m"]].to_numpy()
        tables = []
        for place, (method, coordinate, choice) in enumerate(self.keys(list(of))):
            moved_m = after_m[place] - before_m
            change_m = (np.abs(after_m[place] - truth_m) - np.abs(before_m - truth_m)).mean(axis=1)
            for number, by in enumerate(of):
                if method in ("", by):
                    table = windows[["condition", "source", "speaker", "window"]].assign(
                        model=network.name, method=method, coordinate=coordinate, choice=choice.split(" ")[0], by=by
                    )
                    table[[f"moved_{axis}_m" for axis in COORDINATES]] = moved_m
                    table["distance_m"] = np.linalg.norm(moved_m, axis=1)
                    table["error_change_m"] = change_m
                    table[[f"predicted_{axis}_m" for axis in COORDINATES]] = predicted_m[place, number]
                    tables.append(table)
        weights = [len(part["before_m"]) for part in parts]
        chosen = np.average([part["chosen"] for part in parts], axis=0, weights=weights)
        return pd.concat(tables, ignore_index=True), chosen

    def _estimates(self, network: Network, windows: np.ndarray, masks: dict) -> np.ndarray:
        """Return the estimates after the change of every mask, shape (key, window, 3)."""
        return np.stack([network.estimate(self.sounds(windows, mask)) for mask in masks.values()])


def effects(displacements: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the mean displacement along the coordinate that bins were chosen for, beside random and the loudest bins.

    Parameters
    ----------
    displacements : DataFrame
        Of `Amplified.displacements`, of one network and condition or several.
    seed : int
        Seed of the intervals (95 %, over voices and their sources).

    Returns
    -------
    DataFrame
        A row a choice, method and coordinate: moved_m, moved_low_m, moved_high_m, and so on for distance and
        error_change; against each control above_random_m, above_random_low_m, above_random_high_m and random_verdict,
        of the displacement, on the same windows.
    """
    rows = []
    for (condition, model), table in displacements.groupby(["condition", "model"], sort=False):
        controls = table[(table["method"] == "") & (table["by"] == table["by"].iloc[0])]
        keys = ["speaker", "source", "window"]
        for coordinate in COORDINATES:
            moved = f"moved_{coordinate}_m"
            of_choice = dict(list(controls.groupby("choice")))
            of_control = {choice: of_choice[choice].groupby(keys)[moved].mean() for choice in CONTROLS}
            own = table[table["coordinate"] == coordinate].groupby(["method", "choice"], sort=False)
            for (method, choice), part in [*own, *((("", choice), of_choice[choice]) for choice in CONTROLS)]:
                row = {"condition": condition, "model": model, "method": method}
                row |= {"coordinate": coordinate, "choice": choice}
                for name, column in (("moved", moved), ("distance", "distance_m"), ("error_change", "error_change_m")):
                    row |= _interval(name, part[column], part["speaker"], part["source"], seed)
                of_window = part.groupby(keys)[moved].mean()
                for control, values in of_control.items():
                    beyond = (of_window - values).reset_index()
                    found = _interval(f"above_{control}", beyond[moved], beyond["speaker"], beyond["source"], seed)
                    row |= found | {f"{control}_verdict": verdict(*list(found.values())[1:])}
                rows.append(row)
    return pd.DataFrame(rows)


def predictions(displacements: pd.DataFrame) -> pd.DataFrame:
    """Compare displacements with what maps say of them: a row a method, coordinate and choice.

    Returns
    -------
    DataFrame
        condition, model, by (method), coordinate, choice ("all": own choices and controls together); correlation over
        windows, slope of real on predicted, same_sign (share of windows), predicted_m and real_m (mean magnitudes).
    """
    rows = []
    for (condition, model, by), table in displacements.groupby(["condition", "model", "by"], sort=False):
        for coordinate in COORDINATES:
            of_it = table[table["coordinate"].isin(["", coordinate])]
            groups = {"all": of_it} | dict(list(of_it.groupby("choice", sort=False)))
            for choice, part in groups.items():
                predicted_m, real_m = (part[f"{name}_{coordinate}_m"].to_numpy() for name in ("predicted", "moved"))
                varies = predicted_m.std() > 0 and real_m.std() > 0
                rows.append(
                    {"condition": condition, "model": model, "by": by, "coordinate": coordinate, "choice": choice}
                    | {"correlation": np.corrcoef(predicted_m, real_m)[0, 1] if varies else np.nan}
                    | {"slope": predicted_m @ real_m / (predicted_m @ predicted_m) if predicted_m.any() else np.nan}
                    | {"same_sign": np.mean(np.sign(predicted_m) == np.sign(real_m))}
                    | {"predicted_m": np.abs(predicted_m).mean(), "real_m": np.abs(real_m).mean()}
                )
    return pd.DataFrame(rows)


def _interval(name: str, values: pd.Series, voices: pd.Series, items: pd.Series, seed: int) -> dict[str, float]:
    names = f"{name}_m", f"{name}_low_m", f"{name}_high_m"
    return dict(zip(names, mean_over_voices(values, voices, items, seed), strict=True))
