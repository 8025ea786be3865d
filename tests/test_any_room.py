"""Recordings of which each has a room of its own: how rooms are drawn, what is heard, and networks that learn there."""

import filecmp
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.signal import fftconvolve
from toy_trials import SETUP
from training_data import one_thread  # noqa: F401

import generate_data
import localization_experiment
import reproduce
import rooms_experiment
import train
from acoustics.parts import render
from acoustics.recordings import COLUMNS, ROOM_COLUMNS, Recordings, noise_generator, record
from acoustics.rir import simulate_rirs
from acoustics.room import smallest_T60_s
from acoustics.rooms import Placement, draw_room
from maintenance import ship_weights
from models.checkpoints import load_checkpoint
from models.weights import find_weights
from params import ANY_ROOM, CONDITIONS, PUBLISHED, AnyRoom, Room, condition_from_dict
from running.errors import InputError
from running.files import read_csv
from training.mixtures import Mixtures, Takes
from training.talkers import Talkers

ROOT = Path(__file__).parent.parent
CPU = torch.device("cpu")
COUNTS = ["6", "3", "3"]


def options(folder):
    (folder / "setup.json").write_text(json.dumps(SETUP))
    return ["--setup", str(folder / "setup.json"), "--data_path", str(folder / "data"), "--sources", *COUNTS]


def generate(folder, *more):
    generate_data.main([*options(folder), "--rooms", "random", *more])
    return folder / "data" / "any_room"


def assert_same(first, second):
    names = [sorted(str(path.relative_to(each)) for path in each.rglob("*.*")) for each in (first, second)]
    assert names[0] == names[1]
    assert filecmp.cmpfiles(first, second, names[0], shallow=False)[1:] == ([], [])


