"""Recordings: physics of the mixture, the files, and reading them back."""

import json

import numpy as np
import pytest
import soundfile

import params
from acoustics import recordings
from acoustics.generation import claim_dataset
from acoustics.recordings import (
    Recordings,
    cut_windows,
    read_multichannel,
    read_row,
    record,
    subset,
    write_recording,
)
from running.errors import InputError


@pytest.fixture
def mixture(rng):
    speech = rng.standard_normal(8000).astype(np.float32)
    rirs = (0.05 * rng.standard_normal((3, 200))).astype(np.float32)
    return speech, rirs


def test_recording_is_convolution_plus_noise_of_the_stated_power(mixture):
    speech, rirs = mixture
    recording, noise_rms = record(speech, rirs, 20.0, np.random.default_rng(1))
    clean = np.stack([np.convolve(speech.astype(float), rir.astype(float)) for rir in rirs])
    noise = recording - clean
    assert recording.shape == (3, 8199)
    assert 10 * np.log10(np.mean(clean[0] ** 2) / noise_rms**2) == pytest.approx(20, abs=1e-4)
    np.testing.assert_allclose(noise.std(axis=1), noise_rms, rtol=0.03)
    assert np.abs(np.corrcoef(noise) - np.eye(3)).max() < 0.05


@pytest.mark.parametrize("snr_db", [0, 25, 60, 90])
def test_quantisation_stays_20_db_below_the_noise(tmp_path, mixture, snr_db):
    recording, noise_rms = record(*mixture, snr_db, np.random.default_rng(1))
    write_recording(tmp_path / "0000.wav", recording, 16000, noise_rms, {"source": 0})
    samples, _ = soundfile.read(tmp_path / "0000.wav", dtype="float64", always_2d=True)
    error = samples.T * read_row(tmp_path / "0000.wav")["scale"] - recording
    assert 20 * np.log10(noise_rms / error.std()) > 20


@pytest.mark.parametrize("peak", [1.0, 0.999999, 0.25, 3.7])
def test_nothing_clips(tmp_path, peak):
    recording = np.linspace(-peak, peak, 1001, dtype=np.float32)[None]
    write_recording(tmp_path / "0000.wav", recording, 16000, peak / 10, {})
    samples, _ = soundfile.read(tmp_path / "0000.wav", dtype="float64", always_2d=True)
    restored = samples.T * read_row(tmp_path / "0000.wav")["scale"]
    np.testing.assert_allclose(restored, recording, atol=2 * peak * 2**-15)


def test_windows_are_cut_in_order_and_the_remainder_is_dropped():
    recording = np.arange(2 * 25).reshape(2, 25)
    windows = cut_windows(recording, 10)
    assert windows.shape == (2, 2, 10)
    np.testing.assert_array_equal(windows[1, 0], np.arange(10, 20))
    np.testing.assert_array_equal(windows[0, 1], np.arange(25, 35))


def test_a_smaller_subset_is_part_of_a_larger_one():
    small, large = subset(285, 40), subset(285, 120)
    assert len(set(small)) == 40
    assert set(small) < set(large) < set(range(285))


