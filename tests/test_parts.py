"""The parts of a recording: sums over their own images that add up to what was recorded, each from where it should."""

from functools import cache

import numpy as np
import pytest
import soundfile
from scipy.fft import next_fast_len
from test_rir import BAND, RUNNABLE, TOLERANCE, gpuRIR, relative_error  # noqa: F401

import generate_data
from acoustics.parts import Edit, render, response_parts
from acoustics.recordings import Recordings, hear
from acoustics.rir import simulate_rirs
from acoustics.room import Scene
from params import PUBLISHED
from running.errors import InputError

ROOM = PUBLISHED.room
T60_S = 0.12
SAMPLES_PER_M = 16000 / 343.0
OWN_M, OTHER_M = (1.48125, 5.375, 1.33693965), (2.575, 4.5, 1.0)
ARRAY_M = PUBLISHED.array.as_array()[[0, 7, 15]]
SCATTERED_M = np.array([[2.5, 4.3, 1.1], [0.4, 7.5, 2.0], [3.0, 1.0, 0.3]])


def scene_at(position_m, microphones_m=ARRAY_M, T60_s=T60_S):
    return Scene(ROOM, [position_m], microphones_m, T60_s)


@cache
def mirrored(position_m):
    """Mirror a source at the six walls, its images again, and so on: positions in metres and numbers of reflections."""
    orders, newest = {position_m: 0}, [position_m]
    for order in range(1, 28):
        images = []
        for image_m in newest:
            for axis, length_m in enumerate(ROOM.size_m):
                for wall_m in (0.0, length_m):
                    behind_m = (*image_m[:axis], round(2 * wall_m - image_m[axis], 9), *image_m[axis + 1 :])
                    if behind_m not in orders:
                        orders[behind_m] = order
                        images.append(behind_m)
        newest = images
    return np.array(list(orders)), np.array(list(orders.values()))


def literal_parts(position_m, microphones_m, early_s=0.02, shift_samples=0.0):
    """Sum the periodic sincs of the images of each part in float64, those that arrive within the response alone."""
    n_samples = scene_at(position_m).n_samples
    period = 2 * next_fast_len(n_samples, real=True)
    x, y, z = ROOM.size_m
    reflection = -np.sqrt(1 - 0.161 * x * y * z / (2 * (x * y + x * z + y * z) * T60_S))
    images_m, orders = mirrored(position_m)
    parts = np.zeros((3, len(microphones_m), n_samples))
    for microphone, microphone_m in enumerate(microphones_m):
        delays = np.linalg.norm(images_m - microphone_m, axis=1) * SAMPLES_PER_M
        amplitudes = reflection**orders / (4 * np.pi * delays / SAMPLES_PER_M)
        early = (orders > 0) & (delays - delays[0] <= early_s * 16000)
        for part, images in enumerate((orders == 0, early, (orders > 0) & ~early)):
            moved = delays + shift_samples
            heard = images & (delays < n_samples) & (moved >= 0) & (moved < n_samples)
            for delay, amplitude in zip(moved[heard], amplitudes[heard], strict=True):
                parts[part, microphone] += amplitude * periodic_sinc(np.arange(n_samples) - delay, period)
    return parts


def periodic_sinc(t, period):
    t = np.where(t == 0, 1e-12, t)
    return np.sin(np.pi * t) / (period * np.tan(np.pi * t / period))


def delays_of(position_m, microphones_m=ARRAY_M):
    return np.linalg.norm(microphones_m - np.array(position_m), axis=1) * SAMPLES_PER_M


def assert_close(simulator, actual, expected):
    """Compare responses, one a microphone; windowed sincs below nine tenths of the Nyquist frequency."""
    band = 1.0 if simulator == "finufft" else BAND
    for response, literal in zip(actual, expected, strict=True):
        assert relative_error(response, literal, band) < TOLERANCE[simulator]


@pytest.mark.parametrize("microphones_m", [ARRAY_M, SCATTERED_M])
@pytest.mark.parametrize("early_s", [0.004, 0.02])
@pytest.mark.parametrize("simulator", RUNNABLE)
def test_each_part_is_the_literal_sum_over_its_images(simulator, early_s, microphones_m):
    parts = response_parts(scene_at(OWN_M, microphones_m), simulator, Edit(early_s=early_s))
    for part, literal in zip(parts, literal_parts(OWN_M, microphones_m, early_s), strict=True):
        assert part.dtype == np.float32
        assert_close(simulator, part, literal)


