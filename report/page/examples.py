"""The sources to look at and listen to: the best and the worst of each network in each condition, and a few between."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.ticker import EngFormatter
from tqdm import tqdm

import params
from localization.delays import DelayProtocol
from localization.results import choose_source, open_trial
from localization.trials import Trial
from report.inspection import FLOOR_DB, Inspection, level_db
from report.page.assets import Assets
from report.page.results import Results
from report.sounds import match_loudness
from report.style import condition_title, localizer_title, method_title

EXTREMES = ("best", "worst")
COLUMNS = 320  # of a signal's outline
HOP_SAMPLES = 256


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
        chosen[condition] = chosen.get(condition, others) | set(_extremes(rows).values())
    return {condition: sorted(sources) for condition, sources in chosen.items()}


def gather_examples(read: dict[str, Results], assets: Assets, between: int) -> dict[str, dict]:
    """Return all that is to see of the chosen sources, ready for JSON, with their sounds and spectrograms written.

    Parameters
    ----------
    read : dict of str to Results
        "perturbation", and "tdoa", between whose first pair delays are looked at.
    assets : Assets
    between : int
        See `choose_examples`.

    Returns
    -------
    dict of str to dict
        "listen": what there is to choose from; "listen-SNR_25_T60_0.15" and so on: the sources of a condition.
    """
    removal, protocol = read["perturbation"], read["tdoa"].protocol
    errors = removal.tables["sources.csv"]
    of_condition = dict(tuple(errors.groupby("condition", sort=False)))
    chosen = choose_examples(errors, between)
    choice = {condition: _choice(condition, of_condition[condition], sources) for condition, sources in chosen.items()}
    networks = {model: localizer_title(model) for model in errors["model"].unique()}
    content = {"listen": {"networks": networks, "conditions": choice, "range_db": -FLOOR_DB}}
    for condition, sources in tqdm(chosen.items(), "examples", unit="condition", disable=None):
        content[f"listen-{condition}"] = _condition(
            removal.folder, condition, sources, of_condition[condition], protocol, assets
        )
    return content


def outline(signal: np.ndarray) -> dict[str, list[int]]:
    """Return the lowest and the highest value in each of `COLUMNS` parts of a signal, in percent of its largest."""
    parts = np.array_split(signal / (np.abs(signal).max() or 1.0), COLUMNS)
    return {name: [round(100 * float(of(part))) for part in parts] for name, of in (("low", np.min), ("high", np.max))}


def _extremes(rows: pd.DataFrame) -> dict[str, int]:
    return {extreme: choose_source(rows, extreme) for extreme in EXTREMES}


def _choice(condition: str, errors: pd.DataFrame, sources: list[int]) -> dict:
    return {
        "title": condition_title(condition),
        "short": ", ".join(each.partition(" ")[2] for each in condition_title(condition).split(", ")),
        "sources": sources,
        "extremes": {model: _extremes(rows) for model, rows in errors.groupby("model", sort=False)},
    }


def _condition(
    folder: Path, condition: str, sources: list[int], errors: pd.DataFrame, protocol: DelayProtocol, assets: Assets
) -> dict:
    by_network = dict(tuple(errors.groupby("model", sort=False)))
    trials = {model: open_trial(folder, condition, model) for model in by_network}
    room = _room(next(iter(trials.values())).recordings.setup)
    return {"room": room, "sources": {each: _source(trials, by_network, each, protocol, assets) for each in sources}}


def _room(setup: params.Setup) -> dict:
    grid = setup.grid
    return {
        "size_m": setup.room.size_m[:2],
        "microphones_m": setup.array.as_array()[:, :2].round(3).tolist(),
        "trained_m": {"x": grid.x_m, "y": grid.y_m},
        "tested_m": {"x": grid.held_out_x_m, "y": grid.held_out_y_m},
    }


def _source(
    trials: dict[str, Trial], errors: dict[str, pd.DataFrame], source: int, protocol: DelayProtocol, assets: Assets
) -> dict:
    """Return what a microphone heard of a source, which is the same for all networks, and what each made of it."""
    recordings = next(iter(trials.values())).recordings
    row = recordings.numbers.index(source)
    inspections = {
        (model, method): Inspection.of_source(recordings, store, row, protocol=protocol)
        for model, trial in trials.items()
        for method, store in trial.stores.items()
    }
    first = next(iter(inspections.values()))
    name, fs_hz = f"microphone {first.pair[0]}", first.setup.fs_hz
    heard = [first.signals, *(each.relevance for each in inspections.values())]
    loud = match_loudness([signals[first.pair[0]] for signals in heard], fs_hz)
    file = f"listen/{recordings.condition.name}/{source}"
    shown = {
        "fs_hz": fs_hz,
        "seconds": first.signals.shape[1] / fs_hz,
        "pair": first.pair,
        "reach_samples": round(first.reach_samples, 2),
        "lag_samples": None if first.true_lag_samples is None else round(first.true_lag_samples, 2),
        "position_m": recordings.positions_m[row, :2].round(3).tolist(),
        "microphone": _signal(first, "microphone", name, loud[0], f"{file}/microphone", assets),
        "networks": {
            model: _answer(errors[model], source, trial.network.estimate(recordings.windows(row))) | {"relevance": []}
            for model, trial in trials.items()
        },
    }
    for ((model, method), inspection), signal in zip(inspections.items(), loud[1:], strict=True):
        title = f"relevance of {name}" + (f" ({method_title(method)})" if len(trials[model].stores) > 1 else "")
        relevance = _signal(inspection, "relevance", title, signal, f"{file}/{model}-{method}", assets)
        shown["networks"][model]["relevance"].append(relevance)
    return shown


def _signal(inspection: Inspection, kind: str, title: str, loud: np.ndarray, file: str, assets: Assets) -> dict:
    """Return a signal to see, and write its sound and spectrogram; `loud` is the signal as it is to be heard."""
    signal, fs_hz = inspection.of(kind)[inspection.pair[0]], inspection.setup.fs_hz
    lags_samples, correlation = inspection.correlation(kind)
    near = np.abs(lags_samples) <= inspection.shown_lag_samples
    largest = np.abs(signal).max()
    return {
        "kind": kind,
        "title": title,
        "sound": assets.sound(file, title, loud, fs_hz).file,
        "spectrogram": assets.spectrogram(file, level_db(signal, fs_hz, HOP_SAMPLES)[2]),
        "outline_percent": outline(signal),
        "largest": EngFormatter("m", places=0)(largest) if kind == "relevance" else f"{largest:.2g}",
        "correlation_permille": [round(1000 * float(value)) for value in correlation[near]],
        "lag_samples": round(inspection.peak_lag_samples(kind), 2),
    }


def _answer(rows: pd.DataFrame, source: int, estimates_m: np.ndarray) -> dict:
    """Return where a network said that the talker was, and how good that is; `rows` are its errors in a condition."""
    row = rows[rows["source"] == source].iloc[0]
    roles = "".join(f", the {extreme}" for extreme, place in _extremes(rows).items() if place == source)
    rank = int((rows["mae_m"] < row["mae_m"]).sum()) + 1
    return {
        "said": f"Source {source}{roles}: MAE {row['mae_m']:.3f} m, rank {rank} of {len(rows)}",
        "estimates_m": estimates_m[:, :2].astype(float).round(3).tolist(),
        "facts": {
            "Error in x, y, z": ", ".join(f"{row[f'mae_{axis}_m']:.3f}" for axis in "xyz") + " m",
            "Talker": _place(row[["x_m", "y_m", "z_m"]]),
            "Mean estimate": _place(estimates_m.mean(axis=0)),
            "Utterance": f"{row['utterance']}, {len(estimates_m)} windows",
        },
    }


def _place(position_m: Sequence[float]) -> str:
    return ", ".join(f"{axis} {value:.2f}" for axis, value in zip("xyz", position_m, strict=True)) + " m"