def write_split(folder, setup, n_samples=(25000, 16000, 12000)):
    """Write a dataset by hand, independent of generate_data.py."""
    rng = np.random.default_rng(3)
    dataset = recordings.Dataset(folder, {"setup": setup.to_dict(), "condition": {"T60_s": 0.2, "snr_db": 10.0}})
    folder.mkdir(parents=True)
    (folder / "dataset.json").write_text(json.dumps({"format": recordings.FORMAT, "arguments": dataset.arguments}))
    signals = [rng.uniform(-0.1, 0.1, (len(setup.array), count)).astype(np.float32) for count in n_samples]
    for source, signal in enumerate(signals):
        row = {"source": source, "x_m": 1.0, "y_m": 5.0 + source, "z_m": 1.2, "utterance": "u", "speaker": "s",
               "correlation_time_samples": 6, "windows": signal.shape[1] // setup.window_samples}  # fmt: skip
        write_recording(dataset.path("test", source), signal, setup.fs_hz, 0.01, row)
    dataset.write_table("test")
    return dataset, signals


@pytest.fixture
def written(tmp_path):
    return write_split(tmp_path / "SNR_10_T60_0.2", params.PUBLISHED)


def test_what_was_written_is_read(written):
    dataset, signals = written
    read = Recordings(dataset.folder / "test")
    assert len(read) == 3
    assert read.condition == params.Condition(0.2, 10.0)
    assert read.setup == params.PUBLISHED
    np.testing.assert_array_equal(read.window_counts, [4, 3, 2])
    np.testing.assert_array_equal(read.positions_m[:, 1], [5, 6, 7])
    np.testing.assert_allclose(read.read(1), signals[1], atol=1e-5)
    np.testing.assert_array_equal(read.read(0, 7000, 100), read.read(0)[:, 7000:7100])
    np.testing.assert_array_equal(read.windows(2)[1], read.read(2)[:, 5120:10240])


@pytest.mark.parametrize(("noise_rms", "subtype"), [(1e-2, "PCM_16"), (1e-6, "PCM_24")])
def test_what_is_read_is_float32_whatever_the_file_has(written, noise_rms, subtype):
    dataset, signals = written
    write_recording(dataset.path("test", 1), signals[1], 16000, noise_rms, {})
    assert soundfile.info(dataset.path("test", 1)).subtype == subtype
    read = Recordings(dataset.folder / "test")
    stored, _ = soundfile.read(dataset.path("test", 1), dtype="float64", always_2d=True)
    for recording in (read.read(1), read.windows(1)):
        assert recording.dtype == np.float32
    np.testing.assert_array_equal(read.read(1), stored.T * read.sources[1]["scale"])


def test_any_audio_program_opens_it(written):
    info = soundfile.info(written[0].path("test", 0))
    assert (info.format, info.channels, info.samplerate, info.subtype) == ("WAV", 16, 16000, "PCM_16")


def test_the_table_holds_what_the_files_carry(written):
    dataset, _ = written
    for source, name in enumerate(["007", "nan", "a, b"]):
        row = read_row(dataset.path("test", source)) | {"utterance": name, "speaker": name}
        write_recording(dataset.path("test", source), written[1][source], 16000, 1 / 3, row)
    dataset.write_table("test")
    rows = Recordings(dataset.folder / "test").sources
    assert rows == [read_row(dataset.path("test", source)) for source in range(3)]
    assert [{name: type(value) for name, value in row.items()} for row in rows] == 3 * [recordings.COLUMNS]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda table: table.replace("windows", "window"), "lacks windows"),
        (lambda table: "a,b\n1,2\n", "lacks source, x_m"),
        (lambda table: "", "is damaged"),
        (lambda table: table.replace("1.0,5.0", ",5.0"), "lacks x_m"),
        (lambda table: table.replace("1.0,5.0", "far,5.0"), "is damaged"),
        (lambda table: table.replace("0,1.0,5.0", ",1.0,5.0"), "is damaged"),
    ],
)
def test_a_damaged_table_is_named(written, damage, message):
    path = written[0].table_path("test")
    path.write_text(damage(path.read_text()))
    with pytest.raises(InputError, match=rf"sources\.csv {message}.*again$"):
        Recordings(written[0].folder / "test")


@pytest.mark.parametrize("damage", ["truncate", "garbage", "remove"])
def test_a_damaged_recording_is_named(written, damage):
    path = written[0].path("test", 1)
    if damage == "truncate":
        path.write_bytes(path.read_bytes()[:-5000])
    elif damage == "garbage":
        path.write_bytes(b"no audio" * 100)
    else:
        path.unlink()
    with pytest.raises(InputError, match=r"0001\.wav"):
        Recordings(written[0].folder / "test").read(1)


@pytest.mark.parametrize(("channels", "fs_hz", "message"), [(4, 16000, "4 channels"), (16, 8000, "8000 Hz")])
def test_other_channels_or_rates_are_refused(written, channels, fs_hz, message):
    write_recording(written[0].path("test", 1), np.ones((channels, 16000), np.float32), fs_hz, 0.1, {})
    with pytest.raises(InputError, match=message):
        Recordings(written[0].folder / "test").read(1)


