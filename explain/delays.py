"""Time delays between microphones, from their signals or from the relevance of their signals (experiment 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

import params
from acoustics.gcc import gcc_phat, is_anomaly, peak_lag_samples, true_lag_samples
from explain.statistics import mean_over_sources


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
        max_lag_samples = distance_m / setup.c_m_s * setup.fs_hz if protocol.limit_lag else None
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
    """Return the scores of the delays of each condition, pair and signal.

    Parameters
    ----------
    rows : DataFrame
        As `delay_rows`, with columns `condition`, `signal` and `source` added.
    seed : int
        Seed of the confidence intervals (95 %, over sources).

    Returns
    -------
    DataFrame
        Each score with `_low` and `_high`; several conditions are also pooled. `anomalies_percent`; `mae_samples` of
        the other estimates. `anomalies_above_zero_percent` and `mae_above_zero_samples`: the same, less what saying
        "lag 0" scores on the same windows. `direction_percent`: of the windows with a true delay of a sample or more,
        the share whose estimate has its sign, less the share with the other sign; always 0 for "lag 0".
    """
    if rows["condition"].nunique() > 1:
        rows = pd.concat([rows, rows.assign(condition="pooled")])
    rows = rows.reset_index(drop=True)
    summary = []
    for (condition, pair), of_pair in rows.groupby(["condition", "pair"], sort=False):
        for signal, group in of_pair.groupby("signal", sort=False):
            named = {"condition": condition, "pair": pair, "signal": signal, "windows": len(group)}
            summary.append(named | _scores(group, seed))
    return pd.DataFrame(summary)


def _scores(rows: pd.DataFrame, seed: int) -> dict[str, float]:
    truth_samples = rows["true_lag_samples"]
    above_zero = rows["anomaly"].astype(int) - rows["zero_anomaly"].astype(int)
    error_above_zero = rows["error_samples"] - truth_samples.abs()
    same_sign = np.sign(rows["lag_samples"]) * np.sign(truth_samples)
    usual, apart = ~rows["anomaly"], truth_samples.abs() >= 1
    values = {
        "anomalies_percent": 100.0 * rows["anomaly"],
        "mae_samples": rows["error_samples"][usual],
        "anomalies_above_zero_percent": 100.0 * above_zero,
        "mae_above_zero_samples": error_above_zero[usual],
        "direction_percent": 100.0 * same_sign[apart],
    }
    scores = {}
    for name, of_windows in values.items():
        found = mean_over_sources(of_windows, rows["source"][of_windows.index], seed)
        scores |= dict(zip((name, f"{name}_low", f"{name}_high"), found, strict=True))
    return scores
