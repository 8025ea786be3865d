"""The set-up equals the published one, and others are possible."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

import params

ROOT = Path(__file__).parent.parent
NAN, INF = float("nan"), float("inf")


def test_counts_and_example_are_the_published_ones():
    splits = params.PUBLISHED.grid.splits()
    assert {split: len(positions_m) for split, positions_m in splits.items()} == {
        "train": 3152,
        "val": 788,
        "test": 285,
    }
    np.testing.assert_allclose(splits["test"][58], (1.48125, 5.375, 1.33693965), atol=5e-9)


def test_splits_equal_scikit_learns():
    grid = params.PUBLISHED.grid
    positions_m = grid.positions_m()
    inside = [1.45 < x < 1.95 and 5.25 < y < 5.75 for x, y, _ in positions_m]
    train_m, val_m = train_test_split(positions_m[~np.array(inside)], test_size=0.2, random_state=5000)
    splits = grid.splits()
    np.testing.assert_array_equal(splits["train"], train_m)
    np.testing.assert_array_equal(splits["val"], val_m)
    np.testing.assert_array_equal(splits["test"], positions_m[inside])


def test_array_is_the_published_line():
    positions_m = params.PUBLISHED.array.as_array()
    np.testing.assert_allclose(positions_m[:, 0], 0.575 + 0.15 * np.arange(16), atol=1e-12)
    np.testing.assert_array_equal(positions_m[:, 1:], np.tile([7.0, 1.2], (16, 1)))


def test_always_saying_the_centre_scores_the_computed_mae():
    splits = params.PUBLISHED.grid.splits()
    centre_m = np.concatenate([splits["train"], splits["val"]]).mean(axis=0)
    error_m = np.abs(splits["test"] - centre_m)
    np.testing.assert_allclose(error_m.mean(axis=0), (0.1295, 0.1167, 0.1340), atol=5e-5)
    assert error_m.mean() == pytest.approx(0.1267, abs=5e-5)


def test_another_setup_survives_json(tmp_path):
    path = tmp_path / "setup.json"
    path.write_text(json.dumps({"room": {"size_m": [5, 4, 3]}, "array": {"positions_m": [[1, 1, 1], [1.2, 1, 1]]},
                                "grid": {"x_m": [2, 3], "y_m": [2, 3], "nx": 5, "ny": 4,
                                         "held_out_x_m": [2.2, 2.6], "held_out_y_m": [2.1, 2.9]},
                                "window_samples": 2048}))  # fmt: skip
    setup = params.Setup.from_json(path)
    assert len(setup.array) == 2
    assert setup.fs_hz == params.PUBLISHED.fs_hz
    assert params.Setup.from_dict(setup.to_dict()) == setup
    assert sum(len(positions_m) for positions_m in setup.grid.splits().values()) == 20


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rooms": {}}, "Setup has no rooms"),
        ({"room": {"size": [1, 2, 3]}}, "Room has no size"),
        ({"room": {"size_m": [3, 3, 3]}}, "outside the room"),
        ({"room": {"size_m": [3, 9]}}, r"room\.size_m must be three positive numbers, not \(3, 9\)"),
        ({"room": {"size_m": [3, 9, -3]}}, r"room\.size_m must be three positive numbers"),
        ({"room": {"size_m": [3, 9, 1e300]}}, r"room\.size_m must be three positive numbers"),
        ({"room": {"size_m": [3, 9, NAN]}}, r"room\.size_m must be three positive numbers, not \(3, 9, nan\)"),
        ({"room": {"size_m": "3 9 3"}}, r"room\.size_m must be three positive numbers, not '3 9 3'"),
        ({"room": {"size_m": ["3", "9", "3"]}}, r"room\.size_m must be three positive numbers, not \('3', '9', '3'\)"),
        ({"room": 3}, "Room must be a JSON object"),
        ({"array": {"positions_m": []}}, r"array\.positions_m must be one position or more"),
        ({"array": {"positions_m": [1, 7, 1]}}, r"each of array\.positions_m must be three numbers, not 1"),
        ({"array": {"positions_m": [[1, 7, 1], [1, 7]]}}, r"each of array\.positions_m .*, not \(1, 7\)"),
        ({"array": {"positions_m": [[1, 7, -INF]]}}, r"each of array\.positions_m .*, not \(1, 7, -inf\)"),
        ({"array": {"positions_m": [[1, 7, True]]}}, r"each of array\.positions_m .*, not \(1, 7, True\)"),
        ({"grid": {"x_m": [1]}}, r"grid\.x_m must be two numbers, the smaller one first, not \(1,\)"),
        ({"grid": {"z_m": [1.5, 1.0]}}, r"grid\.z_m must be two numbers, the smaller one first"),
        ({"grid": {"held_out_y_m": [NAN, 5]}}, r"grid\.held_out_y_m must be two numbers"),
        ({"grid": {"nx": 6.5}}, r"grid\.nx must be a whole number from 1 to 1000, not 6\.5"),
        ({"grid": {"ny": 0}}, r"grid\.ny must be a whole number from 1"),
        ({"grid": {"ny": 10**400}}, r"grid\.ny must be a whole number from 1 to 1000"),
        ({"grid": {"val_share": NAN}}, r"grid\.val_share must be a number between 0 and 1"),
        ({"grid": {"seed": -1}}, r"grid\.seed must be a whole number"),
        ({"grid": {"held_out_x_m": [1.4, 1.405]}}, "no source for test"),
        ({"grid": {"held_out_x_m": [0, 9], "held_out_y_m": [0, 9]}}, "no source for train, val"),
        ({"fs_hz": 0}, "fs_hz must be a positive whole number, not 0"),
        ({"fs_hz": "16000"}, "fs_hz must be a positive whole number, not '16000'"),
        ({"window_samples": 0}, "window_samples must be a positive whole number"),
        ({"window_samples": INF}, "window_samples must be a positive whole number, not inf"),
        ({"c_m_s": NAN}, "c_m_s must be a positive number, not nan"),
    ],
)
def test_a_wrong_setup_is_refused_in_our_words(tmp_path, values, message):
    path = tmp_path / "setup.json"
    path.write_text(json.dumps(values))
    with pytest.raises(ValueError, match=message) as refused:
        params.Setup.from_json(path)
    assert "\n" not in str(refused.value)


def test_what_a_part_of_a_setup_leaves_out_stays_as_published():
    assert params.Setup.from_dict({"array": {}, "grid": {"seed": 5000}}) == params.PUBLISHED


@pytest.mark.parametrize("values", [(0, 25), (NAN, 25), ("0.15", 25), (0.15, INF), (0.15, None)])
def test_a_condition_is_two_numbers(values):
    with pytest.raises(ValueError, match="must be a"):
        params.Condition(*values)


def test_condition_names_are_the_published_folders():
    assert [condition.name for condition in params.CONDITIONS] == [
        "SNR_25_T60_0.15",
        "SNR_20_T60_0.3",
        "SNR_15_T60_0.4",
        "SNR_10_T60_0.6",
    ]


def test_importing_params_has_no_effect():
    code = "import sys; before = set(sys.modules); import params; print(*sorted(set(sys.modules) - before))"
    imported = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not {"torch", "pyroomacoustics", "gpuRIR", "sklearn", "matplotlib"} & set(imported.split())
