"""NSNet2 against its ONNX file and its program's arithmetic, what it is given to hear, and what explains its masks."""

import argparse

import h5py
import numpy as np
import onnxruntime
import pandas as pd
import pytest
import soundfile
import soxr
import torch

from acoustics.speech.espeak import VOICES
from enhancement import attribute, audio, clips, enhance, nsnet2, spectra
from enhancement.attributions import Attributions
from enhancement.places import places
from explain.methods import METHODS
from explain.methods.noise import Floor
from running.arrays import read_arrays
from running.errors import InputError

WINDOW = np.sqrt(np.hanning(320))


def literal_spectra(x):
    """Frames shift 160 samples in, the first one, half of it zeros, is dropped; shape (bin, frame)."""
    frames = int(np.ceil((len(x) + 160) / 160))
    x = np.concatenate([x, np.zeros(frames * 160 - len(x))])
    frame, found = np.zeros(320), []
    for number in range(frames):
        frame = np.concatenate([frame[160:], x[number * 160 : number * 160 + 160]])
        found.append(np.fft.rfft(WINDOW * frame))
    return np.array(found[1:]).T


def literal_signal(spectra):
    signal = np.zeros(160 * (spectra.shape[1] - 1) + 320)
    for number, spectrum in enumerate(spectra.T):
        signal[number * 160 : number * 160 + 320] += WINDOW * np.fft.irfft(spectrum, 320)
    return signal


def literal_enhanced(session, x):
    heard = literal_spectra(x)
    log_power = np.log10(np.maximum(np.abs(heard) ** 2, 1e-12))
    (mask,) = session.run(None, {"input": log_power.T[None].astype(np.float32)})
    return literal_signal(heard * np.clip(mask[0].T, 10 ** (-80 / 20), 1))[: len(x)]


@pytest.fixture(scope="module")
def session():
    return onnxruntime.InferenceSession(nsnet2.onnx_file(), providers=["CPUExecutionProvider"])


def asked(*argv):
    parser = argparse.ArgumentParser()
    clips.add_clip_arguments(parser)
    return clips.open_clips(parser.parse_args(["--clips", "2", "--seconds", "0.5", *argv]))


@pytest.fixture(scope="module")
def speech():
    return asked("--background", "none").samples


@pytest.mark.parametrize("frames", [1, 8, 21])
def test_network_is_that_of_the_onnx_file_unrolled_or_not(session, speech, frames):
    log_power = np.random.default_rng(frames).normal(-4, 3, (3, frames, nsnet2.BINS)).astype(np.float32)
    log_power[0] = spectra.heard(speech[:1])[0, 0, :, 10 : 10 + frames].T
    (expected,) = session.run(None, {"input": log_power})  # (input, frame, bin)
    heard = torch.tensor(log_power).swapaxes(1, 2)[:, None]
    network = nsnet2.trained()
    for each in (network, network.unrolled(frames)):
        with torch.no_grad():
            masks = each(heard).view(3, nsnet2.BINS, frames)
        np.testing.assert_allclose(masks.swapaxes(1, 2), expected, atol=1e-5, rtol=0)
    assert np.ptp(expected) > 0.5
    with torch.no_grad():
        for other in (nsnet2.untrained(0), nsnet2.shuffled(0)):
            assert (other(heard).view(3, nsnet2.BINS, frames) - masks).abs().max() > 0.1


def test_unrolled_network_uses_no_module_that_is_not_linear_twice():
    network, used = nsnet2.untrained(0).unrolled(3), []
    for name, module in network.named_modules():
        if not list(module.children()):
            module.register_forward_hook(lambda *_, name=name: used.append(name))
    network(torch.zeros(1, 1, nsnet2.BINS, 3))
    assert sum("gates" in name for name in used) == 2 * 2 * 3  # sum and sigmoid, two layers, three frames
    assert len(used) == len(set(used))


