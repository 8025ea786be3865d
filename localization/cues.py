"""Which cue an estimate follows: recordings whose cues come from different positions, and the weight of each.

In each trial four positions are drawn independently and uniformly over the source area: one gives the direct sound its
delays, one its levels (1 / distance), one is that of the early reflections, one that of the late ones. What a localizer
answers is regressed on the four,

    estimate = offset + sum_c weight_c position_c + rest,

for each coordinate. An estimate that follows one cue alone gives it a weight of 1 and the others 0; one that is
shrunk to the middle gives less. So psychoacoustics weighs cues, and with networks: A. Francl, J. H. McDermott, "Deep
neural network models of sound localization reveal how perception is adapted to real-world environments", Nature Human
Behaviour 6, 2022.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import params
from acoustics.parts import Edit, render
from acoustics.recordings import Recordings, cut_windows, noise_rms_of
from explain.statistics import Draws, interval, verdict
from localization import cue_controls
from localization.errors import ESTIMATED
from localization.localizer import Localizer
from running.parts import by_source
from running.provenance import fingerprint
from running.seeds import generator

CUES = ("delays", "levels", "early", "late")
COORDINATES = ("x", "y", "z")
HORIZONTAL = "horizontal"
"""Regression of x and y together: one weight a cue."""
FITTED = {cue: f"fitted to {cue}" for cue in CUES}
"""Names, in tables, of the small localizers of `localization.cue_controls`."""
CONTROLS = {cue: (name,) for cue, name in FITTED.items()} | {"delays": (params.SRP_PHAT, FITTED["delays"])}
"""What shows that a cue can be found: where one of these gives it a weight above 0."""
PLACES = {cue: [f"{cue}_{axis}_m" for axis in COORDINATES] for cue in CUES}
"""Columns of the positions of each cue."""
VERSION = 1
"""Raised when trials are made otherwise, so that kept estimates are computed anew."""


@dataclass(frozen=True)
class Conflicts:
    """The trials of a condition.

    Parameters
    ----------
    recordings : Recordings
        Give speech and noise, one source after the other; not changed ones.
    seed : int
    early_s : float
        Reflections up to so long after the direct sound are early.
    aligned : bool
        Whether reflections are moved so that their direct sound would arrive when the direct sound does; otherwise they
        arrive when their own position says. See `acoustics.parts.Edit`.
    """

    recordings: Recordings
    seed: int
    early_s: float
    aligned: bool

    @property
    def identity(self) -> dict:
        """All that what is heard depends on."""
        heard = {"recordings": self.recordings.fingerprint, "sources": self.recordings.numbers}
        return heard | {"seed": self.seed, "early_s": self.early_s, "aligned": self.aligned}

    def row(self, number: int) -> int:
        """Return the row of the source that speaks in a trial."""
        return number % len(self.recordings)

    def positions_m(self, number: int) -> np.ndarray:
        """Return the positions of a trial, shape (cue, 3), in metres; trials of one number agree in all conditions."""
        grid = self.recordings.setup.grid
        lowest_m, highest_m = np.transpose([grid.x_m, grid.y_m, grid.z_m])
        return generator(self.seed, "cues", number).uniform(lowest_m, highest_m, (len(CUES), 3))

    def windows(self, number: int) -> np.ndarray:
        """Return the windows of a trial, float32, shape (window, microphone, sample)."""
        delays_m, levels_m, early_m, late_m = map(params.point_m, self.positions_m(number))
        edit = Edit(delays_m, levels_m, early_m, late_m, self.early_s, self.aligned)
        recording = rerecord(self.recordings, self.row(number), edit)
        return cut_windows(recording, self.recordings.setup.window_samples)


def rerecord(recordings: Recordings, row: int, edit: Edit) -> np.ndarray:
    """Return what would be recorded if the parts came from elsewhere, float32, shape (microphone, sample).

    The noise is that of the recording, made as strong as the signal-to-noise ratio of the condition asks.
    """
    parts = render(recordings, row, edit)
    clean = parts.direct + parts.early + parts.late
    gain = noise_rms_of(clean, recordings.one_condition().snr_db) / recordings.sources[row]["noise_rms"]
    return clean + np.float32(gain) * parts.noise


def estimate_conflicts(localizers: dict[str, Localizer], conflicts: Conflicts, count: int, parts: Path) -> pd.DataFrame:
    """Let localizers hear the trials, and the small localizers that are fitted to one cue each.

    Parameters
    ----------
    localizers : dict of str to Localizer
        By their names in the table.
    conflicts : Conflicts
    count : int
        Number of trials; fewer are part of more.
    parts : Path
        Keeps estimates trial by trial in a folder of its own there, for any number of ranks and after any interruption.

    Returns
    -------
    DataFrame
        A row a localizer and trial: condition, localizer, trial, source, speaker, `PLACES` of the four cues,
        estimate_x_m, estimate_y_m, estimate_z_m: the mean over the windows of the trial, to 10 micrometres. The fitted
        ones are there when there are two voices or more.
    """
    recordings = conflicts.recordings

    def hear(number: int) -> dict[str, np.ndarray]:
        windows = conflicts.windows(number)
        return {
            "estimates_m": np.stack([each.estimate(windows).mean(axis=0) for each in localizers.values()]),
            "levels": cue_controls.relative_levels_db(windows, recordings.setup.fs_hz),
            "correlations": cue_controls.correlations(windows, recordings.setup).astype(np.float32),
        }

    identity = {"conflicts": conflicts.identity, "versions": [VERSION, cue_controls.VERSION]}
    identity["localizers"] = [each.origin() for each in localizers.values()]
    names = [f"{number:04d}" for number in range(count)]
    heard = by_source(
        parts / f"cues-{fingerprint(identity)[:16]}", names, hear, f"cues {recordings.condition.name}"
    )  # fmt: skip
    trials = trial_table(conflicts, count)
    estimates_m = dict(zip(localizers, np.stack([each["estimates_m"] for each in heard], axis=1), strict=True))
    voices = trials["speaker"].to_numpy()
    if len(np.unique(voices)) > 1:
        for cue in CUES:
            features = np.stack([each["levels" if cue == "levels" else "correlations"] for each in heard])
            targets_m = trials[PLACES[cue]].to_numpy()
            estimates_m[FITTED[cue]] = cue_controls.answers_to_unheard_voices(features, targets_m, voices)
    tables = []
    for name, answers_m in estimates_m.items():
        table = trials.copy()
        table.insert(1, "localizer", name)
        table[ESTIMATED] = answers_m.round(5)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def trial_table(conflicts: Conflicts, count: int) -> pd.DataFrame:
    """Return a row a trial: condition, trial, source, speaker, and where each cue comes from."""
    sources = [conflicts.recordings.sources[conflicts.row(number)] for number in range(count)]
    table = pd.DataFrame({"condition": conflicts.recordings.condition.name, "trial": np.arange(count)})
    table["source"] = [source["source"] for source in sources]
    table["speaker"] = [source["speaker"] for source in sources]
    positions_m = np.stack([conflicts.positions_m(number) for number in range(count)])
    for number, cue in enumerate(CUES):
        table[PLACES[cue]] = positions_m[:, number]
    return table


def cue_weights(trials: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Return the weight of each cue for everything that localizes, in every condition and coordinate.

    Parameters
    ----------
    trials : DataFrame
        Of `estimate_conflicts`, of one condition or several.
    seed : int
        Seed of the intervals (95 %, over voices and their trials).

    Returns
    -------
    DataFrame
        Columns condition, localizer, coordinate ("x", "y", "z" or `HORIZONTAL`), cue; weight, low, high; r2: share of
        the variance of the estimates that the four positions explain (empty for a constant); trials; findable: whether
        one of the cue's `CONTROLS` has a weight above 0 there; verdict: where the weight is against 0, empty where it
        isn't findable.
    """
    rows = []
    for (condition, name), group in trials.groupby(["condition", "localizer"], sort=False):
        draws = Draws.of(group["speaker"], seed)
        all_positions = np.stack([group[PLACES[cue]].to_numpy() for cue in CUES], axis=-1).swapaxes(0, 1)
        all_estimates = group[ESTIMATED].to_numpy().T
        for coordinate, axes in {"x": [0], "y": [1], "z": [2], HORIZONTAL: [0, 1]}.items():
            positions, estimates = all_positions[axes], all_estimates[axes]
            weights, r2 = regress(positions, estimates)
            low, high = interval(resampled_weights(positions, estimates, draws.counts))
            for place, cue in enumerate(CUES):
                found = {"weight": weights[place], "low": low[place], "high": high[place]}
                keys = {"condition": condition, "localizer": name, "coordinate": coordinate, "cue": cue}
                rows.append(keys | found | {"r2": r2, "trials": len(group)})
    table = pd.DataFrame(rows)
    is_control = np.array([row.localizer in CONTROLS[row.cue] for row in table.itertuples()])
    above = table[is_control & (table["low"] > 0)]
    places = ["condition", "coordinate", "cue"]
    findable = pd.MultiIndex.from_frame(table[places]).isin(pd.MultiIndex.from_frame(above[places]))
    verdicts = [verdict(*each) for each in zip(table["low"], table["high"], strict=True)]
    return table.assign(findable=findable, verdict=np.where(findable, verdicts, ""))


