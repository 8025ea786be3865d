"""Cue conflicts: what is heard, the weights of known listeners, and the command line at tiny size."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from toy_trials import CONDITIONS, make_trials
from two_ranks import run_on_two_ranks

import cue_experiment
from acoustics.delay import delayed
from acoustics.parts import Edit
from acoustics.recordings import Recordings, noise_generator, record
from acoustics.rir import simulate_rirs
from explain.statistics import Draws, interval
from localization.cue_controls import answers_to_unheard_voices, correlations, relative_levels_db
from localization.cues import CUES, FITTED, PLACES, Conflicts, cue_weights, regress, rerecord, resampled_weights
from localization.errors import ESTIMATED
from params import PUBLISHED, SRP_PHAT

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cues")
    return folder, make_trials(folder, sources=3)


@pytest.fixture(scope="module")
def recordings(base):
    return Recordings(base[0] / "data" / CONDITIONS[0].name / "test")


@pytest.mark.parametrize("position_m", [(0.9, 6.2, 1.4), (2.5, 4.6, 1.05)])
def test_with_all_from_one_position_the_recording_is_that_of_the_generator(recordings, position_m):
    """Noise included, though it is stronger or weaker than in the recording whose speech is heard."""
    row, setup = 1, recordings.setup
    rirs = simulate_rirs(setup.room, [position_m], setup.array.as_array(), recordings.condition.T60_s)[0]
    rng = noise_generator(5000, "test", recordings.numbers[row])
    made, noise_rms = record(recordings.utterance(row), rirs, recordings.condition.snr_db, rng)
    heard = rerecord(recordings, row, Edit(position_m, position_m, position_m, position_m, aligned=True))
    assert abs(noise_rms / recordings.sources[row]["noise_rms"] - 1) > 0.03
    np.testing.assert_allclose(heard, made, rtol=0, atol=2e-6 * abs(made).max())


def test_unedited_it_is_the_recording_on_disk(recordings):
    source = recordings.sources[0]
    half_a_step = source["scale"] * 2.0**-16
    np.testing.assert_allclose(rerecord(recordings, 0, Edit()), recordings.read(0), rtol=0, atol=half_a_step + 1e-6)


def test_positions_are_independent_and_uniform_over_the_area_whatever_the_condition(base, recordings):
    other = Recordings(base[0] / "data" / CONDITIONS[1].name / "test")
    positions_m = np.stack([Conflicts(recordings, 7, 0.02, False).positions_m(number) for number in range(2000)])
    np.testing.assert_array_equal(positions_m[5], Conflicts(other, 7, 0.03, True).positions_m(5))
    grid = PUBLISHED.grid
    for axis, (low, high) in enumerate((grid.x_m, grid.y_m, grid.z_m)):
        of_axis = positions_m[..., axis]
        assert low <= of_axis.min() < of_axis.max() <= high
        np.testing.assert_allclose(of_axis.mean(axis=0), (low + high) / 2, atol=0.03 * (high - low))
        np.testing.assert_allclose(of_axis.std(axis=0), (high - low) / np.sqrt(12), rtol=0.05)
    assert abs(np.corrcoef(positions_m.reshape(2000, 12).T) - np.eye(12)).max() < 0.08


def trials_of(listeners, rng, count=60, voices=6):
    """Return the table of listeners, functions from positions (trial, cue, coordinate) to estimates."""
    positions_m = rng.uniform([0.8, 4.5, 1.0], [2.6, 6.5, 1.5], (count, len(CUES), 3))
    tables = []
    for name, listener in listeners.items():
        table = pd.DataFrame({"condition": "dry", "localizer": name, "speaker": np.arange(count) % voices})
        for number, cue in enumerate(CUES):
            table[PLACES[cue]] = positions_m[:, number]
        table[ESTIMATED] = listener(positions_m)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


MIX = np.array([0.6, 0.1, 0.4, -0.2])


def test_a_listener_that_mixes_positions_gets_exactly_its_weights(rng):
    weights = cue_weights(trials_of({"mix": lambda each: np.array([1, 2, 3]) + np.einsum("c,tca->ta", MIX, each)}, rng))
    assert len(weights) == 4 * 4
    for _, group in weights.groupby("coordinate"):
        assert group["cue"].tolist() == list(CUES)
        for column in ("weight", "low", "high"):
            np.testing.assert_allclose(group[column], MIX, atol=1e-9)
        np.testing.assert_allclose(group["r2"], 1)


def test_a_constant_has_no_weight_and_explains_nothing(rng):
    weights = cue_weights(trials_of({"constant": lambda each: np.full((len(each), 3), 1.7)}, rng))
    np.testing.assert_allclose(weights[["weight", "low", "high"]], 0, atol=1e-12)
    assert weights["r2"].isna().all()


def test_nothing_is_said_of_a_weight_that_no_control_finds(rng):
    """The early reflections' control finds x alone; of the delays either control is enough."""
    listeners = {
        "network": lambda each: each.mean(axis=1),
        FITTED["early"]: lambda each: each[:, 2] * [1, 0, 0],
        FITTED["late"]: lambda each: each[:, 0],
        SRP_PHAT: lambda each: each[:, 0],
    }
    weights = cue_weights(trials_of(listeners, rng)).set_index(["localizer", "coordinate", "cue"]).sort_index()
    said = {axis: [weights["verdict"]["network", axis, cue] for cue in CUES] for axis in "xy"}
    assert said == {"x": ["above", "", "above", ""], "y": ["above", "", "", ""]}
    assert weights["verdict"][SRP_PHAT, "x", "early"] == "level"


