"""Absorption, image sources and delays against published numbers and literal mirrors."""

import numpy as np
import pytest

from acoustics.room import Scene, absorption, axis_images, delays_samples, smallest_T60_s
from params import PUBLISHED, Room
from running.errors import InputError

SOURCE_M = [1.48125, 5.375, 1.33693965]
MICROPHONE_M = [1.775, 7.0, 1.2]


@pytest.mark.parametrize(
    ("T60_s", "published"), [(0.1, 0.986), (0.15, 0.657), (0.3, 0.329), (0.4, 0.247), (0.6, 0.164)]
)
def test_absorption_of_the_published_room(T60_s, published):
    assert round(absorption(PUBLISHED.room, T60_s), 3) == published


def test_absorption_gives_back_T60_by_sabine():
    length, width, height = size_m = (5.0, 4.0, 3.0)
    surface_m2 = 2 * (length * width + length * height + width * height)
    assert 0.161 * np.prod(size_m) / (surface_m2 * absorption(Room(size_m), 0.45)) == pytest.approx(0.45)


def test_smallest_T60_is_reached_by_walls_that_absorb_everything():
    assert absorption(PUBLISHED.room, smallest_T60_s(PUBLISHED.room)) == 1.0


def test_the_smallest_T60_that_the_error_names_is_accepted():
    with pytest.raises(InputError, match=r"impossible.*3\.6 x 8\.2 x 2\.4 m.*0\.0986 s"):
        absorption(PUBLISHED.room, 0.098)
    assert absorption(PUBLISHED.room, 0.0986) == 1.0


@pytest.mark.parametrize("T60_s", [0.0, -0.3, np.nan, np.inf])
def test_T60_that_is_no_time_is_refused(T60_s):
    with pytest.raises(InputError):
        absorption(PUBLISHED.room, T60_s)


def test_axis_images_are_what_repeated_mirroring_at_both_walls_gives():
    length_m, source_m = 3.6, 1.1
    mirrored = {source_m: 0}
    for order in range(1, 4):
        for position_m in [position_m for position_m, n in mirrored.items() if n == order - 1]:
            for image_m in (-position_m, 2 * length_m - position_m):
                mirrored.setdefault(round(image_m, 9), order)
    positions_m, orders = axis_images(length_m, source_m, 2.5 * length_m)
    assert dict(zip(positions_m.round(9).tolist(), orders.tolist(), strict=True)) == mirrored


@pytest.mark.parametrize("source_m", [0.01, 1.2, 2.39])
@pytest.mark.parametrize("microphone_m", [0.02, 2.38])
@pytest.mark.parametrize("reach_m", [0.5, 7.2, 50.0])
def test_no_image_in_reach_is_left_out(source_m, microphone_m, reach_m):
    positions_m, _ = axis_images(2.4, source_m, reach_m)
    many_m, _ = axis_images(2.4, source_m, 2 * reach_m + 100)
    assert np.sum(abs(many_m - microphone_m) <= reach_m) == np.sum(abs(positions_m - microphone_m) <= reach_m)


def test_delays_are_distance_over_speed_in_samples():
    sources_m = np.array([[1.0, 1.0, 1.0], [2.0, 1.0, 1.0]])
    microphones_m = np.array([[4.0, 5.0, 1.0], [2.0, 1.0, 1.5], [1.0, 1.0, 2.0]])
    delays = delays_samples(sources_m, microphones_m, 16000, 320.0)
    np.testing.assert_allclose(delays, [[250, 50 * 1.25**0.5, 50], [50 * 20**0.5, 25, 50 * 2**0.5]])


@pytest.mark.parametrize(
    ("T60_s", "fs_hz", "n_samples"), [(0.15, 16000, 2400), (0.55, 16000, 8800), (0.3, 44100, 13232), (0.3, 11025, 3308)]
)
def test_responses_last_T60_rounded_up_to_an_even_number_of_samples_in_float32_as_gpuRIR_does(T60_s, fs_hz, n_samples):
    assert Scene(PUBLISHED.room, [SOURCE_M], [MICROPHONE_M], T60_s, fs_hz).n_samples == n_samples


def test_reflection_has_the_chosen_sign_and_keeps_what_is_not_absorbed():
    for sign in (-1, 1):
        scene = Scene(PUBLISHED.room, [SOURCE_M], [MICROPHONE_M], 0.3, reflection_sign=sign)
        assert np.sign(scene.reflection) == sign
        assert scene.reflection**2 == pytest.approx(1 - absorption(PUBLISHED.room, 0.3))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sources_m": [[1.0, 8.3, 1.0]]}, r"sources must lie inside.*\(1\.0, 8\.3, 1\.0\)"),
        ({"microphones_m": [[1.0, 1.0, np.nan]]}, "microphones must lie inside"),
        ({"microphones_m": [[1.0, 1.0, 0.0]]}, "microphones must lie inside"),
        ({"sources_m": [MICROPHONE_M]}, "within 1 mm of a microphone"),
        ({"sources_m": SOURCE_M}, r"shape \(n, 3\)"),
        ({"sources_m": np.empty((0, 3))}, r"shape \(n, 3\)"),
        ({"T60_s": 0.05}, r"0\.0986"),
        ({"T60_s": 100}, r"2e\+12 images.*choose a shorter one"),
        ({"T60_s": 3.0, "c_m_s": 1e6}, "images"),
        ({"fs_hz": 0}, "positive"),
        ({"c_m_s": -343.0}, "positive"),
        ({"reflection_sign": 0}, "-1 or \\+1"),
    ],
)
def test_impossible_scenes_are_refused_in_one_line(change, message):
    scene = {"room": PUBLISHED.room, "sources_m": [SOURCE_M], "microphones_m": [MICROPHONE_M], "T60_s": 0.3}
    with pytest.raises(InputError, match=message) as raised:
        Scene(**{**scene, **change})
    assert "\n" not in str(raised.value)
