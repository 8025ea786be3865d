"""Time delays between microphones, from their signals or from the relevance of their signals (experiment 2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

import params
from acoustics.gcc import gcc_phat, is_anomaly, peak_lag_samples, true_lag_samples
from explain.statistics import above_null, interval, mean_over_voices, verdict

MICROPHONES, RELEVANCE, UNTRAINED = "microphones", "relevance", "untrained"
"""Signals of which delays are estimated: those of the microphones, their relevance, that for an untrained network."""
PLACE, SIGNAL = ("condition", "pair"), ("signal", "method", "model")
POOLED = "pooled"
SCORES = {
    "anomalies_percent": "share of estimates that are anomalies",
    "mae_samples": "mean absolute error of the others",
    "direction_percent": "of the windows with a true delay of a sample or more, the share whose estimate has its sign, "
    "less the share with the other sign; always 0 for lag 0",
}
VERSION = 1
"""Raised when delays are estimated otherwise, so that kept ones are computed anew."""


@dataclass(frozen=True)
class DelayProtocol:
    """How delays are estimated and what is taken as true.

    Parameters
    ----------
    pairs : tuple of (first, second)
        Microphones, counted from 0.
    limit_lag : bool
        Look only at lags that the pair's distance allows, rounded up.
    fractional_truth : bool
        Compare with the exact delay, not with that of whole-sample arrivals.
    sub_sample : bool
        Refine the peak with a parabola.
    """

    pairs: tuple[tuple[int, int], ...]
    limit_lag: bool
    fractional_truth: bool
    sub_sample: bool


PROTOCOLS = {
    "published": DelayProtocol(((7, 8),), limit_lag=False, fractional_truth=False, sub_sample=False),
    "refined": DelayProtocol(
        ((7, 8), (6, 9), (5, 10), (0, 15)), limit_lag=True, fractional_truth=True, sub_sample=True
    ),
}


def estimated_lags_samples(signals: np.ndarray, setup: params.Setup, protocol: DelayProtocol) -> np.ndarray:
    """Delay of each pair in each window, from the peak of GCC-PHAT.

    Parameters
    ----------
    signals : array, shape (window, microphone, sample)
        Microphone signals or their relevance.

    Returns
    -------
    float64 array, shape (pair, window)
    """
    microphones_m = setup.array.as_array()
    estimates = np.empty((len(protocol.pairs), len(signals)))
    for index, (first, second) in enumerate(protocol.pairs):
        lags_samples, correlation = gcc_phat(signals[:, first], signals[:, second])
        distance_m = np.linalg.norm(microphones_m[first] - microphones_m[second])
        max_lag_samples = float(distance_m / setup.c_m_s * setup.fs_hz) if protocol.limit_lag else None
        estimates[index] = peak_lag_samples(lags_samples, correlation, max_lag_samples, protocol.sub_sample)
    return estimates


def true_lags_samples(position_m: np.ndarray, setup: params.Setup, protocol: DelayProtocol) -> np.ndarray:
    """True delay of each pair for a source at `position_m`, shape (pair,)."""
    microphones_m = setup.array.as_array()
    first_m, second_m = (microphones_m[[pair[side] for pair in protocol.pairs]] for side in (0, 1))
    return true_lag_samples(position_m, first_m, second_m, setup.fs_hz, setup.c_m_s, protocol.fractional_truth)


def delay_rows(
    lags_samples: np.ndarray, truth_samples: np.ndarray, correlation_time_samples: int, protocol: DelayProtocol
) -> pd.DataFrame:
    """Return the delays of one source and signal as rows: pair, window, true and estimated lag, error, anomaly.

    `zero_anomaly` tells whether lag 0 would be an anomaly there.

    Parameters
    ----------
    lags_samples : array, shape (pair, window)
    truth_samples : array, shape (pair,)
    correlation_time_samples : int
        Of the source's clean utterance.
    """
    n_pairs, n_windows = lags_samples.shape
    error_samples = np.abs(lags_samples - truth_samples[:, None])
    return pd.DataFrame(
        {
            "pair": np.repeat([f"{first}-{second}" for first, second in protocol.pairs], n_windows),
            "window": np.tile(np.arange(n_windows), n_pairs),
            "true_lag_samples": np.repeat(truth_samples, n_windows),
            "lag_samples": lags_samples.ravel(),
            "error_samples": error_samples.ravel(),
            "anomaly": is_anomaly(error_samples, correlation_time_samples).ravel(),
            "zero_anomaly": np.repeat(is_anomaly(np.abs(truth_samples), correlation_time_samples), n_windows),
        }
    )


def summarise_delays(rows: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Return the scores of the delays of each condition, pair, signal, method and network.

    Parameters
    ----------
    rows : DataFrame
        As `delay_rows`, with columns `condition`, `source`, `speaker`, `signal`, `method`, `model` and `initialisation`
        added.
    seed : int
        Seed of the intervals (95 %, over voices and their sources).

    Returns
    -------
    DataFrame
        Each of `SCORES` with `_low` and `_high`; several conditions are also pooled. Of untrained networks anomalies
        and MAE are those of the first initialisation, which hears all sources; the direction is the mean over all
        initialisations, and the middle 95 % of them, on the sources that all of them hear.
    """
    summary = []
    for keys, group in _grouped(rows):
        untrained = keys["signal"] == UNTRAINED
        one = group[group["initialisation"] == 0] if untrained else group
        found = {name: mean_over_voices(values, *_owners(values, one), seed) for name, values in _scores(one).items()}
        if untrained:
            found["direction_percent"] = _over_initialisations(_heard_by_all(group))
        described = keys | {"windows": len(one), "sources": one["source"].nunique()}
        for name, scores in found.items():
            described |= dict(zip((name, f"{name}_low", f"{name}_high"), scores, strict=True))
        summary.append(described)
    return pd.DataFrame(summary)


