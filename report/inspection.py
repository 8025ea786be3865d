"""What a network heard of one source, and which of it was relevant: signals, spectra, delays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator
from scipy.signal import stft

import params
from acoustics.gcc import gcc_phat
from acoustics.recordings import Recordings
from explain.store import AttributionStore
from localization.delays import PROTOCOLS, DelayProtocol, estimated_lags_samples, true_lags_samples
from report.style import LIGHT, SINGLE_IN, Theme
from running.errors import InputError

SIGNALS = ("microphone", "relevance")
VIEWS = ("waveform", "stft", "gcc_phat")
TITLES = {
    ("microphone", "waveform"): "Signal of microphone {first}",
    ("microphone", "stft"): "STFT of microphone {first}",
    ("microphone", "gcc_phat"): "GCC-PHAT of microphones {first} and {second}",
    ("relevance", "waveform"): "Relevance of microphone {first}",
    ("relevance", "stft"): "STFT of relevance, microphone {first}",
    ("relevance", "gcc_phat"): "GCC-PHAT of relevance, {first} and {second}",
}
STFT_SAMPLES, STFT_HOP_SAMPLES = 512, 128  # as published
FLOOR_DB = -80
SHOWN_LAG_SAMPLES = 40
LARGEST_SHARE = 0.995  # of relevance values within the colours of the map; a few peaks are far larger than the rest


@dataclass(frozen=True)
class Inspection:
    """Microphone signals, their relevance, and the pair of microphones between which delays are looked at.

    Parameters
    ----------
    signals, relevance : float arrays, shape (microphone, sample)
        One window, or several laid end to end.
    setup : params.Setup
    protocol : DelayProtocol
        With one pair; the plots of a single microphone show its first.
    true_lag_samples : float, optional
        Absent where the talker's position is not known.
    """

    signals: np.ndarray
    relevance: np.ndarray
    setup: params.Setup
    protocol: DelayProtocol = PROTOCOLS["published"]
    true_lag_samples: float | None = None

    def __post_init__(self):
        if self.signals.shape != self.relevance.shape:
            raise InputError(f"signals {self.signals.shape} and relevance {self.relevance.shape} differ in shape")
        if not 0 <= min(self.pair) <= max(self.pair) < len(self.signals):
            raise InputError(f"there is no pair {self.pair}: the {len(self.signals)} microphones are counted from 0")

    @classmethod
    def of_source(
        cls,
        recordings: Recordings,
        store: AttributionStore,
        row: int,
        window: int | None = None,
        pair: tuple[int, int] | None = None,
        protocol: DelayProtocol = PROTOCOLS["published"],
    ) -> Inspection:
        """Inspect a source of a dataset: one of its windows, or all of them laid end to end.

        Parameters
        ----------
        recordings : Recordings
        store : AttributionStore
            Of these recordings.
        row : int
            The source's row in the recordings.
        window : int, optional
        pair : (first, second), optional
            Microphones, counted from 0; by default the first pair of the protocol.
        protocol : DelayProtocol
            How delays are found.

        Raises
        ------
        InputError
            When there is no such window or microphone.
        """
        windows = recordings.windows(row)
        if window is not None and not 0 <= window < len(windows):
            source, count = recordings.numbers[row], len(windows)
            raise InputError(f"source {source} has no window {window}: its {count} windows are counted from 0")
        chosen = slice(None) if window is None else [window]
        signals, relevant = (
            np.concatenate(each[chosen], axis=-1) for each in (windows, store.attributions(row, windows))
        )
        inspection = cls(signals, relevant, recordings.setup, replace(protocol, pairs=(pair or protocol.pairs[0],)))
        (truth,) = true_lags_samples(recordings.positions_m[row], recordings.setup, inspection.protocol)
        return replace(inspection, true_lag_samples=float(truth))

    @property
    def pair(self) -> tuple[int, int]:
        """Microphones between which delays are looked at, counted from 0."""
        return self.protocol.pairs[0]

    @property
    def reach_samples(self) -> float:
        """Largest delay that the pair's distance allows."""
        first_m, second_m = self.setup.array.as_array()[list(self.pair)]
        return float(np.linalg.norm(first_m - second_m) / self.setup.c_m_s * self.setup.fs_hz)

    def of(self, signal: str) -> np.ndarray:
        """Return "microphone" signals or their "relevance", shape (microphone, sample)."""
        return {"microphone": self.signals, "relevance": self.relevance}[signal]

    @property
    def shown_lag_samples(self) -> int:
        """Largest lag to show: all that are possible, and some beside them."""
        return max(SHOWN_LAG_SAMPLES, int(np.ceil(1.2 * self.reach_samples)))

    def correlation(self, signal: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the lags between the pair in samples, and GCC-PHAT at each."""
        first, second = (self.of(signal)[microphone] for microphone in self.pair)
        return gcc_phat(first, second)

    def peak_lag_samples(self, signal: str) -> float:
        """Return the delay between the pair that GCC-PHAT finds, as `tdoa_experiment.py` does."""
        return float(estimated_lags_samples(self.of(signal)[None], self.setup, self.protocol)[0, 0])


def inspection_figure(inspection: Inspection, theme: Theme = LIGHT) -> Figure:
    """Draw six plots: the microphone's signal, STFT and GCC-PHAT, and below the same of its relevance."""
    with theme.canvas(11.5, 5) as figure:
        figure.get_layout_engine().set(wspace=0.04, hspace=0.06)
        for row, signal in zip(figure.subplots(len(SIGNALS), len(VIEWS)), SIGNALS, strict=True):
            for axes, view in zip(row, VIEWS, strict=True):
                DRAWN[view](axes, inspection, signal, theme)
                axes.set_title(panel_title(inspection, signal, view))
    return figure


def panel_title(inspection: Inspection, signal: str, view: str) -> str:
    """Return what a panel shows, such as "STFT of microphone 7"."""
    first, second = inspection.pair
    return TITLES[signal, view].format(first=first, second=second)


def relevance_map(relevance: np.ndarray, fs_hz: int, theme: Theme = LIGHT) -> Figure:
    """Draw the relevance of all microphones over time, and at the side the share of each in its absolute sum.

    Parameters
    ----------
    relevance : array, shape (microphone, sample)
    fs_hz : int
    theme : Theme
    """
    n_microphones, n_samples = relevance.shape
    limit_m = np.quantile(np.abs(relevance), LARGEST_SHARE) or 1.0
    share_percent = 100 * microphone_shares(relevance)
    with theme.canvas(SINGLE_IN, 3.4) as figure:
        image_axes, share_axes = figure.subplots(1, 2, sharey=True, width_ratios=(4, 1))
        image = image_axes.imshow(
            relevance,
            theme.signed,
            aspect="auto",
            vmin=-limit_m,
            vmax=limit_m,
            extent=(0, n_samples / fs_hz, n_microphones - 0.5, -0.5),
            interpolation_stage="data",
        )
        bar = figure.colorbar(
            image, ax=image_axes, location="top", label="relevance", extend="both", aspect=40, format=EngFormatter("m")
        )
        bar.locator = MaxNLocator(4)
        bar.outline.set_edgecolor(theme.pale)
        ticks = range(0, n_microphones, 1 + n_microphones // 9)
        image_axes.set(xlabel="time (s)", ylabel="microphone", yticks=ticks)
        share_axes.barh(range(n_microphones), share_percent, color=theme.pale, height=0.7)
        share_axes.axvline(100 / n_microphones, color=theme.ink, linestyle=":")
        share_axes.text(100 / n_microphones, -0.8, "equal", ha="center", fontsize="small")
        share_axes.set(xlabel="|relevance|\n(% of all)", xlim=(0, 1.25 * share_percent.max() or 1))
        share_axes.tick_params(left=False, labelleft=False)
    return figure


def microphone_shares(relevance: np.ndarray) -> np.ndarray:
    """Return each microphone's share of the absolute relevance, shape (microphone,); zero where there is none."""
    absolute = np.abs(relevance).sum(axis=-1, dtype=np.float64)
    return absolute / (absolute.sum() or 1.0)


def level_db(
    signal: np.ndarray, fs_hz: int, hop_samples: int = STFT_HOP_SAMPLES
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Short-time spectrum of a signal relative to its largest value.

    Returns
    -------
    hz, seconds : arrays
        Frequencies; middles of the frames.
    level_db : array, shape (frequency, frame)
        At least `FLOOR_DB`.
    """
    n_frame = min(STFT_SAMPLES, len(signal))
    hz, seconds, spectrum = stft(signal, fs_hz, nperseg=n_frame, noverlap=max(0, n_frame - hop_samples))
    magnitude = np.abs(spectrum)
    relative = magnitude / (magnitude.max() or 1.0)
    return hz, seconds, 20 * np.log10(np.maximum(relative, 10 ** (FLOOR_DB / 20)))


def _draw_waveform(axes: Axes, inspection: Inspection, signal: str, theme: Theme) -> None:
    values = inspection.of(signal)[inspection.pair[0]]
    seconds = np.arange(len(values)) / inspection.setup.fs_hz
    axes.plot(seconds, values, color=_colour(signal, theme), linewidth=0.7)
    limit = 1.05 * np.abs(values).max() or 1.0
    axes.set(
        xlabel="time (s)",
        ylabel={"microphone": "amplitude"}.get(signal, signal),
        xlim=(0, len(values) / inspection.setup.fs_hz),
        ylim=(-limit, limit),
    )
    if signal == "relevance":
        axes.yaxis.set_major_formatter(EngFormatter("m"))
    axes.grid(axis="y")


def _draw_stft(axes: Axes, inspection: Inspection, signal: str, theme: Theme) -> None:
    values = inspection.of(signal)[inspection.pair[0]]
    hz, seconds, level = level_db(values, inspection.setup.fs_hz)
    half_s, half_hz = (seconds[1] - seconds[0]) / 2, (hz[1] - hz[0]) / 2
    extent = (seconds[0] - half_s, seconds[-1] + half_s, hz[0] - half_hz, hz[-1] + half_hz)
    image = axes.imshow(level, "viridis", aspect="auto", origin="lower", extent=extent, vmin=FLOOR_DB, vmax=0)
    axes.set(xlabel="time (s)", ylabel="frequency (Hz)")
    axes.set(xlim=(0, len(values) / inspection.setup.fs_hz), ylim=(0, inspection.setup.fs_hz / 2))
    bar = axes.figure.colorbar(image, ax=axes, label="level (dB)", pad=0.02)
    bar.outline.set_visible(False)


def _draw_gcc_phat(axes: Axes, inspection: Inspection, signal: str, theme: Theme) -> None:
    lags_samples, correlation = inspection.correlation(signal)
    reach_samples, shown_samples = inspection.reach_samples, inspection.shown_lag_samples
    shown = np.abs(lags_samples) <= shown_samples
    axes.axvspan(-reach_samples, reach_samples, color=theme.pale, alpha=0.2, linewidth=0, label="possible")
    axes.plot(lags_samples[shown], correlation[shown], color=_colour(signal, theme), linewidth=1.2)
    if inspection.true_lag_samples is not None:
        truth = inspection.true_lag_samples
        axes.axvline(truth, color=theme.ink, linestyle="--", linewidth=1, label=f"true {truth:.3g}")
    peak = inspection.peak_lag_samples(signal)
    aside = "" if abs(peak) <= shown_samples else ", not shown"
    height = np.interp(peak, lags_samples, correlation)
    axes.plot(peak, height, "v", color=_colour(signal, theme), markersize=7, label=f"peak {peak:.3g}{aside}")
    axes.set(xlabel="lag (samples)", ylabel="GCC-PHAT", xlim=(-shown_samples, shown_samples))
    axes.margins(y=0.12)
    axes.grid()
    axes.legend(loc="upper right", handlelength=1.5)


DRAWN = {"waveform": _draw_waveform, "stft": _draw_stft, "gcc_phat": _draw_gcc_phat}


def _colour(signal: str, theme: Theme) -> str:
    return {"microphone": theme.blue, "relevance": theme.vermilion}[signal]
