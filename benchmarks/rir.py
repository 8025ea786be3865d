"""Compare the simulators of room impulse responses: one source, the published array and room, all four T60.

All that is installed runs in turn, over and over; the fastest run of each counts. All but one compute on one core:
"pyroomacoustics own loop" is what its users call, ``room.compute_rir()`` on all cores with all images up to the order
that covers T60, where this repository hands it only those that arrive in time. rir-generator, often used in this
field, is measured where it is installed (pip install rir-generator).

Columns: seconds; how many times finufft's; error, the distance from the literal float64 sum over images of finufft's
kernel, relative to the response and estimated from 200 samples of it; in band, the relative distance from finufft
below nine tenths of the Nyquist frequency. The last rows are that literal sum with other kernels: a sinc under a Hann
window of 128 samples, as gpuRIR and rir-generator have it, and of 1024.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from acoustics.room import Scene, absorption, axis_images
from acoustics.simulators import SIMULATORS
from acoustics.simulators.finufft import period_samples
from acoustics.simulators.gpurir import hann_sinc
from acoustics.simulators.pyroomacoustics import highest_order
from benchmarks.timing import fastest_in_turn
from params import CONDITIONS, PUBLISHED
from running import arguments, provenance
from running.errors import exits_cleanly
from running.files import write_json

BAND = 0.9
COLUMNS = {"seconds": "8.4f", "ratio": "9.1f", "error": "8.1e", "error_in_band": "8.1e"}
SOURCE_M = PUBLISHED.grid.splits()["test"][58]
RIR_GENERATOR_T60_S = 0.4  # at 0.6 s it takes half a minute


@exits_cleanly
def main(argv=None) -> None:
    """Measure, print and save."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--all", action="store_true", help="rir-generator at every T60")
    parser.add_argument("--seconds", type=arguments.number(above=0), default=10.0, help="time to spend on each T60")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/rir.json"), help="where to save")
    args = parser.parse_args(argv)

    rows = []
    print(f"{'T60 s':>5}  {'':24} {'seconds':>8} {'x finufft':>9} {'error':>8} {'in band':>8}")
    for T60_s in sorted(condition.T60_s for condition in CONDITIONS):
        for row in compare(T60_s, args.seconds, args.all):
            rows.append(row)
            cells = (format(row[name], form) if name in row else "" for name, form in COLUMNS.items())
            print(f"{T60_s:5g}  {row['simulator']:24} {{:>8}} {{:>9}} {{:>8}} {{:>8}}".format(*cells), flush=True)
    longest_T60_s = max(condition.T60_s for condition in CONDITIONS)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        memory_mib = pool.apply(peak_memory_mib, (longest_T60_s,))
    print(f"peak memory of a process that runs finufft at T60 {longest_T60_s:g} s: {memory_mib:.0f} MiB")
    origin = provenance.origin({**vars(args), "cores": os.cpu_count(), "band": BAND})
    write_json(args.output, {"rows": rows, "finufft_peak_memory_mib": memory_mib, **origin})
    print(f"saved to {args.output}")


def compare(T60_s: float, seconds: float, every: bool) -> list[dict]:
    """Return a row for each simulator and each other kernel at one T60."""
    scene = published_scene(T60_s)
    contenders: dict[str, Callable] = {
        name: simulator.simulate for name, simulator in SIMULATORS.items() if not simulator.missing()
    }
    if "pyroomacoustics" in contenders:
        contenders["pyroomacoustics own loop"] = pyroomacoustics_own_loop
    if find_spec("rir_generator") and (every or T60_s <= RIR_GENERATOR_T60_S):
        contenders["rir-generator"] = rir_generator
    seconds_of, rirs_of = fastest_in_turn(
        {name: partial(simulate, scene) for name, simulate in contenders.items()}, seconds
    )

    rirs = rirs_of["finufft"]
    period = period_samples(scene.n_samples)
    at = np.random.default_rng(0).integers(0, scene.n_samples, 200)
    literal = image_sum(scene, at, lambda t: np.sin(np.pi * t) / (period * np.tan(np.pi * t / period)))

    def error(samples: np.ndarray) -> float:
        return float(np.sqrt(np.mean((samples - literal) ** 2) / np.mean(rirs[0, 0] ** 2)))

    rows = []
    for name, taken_s in seconds_of.items():
        row = {"T60_s": T60_s, "simulator": name, "seconds": taken_s, "ratio": taken_s / seconds_of["finufft"]}
        if rirs_of[name] is not None:
            row |= {"error": error(rirs_of[name][0, 0, at]), "error_in_band": _distance_in_band(rirs_of[name], rirs)}
        rows.append(row)
    for width in (128, 1024):
        samples = image_sum(scene, at, partial(hann_sinc, width=width))
        rows.append({"T60_s": T60_s, "simulator": f"sinc, Hann {width}", "error": error(samples)})
    return rows


