"""Time-frequency maps: their files, what is summed over them, sounds that are added, and the command line."""

import json
from functools import partial

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import adjusted_mutual_info_score
from torch import nn
from toy_trials import CONDITIONS, make_trials

import map_experiment
from acoustics.recordings import Recordings
from explain.map_summaries import agreement, clusters, correlations, enrichment, influence, magnitudes, shares, summary
from explain.maps import AXES, map_files, maps_of
from explain.methods import METHODS
from explain.methods.gradient_x_input import GradientXInput
from explain.store import AttributionStore
from explain.time_frequency import Frames, halves
from localization import map_tables
from localization.added_noise import add_noise_arguments, read_noise
from localization.excerpts import Excerpts
from localization.interventions import Intervened, read_intervention
from running import arguments
from running.arrays import read_arrays
from running.errors import InputError

FRAMES = Frames(64, 32)
FS_HZ, SAMPLES = 8000, 256


class Noise:
    """Two sources of white noise, as inputs of a store."""

    fingerprint = "noise"
    names = ("0000", "0001")

    def windows(self, row):
        return np.random.default_rng(row).standard_normal((3, 2, SAMPLES)).astype(np.float32)


class Output:
    """Start at one output alone."""

    def __init__(self, number):
        self.name, self.number = f"output {number}", number

    def of(self, row, windows):
        return np.eye(2)[[self.number] * len(windows)]


class OneBand(nn.Module):
    """Hears the energy from 1 to 2 kHz at microphone 0, and at microphone 1 in its second output."""

    def forward(self, signals):
        spectra = torch.fft.rfft(signals)
        hz = torch.fft.rfftfreq(signals.shape[-1], 1 / FS_HZ)
        heard = torch.fft.irfft(spectra * ((hz > 1000) & (hz < 2000)), signals.shape[-1])
        return heard.square().sum(dim=-1)


def stores_in(folder, model=None):
    model = model or OneBand()
    return {
        f"{number}": AttributionStore(folder, Noise(), model, GradientXInput(), Output(number)) for number in (0, 1)
    }


def files_in(folder, model=None):
    return map_files(folder, stores_in(folder, model), FRAMES, FS_HZ, "m", "maps")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    return folder, make_trials(folder, sources=3, conditions=CONDITIONS[:1])


@pytest.fixture(scope="module")
def recordings(base):
    return Recordings(base[0] / "data" / CONDITIONS[0].name / "test")


def test_files_hold_the_halves_of_every_output_and_say_what_they_are(tmp_path):
    paths = files_in(tmp_path)
    inputs = Noise().windows(1)
    with h5py.File(paths[1]) as file:
        said = dict(file.attrs)
        for number, store in enumerate(stores_in(tmp_path).values()):
            of_output = halves(torch.tensor(inputs), torch.tensor(store.compute(1)), FRAMES)
            for name, half in zip(said["datasets"], of_output, strict=True):
                np.testing.assert_allclose(file[name][:, number], half, rtol=1e-5, atol=1e-7)
                assert file[name].dtype == np.float32
    assert tuple(said["axes"]) == AXES
    assert len(said["frequency_hz"]) == 33
    assert (said["frequency_hz"][8], said["time_s"][4]) == (1000, 0.016)
    assert tuple(said["units"]) == ("m", "m per sample of delay")
    assert json.loads(said["method"]) == GradientXInput().identity(None)
    assert json.loads(said["frames"]) == {"length_samples": 64, "hop_samples": 32}
    assert (tuple(said["outputs"]), tuple(said["starts"])) == (("0", "1"), ("output 0", "output 1"))
    assert len(said["weights"]) == 64


@pytest.mark.parametrize("harm", ["cut", "flipped", "empty", "other"])
def test_a_file_that_is_damaged_or_of_others_is_made_anew_as_it_was(tmp_path, harm, capsys):
    first, second = files_in(tmp_path)
    whole, kept = first.read_bytes(), second.stat().st_mtime_ns
    middle = len(whole) // 2
    spoilt = {"cut": whole[:middle], "empty": b"", "flipped": whole[:middle] + bytes(64) + whole[middle + 64 :]}
    if harm == "other":
        with h5py.File(first, "r+") as file:
            file.attrs["fingerprint"] = "other"
    else:
        first.write_bytes(spoilt[harm])
    capsys.readouterr()
    assert files_in(tmp_path) == [first, second]
    assert first.read_bytes() == whole
    assert second.stat().st_mtime_ns == kept
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert str(first) in said
    files_in(tmp_path)
    assert capsys.readouterr().out == ""


def test_other_weights_have_other_files(tmp_path):
    torch.manual_seed(0)
    linear = nn.Sequential(nn.Flatten(), nn.Linear(2 * SAMPLES, 2))
    assert files_in(tmp_path)[0].parent != files_in(tmp_path, linear)[0].parent


