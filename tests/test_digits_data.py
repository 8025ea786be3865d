"""Spoken digits: corpora in the public layout, the built-in one, and what networks hear of them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from digits import import_flat, preprocess, speak
from digits.clips import Clips
from digits.hearing import spectrogram_input, waveform_input
from digits.layout import META, WOMEN, Clip, Layout
from digits.rooms import response
from digits.voices import VOICES, meta_of
from running.errors import InputError

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spoken") / "espeak"
    speak.main(["--to", str(folder), "--takes", "2", "--speakers", "1", "12", "--workers", "1"])
    return folder


@pytest.fixture(scope="module")
def clips(spoken):
    preprocess.main(["--corpus", str(spoken), "--to", str(spoken.with_name("8khz"))])
    return Clips.open(spoken.with_name("8khz"))


def write(path, samples, rate_hz=8000, subtype="PCM_16"):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate_hz, subtype)


def corpus(folder, speakers=(1, 12), meta=None, rate_hz=8000):
    """A corpus of two clips a speaker, 0.1 s of noise each."""
    rng = np.random.default_rng(1)
    for speaker in speakers:
        for digit in (3, 7):
            write(folder / Clip(speaker, digit, 0).name, rng.uniform(-0.5, 0.5, rate_hz // 10), rate_hz)
    entries = {f"{speaker:02d}": {"gender": "male"} for speaker in speakers} if meta is None else meta
    (folder / META).write_text(json.dumps(entries))
    return folder


def error_of(main, *argv, capsys):
    with pytest.raises(SystemExit) as ended:
        main([str(value) for value in argv])
    assert ended.value.code == 2
    lines = capsys.readouterr().err.strip().splitlines()
    return next(line for line in lines if line.startswith("error: "))


def bits(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.wav")}


def literal_spectrogram(samples):
    """The published spectrogram in float64, its Fourier sums written out."""
    window = np.array([0.5 - 0.5 * np.cos(2 * np.pi * n / 455) for n in range(455)])
    padded = np.concatenate([np.zeros(227), samples, np.zeros(227)])
    padded = np.concatenate([padded, np.zeros(16)])  # so that the last window is whole
    angles = 2 * np.pi * np.outer(np.arange(228), np.arange(455)) / 455
    frames = []
    for begin in range(0, len(padded) - 455 + 1, 35):
        frame = padded[begin : begin + 455] * window
        real, imaginary = np.cos(angles) @ frame, np.sin(angles) @ frame
        frames.append(np.sqrt(real**2 + imaginary**2) / window.sum())
    magnitudes = np.array(frames).T
    assert magnitudes.shape == (228, 230)
    power = magnitudes[:227, 2:-1] ** 2
    levels_db = 10 * np.log10(np.maximum(power, 1e-10)) - 10 * np.log10(max(power.max(), 1e-10))
    return np.maximum(levels_db, levels_db.max() - 80)


def burst(rng, scale):
    samples = np.zeros(8000)
    samples[2000:6000] = scale * rng.standard_normal(4000) * np.exp(-np.arange(4000) / 300)
    return samples


@pytest.mark.parametrize("scale", [3000.0, 1e-3, 1e-8])
def test_the_spectrogram_is_the_published_one(rng, scale):
    samples = burst(rng, scale)
    expected = literal_spectrogram(samples)
    heard = spectrogram_input(torch.tensor(samples[None]))
    assert heard.shape == (1, 1, 227, 227)
    np.testing.assert_allclose(heard[0, 0], expected, atol=1e-6)
    np.testing.assert_allclose(spectrogram_input(torch.tensor(samples[None]).float())[0, 0], expected, atol=0.05)


def test_the_spectrogram_reaches_from_its_floor_to_zero_and_silence_is_zero(rng):
    heard = spectrogram_input(torch.tensor(np.stack([burst(rng, 3000.0), np.zeros(8000)])))
    assert (heard[0].min(), heard[0].max()) == (-80, 0)
    assert not heard[1].any()


def test_the_waveform_is_divided_by_its_95th_percentile(rng):
    samples = np.stack([burst(rng, 3000.0), rng.standard_normal(8000)])
    heard = waveform_input(torch.tensor(samples))
    assert heard.shape == (2, 1, 8000)
    for row, of in zip(heard[:, 0].numpy(), samples, strict=True):
        in_order = sorted(of)
        percentile = in_order[7599] + 0.05 * (in_order[7600] - in_order[7599])  # 0.95 * 7999 = 7599.05
        np.testing.assert_allclose(row, of / (percentile + 0.001), rtol=1e-9)


def test_a_clip_is_resampled_by_its_fourier_transform_and_lies_in_one_second_of_zeros(tmp_path, rng):
    steps = rng.integers(-20000, 20000, 2205).astype(np.int16)
    write(tmp_path / "clip.wav", steps, 22050)
    placed = preprocess.waveform(Clip(1, 2, 3), tmp_path / "clip.wav", 5000)
    assert placed.shape == (8000,)
    assert placed.dtype == np.float32
    n, m, times = 2205, 800, np.arange(800)  # 0.1 s
    expected = np.full(m, steps.sum() / n)
    for k in range(1, m // 2 + 1):
        component = np.sum(steps * np.exp(-2j * np.pi * k * np.arange(n) / n))
        expected += 2 / n * np.real(component * np.exp(2j * np.pi * k * times / m))
    begin = np.flatnonzero(placed)[0]
    np.testing.assert_allclose(placed[begin : begin + m], expected, atol=0.01)
    assert not placed[:begin].any()
    assert not placed[begin + m :].any()


def test_where_a_clip_lies_depends_on_seed_speaker_digit_and_take_alone(tmp_path):
    write(tmp_path / "clip.wav", np.full(4000, 0.5) * (-1) ** np.arange(4000))
    clips = [(seed, Clip(*of)) for seed in (1, 2) for of in ((1, 2, 3), (2, 2, 3), (1, 3, 3), (1, 2, 4))]

    def begins(order):
        return {
            (seed, clip): np.flatnonzero(preprocess.waveform(clip, tmp_path / "clip.wav", seed))[0]
            for seed, clip in order
        }

    found = begins(clips)
    assert len(set(found.values())) == len(clips)
    assert begins(reversed(clips)) == found


def test_a_clip_of_one_second_fits_and_a_longer_one_is_refused(tmp_path, rng):
    for n_samples in (48000, 48001):
        write(tmp_path / f"{n_samples}.wav", rng.uniform(-0.5, 0.5, n_samples), 48000)
    assert np.count_nonzero(preprocess.waveform(Clip(1, 0, 0), tmp_path / "48000.wav", 0)) > 7900
    with pytest.raises(InputError, match="up to a second"):
        preprocess.waveform(Clip(1, 0, 0), tmp_path / "48001.wav", 0)


def test_the_public_women_are_women_also_where_an_older_meta_file_lacks_speakers(tmp_path):
    entries = {f"{n:02d}": {"age": 30, "gender": "female" if n in WOMEN else "male"} for n in range(1, 61)}
    entries["45"]["age"] = "1234"
    for lacking in ("17", "22", "34", "36"):
        del entries[lacking]
    layout = Layout.open(corpus(tmp_path, range(1, 61), entries))
    assert [n for n, gender in layout.genders.items() if gender == 1] == [12, 26, 28, 36, 43, 47, 52, *range(56, 61)]
    assert sum(gender == 0 for gender in layout.genders.values()) == 48


def test_the_meta_file_counts_where_it_contradicts_what_is_published(tmp_path):
    entries = {"01": {"gender": "Female"}, "12": {"gender": "unknown"}}
    assert Layout.open(corpus(tmp_path, (1, 12, 61), entries)).genders == {1: 1, 12: -1, 61: -1}


def test_a_corpus_opens_by_its_folder_or_by_its_parent(tmp_path):
    corpus(tmp_path / "AudioMNIST" / "data")
    layouts = [Layout.open(tmp_path / "AudioMNIST"), Layout.open(tmp_path / "AudioMNIST" / "data")]
    assert layouts[0] == layouts[1]
    assert layouts[0].name == "AudioMNIST"
    assert list(layouts[0].files) == [Clip(1, 3, 0), Clip(1, 7, 0), Clip(12, 3, 0), Clip(12, 7, 0)]
    assert layouts[0].fingerprint() == layouts[1].fingerprint()


def test_what_is_no_such_corpus_is_refused_in_one_line(tmp_path, capsys):
    def refusal(folder):
        return error_of(preprocess.main, "--corpus", folder, "--to", tmp_path / "to", capsys=capsys)

    assert "there is no folder" in refusal(tmp_path / "absent")
    write(tmp_path / "flat" / "3_jackson_0.wav", np.ones(10))
    assert "no clips such as" in refusal(tmp_path / "flat")
    other = corpus(tmp_path / "other")
    (other / "01" / "3_01_0.wav").rename(other / "12" / "3_01_0.wav")
    assert "another speaker" in refusal(other)
    nobody = corpus(tmp_path / "nobody")
    (nobody / META).unlink()
    assert f"no {META}" in refusal(nobody)
    (nobody / META).write_text('{"01": {"gender": "?"}}')
    assert "gender '?'" in refusal(nobody)
    (nobody / META).write_text("{")
    assert "not valid JSON" in refusal(nobody)
    assert not (tmp_path / "to").exists()


def test_bad_clips_are_named_in_a_line_each_and_the_others_kept(tmp_path, capsys, rng):
    folder, noise = corpus(tmp_path / "corpus"), rng.uniform(-0.5, 0.5, 9000)
    write(folder / "01" / "0_01_0.wav", noise)
    write(folder / "01" / "0_01_1.wav", np.zeros(4000))
    write(folder / "01" / "0_01_2.wav", noise[:8000].reshape(-1, 2))
    (folder / "01" / "0_01_3.wav").write_bytes(b"no sound")
    write(folder / "01" / "0_01_4.wav", np.full(400, np.nan), subtype="FLOAT")
    write(folder / "01" / "0_01_5.wav", np.zeros(0))
    write(folder / "02" / "0_02_0.wav", noise)
    preprocess.main(["--corpus", str(folder), "--to", str(tmp_path / "to")])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("left out: ")]
    reasons = ("lasts 1.12 s", "is silent", "2 channels", "can't be read", "NaN", "lasts 0 s", "lasts 1.12 s")
    for line, reason in zip(lines, reasons, strict=True):
        assert reason in line
    made = Clips.open(tmp_path / "to")
    assert made.table[["speaker", "digit", "take"]].to_numpy().tolist() == [
        [1, 3, 0],
        [1, 7, 0],
        [12, 3, 0],
        [12, 7, 0],
    ]
    described = json.loads((tmp_path / "to" / "clips.json").read_text())
    assert described["skipped"] == [f"01/0_01_{take}.wav" for take in range(6)] + ["02/0_02_0.wav"]


def test_an_interrupted_preprocessing_goes_on_and_ends_the_same(tmp_path, monkeypatch, capsys):
    folder = corpus(tmp_path / "corpus")
    argv = ["--corpus", str(folder), "--to"]
    preprocess.main([*argv, str(tmp_path / "at_once")])
    compute = preprocess.arrays_of

    def interrupted(files, seed):
        if files[0][0].speaker == 12:
            raise KeyboardInterrupt
        return compute(files, seed)

    monkeypatch.setattr(preprocess, "arrays_of", interrupted)
    with pytest.raises(SystemExit):
        preprocess.main([*argv, str(tmp_path / "to")])
    with pytest.raises(InputError, match="not all"):
        Clips.open(tmp_path / "to")
    first = (tmp_path / "to" / "01.h5").stat().st_mtime_ns
    monkeypatch.setattr(preprocess, "arrays_of", compute)
    preprocess.main([*argv, str(tmp_path / "to")])
    assert (tmp_path / "to" / "01.h5").stat().st_mtime_ns == first
    at_once, resumed = Clips.open(tmp_path / "at_once"), Clips.open(tmp_path / "to")
    np.testing.assert_array_equal(at_once.waveforms(), resumed.waveforms())
    assert at_once.fingerprint == resumed.fingerprint
    capsys.readouterr()
    assert "seed 5000, not 1" in error_of(preprocess.main, *argv, tmp_path / "to", "--seed", 1, capsys=capsys)
    (tmp_path / "to" / "01.h5").write_bytes(b"damage")
    with pytest.raises(InputError, match="damaged"):
        Clips.open(tmp_path / "to")


def test_chosen_clips_are_those_of_the_table(clips):
    everything = clips.waveforms()
    assert everything.shape == (40, 8000)
    assert len(np.unique(everything, axis=0)) == 40
    assert clips.table["gender"].tolist() == [0] * 20 + [1] * 20
    chosen = clips.select([12], takes=1)
    assert chosen.table[["speaker", "digit", "take"]].to_numpy().tolist() == [[12, digit, 0] for digit in range(10)]
    np.testing.assert_array_equal(chosen.waveforms(), everything[20::2])
    rows = np.array([7, 31, 0])
    np.testing.assert_array_equal(clips.waveforms(rows), everything[rows])
    assert clips.names == ["01", "12"]
    np.testing.assert_array_equal(clips.windows(1), everything[20:])
    assert clips.fingerprint == clips.select([1, 12], takes=2).fingerprint != chosen.fingerprint
    with pytest.raises(InputError, match="no clip by speaker 2"):
        clips.select([2])


def test_sixty_voices_differ_and_no_variant_is_of_both_genders():
    assert list(VOICES) == list(range(1, 61))
    assert len({voice.variant for voice in VOICES.values()}) == 60
    assert [speaker for speaker in VOICES if meta_of(speaker)["gender"] == "female"] == list(WOMEN)


def test_spoken_clips_are_the_same_for_two_workers(spoken, tmp_path):
    argv = [sys.executable, "-m", "digits.speak", "--to", str(tmp_path), "--takes", "2", "--speakers", "12", "1"]
    subprocess.run([*argv, "--workers", "2"], cwd=ROOT, check=True, capture_output=True)
    assert bits(tmp_path) == bits(spoken)
    assert (tmp_path / META).read_text() == (spoken / META).read_text()


def test_a_killed_speaker_is_spoken_again_whole_and_other_arguments_are_refused(spoken, tmp_path, monkeypatch, capsys):
    argv = ["--to", str(tmp_path / "to"), "--takes", "2", "--speakers", "1", "12", "--workers", "1"]
    sound = speak.clip_sound

    def interrupted(clip, seed):
        if (clip.speaker, clip.digit) == (12, 5):
            raise KeyboardInterrupt
        return sound(clip, seed)

    monkeypatch.setattr(speak, "clip_sound", interrupted)
    with pytest.raises(SystemExit):
        speak.main(argv)
    assert sorted(path.name for path in (tmp_path / "to").iterdir() if path.is_dir()) == ["01"]
    monkeypatch.setattr(speak, "clip_sound", sound)
    speak.main(argv)
    assert bits(tmp_path / "to") == bits(spoken)
    capsys.readouterr()
    assert "takes 2, not 3" in error_of(speak.main, *argv[:3], 3, capsys=capsys)


def test_spoken_clips_last_less_than_a_second_at_levels_that_vary(spoken):
    peaks_db = []
    for path in spoken.rglob("*.wav"):
        samples, rate_hz = soundfile.read(path)
        assert samples.ndim == 1
        assert 0.1 * rate_hz < len(samples) < rate_hz
        peaks_db.append(20 * np.log10(np.abs(samples).max()))
    assert len(peaks_db) == 40
    assert -12.01 < min(peaks_db) < -10
    assert -5 < max(peaks_db) < -2.99


def test_takes_are_heard_in_rooms_of_different_reverberation():
    responses = [response(room, 16000, 5000) for room in range(5)]
    durations_s = [len(rir) / 16000 for rir in responses]
    assert len(set(durations_s)) == 5
    assert min(durations_s) >= 0.1
    assert max(durations_s) <= 0.501
    for rir in responses:
        assert 0 < np.abs(rir).argmax() < 16000 * 1.1 / 343 + 1  # the direct sound, from at most a metre
        np.testing.assert_array_equal(np.isfinite(rir), True)


def test_a_flat_folder_comes_into_the_layout_sample_by_sample(tmp_path, capsys):
    rng = np.random.default_rng(3)
    steps = {}
    for name in ("theo", "ann"):
        for digit in (0, 9):
            steps[name, digit] = rng.integers(-(2**15), 2**15, 800).astype(np.int16)
            path = tmp_path / "flat" / f"{digit}_{name}_4.{'flac' if digit else 'wav'}"
            write(path, steps[name, digit])
    write(tmp_path / "flat" / "1_ann_0.wav", np.ones((800, 2)) / 2)
    (tmp_path / "flat" / "README.md").write_text("not a clip")
    argv = ["--files", str(tmp_path / "flat"), "--to", str(tmp_path / "to"), "--women", "ann", "--origin", "made up"]
    import_flat.main(argv)
    assert "1_ann_0.wav has 2 channels" in capsys.readouterr().out
    layout = Layout.open(tmp_path / "to")
    assert layout.genders == {61: 1, 62: -1}
    assert len(layout.files) == 4
    for clip, path in layout.files.items():
        expected = steps["ann" if clip.speaker == 61 else "theo", clip.digit]
        np.testing.assert_array_equal(soundfile.read(path, dtype="int16")[0], expected)
    entry = json.loads((tmp_path / "to" / META).read_text())["62"]
    assert (entry["name"], entry["origin"], entry["gender"]) == ("theo", "made up", "unknown")
    assert "not nobody" in error_of(import_flat.main, *argv, "--men", "nobody", capsys=capsys)
    write(tmp_path / "flat" / "0_theo_4.flac", steps["theo", 0])
    assert "same take" in error_of(import_flat.main, *argv, capsys=capsys)
