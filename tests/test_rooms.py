"""Other rooms: how they are drawn, what is heard in them, and the command line at tiny size."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from toy_trials import CONDITIONS, make_trials
from two_ranks import run_on_two_ranks

import rooms_experiment
from acoustics.recordings import Recordings, noise_generator
from acoustics.rir import simulate_rirs
from acoustics.room import smallest_T60_s
from acoustics.rooms import Placement, draw_placement
from localization.rooms import OTHER, OWN, Voices, draw_talkers, errors_by_room, room_verdicts
from params import ANY_ROOM, CENTRE, PUBLISHED, SRP_PHAT, Room, Setup
from running.errors import InputError
from running.seeds import generator

ROOT = Path(__file__).parent.parent
ARRAY_M = PUBLISHED.array.as_array()


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rooms")
    return folder, make_trials(folder, sources=3)


@pytest.fixture(scope="module")
def recordings(base):
    return Recordings(base[0] / "data" / CONDITIONS[0].name / "test")


def drawn(T60_s, seed, number, setup=PUBLISHED):
    return draw_placement(setup, T60_s, generator(seed, "rooms", number))


def test_placements_keep_the_geometry_and_heights_and_the_distance_from_the_walls(rng):
    grid = PUBLISHED.grid
    area_m = rng.uniform(*np.transpose([grid.x_m, grid.y_m, grid.z_m]), (200, 3))
    points_m = np.concatenate([ARRAY_M, area_m])
    apart_m = np.linalg.norm(points_m[:, None] - points_m, axis=-1)
    for number in range(40):
        placement = drawn(0.15, 1, number)
        placed_m = placement.into_room(points_m)
        np.testing.assert_allclose(np.linalg.norm(placed_m[:, None] - placed_m, axis=-1), apart_m, atol=1e-9)
        np.testing.assert_array_equal(placed_m[:, 2], points_m[:, 2])
        assert (placed_m >= ANY_ROOM.margin_m - 1e-9).all()
        assert (placed_m <= np.array(placement.room.size_m) - ANY_ROOM.margin_m + 1e-9).all()
        first_m, second_m = placed_m[16] - placed_m[0], points_m[16] - points_m[0]
        turned = np.arctan2(first_m[1], first_m[0]) - np.arctan2(second_m[1], second_m[0])
        assert np.exp(1j * turned) == pytest.approx(np.exp(1j * placement.turn_rad))


def test_rooms_differ_lie_in_their_range_and_can_have_the_reverberation_time():
    placements = [drawn(0.13, 1, number) for number in range(60)]
    sizes_m = np.array([each.room.size_m for each in placements])
    assert (sizes_m >= np.array(ANY_ROOM.sizes_m)[:, 0]).all()
    assert (sizes_m <= np.array(ANY_ROOM.sizes_m)[:, 1]).all()
    assert len(np.unique(sizes_m, axis=0)) == 60
    assert max(smallest_T60_s(each.room) for each in placements) <= 0.13
    longer = [drawn(0.6, 1, number) for number in range(60)]
    assert max(smallest_T60_s(each.room) for each in longer) > 0.13
    assert drawn(0.6, 1, 7) == longer[7] != drawn(0.6, 2, 7)


def test_where_no_room_serves_it_is_said_in_a_line():
    with pytest.raises(InputError, match=r"none of 1000 rooms of up to 6\.5 x 10 x 3\.5 m holds .* T60 of 0\.05 s"):
        drawn(0.05, 1, 0)
    wide = Setup.from_dict({"room": {"size_m": [9, 12, 3]}, "grid": {"y_m": [1.0, 11.5]}})
    with pytest.raises(InputError, match="choose a smaller area"):
        drawn(0.3, 1, 0, wide)


def test_in_the_own_room_a_talker_is_recorded_as_the_generator_does(recordings):
    """So that the machinery gives the usual errors where nothing is changed."""
    own, source = Placement.own(recordings.setup), recordings.sources[2]
    rng = noise_generator(5000, "test", source["source"])
    made = own.record(recordings.utterance(2), recordings.positions_m[2], recordings.condition, rng)
    half_a_step = source["scale"] * 2.0**-16
    np.testing.assert_allclose(made, recordings.read(2), rtol=0, atol=half_a_step + 1e-6)


def test_a_room_seen_from_the_other_side_sounds_the_same():
    """Turned by half a turn about the middle of the room, array and area see the same walls; other walls otherwise."""
    own = Placement.own(PUBLISHED)
    length_m, width_m, _ = PUBLISHED.room.size_m
    middle_m = length_m - own.middle_m[0], width_m - own.middle_m[1]
    heard = [simulate_rirs(each.room, each.into_room([(1.2, 5.0, 1.3)]), each.into_room(ARRAY_M[::5]), 0.12)
             for each in (own, Placement(PUBLISHED, own.room, np.pi, middle_m),
                          Placement(PUBLISHED, Room((6.0, 9.0, 2.4)), 0.0, own.middle_m))]  # fmt: skip
    loudest = abs(heard[0]).max()
    np.testing.assert_allclose(heard[1], heard[0], atol=1e-4 * loudest)
    assert abs(heard[2] - heard[0]).max() > 0.05 * loudest


def test_a_room_has_one_voice_and_the_voices_take_turns():
    voices = Voices("two", {"b": ["b1", "b2"], "a": ["a1", "a2", "a3"]}, len)
    rooms = [draw_talkers(PUBLISHED, voices, room, 3, 1) for room in range(4)]
    assert [{each.voice for each in talkers} for talkers in rooms] == [{"a"}, {"b"}, {"a"}, {"b"}]
    assert {each.utterance for each in rooms[0]} == {"a1", "a2", "a3"}
    assert {each.utterance for each in rooms[1]} == {"b1", "b2"}
    positions_m = np.array([each.position_m for talkers in rooms for each in talkers])
    assert len(np.unique(positions_m, axis=0)) == 12
    grid = PUBLISHED.grid
    for axis, (low, high) in enumerate((grid.x_m, grid.y_m, grid.z_m)):
        assert ((low <= positions_m[:, axis]) & (positions_m[:, axis] <= high)).all()
    assert draw_talkers(PUBLISHED, voices, 2, 2, 1) == rooms[2][:2]
    held_out_m = np.array([each.position_m for each in draw_talkers(PUBLISHED, voices, 0, 50, 1, "held_out")])
    for axis, (low, high) in enumerate((grid.held_out_x_m, grid.held_out_y_m)):
        assert ((low <= held_out_m[:, axis]) & (held_out_m[:, axis] <= high)).all()


def literal_estimates(rng):
    """Return estimates in which the network errs by 0.3 m elsewhere and 0.1 m at home, others as much everywhere."""
    rows = []
    for place, room, talker, window in (
        (p, r, t, w) for p in (OTHER, OWN) for r in range(6) for t in (0, 1) for w in (0, 1)
    ):
        truth = rng.uniform(1, 5, 3)
        for name, error_m in {
            "net": 0.3 if place == OTHER else 0.1,
            "net (any room)": 0.15,
            SRP_PHAT: 0.2,
            CENTRE: 0.5,
        }.items():
            estimate = truth + error_m * rng.choice([-1, 1], 3)
            rows.append(["dry", place, room, talker, f"v{room % 3}", window, name, *truth, *estimate])
    columns = ["condition", "place", "room", "talker", "speaker", "window", "localizer", "x_m", "y_m", "z_m"]
    return pd.DataFrame(rows, columns=[*columns, "estimate_x_m", "estimate_y_m", "estimate_z_m"])


def test_verdicts_compare_with_the_own_room_and_with_the_controls(rng):
    estimates = literal_estimates(rng)
    verdicts = room_verdicts(estimates).set_index(["localizer", "against"])
    expected = {OWN: (0.2, "above"), SRP_PHAT: (0.1, "above"), CENTRE: (-0.2, "below")}
    for against, (difference_m, said) in expected.items():
        row = verdicts.loc[("net", against)]
        np.testing.assert_allclose(row[["difference_m", "low_m", "high_m"]].astype(float), difference_m)
        assert row["verdict"] == said
    np.testing.assert_allclose(verdicts.loc[(SRP_PHAT, OWN), "difference_m"], 0, atol=1e-12)
    np.testing.assert_allclose(verdicts.loc[("net (any room)", "net"), "difference_m"], -0.15)
    assert set(verdicts.loc["net (any room)"].index) == {OWN, "net", SRP_PHAT, CENTRE}
    by_room = errors_by_room(estimates).query("localizer == 'net'")
    np.testing.assert_allclose(by_room[["mae_m", "own_mae_m"]], [[0.3, 0.1]] * 6)


@pytest.fixture(scope="module")
def asked(base):
    return [*base[1], "--conditions", "0.15/25", "--model_name", "loc_cnn", "--rooms", "3", "--talkers", "2"]


@pytest.fixture(scope="module")
def localized(base, asked):
    return rooms_experiment.main([*asked, "--results", str(base[0] / "results")])


def test_the_tables_hold_the_same_talkers_in_both_places(localized):
    estimates = pd.read_csv(localized / "estimates.csv")
    keys = ["room", "talker", "speaker", "window", "x_m", "y_m", "z_m"]
    places = [estimates.query("place == @place and localizer == 'SRP-PHAT'")[keys] for place in (OTHER, OWN)]
    pd.testing.assert_frame_equal(*(each.reset_index(drop=True) for each in places))
    errors = pd.read_csv(localized / "errors.csv").set_index(["place", "localizer"])
    for key, group in estimates.groupby(["place", "localizer"]):
        error_m = np.abs(
            group[["estimate_x_m", "estimate_y_m", "estimate_z_m"]].to_numpy() - group[keys[-3:]].to_numpy()
        )
        assert errors.loc[key, "mae_m"] == pytest.approx(error_m.mean())
    assert errors.loc[(OTHER, CENTRE), "mae_m"] == pytest.approx(errors.loc[(OWN, CENTRE), "mae_m"])
    rooms = pd.read_csv(localized / "rooms.csv")
    assert len(rooms) == 3 * 3
    assert rooms.groupby("room")["size_x_m"].nunique().eq(1).all()
    verdicts = pd.read_csv(localized / "verdicts.csv")
    assert set(verdicts["against"]) == {OWN, CENTRE, SRP_PHAT}


def test_a_second_run_computes_nothing_and_two_ranks_give_the_same(base, asked, localized, tmp_path, monkeypatch):
    before = (localized / "estimates.csv").read_bytes()
    monkeypatch.setattr(Placement, "record", lambda *args, **more: pytest.fail("computed again"))
    rooms_experiment.main([*asked, "--results", str(base[0] / "results")])
    assert (localized / "estimates.csv").read_bytes() == before
    run_on_two_ranks(ROOT / "rooms_experiment.py", *asked, "--results", str(tmp_path))
    pd.testing.assert_frame_equal(
        *(pd.read_csv(next(folder.rglob("estimates.csv"))) for folder in (localized, tmp_path)), rtol=1e-4
    )


def test_people_speak_where_a_corpus_is_named(base, asked, tmp_path, rng, capsys):
    for name in ("anna/1.wav", "anna/2.wav", "bert/1.wav"):
        (tmp_path / "people" / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / "people" / name, 0.1 * rng.standard_normal(9000), 16000)
    folder = rooms_experiment.main(
        [*asked, "--corpus", str(tmp_path / "people"), "--results", str(tmp_path / "results")]
    )
    assert set(pd.read_csv(folder / "rooms.csv")["speaker"]) == {"anna", "bert"}
    with pytest.raises(SystemExit):
        rooms_experiment.main([*asked, "--speaker_pattern", ".", "--results", str(tmp_path / "results")])
    assert "name it by --corpus" in capsys.readouterr().err