def delay_verdicts(rows: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Compare the delays of relevance with the controls, on the same windows.

    Parameters
    ----------
    rows, seed
        As `summarise_delays` takes them.

    Returns
    -------
    DataFrame
        Columns condition, pair, signal, method, model; score (one of `SCORES`); against: "always lag 0" for anomalies
        and MAE, "untrained" for the direction, on the sources that the untrained networks heard; value and control
        (what both score there); difference, low, high (95 %); verdict. For the direction the interval also holds the
        chance of an initialisation.
    """
    verdicts = []
    for keys, group in _grouped(rows[rows["signal"] == RELEVANCE]):
        scores = _scores(group)
        zero = {
            "anomalies_percent": 100.0 * group["zero_anomaly"],
            "mae_samples": group["true_lag_samples"].abs()[scores["mae_samples"].index],
        }
        for name, control in zero.items():
            above = scores[name] - control
            difference, low, high = mean_over_voices(above, *_owners(above, group), seed)
            found = {"score": name, "against": params.LAG_ZERO, "value": scores[name].mean(), "control": control.mean()}
            verdicts.append(keys | found | {"difference": difference, "low": low, "high": high})
        verdicts.append(keys | _direction_verdict(group, _null_of(rows, keys), seed))
    table = pd.DataFrame(verdicts)
    return table.assign(verdict=[verdict(*each) for each in zip(table["low"], table["high"], strict=True)])


def _direction_verdict(group: pd.DataFrame, null: pd.DataFrame, seed: int) -> dict:
    heard = pd.MultiIndex.from_frame(null[["condition", "source"]].drop_duplicates())
    same = group[pd.MultiIndex.from_frame(group[["condition", "source"]]).isin(heard)]

    def directions(rows: pd.DataFrame) -> pd.DataFrame:
        direction = _scores(rows)["direction_percent"]
        owners = rows.loc[direction.index, ["speaker", "source", "initialisation"]]
        named = {"speaker": "voice", "source": "item", "initialisation": "network"}
        return owners.rename(columns=named).assign(direction=direction)

    own = directions(same)
    difference, low, high, control = above_null(own, directions(null), "direction", seed)
    found = {"score": "direction_percent", "against": UNTRAINED, "value": own["direction"].mean()}
    return found | {"control": control, "difference": difference, "low": low, "high": high}


def _null_of(rows: pd.DataFrame, keys: dict) -> pd.DataFrame:
    null = rows[(rows["signal"] == UNTRAINED) & (rows["pair"] == keys["pair"])]
    null = null[(null["method"] == keys["method"]) & (null["model"] == keys["model"])]
    return _heard_by_all(null if keys["condition"] == POOLED else null[null["condition"] == keys["condition"]])


def _heard_by_all(null: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the sources that every initialisation hears."""
    heard_by = null.groupby(["condition", "source"])["initialisation"].transform("nunique")
    return null[heard_by == null["initialisation"].nunique()].reset_index(drop=True)


def _grouped(rows: pd.DataFrame) -> Iterator[tuple[dict, pd.DataFrame]]:
    """Yield the rows of each group; several conditions are also pooled, at the end, and their rows tell them apart."""
    tables = dict(tuple(rows.groupby("condition", sort=False)))
    if len(tables) > 1:
        tables[POOLED] = rows
    for condition, table in tables.items():
        for pair, of_pair in table.groupby("pair", sort=False):
            for names, group in of_pair.groupby(list(SIGNAL), sort=False):
                named = dict(zip((*PLACE, *SIGNAL), (condition, pair, *names), strict=True))
                yield named, group.reset_index(drop=True)


def _scores(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the values of the windows that count for each of `SCORES`."""
    truth_samples = rows["true_lag_samples"]
    same_sign = np.sign(rows["lag_samples"]) * np.sign(truth_samples)
    return {
        "anomalies_percent": 100.0 * rows["anomaly"],
        "mae_samples": rows["error_samples"][~rows["anomaly"]],
        "direction_percent": 100.0 * same_sign[truth_samples.abs() >= 1],
    }


def _owners(values: pd.Series, rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    return rows["speaker"][values.index], rows["source"][values.index]


def _over_initialisations(null: pd.DataFrame) -> tuple[float, float, float]:
    """Return the direction's mean over initialisations, and low and high end of the middle 95 % of them."""
    direction = _scores(null)["direction_percent"]
    if direction.empty:
        return np.nan, np.nan, np.nan
    means = direction.groupby(null["initialisation"][direction.index]).mean().to_numpy()
    low, high = interval(means)
    return float(means.mean()), float(low), float(high)
