"""SRP-PHAT: the position from which all microphones together hear most."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from scipy import fft, sparse

from acoustics.room import delays_samples
from params import PUBLISHED, Setup
from running.errors import InputError

WINDOWS_AT_ONCE = 16  # quickest: their correlations stay in the cache
OVERSAMPLING = 2
TAPS = 6
BETA = np.pi * np.sqrt((TAPS / OVERSAMPLING * (OVERSAMPLING - 0.5)) ** 2 - 0.8)


@dataclass(frozen=True)
class SrpPhat:
    """Steered response power with phase transform over a horizontal grid of near-field positions.

    The power of a position is the sum over all pairs of microphones m < n of their GCC-PHAT at the pair's true lag,

        P = sum_{m < n} 1/N sum_{|k| < N/2} A_n[k] conj(A_m[k]) exp(2 pi j k (tau_n - tau_m) / N),    A = X / |X|,

    where X are the spectra of the windows, rectangular as the networks hear them and padded to N samples, at least
    twice their length, and tau the fractional delays from the position to the microphones. The Nyquist frequency, which
    can carry no delay, is left out. The power is at most the number of pairs, and zero for silence.

    Parameters
    ----------
    setup : Setup
        The area is that of its source grid, the height the middle one: a line of microphones can't tell heights.
    spacing_m : float
        Largest distance between neighbours on the grid, which holds both ends of the area along x and y.
    highest_hz : float, optional
        Only frequencies below it count; the fewer, the wider are the peaks of the power. All by default.

    Raises
    ------
    InputError
        If spacing or frequency aren't positive or there is no pair of microphones.

    Notes
    -----
    J. H. DiBiase, H. F. Silverman, M. S. Brandstein, "Robust localization in reverberant rooms", in Microphone Arrays,
    Springer, 2001.

    The sum over k is a non-uniform FFT, met to 1e-5: correlations at half samples, interpolated by a Kaiser-Bessel
    kernel of 6 taps whose spectrum is divided out beforehand. The lags are the same for all windows, so the
    interpolation is kept as sparse matrices. P. J. Beatty, D. G. Nishimura, J. M. Pauly, "Rapid Gridding Reconstruction
    With a Minimal Oversampling Ratio", IEEE Transactions on Medical Imaging 24(6), 2005.
    """

    setup: Setup = PUBLISHED
    spacing_m: float = 0.025
    highest_hz: float | None = None

    def __post_init__(self):
        if not 0 < self.spacing_m < np.inf:
            raise InputError(f"the grid needs a spacing of more than 0 m, not {self.spacing_m}")
        if self.highest_hz is not None and not self.highest_hz > 0:
            raise InputError(f"SRP-PHAT needs frequencies above 0 Hz, not up to {self.highest_hz}")
        if len(self.setup.array) < 2:
            raise InputError("SRP-PHAT needs two microphones or more")

    @cached_property
    def x_m(self) -> np.ndarray:
        """The grid along x, float64, shape (nx,)."""
        return self._axis_m(*self.setup.grid.x_m)

    @cached_property
    def y_m(self) -> np.ndarray:
        """The grid along y, float64, shape (ny,)."""
        return self._axis_m(*self.setup.grid.y_m)

    @cached_property
    def positions_m(self) -> np.ndarray:
        """All positions in grid order (x runs fastest), float64, shape (ny * nx, 3)."""
        x_m, y_m = np.meshgrid(self.x_m, self.y_m)
        return np.column_stack([x_m.ravel(), y_m.ravel(), np.full(x_m.size, np.mean(self.setup.grid.z_m))])

    def estimate(self, windows: np.ndarray) -> np.ndarray:
        """Return the position of the largest power; of equal ones the first, thus for silence the grid's first corner.

        Parameters
        ----------
        windows : array, shape (window, microphone, sample)

        Returns
        -------
        float64 array, shape (window, 3)
            In metres.

        Raises
        ------
        InputError
            If microphones or samples aren't as many as in the set-up.
        """
        windows = self._checked(windows, 3)
        peaks = np.empty(len(windows), int)
        for first in range(0, len(windows), WINDOWS_AT_ONCE):
            part = slice(first, first + WINDOWS_AT_ONCE)
            peaks[part] = self._power(windows[part]).argmax(axis=0)
        return self.positions_m[peaks]

    def map(self, window: np.ndarray) -> np.ndarray:
        """Return the power of all positions, for a picture.

        Parameters
        ----------
        window : array, shape (microphone, sample)

        Returns
        -------
        float32 array, shape (ny, nx)

        Raises
        ------
        InputError
            As `estimate`.
        """
        return self._power(self._checked(window, 2)[None]).reshape(len(self.y_m), len(self.x_m))

    def _power(self, windows: np.ndarray) -> np.ndarray:
        """Return the power, float32, shape (position, window)."""
        spectra = fft.rfft(windows.transpose(1, 2, 0).astype(np.float64), self.n_fft, axis=1)[:, : len(self.gains)]
        phases = (_phases(spectra) * self.gains[:, None]).astype(np.complex64)  # (microphone, frequency, window)
        power = np.zeros((len(self.positions_m), len(windows)), np.float32)
        for (first, second), interpolation in self.interpolations.items():
            cross = phases[second] * phases[first].conj()
            power += interpolation @ fft.irfft(cross, self.n_lags, axis=0)
        return power

    @cached_property
    def n_fft(self) -> int:
        """Samples to which windows are padded."""
        return 2 * fft.next_fast_len(self.setup.window_samples, real=True)

    @cached_property
    def n_lags(self) -> int:
        """Length of a pair's correlation, which spans the padded window."""
        return 2 * OVERSAMPLING * fft.next_fast_len(self._n_frequencies, real=True)

    @cached_property
    def gains(self) -> np.ndarray:
        """What a microphone's phases are multiplied by, float64, shape (frequency,): it undoes the interpolation's."""
        frequencies = np.arange(self._n_frequencies) / self.n_lags
        return np.sqrt(self.n_lags / self.n_fft / _kernel_spectrum(frequencies))  # a pair has the product of two

    @property
    def _n_frequencies(self) -> int:
        highest = np.inf if self.highest_hz is None else np.ceil(self.highest_hz / self.setup.fs_hz * self.n_fft)
        return int(min(highest, self.n_fft // 2))

    @cached_property
    def interpolations(self) -> dict[tuple[int, int], sparse.csr_array]:
        """For each pair the matrix, shape (position, lag), from its correlation to the power that it adds."""
        setup = self.setup
        delays = delays_samples(self.positions_m, setup.array.as_array(), setup.fs_hz, setup.c_m_s).T
        n_lags = self.n_lags
        steps = np.arange(TAPS) - TAPS // 2 + 1
        matrices = {}
        for first, second in combinations(range(len(delays)), 2):
            lags = n_lags / self.n_fft * (delays[second] - delays[first])
            whole = np.floor(lags)
            weights = _kernel(steps - (lags - whole)[:, None]).astype(np.float32)  # (position, tap)
            columns = ((whole[:, None] + steps) % n_lags).astype(np.int32)
            starts = np.arange(0, columns.size + 1, TAPS, dtype=np.int32)
            matrix = sparse.csr_array((weights.ravel(), columns.ravel(), starts), shape=(len(lags), n_lags))
            matrices[first, second] = matrix
        return matrices

    def _axis_m(self, first_m: float, last_m: float) -> np.ndarray:
        steps = np.ceil(round((last_m - first_m) / self.spacing_m, 6))
        return np.linspace(first_m, last_m, int(steps) + 1)

    def _checked(self, windows: np.ndarray, ndim: int) -> np.ndarray:
        windows = np.asarray(windows)
        shape = (len(self.setup.array), self.setup.window_samples)
        if windows.ndim != ndim or windows.shape[-2:] != shape:
            raise InputError(f"SRP-PHAT needs {shape[0]} microphones x {shape[1]} samples, not {windows.shape}")
        return windows


def _phases(spectra: np.ndarray) -> np.ndarray:
    """Return spectra, shape (microphone, frequency, window), with magnitudes of 1; 0 where they are rounding errors."""
    magnitude = np.abs(spectra)
    floor = np.finfo(np.float64).eps * magnitude.max(axis=1, keepdims=True)  # as in `acoustics.gcc`
    return np.divide(spectra, magnitude, out=np.zeros_like(spectra), where=magnitude > floor)


def _kernel(lags: np.ndarray) -> np.ndarray:
    """Kaiser-Bessel kernel at lags of at most TAPS / 2 samples."""
    return np.i0(BETA * np.sqrt(1 - (2 * lags / TAPS) ** 2))


def _kernel_spectrum(frequencies: np.ndarray) -> np.ndarray:
    """Fourier transform of the kernel; frequencies in cycles a sample."""
    root = np.sqrt(BETA**2 - (np.pi * TAPS * frequencies) ** 2)
    return TAPS * np.sinh(root) / root