def test_missing_and_half_made_datasets_are_told_apart(written, tmp_path):
    with pytest.raises(InputError, match="no dataset"):
        Recordings(tmp_path / "SNR_1_T60_1" / "test")
    (written[0].folder / "test" / "sources.csv").unlink()
    with pytest.raises(InputError, match="not complete"):
        Recordings(written[0].folder / "test")


@pytest.mark.parametrize(
    "arguments", [None, 3, {}, {"setup": 3}, {"setup": {}, "condition": {"T60_s": "long", "snr_db": 3}}]
)
def test_a_damaged_description_is_named(written, arguments):
    (written[0].folder / "dataset.json").write_text(json.dumps({"format": recordings.FORMAT, "arguments": arguments}))
    with pytest.raises(InputError, match=r"dataset\.json is damaged"):
        Recordings(written[0].folder / "test")


@pytest.mark.parametrize("other", [{}, {"format": recordings.FORMAT + 1}])
def test_a_dataset_of_another_format_is_neither_read_nor_gone_on_with(written, other):
    dataset = written[0]
    (dataset.folder / "dataset.json").write_text(json.dumps({"arguments": dataset.arguments} | other))
    for use in (lambda: Recordings(dataset.folder / "test"), lambda: claim_dataset(dataset)):
        with pytest.raises(InputError, match=r"dataset\.json is of format .*, not 1; make the dataset anew"):
            use()


def test_the_fingerprint_tells_datasets_and_splits_apart(written, tmp_path):
    other = params.Setup(window_samples=2560)
    dataset, _ = write_split(tmp_path / "b" / "SNR_10_T60_0.2", other)
    assert Recordings(dataset.folder / "test").fingerprint != Recordings(written[0].folder / "test").fingerprint


def tones(rate_hz, seconds=1.0, channels=16):
    """A channel each of 200, 300, ... Hz."""
    hz = 100 * np.arange(2, channels + 2)
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz))[:, None] / rate_hz)


@pytest.mark.parametrize(("rate_hz", "suffix"), [(16000, "wav"), (48000, "flac"), (44100, "wav")])
def test_an_own_recording_is_heard_at_the_rate_of_the_setup(tmp_path, rate_hz, suffix):
    soundfile.write(tmp_path / f"own.{suffix}", tones(rate_hz)[:, :8], rate_hz, subtype="PCM_24")
    eight = params.Setup(array=params.MicArray.line_along_x(8, 0.15, (1.7, 7.0, 1.2)))
    recording = read_multichannel(tmp_path / f"own.{suffix}", eight)
    assert recording.dtype == np.float32
    middle = slice(2000, 14000)  # away from the resampler's edges
    np.testing.assert_allclose(recording[:, middle], tones(16000)[middle, :8].T, atol=2e-3)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (tones(16000, channels=2), "2 channels.*16 microphones"),
        (tones(16000, 0.1), "0.10 s.*0.32 s"),
        (tones(16000) * (np.arange(16) != 5), "channel 5"),
        (np.full((6000, 16), np.nan), "NaN"),
    ],
)
def test_an_own_recording_that_cannot_be_heard_is_refused(tmp_path, samples, message):
    soundfile.write(tmp_path / "own.wav", samples, 16000, subtype="FLOAT")
    with pytest.raises(InputError, match=message):
        read_multichannel(tmp_path / "own.wav", params.PUBLISHED)


def test_an_own_recording_of_a_rate_that_holds_no_speech_is_refused(tmp_path):
    soundfile.write(tmp_path / "own.wav", tones(16000, 0.01), 1)
    with pytest.raises(InputError, match=r"own\.wav has a rate of 1 Hz"):
        read_multichannel(tmp_path / "own.wav", params.PUBLISHED)


def test_what_is_no_audio_is_refused(tmp_path):
    (tmp_path / "own.txt").write_text("words")
    for name in ("own.txt", "absent.wav"):
        with pytest.raises(InputError, match="can't be read"):
            read_multichannel(tmp_path / name, params.PUBLISHED)