def published_scene(T60_s: float) -> Scene:
    """Return the published room and array with one source, that of the published notebook."""
    return Scene(PUBLISHED.room, SOURCE_M[None], PUBLISHED.array.as_array(), T60_s)


def pyroomacoustics_own_loop(scene: Scene) -> None:
    """Simulate as users of pyroomacoustics do; its positive sign, delay and high-pass make it no match for the rest."""
    import pyroomacoustics as pra

    materials = pra.Material(absorption(scene.room, scene.T60_s))
    room = pra.ShoeBox(scene.room.size_m, fs=scene.fs_hz, materials=materials, max_order=highest_order(scene))
    for source_m in scene.sources_m:
        room.add_source(source_m)
    room.add_microphone_array(scene.microphones_m.T)
    room.compute_rir()


def rir_generator(scene: Scene) -> np.ndarray:
    """Simulate with rir-generator (E. Habets); shape (n_source, n_microphone, n_sample)."""
    import rir_generator

    responses = [
        rir_generator.generate(
            c=scene.c_m_s,
            fs=scene.fs_hz,
            r=scene.microphones_m,
            s=source_m,
            L=scene.room.size_m,
            beta=[scene.reflection] * 6,
            nsample=scene.n_samples,
            hp_filter=False,
        ).T
        for source_m in scene.sources_m
    ]
    return np.array(responses, dtype=np.float32)


def image_sum(scene: Scene, at: np.ndarray, kernel: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Sum a_i kernel(at - tau_i) over the images of the first source at the first microphone, literally, in float64.

    Parameters
    ----------
    scene : Scene
    at : ndarray of int, shape (n,)
        Samples at which to sum.
    kernel : callable
        Band-limited impulse, a function of time in samples.

    Returns
    -------
    ndarray, shape (n,)
    """
    axes = zip(scene.room.size_m, scene.sources_m[0], scene.microphones_m[0], strict=True)
    images = [(axis_images(length_m, source_m, scene.reach_m), mic_m) for length_m, source_m, mic_m in axes]
    offsets_m = np.meshgrid(*[positions_m - microphone_m for (positions_m, _), microphone_m in images])
    orders = np.sum(np.meshgrid(*[orders for (_, orders), _ in images]), axis=0).ravel()
    distances_m = np.linalg.norm(offsets_m, axis=0).ravel()
    heard = distances_m < scene.reach_m
    orders, distances_m = orders[heard], distances_m[heard]
    amplitudes = scene.reflection**orders / (4 * np.pi * distances_m)
    delays = distances_m * scene.fs_hz / scene.c_m_s
    chunks = [slice(start, start + 4096) for start in range(0, len(delays), 4096)]
    return sum(amplitudes[chunk] @ kernel(at - delays[chunk, None]) for chunk in chunks)


def peak_memory_mib(T60_s: float) -> float:
    """Run finufft in this process and return the most memory that the process ever held; Linux only."""
    SIMULATORS["finufft"].simulate(published_scene(T60_s))
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def _distance_in_band(actual: np.ndarray, expected: np.ndarray) -> float:
    difference, reference = np.fft.rfft([actual - expected, expected], 2 * expected.shape[-1])[
        ..., : int(BAND * expected.shape[-1])
    ]
    return float(np.linalg.norm(difference) / np.linalg.norm(reference))


if __name__ == "__main__":
    main()
