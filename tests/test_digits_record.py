"""Recording one's own digits: what is asked for again, what is kept, what is not asked for again."""

import json
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import soundfile

from digits import preprocess, record
from digits.clips import Clips
from digits.layout import META, WORDS
from running.seeds import generator

ROOT = Path(__file__).parent.parent
RATE_HZ = 16000
SILENCE_DB = -60


def recording(duration_s=0.5, peak=0.5, noise_db=SILENCE_DB):
    """Two seconds of weak noise with a tone inside, of a rate of its own."""
    rng = np.random.default_rng(0)
    samples = peak * 10 ** (noise_db / 20) * rng.uniform(-1, 1, 2 * RATE_HZ)
    begin, count = RATE_HZ // 2, round(duration_s * RATE_HZ)
    tone = peak * np.sin(2 * np.pi * 440 * np.arange(count) / RATE_HZ + 0.5)
    samples[begin : begin + count] = tone
    return np.clip(samples, -1, 1)


def write_heard(folder, recordings):
    """What the microphone is to hear, in this order."""
    folder.mkdir()
    for number, samples in enumerate(recordings):
        soundfile.write(folder / f"{number:03d}.wav", samples, RATE_HZ, "PCM_16")
    return folder


def session(tmp_path, heard, *more):
    argv = [sys.executable, "-m", "digits.record", "--speaker", "61", "--to", str(tmp_path / "mine"), "--from_files"]
    return subprocess.run([*argv, str(heard), *more], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (recording(peak=0.02), "too quiet"),
        (np.zeros(RATE_HZ), "too quiet"),
        (recording(peak=3.0), "overdriven"),
        (recording(duration_s=1.2), "longer than a second"),
        (recording(noise_db=-20), "longer than a second"),
        (recording(duration_s=0.02), "too short"),
    ],
)
def test_what_is_wrong_with_a_recording_is_said(samples, reason):
    assert reason in record.problem(samples, RATE_HZ)


def test_a_good_recording_is_trimmed_to_its_speech():
    samples = recording()
    assert record.problem(samples, RATE_HZ) == ""
    kept = record.speech_in(samples, RATE_HZ)
    assert abs(len(kept) / RATE_HZ - 0.54) < 0.002  # 20 ms before and after
    assert np.abs(kept[RATE_HZ // 50 : -RATE_HZ // 50]).max() == np.abs(samples).max()


def test_a_session_asks_again_breaks_off_goes_on_and_serves_the_networks(tmp_path):
    bad = [recording(peak=0.02), recording(peak=3.0), recording(duration_s=1.2)]
    good = [recording(peak=0.1 + 0.05 * number) for number in range(10)]
    first = session(tmp_path, write_heard(tmp_path / "first", [*bad, *good[:4]]), "--takes", "1", "--gender", "female")
    assert first.returncode == 2
    assert first.stdout.count("once more") == 3
    for reason in ("too quiet", "overdriven", "longer than a second"):
        assert reason in first.stdout
    assert first.stderr.count("\n") == 1
    assert "no more files" in first.stderr
    written = {path.name: path.read_bytes() for path in (tmp_path / "mine" / "61").iterdir()}
    order = generator(5000, "prompts", 61).permutation(10)
    assert set(written) == {f"{digit}_61_0.wav" for digit in order[:4]}
    peaks = [np.abs(soundfile.read(tmp_path / "mine" / "61" / f"{digit}_61_0.wav")[0]).max() for digit in order[:4]]
    np.testing.assert_allclose(peaks, [0.1, 0.15, 0.2, 0.25], atol=2e-3)

    second = session(tmp_path, write_heard(tmp_path / "second", good[4:]), "--takes", "1", "--age", "30")
    assert second.returncode == 0, second.stderr
    assert "6 of 6" in second.stdout
    assert len(list((tmp_path / "mine" / "61").iterdir())) == 10
    for name, content in written.items():
        assert (tmp_path / "mine" / "61" / name).read_bytes() == content
    entry = json.loads((tmp_path / "mine" / META).read_text())["61"]
    assert (entry["gender"], entry["age"], entry["accent"]) == ("female", 30, "unknown")

    preprocess.main(["--corpus", str(tmp_path / "mine"), "--to", str(tmp_path / "8khz")])
    assert Clips.open(tmp_path / "8khz").table[["speaker", "digit", "gender"]].to_numpy().tolist() == [
        [61, digit, 1] for digit in range(10)
    ]


def test_without_a_microphone_one_line_says_what_to_do(tmp_path, monkeypatch, capsys):
    argv = ["--speaker", "61", "--to", str(tmp_path / "mine")]
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(SystemExit) as ended:
        record.main(argv)
    assert ended.value.code == 2
    assert "requirements-record.txt" in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()


def test_the_microphone_is_asked_for_each_digit(tmp_path, monkeypatch):
    heard, prompts = [], []

    def rec(frames, samplerate, channels, dtype, blocking):
        assert (channels, dtype, blocking) == (1, "float32", True)
        rng = np.random.default_rng(len(heard))
        samples = np.zeros((frames, 1), dtype=np.float32)
        samples[1000 : 1000 + samplerate // 2] = rng.uniform(-0.3, 0.3, (samplerate // 2, 1))
        heard.append(samples)
        return samples

    device = types.SimpleNamespace(rec=rec, check_input_settings=lambda **_: None, PortAudioError=RuntimeError)
    monkeypatch.setitem(sys.modules, "sounddevice", device)
    monkeypatch.setattr("builtins.input", prompts.append)
    record.main(["--speaker", "61", "--to", str(tmp_path), "--takes", "1"])
    order = generator(5000, "prompts", 61).permutation(10)
    assert [prompt.split('"')[1] for prompt in prompts] == [WORDS[digit] for digit in order]
    samples, rate_hz = soundfile.read(tmp_path / "61" / f"{order[3]}_61_0.wav")
    assert rate_hz == record.RATE_HZ
    middle = heard[3][2000:20000, 0]
    begins = np.argmax(np.correlate(samples, middle, "valid"))
    np.testing.assert_allclose(samples[begins : begins + len(middle)], middle, atol=1e-4)