def test_shuffled_network_has_the_values_of_every_weight_in_another_order():
    trained, shuffled = nsnet2.trained().state_dict(), nsnet2.shuffled(1).state_dict()
    for name, value in trained.items():
        assert torch.equal(value.flatten().sort().values, shuffled[name].flatten().sort().values)
        assert not torch.equal(value, shuffled[name])


def test_missing_weights_are_named(monkeypatch):
    monkeypatch.setattr(nsnet2, "PACKAGE", "no-such-package-here")
    with pytest.raises(InputError, match="install the package no-such-package-here"):
        nsnet2.onnx_file()


@pytest.mark.parametrize("n_samples", [1, 160, 1000, 1600])
def test_front_end_is_that_of_the_program(rng, n_samples):
    x = rng.standard_normal((2, n_samples))
    found = spectra.FRAMES.spectrogram(torch.tensor(x))
    for own, signal in zip(found, x, strict=True):
        np.testing.assert_allclose(own, literal_spectra(signal), atol=1e-12)
    assert found.shape[-1] == spectra.FRAMES.count(n_samples) == len(spectra.FRAMES.centres_s(n_samples, 16000))
    gains = rng.uniform(0, 1, found.shape) * rng.integers(0, 2, found.shape)  # half of them closed
    back = spectra.masked(x, gains.reshape(2, -1))
    for own, spectrum, gain in zip(back, found.numpy(), gains, strict=True):
        expected = literal_signal(spectrum * np.clip(gain, 1e-4, 1))[:n_samples]
        np.testing.assert_allclose(own, expected, atol=1e-6)
    closed = spectra.masked(x, np.zeros((2, gains[0].size)))
    np.testing.assert_allclose(closed, 1e-4 * spectra.masked(x, np.ones((2, gains[0].size))), atol=1e-9)
    silence = spectra.heard(np.zeros((1, n_samples)))
    np.testing.assert_array_equal(silence, np.float32(-12))


def test_a_frame_is_centred_where_it_says():
    n_samples = 1600
    for place, centre_s in enumerate(spectra.FRAMES.centres_s(n_samples, 16000)[:9]):
        click = torch.zeros(n_samples)
        click[round(centre_s * 16000)] = 1
        assert spectra.FRAMES.spectrogram(click).abs().sum(0).argmax() == place


def test_command_enhances_as_the_program_does(session, speech, tmp_path, capsys):
    stereo = speech + np.random.default_rng(0).normal(0, 0.01, speech.shape).astype(np.float32)
    soundfile.write(tmp_path / "in.wav", stereo.T, 16000, subtype="FLOAT")
    enhance.main([str(tmp_path / "in.wav"), str(tmp_path / "out.wav")])
    found, rate_hz = soundfile.read(tmp_path / "out.wav")
    assert (rate_hz, found.shape) == (16000, stereo.T.shape)
    for own, channel in zip(found.T, stereo, strict=True):
        np.testing.assert_allclose(own, literal_enhanced(session, channel.astype(np.float64)), atol=1e-6)
    assert "Enhanced files: 1" in capsys.readouterr().out


def test_command_enhances_folders_of_any_rate(speech, tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    soundfile.write(tmp_path / "in" / "deep" / "a.flac", soxr.resample(speech[0], 16000, 44100), 44100)
    soundfile.write(tmp_path / "in" / "b.wav", speech[1], 16000)
    written = enhance.main([str(tmp_path / "in"), str(tmp_path / "out")])
    assert sorted(written) == [tmp_path / "out" / "b.wav", tmp_path / "out" / "deep" / "a.wav"]
    found, rate_hz = soundfile.read(written[-1] if written[-1].stem == "a" else written[0])
    assert rate_hz == 16000
    network = nsnet2.trained()
    expected = enhance.enhanced(network, audio.read(tmp_path / "in" / "deep" / "a.flac"))[0]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert abs(len(found) - speech.shape[1]) <= 2


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["in.wav", "in.wav"], "would replace a file"),
        (["in.wav", "."], "is a folder"),
        (["both", "out"], "would replace a file"),
        (["absent.wav", "out.wav"], "can't be read"),
        (["nan.wav", "out.wav"], "NaN"),
        (["empty.wav", "out.wav"], "no sound"),
    ],
)
def test_command_says_what_it_can_not_enhance(tmp_path, monkeypatch, capsys, argv, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "both").mkdir()
    for name in ("in.wav", "both/a.wav", "both/a.flac"):
        soundfile.write(name, np.full(400, 0.1), 16000)
    soundfile.write("nan.wav", np.full(400, np.nan, np.float32), 16000, subtype="FLOAT")
    soundfile.write("empty.wav", np.zeros(0), 16000)
    before = (tmp_path / "in.wav").read_bytes()
    with pytest.raises(SystemExit) as ended:
        enhance.main(argv)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert (tmp_path / "in.wav").read_bytes() == before
    assert not (tmp_path / "out.wav").exists()