def refused(capsys, main, arguments):
    """The line with which a script refuses."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    return capsys.readouterr().err.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("made"), "--workers", "1")


@pytest.fixture(scope="module")
def train_set(made):
    return Recordings(made / "train")


@pytest.fixture(scope="module")
def rooms():
    return [draw_room(PUBLISHED, ANY_ROOM, 5000, "train", source) for source in range(300)]


def placement_of(recordings, row):
    """The room of a source, from what its table says alone."""
    source = recordings.sources[row]
    room = Room(tuple(source[f"size_{axis}_m"] for axis in "xyz"))
    middle_m = source["middle_x_m"], source["middle_y_m"]
    return Placement(recordings.setup, room, np.radians(source["turn_degrees"]), middle_m)


def test_sources_and_array_keep_their_distances_and_the_walls_keep_away(rooms, rng):
    array_m, grid = PUBLISHED.array.as_array(), PUBLISHED.grid
    talkers_m = rng.uniform(*np.transpose([grid.x_m, grid.y_m, grid.z_m]), (len(rooms), 3))
    for talker_m, (_, placement) in zip(talkers_m, rooms, strict=True):
        scene = placement.scene([talker_m], 0.6)
        distances_m = np.linalg.norm(scene.sources_m - scene.microphones_m, axis=1)
        np.testing.assert_allclose(distances_m, np.linalg.norm(talker_m - array_m, axis=1), atol=1e-9)
        for points_m in (scene.sources_m, scene.microphones_m):
            assert points_m.min() > ANY_ROOM.margin_m - 1e-9
            assert (np.array(placement.room.size_m) - points_m).min() > ANY_ROOM.margin_m - 1e-9


def test_T60_and_SNR_are_uniform_and_independent_and_rooms_can_have_the_T60(rooms):
    drawn = np.array([[condition.T60_s, condition.snr_db] for condition, _ in rooms])
    for values, (low, high) in zip(drawn.T, (ANY_ROOM.T60_s, ANY_ROOM.snr_db), strict=True):
        shares = (np.sort(values) - low) / (high - low)
        assert np.abs(shares - np.linspace(0, 1, len(values))).max() < 1.63 / np.sqrt(len(values))  # Kolmogorov, 1 %
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.15
    for condition in CONDITIONS:
        assert ANY_ROOM.T60_s[0] <= condition.T60_s <= ANY_ROOM.T60_s[1]
        assert ANY_ROOM.snr_db[0] <= condition.snr_db <= ANY_ROOM.snr_db[1]
    assert all(smallest_T60_s(placement.room) <= condition.T60_s for condition, placement in rooms)
    sizes_m = np.array([placement.room.size_m for _, placement in rooms])
    lowest_m, highest_m = np.transpose(ANY_ROOM.sizes_m)
    assert ((lowest_m <= sizes_m) & (sizes_m <= highest_m)).all()


def test_no_two_seeds_splits_or_sources_share_a_room(rooms):
    others = [draw_room(PUBLISHED, ANY_ROOM, *name) for name in ((5000, "val", 0), (5000, "test", 0), (1, "train", 0))]
    assert len({placement.room for _, placement in rooms + others}) == len(rooms) + 3


def test_the_conditions_of_a_dataset_survive_json():
    for condition in (*CONDITIONS, AnyRoom(T60_s=(0.2, 0.3))):
        assert condition_from_dict(json.loads(json.dumps(vars(condition)))) == condition
    with pytest.raises(ValueError, match="T60_s must be two numbers, the smaller one first"):
        AnyRoom(T60_s=(0.6, 0.15))


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_recording_is_what_its_table_says_of_the_room(made, split):
    recordings = Recordings(made / split)
    assert recordings.condition.name == "any_room"
    array_m = recordings.setup.array.as_array()
    for row, source in enumerate(recordings.sources):
        condition, drawn = draw_room(recordings.setup, ANY_ROOM, 5000, split, source["source"])
        placement = placement_of(recordings, row)
        assert recordings.condition_of(row) == condition
        assert placement.columns() == pytest.approx(drawn.columns(), abs=1e-12)
        position_m = recordings.positions_m[row]
        np.testing.assert_array_equal(position_m, recordings.setup.grid.splits()[split][source["source"]])
        placed_m = drawn.into_room(position_m)[None], drawn.into_room(array_m)
        rirs = simulate_rirs(drawn.room, *placed_m, condition.T60_s)[0]
        if split == "train":
            np.testing.assert_array_equal(recordings.response(row), rirs)
        rng = noise_generator(5000, split, source["source"])
        recording, noise_rms = record(recordings.utterance(row), rirs, condition.snr_db, rng)
        assert source["noise_rms"] == noise_rms
        np.testing.assert_allclose(recordings.read(row), recording, atol=source["scale"] * 2.0**-16 + 1e-9)


def test_data_of_one_room_know_nothing_of_other_rooms(tmp_path):
    """Folder, description, table and samples are what they were."""
    generate_data.main([*options(tmp_path), "--T60", "0.3", "--SNR", "20", "--splits", "train", "--sources", "2"])
    recordings = Recordings(tmp_path / "data" / "SNR_20_T60_0.3" / "train")
    assert recordings.dataset.arguments["condition"] == {"T60_s": 0.3, "snr_db": 20}
    keys = {"setup", "condition", "corpus", "draw", "simulator", "reflection_sign", "seed"}
    assert set(recordings.dataset.arguments) == keys
    assert set(read_csv(recordings.folder / "sources.csv")) == set(COLUMNS)
    setup = recordings.setup
    rirs = simulate_rirs(setup.room, recordings.positions_m, setup.array.as_array(), 0.3)
    np.testing.assert_array_equal(recordings.response(1), rirs[1])


@pytest.mark.parametrize("how", ["two workers", "two steps", "killed"])
def test_the_same_files_come_of_any_workers_order_and_interruption(made, tmp_path, how):
    more = ["--workers", "2" if how == "two workers" else "1"]
    if how == "two steps":
        generate(tmp_path, "--splits", "val", "--sources", "1", *more)
    if how == "killed":
        command = [sys.executable, str(ROOT / "generate_data.py"), *options(tmp_path), "--rooms", "random", *more]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 300
        while not list(tmp_path.rglob("*.wav")) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert list(tmp_path.rglob("*.wav"))
    assert_same(made, generate(tmp_path, *more))


def test_what_does_not_go_with_random_rooms_is_refused(made, tmp_path, capsys):
    folder = made.parents[1]
    for name in ("--T60", "--SNR"):
        for main in (generate_data.main, train.main):
            assert f"{name} is for --rooms own" in refused(capsys, main, ["--rooms", "random", name, "0.15"])
    other = [*options(folder), "--rooms", "random", "--seed", "1"]
    assert "made with seed 5000, not 1" in refused(capsys, generate_data.main, other)
    wide = {"room": {"size_m": [9, 12, 3]}, "grid": {"y_m": [1.0, 11.5]}}
    (tmp_path / "wide.json").write_text(json.dumps(wide))
    arguments = ["--rooms", "random", "--setup", str(tmp_path / "wide.json"), "--data_path", str(tmp_path / "data")]
    assert "choose a smaller area" in refused(capsys, generate_data.main, arguments)
    assert not (tmp_path / "data").exists()


def test_what_needs_one_room_refuses_recordings_of_many(made, capsys, learned):
    with pytest.raises(InputError, match="each source has a room of its own"):
        render(Recordings(made / "test"), 0)
    heard = ["--conditions", "any_room", "--data_path", str(made.parent), "--weights", str(learned.parent)]
    line = refused(capsys, rooms_experiment.main, [*heard, "--model_name", "loc_cnn", "--gpu", "cpu"])
    assert line.endswith("each source has a room of its own; take recordings of one condition")
    assert "any_room is no condition" in refused(capsys, reproduce.main, ["--conditions", "any_room"])


def test_a_table_without_rooms_is_damaged(made, tmp_path):
    folder = tmp_path / "any_room"
    (folder / "val").mkdir(parents=True)
    (folder / "dataset.json").write_bytes((made / "dataset.json").read_bytes())
    table = read_csv(made / "val" / "sources.csv").drop(columns=list(ROOM_COLUMNS[-2:]))
    table.to_csv(folder / "val" / "sources.csv", index=False)
    with pytest.raises(InputError, match="lacks T60_s, snr_db"):
        Recordings(folder / "val")


@pytest.mark.parametrize("place", [0.0, 0.37, 0.999999])
def test_a_mixed_window_is_cut_from_what_would_be_recorded(train_set, place):
    """Literally, in float64: every utterance through every response, each as long and in noise as strong as its own."""
    mixtures = Mixtures(train_set, Talkers(), 1, CPU)
    window = train_set.setup.window_samples
    lengths = [train_set.response(row).shape[1] for row in range(len(train_set))]
    assert len(set(lengths)) == len(train_set)
    for utterance, speech in enumerate(train_set.speech().values()):
        count = len(train_set)
        takes = Takes(
            torch.arange(count),
            torch.full((count,), utterance),
            torch.full((count,), place),
            torch.zeros(count, dtype=torch.int64),
            torch.from_numpy(mixtures.talkers.draw(count, np.random.default_rng(0))),
        )
        noise = mixtures.noise[0].view(window, -1).T.double().numpy()
        for row, mixed in enumerate(mixtures.mix(takes)[0].double().numpy()):
            clean = fftconvolve(speech[None].astype(float), train_set.response(row).astype(float), axes=-1)
            assert clean.shape[1] == len(speech) + lengths[row] - 1
            noise_rms = np.sqrt(np.mean(clean[0] ** 2) / 10 ** (train_set.sources[row]["snr_db"] / 10))
            first = int(np.float32(place) * (clean.shape[1] - window + 1))
            expected = clean[:, first : first + window] + noise_rms * noise
            np.testing.assert_allclose(mixed, expected, atol=2e-5 * np.abs(expected).max())


def test_the_noise_is_that_of_the_recordings(train_set):
    mixtures, names = Mixtures(train_set, Talkers(), 1, CPU), list(train_set.speech())
    for row, source in enumerate(train_set.sources):
        mixed_rms = mixtures.noise_rms[names.index(source["utterance"]), row].item()
        assert mixed_rms == pytest.approx(source["noise_rms"], rel=1e-4)


@pytest.fixture(scope="module")
def learned(made):
    """The folder of a run, started from nothing."""
    return train.main(
        ["--rooms", "random", "--data_path", str(made.parent), "--log_dir", str(made.parents[1] / "logs"),
         "--epochs", "2", "--batch_size", "3", "--gpu", "cpu"]
    )  # fmt: skip


def test_a_run_is_named_any_room_and_warms_another(made, learned, tmp_path):
    assert learned.name == "loc_cnn_any_room_mixed_seed_5000"
    again = ["--rooms", "random", "--data_path", str(made.parent), "--log_dir", str(tmp_path), "--gpu", "cpu"]
    again += ["--epochs", "1", "--batch_size", "3", "--init", str(learned / "best.safetensors"), "--seed", "1"]
    warmed = train.main([*again, "--learning_rate", "1e-9"])
    first, second = (load_checkpoint(folder / "best.safetensors")[0].state_dict() for folder in (learned, warmed))
    for key, value in first.items():
        if "running" not in key and "num_batches" not in key:
            torch.testing.assert_close(second[key], value, atol=1e-5, rtol=1e-3)


def test_shipped_weights_of_any_room_serve_every_condition_and_say_how_to_train_them(made, learned, tmp_path):
    ship_weights.main([str(learned), "--data_path", str(made.parent), "--to", str(tmp_path)])
    shipped = tmp_path / "loc_cnn_any_room.safetensors"
    for condition in (*CONDITIONS, ANY_ROOM):
        assert find_weights("loc_cnn", condition, [tmp_path]) == shipped
        assert find_weights("loc_cnn", condition, [learned]) == learned / "best.safetensors"
        assert find_weights("loc_cnn", condition, [learned.parent]) == learned / "best.safetensors"
    own = tmp_path / f"loc_cnn_{CONDITIONS[1].name}.safetensors"
    own.touch()
    found = [find_weights("loc_cnn", condition, [tmp_path]) for condition in (*CONDITIONS, ANY_ROOM)]
    assert found == [shipped, own, shipped, shipped, shipped]
    with pytest.raises(InputError, match="no weights of sample_cnn"):
        find_weights("sample_cnn", CONDITIONS[0], [tmp_path])
    described = json.loads(shipped.with_suffix(".json").read_text())
    assert condition_from_dict(described["condition"]) == ANY_ROOM
    assert described["errors"]["val"][0]["condition"] == "any_room"
    told = "--model_name loc_cnn --recipe mixed --rooms random --epochs 2 --batch_size 3 --seed 5000"
    assert described["command"] == f"python train.py {told}"


def test_the_errors_in_unseen_rooms_are_those_of_the_experiment(made, learned, tmp_path):
    """The table that a training ends with, and the one over validation rooms of the experiment."""
    heard = ["--data_path", str(made.parent), "--weights", str(learned.parent), "--split", "val", "--gpu", "cpu"]
    folder = localization_experiment.main(
        ["--conditions", "any_room", "--model_name", "loc_cnn", "--results", str(tmp_path), *heard]
    )
    assert folder.name == "any_room_loc_cnn_val"
    errors = read_csv(folder / "errors.csv").set_index("localizer")
    trained = read_csv(learned / "validation.csv").set_index("localizer")
    assert set(errors["condition"]) == {"any_room"}
    assert errors.loc["loc_cnn", "mae_m"] == pytest.approx(trained.loc["loc_cnn", "mae_m"], abs=1e-5)
