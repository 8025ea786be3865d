"""The sources to look at and listen to: the best and the worst of each network in each condition, and a few between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from explain.delays import DelayProtocol
from explain.experiment import Trial
from explain.results import choose_source, open_trial
from report.figures import room_map
from report.inspection import SIGNALS, VIEWS, Inspection, inspection_panel, panel_title
from report.page.assets import Assets, Picture, Sound, outline
from report.page.tables import metres
from report.sounds import match_loudness
from report.style import condition_title, method_title
from training.evaluate import estimate_positions

EXTREMES = ("best", "worst")


@dataclass(frozen=True)
class Example:
    """A test source as a network heard it.

    Parameters
    ----------
    condition, model : str
    source : int
    roles : tuple of {"best", "worst"}
        Whether the network's error is the smallest or the largest of all test sources of the condition.
    rank, count : int
        Place of the error among those of all test sources, from 1; their number.
    mae_m : float
    facts : dict of str to str
    panels : dict of str to list of (title, Picture)
        Three for each of `SIGNALS`.
    sounds : dict of str to Sound
        One for each of `SIGNALS`.
    room : Picture
    outlines : dict of str to str
        `report.page.assets.outline` of each of `SIGNALS`.
    """

    condition: str
    model: str
    source: int
    roles: tuple[str, ...]
    rank: int
    count: int
    mae_m: float
    facts: dict[str, str]
    panels: dict[str, list[tuple[str, Picture]]]
    sounds: dict[str, Sound]
    room: Picture
    outlines: dict[str, str]

    @property
    def title(self) -> str:
        """Network and condition."""
        return f"{method_title(self.model)}, {condition_title(self.condition)}"


def choose_examples(errors: pd.DataFrame, between: int) -> dict[str, list[int]]:
    """Return the sources to show in each condition: the extremes of each network, and the same others everywhere.

    Parameters
    ----------
    errors : DataFrame
        ``sources.csv`` of perturbation_experiment.py.
    between : int
        How many others; their errors, the mean over networks and conditions, divide all in equal parts.
    """
    table = errors.pivot(index="source", columns=["condition", "model"], values="mae_m")
    ranked = table.dropna().mean(axis=1).sort_values(kind="stable").index
    places = np.linspace(0, len(ranked) - 1, between + 2)[1:-1]
    others = {int(ranked[round(place)]) for place in places}
    chosen: dict[str, set[int]] = {}
    for (condition, _), rows in errors.groupby(["condition", "model"], sort=False):
        extremes = {choose_source(rows, extreme) for extreme in EXTREMES}
        chosen[condition] = chosen.get(condition, others) | extremes
    return {condition: sorted(sources) for condition, sources in chosen.items()}


def draw_examples(
    folder: Path, errors: pd.DataFrame, protocol: DelayProtocol, assets: Assets, between: int
) -> Iterator[Example]:
    """Draw and write all that is to see and to hear of the chosen sources.

    Parameters
    ----------
    folder : Path
        Results of perturbation_experiment.py.
    errors : DataFrame
        Its ``sources.csv``.
    protocol : DelayProtocol
        That of the delay experiment; delays are looked at between its first pair.
    assets : Assets
    between : int
        See `choose_examples`.
    """
    for condition, sources in choose_examples(errors, between).items():
        of_condition = errors[errors["condition"] == condition]
        trials = {model: open_trial(folder, condition, model) for model in of_condition["model"].unique()}
        for source in sources:
            yield from _draw_source(trials, of_condition, source, protocol, assets)


def _draw_source(
    trials: dict[str, Trial], errors: pd.DataFrame, source: int, protocol: DelayProtocol, assets: Assets
) -> Iterator[Example]:
    """Draw a source for all networks: what the microphones heard is the same for all."""
    inspections = {model: _inspect(trial, source, protocol) for model, trial in trials.items()}
    first = next(iter(inspections.values()))
    microphone, fs_hz = first.pair[0], first.setup.fs_hz
    signals = [first.signals[microphone], *(each.relevance[microphone] for each in inspections.values())]
    loud = match_loudness(signals, fs_hz)
    condition = next(iter(trials.values())).condition.name
    place = f"examples/{condition}/{source}"
    where = f"source {source}, {condition_title(condition)}"
    heard = _panels(first, "microphone", f"{place}/microphone", where, assets)
    sound = assets.sound(f"{place}/microphone", f"microphone {microphone}", loud[0], fs_hz)
    for (model, inspection), signal in zip(inspections.items(), loud[1:], strict=True):
        file, of_model = f"{place}/{model}", f"{method_title(model)}, {where}"
        panels = {
            "microphone": heard,
            "relevance": _panels(inspection, "relevance", f"{file}-relevance", of_model, assets),
        }
        sounds = {
            "microphone": sound,
            "relevance": assets.sound(f"{file}-relevance", f"relevance of microphone {microphone}", signal, fs_hz),
        }
        rows = errors[errors["model"] == model]
        row = rows[rows["source"] == source].iloc[0]
        estimates_m = _estimates_m(trials[model], source)
        yield Example(
            condition,
            model,
            source,
            tuple(extreme for extreme in EXTREMES if choose_source(rows, extreme) == source),
            int((rows["mae_m"] < row["mae_m"]).sum()) + 1,
            len(rows),
            float(row["mae_m"]),
            _facts(row, estimates_m, inspection),
            panels,
            sounds,
            _room(row, estimates_m, inspection, f"{file}-room", of_model, assets),
            {signal: outline(inspection.of(signal)[microphone]) for signal in SIGNALS},
        )


def _inspect(trial: Trial, source: int, protocol: DelayProtocol) -> Inspection:
    return Inspection.of_source(trial.recordings, trial.relevance, _row_of(trial, source), protocol=protocol)


def _row_of(trial: Trial, source: int) -> int:
    return [row["source"] for row in trial.recordings.sources].index(source)


def _estimates_m(trial: Trial, source: int) -> np.ndarray:
    """Return the network's estimate of each window, shape (window, 3)."""
    return estimate_positions(trial.model, trial.recordings, [_row_of(trial, source)]).estimates_m