def design_of(positions):
    """Return the columns of a regression: an offset a coordinate, then the cues, of (coordinate, trial, cue)."""
    offsets = np.kron(np.eye(len(positions)), np.ones((positions.shape[1], 1)))
    return np.column_stack([offsets, np.concatenate(positions)])


@pytest.mark.parametrize("coordinates", [1, 2])
def test_weights_of_a_resample_are_those_of_its_trials_repeated(rng, coordinates):
    positions, estimates = rng.uniform(4, 6, (coordinates, 30, 4)), rng.standard_normal((coordinates, 30))
    draws = Draws.of(np.arange(30) % 5, resamples=7)
    found = resampled_weights(positions, estimates, draws.counts)
    for counts, weights in zip(draws.counts, found, strict=True):
        drawn = np.repeat(np.arange(30), counts)
        literal = np.linalg.lstsq(design_of(positions[:, drawn]), estimates[:, drawn].ravel())[0]
        np.testing.assert_allclose(weights, literal[coordinates:], atol=1e-9)


@pytest.mark.parametrize("coordinates", [1, 2])
def test_weights_and_share_explained_are_those_of_textbook_least_squares(rng, coordinates):
    positions, estimates = rng.uniform(4, 6, (coordinates, 30, 4)), rng.standard_normal((coordinates, 30))
    design = design_of(positions)
    literal = np.linalg.inv(design.T @ design) @ design.T @ estimates.ravel()
    weights, r2 = regress(positions, estimates)
    np.testing.assert_allclose(weights, literal[coordinates:], atol=1e-9)
    rest = estimates.ravel() - design @ literal
    spread = estimates - estimates.mean(axis=1, keepdims=True)
    assert r2 == pytest.approx(1 - rest @ rest / np.sum(spread**2))


def test_intervals_hold_the_truth_as_often_as_they_say_and_are_no_wider_than_need_be(rng):
    """Independent noise, of which least squares know how far it moves a weight."""
    sigma, count = 0.3, 80
    held, widths = [], []
    for seed in range(80):
        positions = rng.uniform(4, 6, (count, 4))
        estimates = positions @ MIX + sigma * rng.standard_normal(count)
        counts = Draws.of(np.arange(count) % 20, seed, resamples=200).counts
        low, high = interval(resampled_weights(positions[None], estimates[None], counts))
        held.append((low <= MIX) & (high >= MIX))
        widths.append(high - low)
    known = 2 * 1.96 * sigma / (2 / np.sqrt(12) * np.sqrt(count))
    assert np.mean(held) > 0.93
    assert 1 < np.mean(widths) / known < 1.6


def test_a_voice_is_answered_from_other_voices_alone(rng):
    features = rng.standard_normal((60, 5))
    targets_m = features @ rng.standard_normal((5, 3)) + 2
    voices = np.repeat(["a", "b", "c"], 20)
    answers_m = answers_to_unheard_voices(features, targets_m, voices)
    np.testing.assert_allclose(answers_m, targets_m, atol=0.05)
    others_m = targets_m.copy()
    others_m[:20] = 1000 * rng.standard_normal((20, 3))
    np.testing.assert_array_equal(answers_to_unheard_voices(features, others_m, voices)[:20], answers_m[:20])


