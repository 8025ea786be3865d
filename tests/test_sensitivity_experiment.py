"""The command line of the sensitivity experiment at tiny size."""

import json

import numpy as np
import pandas as pd
import pytest
from toy_trials import CONDITIONS, make_trials

import sensitivity_experiment
from acoustics.recordings import Recordings
from localization.localizer import Network
from localization.sensitivity import delay_jacobian, position_response
from models import PUBLISHED_MODELS
from running.arrays import read_arrays

SMALL = ["--sources", "2", "--windows", "1", "--draws", "2", "--untrained", "2", "--null_sources", "1"]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sensitivity")
    return folder, make_trials(folder, sources=2)


@pytest.fixture(scope="module")
def found(base):
    folder, told = base
    return sensitivity_experiment.main([*told, *SMALL, "--results", str(folder / "results")])


def test_every_table_is_tidy_and_has_its_controls(found):
    tables = {path.stem: pd.read_csv(path) for path in found.glob("*.csv")}
    assert set(tables) == {"profiles", "scores", "tuning", "bands"}
    for table in tables.values():
        assert set(table["condition"]) == {condition.name for condition in CONDITIONS}
        assert set(table["localizer"]) == {*PUBLISHED_MODELS, "soft SRP-PHAT"}
    profiles, scores = tables["profiles"], tables["scores"]
    methods = {"delay_sensitivity", "delay_sensitivity averaged", "finite shifts", "gradient_x_input"}
    of = {name: set(rows["method"]) for name, rows in profiles.groupby("localizer")}
    assert of == {"loc_cnn": {*methods, "lrp"}, "sample_cnn": {*methods, "lrp", "lrp_signal"}, "soft SRP-PHAT": methods}
    keys = ["condition", "localizer", "weights", "method", "score", "against", "step_samples", "coordinate"]
    assert not scores.duplicated(keys).any()
    untrained = scores[scores["weights"] == "untrained"]
    assert set(untrained["localizer"]) == set(PUBLISHED_MODELS)
    assert set(untrained["method"]) == {"delay_sensitivity", "gradient_x_input"}
    assert set(tables["tuning"]["delay_samples"]) == {
        sign * each for each in (0.25, 0.5, 1, 2, 4, 8) for sign in (-1, 1)
    }
    assert json.loads((found / "run.json").read_text())["trials"][2]["network"]["localizer"] == "soft SRP-PHAT"


def test_s_equals_a_literal_computation_by_real_shifts(base, found):
    """Central differences over one sample, of the same window, by hand."""
    folder, _ = base
    condition = CONDITIONS[1]
    recordings = Recordings(folder / "data" / condition.name / "test", 2)
    network = Network(folder / "weights" / f"loc_cnn_{condition.name}.safetensors", recordings.setup, "loc_cnn")
    responses = []
    for row, position_m in enumerate(recordings.positions_m):
        recording = recordings.read(row)
        n = recording.shape[1] + 4096
        turn = np.exp(-2j * np.pi * np.fft.rfftfreq(n))
        (window,) = sensitivity_experiment.subset(recordings.window_counts[row], 1)
        part = slice(window * 4096, (window + 1) * 4096)
        slopes = np.empty((1, 3, 3))
        for microphone in range(3):
            estimates = []
            for power in (1, -1):
                moved = recording.copy()
                moved[microphone] = np.fft.irfft(np.fft.rfft(recording[microphone], n) * turn**power, n)[
                    : len(moved[0])
                ]
                estimates.append(network.estimate(moved[None, :, part])[0])
            slopes[0, :, microphone] = (estimates[0] - estimates[1]) / 2
        responses.append(position_response(slopes, delay_jacobian(position_m[None], recordings.setup))[0])
    scores = pd.read_csv(found / "scores.csv").query("method == 'finite shifts' and step_samples == 1 and score == 'S'")
    scores = scores[(scores["condition"] == condition.name) & (scores["localizer"] == "loc_cnn")]
    for row in scores.itertuples():
        first, second = ("xyz".index(axis) for axis in row.coordinate)
        expected = np.mean(responses, axis=0)[first, second]
        assert row.value == pytest.approx(expected, rel=0.02, abs=0.02 * np.abs(responses).max())


def test_what_is_kept_is_not_computed_again_and_what_is_lost_comes_back_the_same(base, found, monkeypatch):
    folder, told = base
    before = {path.name: path.read_bytes() for path in found.glob("*.csv")}
    for path in found.glob("*.csv"):
        path.unlink()
    kept = (folder / "results" / "parts").glob("sensitivity-*/*.h5")
    next(path for path in kept if "moved_m" in read_arrays(path)[0]).unlink()
    computed = []
    real = sensitivity_experiment.displacements_m
    monkeypatch.setattr(sensitivity_experiment, "displacements_m", lambda *a: computed.append(a) or real(*a))
    sensitivity_experiment.main([*told, *SMALL, "--results", str(folder / "results")])
    assert len(computed) == 1
    assert {path.name: path.read_bytes() for path in found.glob("*.csv")} == before
