"""Every simulator against a literal float64 sum over image sources, and what physics says about any response.

Simulators differ in how they delay by fractions of a sample. finufft's kernel, the periodic sinc, is matched to 1e-4
at all frequencies. pyroomacoustics and gpuRIR window their sinc to 81 and 128 samples, which blurs the last tenth below
the Nyquist frequency; they are compared in the rest.
"""

import subprocess
import sys
import types
from importlib.machinery import ModuleSpec

import numpy as np
import pytest
import torch
from scipy.fft import next_fast_len

import benchmarks.rir
from acoustics.rir import simulate_rirs
from acoustics.room import Scene, delays_samples, smallest_T60_s
from acoustics.simulators import SIMULATORS, finufft, gpurir, resolve_simulator
from params import PUBLISHED, Room
from running.errors import InputError

ROOM = PUBLISHED.room
SOURCES_M = np.array([[1.48125, 5.375, 1.33693965], [2.575, 4.5, 1.0]])
MICROPHONES_M = PUBLISHED.array.as_array()[[0, 7, 15]]
BAND = 0.9  # share of the Nyquist frequency below which truncated sincs are compared
TOLERANCE = {"finufft": 1e-4, "pyroomacoustics": 5e-3, "gpurir": 5e-3}
RUNNABLE = [
    pytest.param(name, marks=pytest.mark.skipif(bool(missing), reason=f"needs {missing}"))
    for name, missing in ((name, simulator.missing()) for name, simulator in SIMULATORS.items())
]


def literal_rir(
    room, source_m, microphone_m, T60_s, n_samples, sign=-1, fs_hz=16000, c_m_s=343.0, orders=(0, 1), at=None
):
    """Sum sign^n sqrt(1 - alpha)^n / (4 pi d) D(t - tau) over images, D the periodic sinc, in float64.

    `orders` keeps the images of even (0) or odd (1) order; `at` are the samples to compute, all by default.
    """
    x, y, z = room.size_m
    alpha = 0.161 * x * y * z / (2 * (x * y + x * z + y * z) * T60_s)
    period = 2 * next_fast_len(n_samples, real=True)
    at = np.arange(n_samples) if at is None else at
    furthest = [int(n_samples / fs_hz * c_m_s / length_m) + 2 for length_m in room.size_m]
    copies = np.stack(np.meshgrid(*[np.arange(-n, n + 1) for n in furthest]), -1).reshape(-1, 3)
    images_m = np.where(copies % 2 == 0, copies * room.size_m + source_m, (copies + 1) * room.size_m - source_m)
    rir = np.zeros(len(at))
    for order, distance_m in zip(abs(copies).sum(1), np.linalg.norm(images_m - microphone_m, axis=1), strict=True):
        delay = distance_m / c_m_s * fs_hz
        if delay < n_samples and order % 2 in orders:
            t = at - delay
            t[t == 0] = 1e-12
            kernel = np.sin(np.pi * t) / (period * np.tan(np.pi * t / period))
            rir += sign**order * np.sqrt(1 - alpha) ** order / (4 * np.pi * distance_m) * kernel
    return rir


