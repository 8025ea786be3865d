"""The sources to look at and listen to: the best and the worst of each network in each condition, and a few between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from localization.delays import DelayProtocol
from localization.results import choose_source, open_trial
from localization.trials import Trial
from report.figures import room_map
from report.inspection import VIEWS, Inspection, inspection_panel, panel_title
from report.page.assets import Assets, Picture, Sound, outline
from report.page.tables import metres
from report.sounds import match_loudness
from report.style import condition_title, localizer_title, method_title

EXTREMES = ("best", "worst")


@dataclass(frozen=True)
class Heard:
    """A signal of an example, to see and to hear.

    Parameters
    ----------
    kind : {"microphone", "relevance"}
    sound : Sound
    panels : list of (title, Picture)
        One for each of `VIEWS`.
    outline : str
        `report.page.assets.outline`.
    """

    kind: str
    sound: Sound
    panels: list[tuple[str, Picture]]
    outline: str


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
    signals : list of Heard
        What a microphone heard, and its relevance by each method.
    room : Picture
    """

    condition: str
    model: str
    source: int
    roles: tuple[str, ...]
    rank: int
    count: int
    mae_m: float
    facts: dict[str, str]
    signals: list[Heard]
    room: Picture

    @property
    def title(self) -> str:
        """Network and condition."""
        return f"{localizer_title(self.model)}, {condition_title(self.condition)}"


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
    inspections = {
        (model, method): Inspection.of_source(trial.recordings, store, _row_of(trial, source), protocol=protocol)
        for model, trial in trials.items()
        for method, store in trial.stores.items()
    }
    first = next(iter(inspections.values()))
    microphone = first.pair[0]
    relevance = [each.relevance[microphone] for each in inspections.values()]
    heard, *loud = match_loudness([first.signals[microphone], *relevance], first.setup.fs_hz)
    condition = next(iter(trials.values())).condition.name
    place, where = f"examples/{condition}/{source}", f"source {source}, {condition_title(condition)}"
    name = f"microphone {microphone}"
    of_microphone = _hear(first, "microphone", name, heard, f"{place}/microphone", where, assets)
    of_relevance = {
        (model, method): _hear(
            inspection,
            "relevance",
            f"relevance of {name}" + (f" ({method_title(method)})" if len(trials[model].stores) > 1 else ""),
            signal,
            f"{place}/{model}-{method}",
            f"{localizer_title(model)}, {where}",
            assets,
        )
        for ((model, method), inspection), signal in zip(inspections.items(), loud, strict=True)
    }
    for model, trial in trials.items():
        by_method = {method: inspections[model, method] for method in trial.stores}
        rows = errors[errors["model"] == model]
        row = rows[rows["source"] == source].iloc[0]
        estimates_m = trial.network.estimate(trial.recordings.windows(_row_of(trial, source)))
        yield Example(
            condition,
            model,
            source,
            tuple(extreme for extreme in EXTREMES if choose_source(rows, extreme) == source),
            int((rows["mae_m"] < row["mae_m"]).sum()) + 1,
            len(rows),
            float(row["mae_m"]),
            _facts(row, estimates_m, by_method),
            [of_microphone, *(of_relevance[model, method] for method in by_method)],
            _room(row, estimates_m, first, f"{place}/{model}-room", f"{localizer_title(model)}, {where}", assets),
        )


def _hear(
    inspection: Inspection, kind: str, name: str, loud: np.ndarray, file: str, where: str, assets: Assets
) -> Heard:
    """Draw a signal and write its sound; `loud` is the signal as it is to be heard."""
    return Heard(
        kind,
        assets.sound(file, name, loud, inspection.setup.fs_hz),
        _panels(inspection, kind, file, where, assets),
        outline(inspection.of(kind)[inspection.pair[0]]),
    )


def _row_of(trial: Trial, source: int) -> int:
    return trial.recordings.numbers.index(source)


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


def _facts(row: pd.Series, estimates_m: np.ndarray, inspections: dict[str, Inspection]) -> dict[str, str]:
    inspection = next(iter(inspections.values()))
    first, second = inspection.pair
    lags = [f"true {_lag(inspection.true_lag_samples)}, microphones {_lag(inspection.peak_lag_samples('microphone'))}"]
    for method, each in inspections.items():
        named = f"relevance ({method_title(method)})" if len(inspections) > 1 else "relevance"
        lags.append(f"{named} {_lag(each.peak_lag_samples('relevance'))}")
    seconds = inspection.signals.shape[1] / inspection.setup.fs_hz
    return {
        "Error in x, y, z": ", ".join(metres(row[f"mae_{axis}_m"]) for axis in "xyz") + " m",
        "Talker": _place(_position_m(row)),
        "Mean estimate": _place(estimates_m.mean(axis=0)),
        f"Delay {first} to {second}": ", ".join(lags) + " samples",
        "Utterance": f"{row['utterance']}, {len(estimates_m)} windows, {seconds:.2f} s",
    }


def _position_m(row: pd.Series) -> np.ndarray:
    return row[["x_m", "y_m", "z_m"]].to_numpy(float)


def _place(position_m: np.ndarray) -> str:
    return ", ".join(f"{axis} {value:.2f}" for axis, value in zip("xyz", position_m, strict=True)) + " m"


def _lag(samples: float) -> str:
    return f"{samples:.3g}".replace("-", "−")