def rms(x):
    return np.sqrt(np.mean(np.square(x, dtype=np.float64), axis=-1))


def test_built_in_clips_are_voices_of_one_level_that_a_seed_repeats(speech):
    given = asked("--background", "none")
    assert len(set(given.voices)) == 2
    assert given.names == [f"{row:03d}_{voice}" for row, voice in enumerate(given.voices)]
    np.testing.assert_array_equal(given.samples, speech)
    np.testing.assert_array_equal(given.samples, given.reference)
    np.testing.assert_allclose(rms(speech), 0.05, rtol=1e-5)
    assert asked("--background", "none", "--seed", "1").fingerprint != given.fingerprint
    np.testing.assert_array_equal(asked("--background", "none", "--clips", "1").samples, speech[:1])
    assert given.windows(0).shape == (1, 1, 161, given.frames) == (1, 1, 161, 50)


@pytest.mark.parametrize("kind", ["white", "babble"])
def test_background_is_as_far_below_the_speech_as_was_asked(speech, kind):
    given = asked("--background", kind, "--SNR", "3")
    np.testing.assert_array_equal(given.reference, speech)
    noise = given.samples - given.reference
    np.testing.assert_allclose(20 * np.log10(rms(given.reference) / rms(noise)), 3, atol=1e-3)
    assert abs(np.corrcoef(noise)[0, 1]) < 0.1
    low = (np.abs(np.fft.rfft(noise)) ** 2)[:, : 2000 // 2].sum() / (np.abs(np.fft.rfft(noise)) ** 2).sum()
    assert low > 0.5 if kind == "babble" else abs(low - 0.25) < 0.03  # speech lies below 2 kHz


def test_nobody_babbles_behind_themselves(monkeypatch):
    voices = sorted({voice.variant for voice in VOICES})
    heard = []
    monkeypatch.setattr(clips, "_speech", lambda corpus, voice, first, n: heard.append(voice) or np.ones(n))
    clips.backgrounds("babble", np.ones((len(voices), 2)), 0.0, voices, 0)
    for voice, others in zip(voices, np.reshape(heard, (len(voices), -1)), strict=True):
        assert len(set(others) - {voice}) == clips.BABBLERS


def test_tones_and_white_noise_are_where_they_were_asked(speech):
    plain = ["--background", "none", "--noise_type"]
    tones = asked(*plain, "sinusoidal", "--freq_ranges", "1000-1200", "3e3-4e3", "--rms_amplitudes", "0.1", "0.2")
    added = (tones.samples - tones.reference).astype(np.float64)
    np.testing.assert_array_equal(tones.reference, speech)
    power = np.abs(np.fft.rfft(added)) ** 2
    share = [
        power[:, low // 2 : high // 2].sum(axis=1) / power.sum(axis=1) for low, high in ((980, 1220), (2980, 4020))
    ]
    np.testing.assert_allclose(share, [[0.2] * 2, [0.8] * 2], atol=0.02)
    np.testing.assert_allclose(rms(added), np.hypot(0.1, 0.2), rtol=0.01)
    white = asked(*plain, "white", "--time_ranges", "0.1-0.2", "--rms_amplitudes", "0.1")
    added = white.samples - white.reference
    assert not added[:, :1600].any()
    assert not added[:, 3200:].any()
    np.testing.assert_allclose(rms(added[:, 1600:3200]), 0.1, rtol=0.06)


def test_reverberation_keeps_level_and_place_of_the_direct_sound(tmp_path):
    click = np.zeros(8000)
    click[2000] = 0.5
    soundfile.write(tmp_path / "a.wav", click, 16000, subtype="FLOAT")
    few = ["--input_dir", str(tmp_path), "--noise_type", "reverberation", "--reverberances"]
    late = []
    for T60_s in ("0.2", "0.6"):
        (heard,) = asked(*few, T60_s).samples.astype(np.float64)
        np.testing.assert_allclose(rms(heard), rms(click), rtol=1e-5)
        assert np.abs(heard).argmax() == 2000
        assert np.abs(heard[:1900]).max() < 1e-6
        late.append(np.square(heard[2800:]).sum() / np.square(heard).sum())
    assert late[1] > 10 * late[0] > 0


def test_clips_of_a_folder_are_as_loud_as_they_are_and_short_ones_left_out(speech, tmp_path):
    (tmp_path / "anna").mkdir()
    soundfile.write(tmp_path / "anna" / "one two.wav", 0.3 * speech.T, 16000, subtype="FLOAT")
    soundfile.write(tmp_path / "short.wav", speech[0][:100], 16000)
    soundfile.write(tmp_path / "z.wav", np.concatenate([speech[1]] * 2), 16000, subtype="FLOAT")
    given = asked("--input_dir", str(tmp_path))
    assert (given.names, given.voices) == (["000_one_two", "001_z"], ["anna", "z.wav"])
    np.testing.assert_allclose(given.samples, [0.3 * speech.mean(axis=0), speech[1]], atol=1e-6)
    assert asked("--input_dir", str(tmp_path), "--clips", "1").names == given.names[:1]
    with pytest.raises(InputError, match=r"no file in .* is as long as 2 s"):
        asked("--input_dir", str(tmp_path), "--seconds", "2")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("--noise_type none --rms_amplitudes 1", "--rms_amplitudes is not for --noise_type none"),
        ("--noise_type white", "needs --time_ranges"),
        ("--noise_type white --time_ranges 0-0.6 --rms_amplitudes 1", "it lasts 0.5 s"),
        ("--noise_type sinusoidal --freq_ranges 1-9000 --rms_amplitudes 1", "end at 8000 Hz"),
        ("--background none --SNR 3", "--SNR is not for"),
        ("--speaker_pattern x", "is for --input_dir"),
    ],
)
def test_options_of_clips_that_do_not_fit_are_refused(argv, message):
    with pytest.raises(InputError, match=message):
        asked(*argv.split())