def relative_error(actual, expected, band=1.0):
    """Energy of the difference relative to that of `expected`, as amplitude, below `band` of the Nyquist frequency."""
    spectra = np.fft.rfft(np.array([actual, expected], dtype=np.float64), 4 * len(expected))
    actual, expected = spectra[:, : int(band * spectra.shape[1])]
    return np.linalg.norm(actual - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("simulator", RUNNABLE)
def test_every_simulator_is_the_literal_sum_over_images(simulator, sign):
    rirs = simulate_rirs(ROOM, SOURCES_M[:1], MICROPHONES_M[:2], 0.15, simulator=simulator, reflection_sign=sign)
    assert rirs.shape == (1, 2, 2400)
    assert rirs.dtype == np.float32
    for rir, microphone_m in zip(rirs[0], MICROPHONES_M, strict=False):
        literal = literal_rir(ROOM, SOURCES_M[0], microphone_m, 0.15, 2400, sign)
        band = 1.0 if simulator == "finufft" else BAND
        assert relative_error(rir, literal, band) < TOLERANCE[simulator]


@pytest.mark.parametrize("simulator", RUNNABLE)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_simulator_is_the_literal_sum_in_other_rooms_with_scattered_microphones(simulator, seed):
    rng = np.random.default_rng(seed)
    room = Room(tuple(rng.uniform(2, 9, 3)))
    T60_s = 1.3 * smallest_T60_s(room)
    source_m, *microphones_m = rng.uniform(0.05, 0.95, (3, 3)) * room.size_m
    acoustics = {"fs_hz": int(rng.integers(4000, 9000)), "c_m_s": rng.uniform(330, 350)}
    rirs = simulate_rirs(room, [source_m], microphones_m, T60_s, simulator=simulator, **acoustics)
    for rir, microphone_m in zip(rirs[0], microphones_m, strict=True):
        literal = literal_rir(room, source_m, microphone_m, T60_s, len(rir), **acoustics)
        assert relative_error(rir, literal, 1.0 if simulator == "finufft" else BAND) < TOLERANCE[simulator]


@pytest.mark.parametrize("T60_s", [0.3, 0.4, 0.6])
def test_finufft_is_the_literal_sum_at_long_T60(T60_s):
    rir = simulate_rirs(ROOM, SOURCES_M[:1], MICROPHONES_M[:1], T60_s, simulator="finufft")[0, 0]
    at = np.r_[120:150, np.random.default_rng(0).integers(0, len(rir), 150)]
    literal = literal_rir(ROOM, SOURCES_M[0], MICROPHONES_M[0], T60_s, len(rir), at=at)
    assert np.linalg.norm(rir[at] - literal) < TOLERANCE["finufft"] * np.linalg.norm(literal)


def test_a_windowed_sinc_is_as_far_away_as_the_deviations_say():
    distances, in_band = [], []
    for source_m in SOURCES_M:
        for microphone_m in MICROPHONES_M[::2]:
            scene = Scene(ROOM, source_m[None], microphone_m[None], 0.15)
            unwindowed = finufft.simulate(scene)[0, 0]
            windowed = benchmarks.rir.image_sum(
                scene, np.arange(scene.n_samples), lambda t: benchmarks.rir.hann_sinc(t, 128)
            )
            distances.append(relative_error(windowed, unwindowed))
            in_band.append(relative_error(windowed, unwindowed, BAND))
    assert 0.01 < min(distances) < max(distances) < 0.09
    assert np.mean(distances) == pytest.approx(0.044, abs=0.01)
    assert max(in_band) < 0.006


@pytest.mark.parametrize("T60_s", [0.3, 0.6])
def test_finufft_agrees_with_pyroomacoustics_at_long_T60(T60_s):
    pytest.importorskip("pyroomacoustics")
    fast, independent = (
        simulate_rirs(ROOM, SOURCES_M[1:], MICROPHONES_M[:1], T60_s, simulator=simulator)[0, 0]
        for simulator in ("finufft", "pyroomacoustics")
    )
    assert relative_error(independent, fast, BAND) < TOLERANCE["pyroomacoustics"]


@pytest.mark.parametrize("simulator", RUNNABLE)
def test_a_room_that_absorbs_everything_leaves_only_the_direct_sound(simulator):
    distance_m = 343 * 100 / 16000
    rirs = simulate_rirs(
        ROOM, [[0.8, 3.0, 1.0]], [[0.8 + distance_m, 3.0, 1.0]], smallest_T60_s(ROOM), simulator=simulator
    )
    direct = np.zeros(rirs.shape[-1])
    direct[100] = 1 / (4 * np.pi * distance_m)
    np.testing.assert_allclose(rirs[0, 0], direct, atol=2e-3 * direct.max())


def test_a_fractional_delay_turns_the_phase_in_proportion_to_frequency():
    rirs = simulate_rirs(ROOM, SOURCES_M, MICROPHONES_M, smallest_T60_s(ROOM), simulator="finufft")
    spectra = np.fft.rfft(rirs.astype(np.float64))[..., 50:700]
    radians_per_bin = 2 * np.pi / rirs.shape[-1]
    measured = -np.polyfit(np.arange(50, 700), np.unwrap(np.angle(spectra)).reshape(-1, 650).T, 1)[0] / radians_per_bin
    np.testing.assert_allclose(measured, delays_samples(SOURCES_M, MICROPHONES_M, 16000, 343.0).ravel(), atol=2e-3)


@pytest.mark.parametrize("simulator", RUNNABLE)
def test_source_and_microphone_may_change_places(simulator):
    there, back = (
        simulate_rirs(ROOM, places[:1], places[1:], 0.2, simulator=simulator)[0, 0]
        for places in (np.stack([SOURCES_M[0], MICROPHONES_M[0]]), np.stack([MICROPHONES_M[0], SOURCES_M[0]]))
    )
    assert relative_error(there, back) < 1e-3


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_mirrored_room_sounds_the_same(axis):
    def mirror(points_m):
        mirrored_m = points_m.copy()
        mirrored_m[:, axis] = ROOM.size_m[axis] - points_m[:, axis]
        return mirrored_m

    rirs = simulate_rirs(ROOM, SOURCES_M, MICROPHONES_M, 0.3, simulator="finufft")
    mirrored = simulate_rirs(ROOM, mirror(SOURCES_M), mirror(MICROPHONES_M), 0.3, simulator="finufft")
    assert relative_error(mirrored.ravel(), rirs.ravel()) < 2e-5


def test_a_room_of_twice_the_size_at_half_the_rate_sounds_half_as_loud():
    rirs = simulate_rirs(ROOM, SOURCES_M, MICROPHONES_M, 0.3, simulator="finufft")
    twice = Room(tuple(2 * length_m for length_m in ROOM.size_m))
    larger = simulate_rirs(twice, 2 * SOURCES_M, 2 * MICROPHONES_M, 0.6, fs_hz=8000, simulator="finufft")
    np.testing.assert_allclose(2 * larger, rirs, atol=1e-6 * abs(rirs).max())


def test_the_sign_of_an_image_alternates_with_its_order():
    negative, positive = (
        simulate_rirs(ROOM, SOURCES_M[:1], MICROPHONES_M[:1], 0.15, simulator="finufft", reflection_sign=sign)[0, 0]
        for sign in (-1, 1)
    )
    even, odd = (
        literal_rir(ROOM, SOURCES_M[0], MICROPHONES_M[0], 0.15, 2400, sign=1, orders=(parity,)) for parity in (0, 1)
    )
    assert relative_error((positive + negative) / 2, even) < 1e-4
    assert relative_error((positive - negative) / 2, odd) < 1e-4


@pytest.mark.parametrize("simulator", RUNNABLE)
@pytest.mark.parametrize("T60_s", [0.15, 0.3])
def test_energy_decays_by_60_dB_in_about_T60(simulator, T60_s):
    """A flat room decays up to half as slowly again as Sabine's formula, made for diffuse sound, has it."""
    rirs = simulate_rirs(ROOM, SOURCES_M[:1], MICROPHONES_M[:1], T60_s, simulator=simulator)
    remaining = np.cumsum(rirs[0, 0, ::-1].astype(np.float64) ** 2)[::-1]
    remaining_db = 10 * np.log10(remaining / remaining[0])
    fitted = np.flatnonzero((remaining_db < -5) & (remaining_db > -25))
    decay_db_s = np.polyfit(fitted / 16000, remaining_db[fitted], 1)[0]
    assert 0.9 * T60_s < -60 / decay_db_s < 1.5 * T60_s


@pytest.mark.parametrize("simulator", RUNNABLE)
def test_responses_are_the_same_bit_for_bit_however_the_sources_are_split(simulator):
    together = simulate_rirs(ROOM, SOURCES_M, MICROPHONES_M, 0.3, simulator=simulator)
    alone = [simulate_rirs(ROOM, [source_m], MICROPHONES_M, 0.3, simulator=simulator)[0] for source_m in SOURCES_M]
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("simulator", RUNNABLE)
def test_responses_are_the_same_bit_for_bit_in_another_process_with_more_threads(simulator, tmp_path):
    here = simulate_rirs(ROOM, SOURCES_M, MICROPHONES_M, 0.3, simulator=simulator)
    script = (
        "import sys, numpy as np; from acoustics.rir import simulate_rirs; from params import PUBLISHED\n"
        f"rirs = simulate_rirs(PUBLISHED.room, np.array({SOURCES_M.tolist()}),"
        f" np.array({MICROPHONES_M.tolist()}), 0.3, simulator={simulator!r})\n"
        "np.save(sys.argv[1], rirs)"
    )
    path = tmp_path / "rirs.npy"
    environment = {"OMP_NUM_THREADS": "4", "PRA_NUM_THREADS": "4", "PYTHONPATH": ":".join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, env=environment)
    np.testing.assert_array_equal(np.load(path), here)


def test_many_small_transforms_are_one_large_one(monkeypatch):
    at_once = simulate_rirs(ROOM, SOURCES_M, MICROPHONES_M, 0.3, simulator="finufft")
    monkeypatch.setattr(finufft, "IMAGES_PER_TRANSFORM", 1)
    in_parts = simulate_rirs(ROOM, SOURCES_M, MICROPHONES_M, 0.3, simulator="finufft")
    assert relative_error(in_parts.ravel(), at_once.ravel()) < 1e-6


class GpuRIRInNumpy(types.ModuleType):
    """gpuRIR's interface; its kernel re-implemented: negated reflections, its order of images, its windowed sinc."""

    def __init__(self):
        super().__init__("gpuRIR")
        self.__spec__ = ModuleSpec("gpuRIR", None)
        self.lut = self.mixed_precision = None
        self.sources_per_call = []

    def activateLUT(self, activate=True):
        self.lut = activate

    def activateMixedPrecision(self, activate=True):
        self.mixed_precision = activate

    def simulateRIR(self, room_sz, beta, pos_src, pos_rcv, nb_img, Tmax, fs, Tdiff=None, c=343.0):
        assert (self.lut, self.mixed_precision, Tdiff) == (True, False, None)
        assert all(isinstance(count, int) for count in nb_img)
        assert beta.shape == (6,)
        self.sources_per_call.append(len(pos_src))
        n_samples = int(np.ceil(np.float32(Tmax) * np.float32(fs)))
        n_samples += n_samples % 2
        width = round(8e-3 * fs)
        rirs = np.zeros((len(pos_src), len(pos_rcv), n_samples), dtype=np.float32)
        n = np.stack(np.meshgrid(*[np.arange(count) - count // 2 for count in nb_img]), -1).reshape(-1, 3)
        cluster, reflected = np.ceil(n / 2), abs(n % 2)
        gain = np.prod((-beta[::2]) ** abs(cluster - reflected) * (-beta[1::2]) ** abs(cluster), axis=1)
        for source, source_rirs in zip(pos_src, rirs, strict=True):
            for microphone, rir in zip(pos_rcv, source_rirs, strict=True):
                distance = np.linalg.norm(2 * cluster * room_sz + (1 - 2 * reflected) * source - microphone, axis=1)
                delay = (distance / c * fs)[:, None]
                samples = np.floor(delay).astype(int) + np.arange(-width // 2, width // 2 + 1)
                t = samples - delay
                heard = (samples >= 0) & (samples < n_samples) & (abs(t) < width / 2)
                taps = np.sinc(t) * np.cos(np.pi * t / width) ** 2 * (gain / (4 * np.pi * distance))[:, None]
                rir += np.bincount(samples[heard], taps[heard], minlength=n_samples).astype(np.float32)
        return rirs


@pytest.fixture
def gpuRIR(monkeypatch):
    fake = GpuRIRInNumpy()
    monkeypatch.setitem(sys.modules, "gpuRIR", fake)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    return fake


@pytest.mark.parametrize("sign", [-1, 1])
def test_gpurir_asks_its_kernel_for_the_literal_sum_over_images(gpuRIR, sign):
    rirs = simulate_rirs(ROOM, SOURCES_M[:1], MICROPHONES_M[:1], 0.15, simulator="gpurir", reflection_sign=sign)
    literal = literal_rir(ROOM, SOURCES_M[0], MICROPHONES_M[0], 0.15, 2400, sign)
    assert relative_error(rirs[0, 0], literal, BAND) < TOLERANCE["gpurir"]


def test_gpurir_splits_the_sources_into_calls_that_fit(gpuRIR, monkeypatch):
    whole = simulate_rirs(ROOM, SOURCES_M[[0, 1, 0]], MICROPHONES_M[:1], 0.1, simulator="gpurir")
    monkeypatch.setattr(gpurir, "SOURCES_PER_CALL", 2)
    split = simulate_rirs(ROOM, SOURCES_M[[0, 1, 0]], MICROPHONES_M[:1], 0.1, simulator="gpurir")
    assert gpuRIR.sources_per_call == [3, 2, 1]
    np.testing.assert_array_equal(whole, split)


def test_gpurir_never_asks_for_more_responses_or_images_than_its_counters_hold(gpuRIR, monkeypatch):
    asked = []
    monkeypatch.setattr(
        gpuRIR,
        "simulateRIR",
        lambda pos_src, pos_rcv, nb_img, **_: (
            asked.append((len(pos_src), len(pos_src) * len(pos_rcv), len(pos_src) * len(pos_rcv) * np.prod(nb_img)))
            or np.zeros((len(pos_src), len(pos_rcv), 2), dtype=np.float32)
        ),
    )
    sources_m = PUBLISHED.grid.positions_m()
    for T60_s in (0.1, 0.15, 0.6):
        for microphones_m in (MICROPHONES_M[:1], np.tile(MICROPHONES_M, (33, 1))):
            assert len(simulate_rirs(ROOM, sources_m, microphones_m, T60_s, simulator="gpurir")) == 4225
    assert np.all(np.array(asked) <= (2000, 65535, 2**28))
    assert np.max(asked, axis=0)[0] == 2000


def test_gpurir_is_not_asked_for_an_impossible_T60(gpuRIR):
    with pytest.raises(InputError, match=r"0\.0986"):
        simulate_rirs(ROOM, SOURCES_M, MICROPHONES_M, 0.09, simulator="gpurir")
    assert gpuRIR.sources_per_call == []


def test_auto_is_gpurir_with_cuda_and_gpurir(gpuRIR):
    assert resolve_simulator("auto") == "gpurir"


def test_auto_is_finufft_without_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_simulator("auto") == "finufft"
    with pytest.raises(InputError, match="CUDA"):
        resolve_simulator("gpurir")


def test_auto_is_finufft_with_cuda_but_without_gpurir(gpuRIR, monkeypatch):
    monkeypatch.setitem(sys.modules, "gpuRIR", None)
    monkeypatch.setattr("acoustics.simulators.find_spec", lambda library: None if library == "gpuRIR" else library)
    assert resolve_simulator("auto") == "finufft"
    with pytest.raises(InputError, match=r"gpuRIR.*requirements-gpu\.txt"):
        resolve_simulator("gpurir")


def test_unknown_simulator_is_refused_with_the_choices():
    with pytest.raises(InputError, match="auto, finufft, gpurir, pyroomacoustics"):
        resolve_simulator("matlab")


def test_importing_the_contract_imports_no_simulator():
    script = (
        "import sys, acoustics.rir; assert not {'finufft', 'gpuRIR', 'pyroomacoustics', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env={"PYTHONPATH": ":".join(filter(None, sys.path))})


def test_the_benchmark_finds_all_simulators_it_measures_alike():
    rows = {row["simulator"]: row for row in benchmarks.rir.compare(0.15, seconds=0, every=False)}
    assert rows["finufft"]["error"] < TOLERANCE["finufft"]
    in_band = {name: row["error_in_band"] for name, row in rows.items() if "error_in_band" in row}
    assert max(in_band.values()) < 5e-3
    assert rows["sinc, Hann 1024"]["error"] < rows["sinc, Hann 128"]["error"]
