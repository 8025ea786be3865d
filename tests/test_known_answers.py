"""Interventions whose answer is known: each against what it says it does, and the table of errors after them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.signal import correlate
from toy_trials import SETUP, make_trials
from two_ranks import run_on_two_ranks

import generate_data
import intervention_experiment
from acoustics.parts import Edit, render
from acoustics.recordings import Recordings
from localization.interventions import INTERVENTIONS, Intervened, intervention_of, read_intervention
from localization.known_answers import catalogue, cross_power, intervention_table
from localization.localizer import SteeredResponse
from params import PUBLISHED, Setup
from running.errors import InputError

ROOT = Path(__file__).parent.parent
INNER = slice(1500, -1500)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers")
    return folder, make_trials(folder, sources=3)


@pytest.fixture(scope="module")
def recordings(base):
    return Recordings(base[0] / "data" / "SNR_25_T60_0.15" / "test")


@pytest.fixture(scope="module")
def dry(base):
    """Recordings without reflections: the walls absorb everything."""
    asked = ["--T60", "0.0986", "--SNR", "80", "--splits", "test", "--sources", "2", "--workers", "1"]
    generate_data.main([*asked, "--setup", str(base[0] / "setup.json"), "--data_path", str(base[0] / "dry")])
    return Recordings(base[0] / "dry" / "SNR_80_T60_0.0986" / "test")


def heard(recordings, *texts):
    for text in texts:
        recordings = Intervened(recordings, read_intervention(text))
    return recordings


def test_without_delays_and_levels_all_microphones_hear_the_same_direct_sound(dry):
    for row in range(2):
        recording = heard(dry, "no_delays", "equal_levels").read(row)[:, INNER]
        assert abs(recording - recording[0]).max() < 5e-3 * abs(recording).max()
        levels = heard(dry, "no_delays").read(row)[:, INNER].std(axis=1)
        distances_m = np.linalg.norm(dry.setup.array.as_array() - dry.positions_m[row], axis=1)
        np.testing.assert_allclose(levels * distances_m, levels[0] * distances_m[0], rtol=2e-3)


def test_with_the_delays_of_another_position_it_is_heard_there(dry):
    """The microphones are as late as for a talker there, but for a common delay; taken out, the old ones are gone."""
    other = heard(dry, "other_delays:3")
    grid = PUBLISHED.grid
    assert np.ptp(other.positions_m, axis=0).min() > 0
    for axis, (low, high) in enumerate((grid.x_m, grid.y_m, grid.z_m)):
        assert ((low <= other.positions_m[:, axis]) & (other.positions_m[:, axis] <= high)).all()
    for row in range(2):
        there = tuple(other.positions_m[row])
        removed, once = (heard(each, "no_delays").read(row) for each in (other, dry))
        np.testing.assert_allclose(removed[:, INNER], once[:, INNER], atol=5e-3 * abs(once).max())
        moved, rendered = other.read(row), render(dry, row, Edit(delays_m=there)).direct
        lags = [correlate(*each).argmax() for each in zip(moved, rendered, strict=True)]
        assert np.ptp(lags) <= 1


def test_mirrored_recordings_are_those_of_the_mirrored_position(dry):
    mirrored = heard(dry, "mirrored")
    middle_m = dry.setup.array.as_array()[:, 0].mean()
    np.testing.assert_allclose(mirrored.positions_m, dry.positions_m * [-1, 1, 1] + [2 * middle_m, 0, 0])
    position_m = tuple(mirrored.positions_m[1])
    there = render(dry, 1, Edit(position_m, position_m, position_m, position_m)).direct
    np.testing.assert_allclose(mirrored.read(1), there, atol=1e-3 * abs(there).max())
    np.testing.assert_array_equal(heard(mirrored, "mirrored").read(0), dry.read(0))


def test_srp_phat_mirrors_its_estimates(recordings):
    """The area is symmetric to the published array, whose middle the toy array does not have."""
    windows = np.random.default_rng(0).standard_normal((3, 16, 5120))
    localizer = SteeredResponse(PUBLISHED)
    there, mirrored = localizer.estimate(windows), localizer.estimate(windows[:, ::-1])
    np.testing.assert_allclose(mirrored, there * [-1, 1, 1] + [3.4, 0, 0], atol=1e-9)


def test_an_array_that_is_not_its_mirror_image_is_refused(base, recordings):
    scattered = heard(recordings, "mirrored")
    array = {"positions_m": [[1.5, 7, 1.2], [1.6, 7, 1.2], [1.8, 7, 1.2]]}
    scattered.original.setup, kept = Setup.from_dict(SETUP | {"array": array}), scattered.original.setup
    try:
        with pytest.raises(InputError, match="can't be mirrored"):
            scattered.read(0)
    finally:
        scattered.original.setup = kept


def test_each_part_is_what_is_missing_without_it(recordings):
    parts = render(recordings, 1)
    for name, part in parts._asdict().items():
        without = heard(recordings, f"no_{name}").read(1)
        np.testing.assert_allclose(parts.heard() - without, part, atol=1e-6 * abs(parts.heard()).max())
    with pytest.raises(InputError, match="the late part can't be removed after another intervention; remove it first"):
        heard(recordings, "silent:0", "no_late").read(0)


def test_an_octave_and_the_rest_add_up_and_lie_apart(recordings):
    whole = recordings.read(0)
    band, rest = (heard(recordings, f"{kind}:1000").read(0) for kind in ("octave", "no_octave"))
    np.testing.assert_allclose(band + rest, whole, atol=1e-6)
    frequencies_hz = np.fft.rfftfreq(whole.shape[1], 1 / 16000)
    within = (frequencies_hz > 708) & (frequencies_hz < 1414)
    spectra = [abs(np.fft.rfft(each)) for each in (band, rest)]
    assert spectra[0][:, ~within & (abs(frequencies_hz - 1000) > 420)].max() < 1e-3 < spectra[0][:, within].max()
    assert spectra[1][:, within].max() < 1e-3 < spectra[1].max()


def test_random_polarities_are_signs_drawn_for_each_source(recordings):
    signs = []
    for row in range(3):
        changed, plain = heard(recordings, "random_polarities:1").read(row), recordings.read(row)
        signs.append(np.sign((changed * plain).sum(axis=1)))
        np.testing.assert_array_equal(changed, plain * signs[-1][:, None])
    assert len({tuple(each) for each in signs}) > 1
    np.testing.assert_array_equal(heard(recordings, "all_polarities").read(0), -recordings.read(0))


def test_silent_microphones_are_silent_and_fewer_are_part_of_more(recordings):
    one = heard(recordings, "silent:2").read(0)
    np.testing.assert_array_equal(one, recordings.read(0) * [[1], [1], [0]])
    chosen = []
    for count in range(4):
        recording = heard(recordings, f"random_silent:{count},5").read(0)
        silent = ~recording.any(axis=1)
        np.testing.assert_array_equal(recording[~silent], recordings.read(0)[~silent])
        chosen.append(set(np.flatnonzero(silent)))
    assert [len(each) for each in chosen] == [0, 1, 2, 3]
    assert chosen[1] < chosen[2] < chosen[3]
    with pytest.raises(InputError, match="the array has 3"):
        heard(recordings, "random_silent:4,5").read(0)


@pytest.mark.parametrize("text", [*catalogue(PUBLISHED), "polarity:2", "delay:1,-0.5", "octave:1500.5"])
def test_everything_in_the_catalogue_can_be_read_and_made_again(text):
    chosen = read_intervention(text)
    assert intervention_of(json.loads(json.dumps(chosen.to_dict()))) == chosen
    assert type(chosen) is INTERVENTIONS[text.partition(":")[0]]


@pytest.mark.parametrize(
    "text",
    ["no_delays:1", "mirrored:x", "other_delays", "other_delays:-1", "random_polarities:-2", "octave:0", "octave:nan",
     "no_octave", "silent:x", "random_silent:2", "random_silent:-1,0", "equal_levels:2"],
)  # fmt: skip
def test_what_is_no_value_is_refused(text):
    with pytest.raises(InputError, match="is no intervention; write"):
        read_intervention(text)


def test_cross_power_is_the_literal_sum_over_pairs_and_frequencies(rng):
    windows = rng.standard_normal((2, 4, 64))
    literal = np.zeros(2)
    for window in range(2):
        spectra = [np.fft.rfft(signal) for signal in windows[window]]
        for first in range(4):
            for second in range(first + 1, 4):
                literal[window] += np.abs(spectra[first] * np.conj(spectra[second])).sum()
    np.testing.assert_allclose(cross_power(windows), literal)


def test_the_table_tells_error_bias_slope_and_change():
    """A localizer that is right, and after the change 0.1 m too far right with half the range in y."""
    truth = np.random.default_rng(0).uniform(1, 3, (24, 3))
    after = truth * [1, 0.5, 1] + [0.1, 1, 0]
    rows = pd.DataFrame({"condition": "dry", "localizer": "net", "source": np.arange(24) // 2})
    rows["speaker"], rows["window"], rows["power"] = rows["source"] % 3, np.arange(24) % 2, 1.0
    rows[["x_m", "y_m", "z_m"]] = truth
    tables = []
    for text, estimate, power in (("untouched", truth, 4.0), ("halved", after, 1.0)):
        table = rows.assign(intervention=text, cross_power=power)
        table[["estimate_x_m", "estimate_y_m", "estimate_z_m"]] = estimate
        tables.append(table)
    row = intervention_table(pd.concat(tables, ignore_index=True)).set_index("intervention").loc["halved"]
    error_m = np.abs(after - truth)
    assert row["mae_m"] == pytest.approx(error_m.mean())
    assert row["change_m"] == pytest.approx(error_m.mean())
    assert row["change_low_m"] <= row["change_m"] <= row["change_high_m"]
    assert row["verdict"] == "above"
    assert row["bias_x_m"] == pytest.approx(0.1)
    assert row["bias_y_m"] == pytest.approx((after - truth)[:, 1].mean())
    assert (row["slope_x"], row["slope_y"]) == (pytest.approx(1), pytest.approx(0.5))
    assert row["cross_power_share"] == pytest.approx(0.25)


@pytest.fixture(scope="module")
def asked(base):
    named = ["--interventions", "mirrored", "no_late", "silent:1"]
    return [*base[1], "--conditions", "0.15/25", "--model_name", "loc_cnn", "--sources", "2", *named]


def test_the_command_line_gives_a_row_a_change_and_computes_nothing_twice(base, asked, tmp_path, monkeypatch):
    folder = intervention_experiment.main([*asked, "--results", str(base[0] / "results")])
    table = pd.read_csv(folder / "interventions.csv").set_index(["intervention", "localizer"])
    assert set(table.index) == {
        (text, name) for text in ("untouched", "mirrored", "no_late", "silent:1")
        for name in ("always the centre", "loc_cnn", "SRP-PHAT")
    }  # fmt: skip
    np.testing.assert_array_equal(table.loc["untouched", "change_m"], 0)
    assert table.loc[("silent:1", "SRP-PHAT"), "cross_power_share"] < 0.5
    run_on_two_ranks(ROOT / "intervention_experiment.py", *asked, "--results", str(tmp_path))
    two = pd.read_csv(next(tmp_path.rglob("interventions.csv"))).set_index(["intervention", "localizer"])
    pd.testing.assert_frame_equal(table, two, rtol=1e-4)
    before = (folder / "interventions.csv").read_bytes()
    monkeypatch.setattr(SteeredResponse, "estimate", lambda *args: pytest.fail("computed again"))
    intervention_experiment.main([*asked, "--results", str(base[0] / "results")])
    assert (folder / "interventions.csv").read_bytes() == before


def test_other_weights_stand_beside_by_the_name_of_their_folder(base, asked, tmp_path):
    """As many as the folder has."""
    others = tmp_path / "other_ones"
    others.mkdir()
    for path in (base[0] / "weights").glob("loc_cnn_*"):
        (others / path.name).symlink_to(path)
    wanted = ["--interventions", "silent:1", "--model_name", "loc_cnn", "sample_cnn"]
    made = intervention_experiment.main([*asked, *wanted, "--beside", str(others), "--results", str(tmp_path)])
    table = pd.read_csv(made / "interventions.csv")
    names = [name for name in dict.fromkeys(table["localizer"]) if "_cnn" in name]
    assert names == ["loc_cnn", "sample_cnn", "loc_cnn (other ones)"]
    one, other = (table[table["localizer"] == name].drop(columns="localizer") for name in names[::2])
    pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True))


def test_a_folder_beside_without_any_of_the_networks_is_refused(asked, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        intervention_experiment.main([*asked, "--beside", str(tmp_path), "--results", str(tmp_path / "results")])
    assert stop.value.code == 2
    assert f"no weights of loc_cnn for SNR_25_T60_0.15 (looked for {tmp_path}" in capsys.readouterr().err


def test_odd_interventions_are_refused_before_anything_is_heard(asked, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        intervention_experiment.main([*asked, "--interventions", "echo", "--results", str(tmp_path)])
    assert stop.value.code == 2
    assert "there is no intervention 'echo'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