def test_places_are_single_ones_or_ranges_together():
    centres = [0.0, 10.0, 20.0, 30.0]
    assert places(["1", "0:4:2", "10-30", "all"], centres, "Hz") == {
        "0001": [1], "0000": [0], "0002": [2], "10-30Hz": [1, 2], "all": [0, 1, 2, 3],
    }  # fmt: skip
    for text in ("4", "-1", "5:9", "31-40", "1:2:3:4", "x", "1-2-3", "0:4:0"):
        with pytest.raises(InputError):
            places([text], centres, "Hz")


TINY = ["--clips", "1", "--seconds", "0.08", "--f_out", "20", "1000-2000", "--t_out", "4", "all"]


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explained")
    methods = ["deep_shap", "integrated_gradients", "gradient_x_input"]
    attribute.main([*TINY, "--results", str(folder), "--method", *methods])
    return folder


def test_attributions_add_up_to_what_they_promise_or_promise_nothing(explained):
    table = pd.read_csv(explained / "completeness" / "completeness.csv", dtype={"f_out": str, "t_out": str})
    assert len(table) == 3 * 2 * 2
    size = table["promised"].abs()
    assert (table["start"] > 0).all()
    of = table["method"].eq
    assert (table["delta"].abs() < 1e-4 * size)[of("deep_shap")].all()
    assert (table["delta"].abs() < 0.5 * size)[of("integrated_gradients")].all()
    assert table["promised"].isna()[of("gradient_x_input")].all()
    assert table["reached"].notna().all()
    np.testing.assert_allclose(table["delta"], table["reached"] - table["promised"])


