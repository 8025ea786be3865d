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
        ({"window_samples": 0}, "positive"),
        ({"array": {"positions_m": []}}, "no microphone"),
    ],
)
def test_a_wrong_setup_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        params.Setup.from_dict(values)


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