@pytest.mark.parametrize("T60_s", [0.0986, 0.12, 0.3])
@pytest.mark.parametrize("simulator", RUNNABLE)
def test_the_parts_add_up_to_what_the_simulator_gives(simulator, T60_s):
    scene = scene_at(OWN_M, T60_s=T60_s)
    whole = simulate_rirs(ROOM, [OWN_M], ARRAY_M, T60_s, simulator=simulator)[0]
    np.testing.assert_allclose(sum(response_parts(scene, simulator)), whole, atol=3e-7 * abs(whole).max())


@pytest.mark.parametrize("simulator", RUNNABLE)
def test_reflections_are_all_late_after_no_time_and_all_early_after_a_long_one(simulator):
    none, some, every = (response_parts(scene_at(OWN_M), simulator, Edit(early_s=s)) for s in (0, 0.02, 1e6))
    loudest = abs(none.direct).max()
    assert not none.early.any()
    np.testing.assert_allclose(none.late, some.early + some.late, atol=1e-6 * loudest)
    np.testing.assert_allclose(every.early, some.early + some.late, atol=1e-4 * loudest)
    assert abs(every.late).max() < 1e-4 * loudest < 1e-2 * abs(some.late).max()
    for parts in (none, every):
        np.testing.assert_array_equal(parts.direct, some.direct)


def test_gpurir_is_taken_apart_by_its_own_impulse(gpuRIR):  # noqa: F811
    every = response_parts(scene_at(OWN_M), "gpurir", Edit(early_s=1e6))
    assert abs(every.late).max() < 1e-6 * abs(every.direct).max()
    parts = response_parts(scene_at(OWN_M), "gpurir")
    for part, literal in zip(parts, literal_parts(OWN_M, ARRAY_M), strict=True):
        assert_close("gpurir", part, literal)


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("simulator", RUNNABLE)
def test_the_direct_sound_has_the_delays_of_one_position_and_the_levels_of_another(simulator, aligned):
    edit = Edit(delays_m=OTHER_M, levels_m=(0.9, 6.4, 1.4), aligned=aligned)
    scene = scene_at(OWN_M)
    direct = response_parts(scene, simulator, edit).direct
    delays, amplitudes = delays_of(OTHER_M), SAMPLES_PER_M / (4 * np.pi * delays_of(edit.levels_m))
    period = 2 * next_fast_len(scene.n_samples, real=True)
    at = np.arange(scene.n_samples)
    assert_close(
        simulator, direct, [a * periodic_sinc(at - delay, period) for a, delay in zip(amplitudes, delays, strict=True)]
    )


@pytest.mark.parametrize("part", ["early", "late"])
def test_reflections_come_from_their_own_position_when_that_says(part):
    edited = response_parts(scene_at(OWN_M), "finufft", Edit(**{f"{part}_m": OTHER_M}))
    own, other = (response_parts(scene_at(position_m), "finufft") for position_m in (OWN_M, OTHER_M))
    for name in edited._fields:
        expected = other if name == part else own
        np.testing.assert_array_equal(getattr(edited, name), getattr(expected, name))


@pytest.mark.parametrize("microphones_m", [ARRAY_M, SCATTERED_M])
@pytest.mark.parametrize("simulator", RUNNABLE)
def test_aligned_reflections_move_with_the_mean_arrival_of_the_direct_sound(simulator, microphones_m):
    """Scattered microphones also lose images that would arrive before the response begins."""
    edit = Edit(delays_m=OWN_M, early_m=OTHER_M, late_m=OTHER_M, aligned=True)
    _, early, late = response_parts(scene_at((1.0, 6.0, 1.2), microphones_m), simulator, edit)
    shift_samples = np.mean(delays_of(OWN_M, microphones_m)) - np.mean(delays_of(OTHER_M, microphones_m))
    assert abs(shift_samples - round(shift_samples)) > 0.1
    _, literal_early, literal_late = literal_parts(OTHER_M, microphones_m, shift_samples=shift_samples)
    assert_close(simulator, early, literal_early)
    for response, literal in zip(late, literal_late, strict=True):
        assert relative_error(response, literal, BAND) < 5e-3


def test_early_reflections_that_alignment_moves_before_the_response_are_left_out():
    near_early_m, near_delays_m = (3.3, 8.0, 2.2), (0.35, 7.45, 2.0)
    microphones_m = np.array([[3.2, 8.1, 2.3], [0.4, 7.5, 2.0], [0.3, 7.4, 2.1]])
    edit = Edit(delays_m=near_delays_m, early_m=near_early_m, aligned=True)
    early = response_parts(scene_at(OWN_M, microphones_m), "finufft", edit).early
    shift_samples = np.mean(delays_of(near_delays_m, microphones_m) - delays_of(near_early_m, microphones_m))
    assert delays_of(near_early_m, microphones_m).min() + 20 < -shift_samples
    assert_close("finufft", early, literal_parts(near_early_m, microphones_m, shift_samples=shift_samples)[1])