def test_the_levels_know_gains_alone_and_the_correlations_delays_alone(rng):
    setup = PUBLISHED
    common = rng.standard_normal((2, 1, setup.window_samples)).astype(np.float32)
    windows = np.repeat(common, 16, axis=1)
    gains = 2.0 ** np.arange(-8, 8)[:, None].astype(np.float32)
    levels_db = relative_levels_db(windows * gains, setup.fs_hz).reshape(-1, 16)
    np.testing.assert_allclose(levels_db, np.tile(20 * np.log10(2) * (np.arange(-8, 8) + 0.5), (6, 1)), atol=1e-4)
    np.testing.assert_allclose(relative_levels_db(windows[:, :, ::-1], setup.fs_hz), 0, atol=1e-6)
    plain = correlations(windows, setup)
    np.testing.assert_allclose(correlations(windows * gains, setup), plain, atol=1e-9)
    windows[:, 3] = delayed(windows[:, 3], 5)
    first_pair = correlations(windows, setup)[: 2 * 21 + 1]
    assert first_pair.argmax() == 21 + 5
    assert plain[:43].argmax() == 21


@pytest.fixture(scope="module")
def asked(base):
    return [*base[1], "--conditions", "0.15/25", "--model_name", "loc_cnn", "--trials", "12", "--seed", "3"]


@pytest.fixture(scope="module")
def weighed(base, asked):
    return cue_experiment.main([*asked, "--results", str(base[0] / "results")])


def test_the_table_has_a_row_for_each_condition_localizer_coordinate_and_cue(weighed):
    weights = pd.read_csv(weighed / "weights.csv", keep_default_na=False)
    names = {"always the centre", "loc_cnn", SRP_PHAT, "untrained loc_cnn"}
    assert set(weights["localizer"]) == names | set(FITTED.values())
    assert len(weights) == 8 * 4 * 4
    assert not weights.duplicated(["condition", "localizer", "coordinate", "cue"]).any()
    centre = weights[weights["localizer"] == "always the centre"]
    assert (centre[["weight", "low", "high"]] == 0).all(axis=None)
    assert set(weights["trials"]) == {12}
    trials = pd.read_csv(weighed / "trials.csv")
    assert len(trials) == 8 * 12
    again = cue_weights(trials, 3)
    np.testing.assert_allclose(again["weight"], weights["weight"], atol=1e-9)


def test_a_second_run_computes_nothing_and_fewer_trials_are_part_of_more(base, asked, weighed, tmp_path, monkeypatch):
    monkeypatch.setattr(Conflicts, "windows", lambda *args: pytest.fail("computed again"))
    before = (weighed / "weights.csv").read_bytes()
    cue_experiment.main([*asked, "--results", str(base[0] / "results")])
    assert (weighed / "weights.csv").read_bytes() == before
    (tmp_path / "parts").symlink_to(base[0] / "results" / "parts")
    fewer = cue_experiment.main([*asked, "--trials", "10", "--results", str(tmp_path)])
    of_network = "localizer == 'loc_cnn' and trial < 10"
    one, other = (pd.read_csv(folder / "trials.csv").query(of_network) for folder in (weighed, fewer))
    pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True))


@pytest.mark.slow  # ranks share all experiments alike: tests/test_experiments.py
def test_two_ranks_give_the_same_table(asked, weighed, tmp_path):
    run_on_two_ranks(ROOT / "cue_experiment.py", *asked, "--results", str(tmp_path))
    one, two = (pd.read_csv(next(folder.rglob("trials.csv"))) for folder in (weighed, tmp_path))
    pd.testing.assert_frame_equal(one, two, rtol=1e-4)


def test_aligned_trials_have_a_folder_of_their_own_and_other_estimates(base, asked, weighed):
    aligned = cue_experiment.main([*asked, "--aligned", "--results", str(base[0] / "results")])
    assert (weighed.parent.name, aligned.parent.name) == ("cues", "cues_aligned")
    tables = [pd.read_csv(folder / "trials.csv").query("localizer == 'loc_cnn'") for folder in (weighed, aligned)]
    assert (tables[0][ESTIMATED] != tables[1][ESTIMATED]).any(axis=None)
    for places in PLACES.values():
        np.testing.assert_array_equal(tables[0][places], tables[1][places])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--early_ms", "30"], "early_ms 20.0, not 30.0"),
        (["--seed", "4"], "seed 3, not 4"),
        (["--early_ms", "-1"], "is not between 0"),
        (["--trials", "3"], "3 is below 10"),
    ],
)
def test_other_trials_and_odd_numbers_are_refused_in_a_line(base, asked, weighed, capsys, more, words):
    with pytest.raises(SystemExit) as stop:
        cue_experiment.main([*asked, "--results", str(base[0] / "results"), *more])
    assert stop.value.code == 2
    assert words in capsys.readouterr().err.splitlines()[-1]