def test_promise_is_the_mask_less_that_of_the_floor(explained):
    given = asked("--clips", "1", "--seconds", "0.08")
    network, window = nsnet2.trained(), given.windows(0)
    draws = Floor(-8.0, 0.1).draws(torch.tensor(window[0]), 4, 0)
    assert draws.std(dim=0).min() > 0  # no two of them are the same
    with torch.no_grad():
        mask, at_floor = (network(each).view(-1, 161, 8).mean(0) for each in (torch.tensor(window), draws))
    (file,) = (explained / "attributions" / "trained").glob("deep_shap-*/*/0020.h5")
    arrays, attributes = read_arrays(file)
    expected = [(mask - at_floor)[20, 4], (mask - at_floor)[20].sum()]
    np.testing.assert_allclose(arrays["promised"], expected, rtol=1e-3)
    np.testing.assert_allclose(arrays["start"], [mask[20, 4], mask[20].sum()], rtol=1e-5)
    assert arrays["attributions"].shape == (2, 161, 8)
    assert list(attributes["t_out"]) == ["0004", "all"]
    assert (len(attributes["frequency_hz"]), len(attributes["time_s"])) == (161, 8)


def test_nothing_that_comes_later_counts_for_a_mask(explained):
    for file in explained.glob("attributions/trained/*/*/*.h5"):
        attributions = read_arrays(file)[0]["attributions"]
        assert not attributions[0, :, 5:].any()
        assert attributions[0, :, :5].any(axis=0).all()
        assert attributions[1, :, 5:].any()


def test_command_goes_on_where_it_was_and_makes_damaged_files_anew(explained, capsys):
    methods = ["deep_shap", "integrated_gradients", "gradient_x_input"]
    kept, damaged, gone = (sorted(explained.glob(f"attributions/trained/{name}-*/*/*.h5"))[0] for name in methods)
    before = {file: read_arrays(file)[0] for file in (kept, damaged, gone)}
    stamp = kept.stat().st_mtime_ns
    damaged.write_bytes(damaged.read_bytes()[:-500])
    gone.unlink()
    attribute.main([*TINY, "--results", str(explained), "--method", *methods])
    assert f"{damaged} is damaged" in capsys.readouterr().out
    assert kept.stat().st_mtime_ns == stamp
    for file, arrays in before.items():
        for name, array in read_arrays(file)[0].items():
            np.testing.assert_array_equal(array, arrays[name])


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--method", "gradient", "--baselines", "3"], "--baselines is for"),
        (["--method", "lrp_epsilon"], "does not serve"),
        (["--f_out", "200"], "is none of the 161 places"),
        (["--seed", "4"], "choose another --results"),
    ],
)
def test_command_says_what_it_can_not_explain(explained, capsys, argv, message):
    with pytest.raises(SystemExit):
        attribute.main([*TINY, "--method", "gradient_x_input", "--results", str(explained), *argv])
    assert message in capsys.readouterr().err


def test_every_row_of_a_method_is_what_the_method_says_of_that_output_alone(speech, tmp_path):
    given = clips.Clips(["a"], ["x"], speech[:1, :1280], speech[:1, :1280])
    network = nsnet2.trained().unrolled(8)
    made = Attributions(tmp_path, network, METHODS["gradient_x_input"], given, {"b": [3, 4]}, {"t": [6], "u": [7]})
    ((file,),) = made.files()
    with h5py.File(file) as stored:
        found = stored["attributions"][:]
    heard = torch.tensor(given.windows(0), requires_grad=True)
    for own, frame in zip(found, (6, 7), strict=True):
        explained = network(heard).view(161, 8)[[3, 4], frame].sum()
        (gradient,) = torch.autograd.grad(explained, heard)
        np.testing.assert_allclose(own, (heard * gradient).detach()[0, 0], atol=1e-4, rtol=1e-3)