def test_alignment_moves_nothing_where_all_comes_from_one_position():
    edits = [Edit(aligned=aligned) for aligned in (False, True)]
    plain, aligned = (response_parts(scene_at(OWN_M), "finufft", edit) for edit in edits)
    np.testing.assert_array_equal(plain, aligned)


@pytest.mark.parametrize("early_s", [-0.001, float("nan")])
def test_an_impossible_end_of_the_early_reflections_is_refused(early_s):
    with pytest.raises(InputError, match="0 or more"):
        Edit(early_s=early_s)


@pytest.fixture(scope="module", params=["finufft", "pyroomacoustics"])
def simulator(request):
    return request.param


@pytest.fixture(scope="module", params=[25, 70])
def recordings(request, simulator, tmp_path_factory):
    data_path = tmp_path_factory.mktemp("data")
    arguments = ["--T60", str(T60_S), "--SNR", str(request.param), "--simulator", simulator, "--workers", "1"]
    generate_data.main([*arguments, "--splits", "test", "--sources", "2", "--data_path", str(data_path)])
    return Recordings(data_path / f"SNR_{request.param}_T60_{T60_S}" / "test")


def test_the_parts_of_a_recording_add_up_to_it(recordings):
    for source, row in enumerate(recordings.sources):
        parts = render(recordings, source)
        subtype = soundfile.info(recordings.dataset.path("test", row["source"])).subtype
        assert subtype == ("PCM_16" if recordings.condition.snr_db == 25 else "PCM_24")
        half_a_step = row["scale"] * 2.0 ** -int(subtype[-2:])
        rounding = 5e-7 * row["scale"]
        assert all(part.dtype == np.float32 and part.shape == parts.noise.shape for part in parts)
        np.testing.assert_allclose(parts.heard(), recordings.read(source), rtol=0, atol=half_a_step + rounding)


def test_all_from_another_position_is_what_would_be_recorded_there(recordings, simulator):
    speech = recordings.utterance(1)
    parts = render(recordings, 1, Edit(OTHER_M, OTHER_M, OTHER_M, OTHER_M))
    there = simulate_rirs(ROOM, [OTHER_M], PUBLISHED.array.as_array(), T60_S, simulator=simulator)[0]
    clean = hear(speech, there)
    np.testing.assert_allclose(parts.direct + parts.early + parts.late, clean, atol=1e-6 * abs(clean).max())


def test_the_noise_is_that_of_the_recording_whatever_is_edited(recordings):
    """White, equally strong at all microphones, seeded by (seed, split, source) as data always were."""
    unedited, row = render(recordings, 1), recordings.sources[1]
    drawn = np.random.default_rng([5000, 2, row["source"]]).standard_normal(unedited.noise.shape, dtype=np.float32)
    np.testing.assert_array_equal(unedited.noise, drawn * np.float32(row["noise_rms"]))
    for edit in (Edit(delays_m=OTHER_M), Edit(levels_m=OTHER_M), Edit(OTHER_M, OTHER_M, OTHER_M, OTHER_M, 0.01, True)):
        parts = render(recordings, 1, edit)
        np.testing.assert_array_equal(parts.noise, unedited.noise)
        assert not np.array_equal(parts.direct, unedited.direct)


def test_a_position_outside_the_room_is_refused(recordings):
    with pytest.raises(InputError, match="inside the room"):
        render(recordings, 0, Edit(late_m=(9.0, 1.0, 1.0)))


def test_speech_that_is_missing_damaged_or_another_is_named(recordings):
    path = recordings.dataset.speech_path("test", recordings.sources[0]["utterance"])
    kept = path.read_bytes()
    try:
        soundfile.write(path, np.ones(6000, np.float32), 16000, subtype="FLOAT", format="AU")
        with pytest.raises(InputError, match=r"\.au is not what was recorded; remove it and run the same"):
            render(recordings, 0)
        path.write_bytes(b"no audio" * 100)
        with pytest.raises(InputError, match=r"\.au is damaged; remove it and run the same generate_data"):
            render(recordings, 0)
        path.unlink()
        with pytest.raises(InputError, match=r"\.au is missing; run the same generate_data\.py again"):
            render(recordings, 0)
    finally:
        path.write_bytes(kept)