def test_what_hears_one_band_of_one_microphone_has_its_map_there(tmp_path):
    """But for what frames leak into the bins beside the band; no delay changes an energy."""
    maps = maps_of(stores_in(tmp_path), 0, FRAMES)
    hz = np.array(FRAMES.centres_hz(FS_HZ))
    region = np.zeros((3, 2, 33, 9), bool)
    region[:, 0, (hz > 1000) & (hz < 2000)] = True
    found = enrichment(maps.level, region)
    assert (found[:, 0] > 0.7 / region.mean()).all()
    np.testing.assert_array_equal(found[:, 1], 0)
    assert (np.abs(maps.delay[:, 0].sum(axis=(1, 2, 3))) < 0.03 * maps.level[:, 0].sum(axis=(1, 2, 3))).all()
    np.testing.assert_allclose(enrichment(np.ones_like(maps.level), region), 1)


def test_sums_over_sources_give_what_all_maps_at_once_do(rng):
    whole = rng.standard_normal((5, 2, 3, 6, 4)).cumsum(axis=-1)
    summaries = [summary(whole[:2]), summary(whole[2:])]
    found = influence(summaries)
    np.testing.assert_allclose(found["absolute"], np.abs(whole).sum(axis=2).mean(axis=0))
    np.testing.assert_allclose(found["positive"], whole.clip(min=0).sum(axis=2).mean(axis=0))
    np.testing.assert_allclose(found["positive"] + found["negative"], whole.sum(axis=2).mean(axis=0), atol=1e-12)
    by_time = whole.transpose(1, 4, 0, 2, 3).reshape(2, 4, -1)
    by_frequency = whole.transpose(1, 3, 0, 2, 4).reshape(2, 6, -1)
    for along, columns in (("time", by_time), ("frequency", by_frequency)):
        np.testing.assert_allclose(correlations(summaries, along), [np.corrcoef(each) for each in columns])
        sums = magnitudes(summaries, along)
        np.testing.assert_allclose(sums.sum(axis=0), np.abs(columns).sum(axis=-1))
        share, low, high = shares(sums, ["a", "b"], 0)
        np.testing.assert_allclose(share.sum(axis=-1), 1)
        assert ((low <= share + 1e-12) & (share <= high + 1e-12)).all()


def test_clusters_are_found_and_their_agreement_is_told_from_chance(rng):
    truth = np.repeat([0, 1, 2], [20, 12, 8])
    values = np.eye(3)[truth] + 0.05 * rng.standard_normal((40, 3))
    labels, silhouette = clusters(values, 0)
    np.testing.assert_array_equal(labels, truth)
    assert silhouette > 0.8
    sources = np.repeat(np.arange(20), 2)
    voices = np.array(["f", "m", "c"])[truth]
    followed = agreement(labels, voices, sources, 0, 60)
    assert followed["ami"] == pytest.approx(adjusted_mutual_info_score(voices, labels))
    assert followed["p"] == pytest.approx(1 / 61)
    chance = agreement(labels, np.repeat(rng.permutation(20) % 2, 2), sources, 0, 60)
    assert chance["p"] > 0.05
    assert clusters(values[:2], 0)[0].tolist() == [0, 0]


def test_tones_have_their_amplitude_and_their_frequencies_alone(recordings):
    heard = Intervened(recordings, read_intervention("sinusoidal:1000-2000,0.01"))
    added = (heard.read(1) - recordings.read(1)).astype(np.float64)
    np.testing.assert_allclose(np.sqrt(np.square(added).mean(axis=1)), 0.01, rtol=1e-3)
    power = np.square(np.abs(np.fft.rfft(added * np.hanning(added.shape[1]))))
    hz = np.fft.rfftfreq(added.shape[1], 1 / recordings.setup.fs_hz)
    assert power[:, (hz < 990) | (hz > 2010)].sum() < 1e-6 * power.sum()
    octave = [power[:, (hz >= low) & (hz < low + 250)].sum() / power.sum() for low in (1000, 1250, 1500, 1750)]
    np.testing.assert_allclose(octave, 0.25, atol=0.05)
    assert abs(np.corrcoef(added)[0, 1]) < 0.3
    np.testing.assert_array_equal(heard.read(1), heard.read(1))


def test_white_noise_has_its_amplitude_at_its_times_of_every_window_alone(recordings):
    heard = Intervened(recordings, read_intervention("white:0.05-0.1,0.02"))
    added = heard.windows(0) - recordings.windows(0)
    inside = slice(800, 1600)
    np.testing.assert_allclose(added[..., inside].std(), 0.02, rtol=0.02)
    assert not added[..., :800].any()
    assert not added[..., 1600:].any()
    with pytest.raises(InputError, match=r"lasts 0\.256 s"):
        Intervened(recordings, read_intervention("white:0.2-0.3,0.02")).read(0)
    with pytest.raises(InputError, match="end at 8000 Hz"):
        Intervened(recordings, read_intervention("sinusoidal:1000-9000,0.02")).read(0)