def regress(positions: np.ndarray, estimates: np.ndarray) -> tuple[np.ndarray, float]:
    """Fit estimates by positions and an offset a coordinate.

    Parameters
    ----------
    positions : array, shape (coordinate, trial, cue)
    estimates : array, shape (coordinate, trial)

    Returns
    -------
    weights : array, shape (cue,)
    r2 : float
        Share of the variance that is explained; NaN where there is none.
    """
    design, answers = _centred(positions, estimates)
    weights = np.linalg.lstsq(design, answers, rcond=None)[0]
    r2 = 1 - (answers - design @ weights).var() / answers.var() if answers.any() else np.nan
    return weights[: len(CUES)], float(r2)


def resampled_weights(positions: np.ndarray, estimates: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the weights of `regress` in every resample, by weighted least squares.

    Parameters
    ----------
    positions, estimates
        As `regress` takes them.
    counts : array, shape (resample, trial)
        How often a trial counts.

    Returns
    -------
    array, shape (resample, cue)
    """
    design, answers = _centred(positions, estimates)
    counts = np.tile(counts, len(estimates))
    normal = np.einsum("rt,ti,tj->rij", counts, design, design, optimize=True)
    moments = np.einsum("rt,ti->ri", counts, design * answers[:, None], optimize=True)
    return (np.linalg.pinv(normal, hermitian=True) @ moments[..., None])[:, : len(CUES), 0]


def _centred(positions: np.ndarray, estimates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return positions with a column for each offset, and estimates, less their means; of a constant exactly nothing.

    Shapes (coordinate * trial, cue + coordinate) and (coordinate * trial,).
    """
    offsets = np.repeat(np.eye(len(estimates)), estimates.shape[1], axis=0)
    design = np.column_stack([np.concatenate(positions - positions.mean(axis=1, keepdims=True)), offsets])
    answers = estimates - estimates[:, :1]
    return design, (answers - answers.mean(axis=1, keepdims=True)).ravel()