def _panels(inspection: Inspection, signal: str, file: str, where: str, assets: Assets) -> list[tuple[str, Picture]]:
    panels = []
    for view in VIEWS:
        title = panel_title(inspection, signal, view)
        alt = f"{title}: {where}"
        if view == "gcc_phat":
            peak, truth = inspection.peak_lag_samples(signal), inspection.true_lag_samples
            alt += f"; its peak is at a lag of {_lag(peak)} samples, the true delay is {_lag(truth)}"
        draw = partial(inspection_panel, inspection, signal, view)
        panels.append((title, assets.picture(f"{file}-{view}", alt, draw, colourful=view == "stft")))
    return panels


def _room(
    row: pd.Series, estimates_m: np.ndarray, inspection: Inspection, file: str, where: str, assets: Assets
) -> Picture:
    truth_m = np.tile(_position_m(row), (len(estimates_m), 1))
    alt = f"Room from above with the talker at {_place(truth_m[0])} and the {len(estimates_m)} estimates: {where}"
    return assets.picture(file, alt, lambda theme: room_map(inspection.setup, truth_m, estimates_m, theme=theme))


def _facts(row: pd.Series, estimates_m: np.ndarray, inspection: Inspection) -> dict[str, str]:
    first, second = inspection.pair
    lags = {signal: _lag(inspection.peak_lag_samples(signal)) for signal in SIGNALS}
    seconds = inspection.signals.shape[1] / inspection.setup.fs_hz
    return {
        "Error in x, y, z": ", ".join(metres(row[f"mae_{axis}_m"]) for axis in "xyz") + " m",
        "Talker": _place(_position_m(row)),
        "Mean estimate": _place(estimates_m.mean(axis=0)),
        f"Delay {first} to {second}": f"true {_lag(inspection.true_lag_samples)}, microphones {lags['microphone']}, "
        f"relevance {lags['relevance']} samples",
        "Utterance": f"{row['utterance']}, {len(estimates_m)} windows, {seconds:.2f} s",
    }


def _position_m(row: pd.Series) -> np.ndarray:
    return row[["x_m", "y_m", "z_m"]].to_numpy(float)


def _place(position_m: np.ndarray) -> str:
    return ", ".join(f"{axis} {value:.2f}" for axis, value in zip("xyz", position_m, strict=True)) + " m"


def _lag(samples: float) -> str:
    return f"{samples:.3g}".replace("-", "−")