def test_at_its_own_reverberation_time_a_recording_is_itself_and_at_a_longer_one_it_rings_on(recordings):
    own, plain = (
        each.read(0) for each in (Intervened(recordings, read_intervention("reverberation:0.15")), recordings)
    )
    source = recordings.sources[0]
    np.testing.assert_allclose(own, plain, atol=source["scale"] * 2.0**-15)
    longer = Intervened(recordings, read_intervention("reverberation:0.5")).read(0)
    assert longer.shape == plain.shape
    tail = slice(len(recordings.utterance(0)), None)
    assert np.square(longer[:, tail]).mean() > 4 * np.square(plain[:, tail]).mean()
    flipped = Intervened(recordings, read_intervention("polarity:0"))
    with pytest.raises(InputError, match="change it first"):
        Intervened(flipped, read_intervention("reverberation:0.3")).read(0)


def asked(*argv):
    parser = arguments.parser("x")
    add_noise_arguments(parser)
    arguments.add_seed(parser)
    return read_noise(parser.parse_args(argv))


def test_options_build_the_interventions_that_they_name():
    tones = asked("--noise_type", "sinusoidal", "--freq_ranges", "100-200", "1e3-2e3", "--rms_amplitudes", "0.1", "0.2")
    assert [(each.low, each.high, each.rms) for each in tones] == [(100, 200, 0.1), (1000, 2000, 0.2)]
    assert tones[0].seed != tones[1].seed
    (room,) = asked("--noise_type", "reverberation", "--reverberances", "0.5")
    assert room == read_intervention("reverberation:0.5")
    assert asked() == []


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ("--noise_type white --rms_amplitudes 0.1", "needs --time_ranges"),
        ("--noise_type sinusoidal --freq_ranges 100-200", "needs --rms_amplitudes"),
        ("--noise_type reverberation", "needs --reverberances"),
        ("--noise_type white --time_ranges 0-0.1 --freq_ranges 1-2 --rms_amplitudes 1", "--freq_ranges is not for"),
        ("--rms_amplitudes 0.1", "--rms_amplitudes is not for"),
        ("--noise_type white --time_ranges 0-0.1 --rms_amplitudes 1 2", "2 --rms_amplitudes do not fit 1 range"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(argv, said):
    with pytest.raises(InputError, match=said):
        asked(*argv.split())


@pytest.mark.parametrize("text", ["200-100", "100", "-5-10", "a-b"])
def test_what_is_no_range_is_refused(text, capsys):
    with pytest.raises(SystemExit):
        asked("--noise_type", "sinusoidal", f"--freq_ranges={text}", "--rms_amplitudes", "1")
    assert text.split("-")[0] in capsys.readouterr().err


def test_excerpts_are_windows_of_their_sources(recordings):
    excerpts = Excerpts(recordings, 2)
    table = excerpts.table()
    rows = [(recordings.numbers[row], window) for row in range(3) for window in excerpts.chosen(row)]
    assert list(zip(table["source"], table["window"], strict=True)) == rows
    np.testing.assert_array_equal(excerpts.windows(1), recordings.windows(1)[excerpts.chosen(1)])
    assert excerpts.fingerprint != Excerpts(recordings, 3).fingerprint


def test_the_command_line_writes_files_of_maps_and_pictures_with_their_tables(base, coarse_pictures, monkeypatch):
    folder, told = base
    monkeypatch.setattr(map_tables, "agreement", partial(agreement, permutations=20))
    told = [*told, "--model_name", "loc_cnn", "--sources", "2", "--windows", "2"]
    told += ["--untrained", "1", "--null_sources", "1", "--method", "gradient_x_input", "--microphone", "1"]
    where = map_experiment.main([*told, "--results", str(folder / "results")])
    pictures = {path.stem.split("-")[0]: path for path in where.glob("*.png")}
    alone = {"influence_level", "influence_delay", "correlation_frequency", "correlation_time", "clusters"}
    assert pictures.keys() == alone | {"frequency", "time"}
    assert all(pictures[name].with_suffix(".csv").exists() for name in alone)
    assert where.parent.name == "microphone_1"
    for name, count in (("frequency", 257), ("time", 17)):
        shares_of = pd.read_csv(where / f"{name}.csv").fillna("")
        assert set(shares_of["model"]) == {"loc_cnn", "untrained loc_cnn", "energy"}
        assert len(shares_of) == count * (2 * 2 * 3 + 1)
        np.testing.assert_allclose(shares_of.groupby(["model", "half", "coordinate"])["share"].sum(), 1)
    (maps,) = (folder / "results" / "time_frequency").iterdir()
    read, said = read_arrays(sorted(maps.glob("*.h5"))[0])
    assert read["level"].shape == read["delay"].shape == (2, 3, 3, 257, 17)
    assert list(said["starts"]) == ["x", "y", "z"]


def test_a_microphone_that_is_not_there_is_one_clear_line(base, capsys):
    with pytest.raises(SystemExit) as stop:
        map_experiment.main([*base[1], "--microphone", "3", "--sources", "2", "--results", str(base[0] / "none")])
    assert stop.value.code == 2
    assert "no microphone 3" in capsys.readouterr().err


def test_every_method_can_be_mapped():
    assert set(map_experiment.parse(["--method", *METHODS]).method) == set(METHODS)
