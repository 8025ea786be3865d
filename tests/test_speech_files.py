import pickle

import numpy as np
import pytest
import soundfile

from acoustics.speech import open_corpus
from running.errors import InputError

FS_HZ = 16000


def tone(seconds, fs_hz, frequency_hz=440, amplitude=0.3):
    return amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * fs_hz)) / fs_hz)


def write(path, samples, fs_hz=FS_HZ, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, fs_hz, **how)
    return path


def load_all(corpus):
    return {utterance.id: corpus.load(utterance, FS_HZ) for utterance in corpus.utterances()}


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
@pytest.mark.parametrize("fs_hz", [8000, 16000, 44100])
def test_any_format_and_rate_becomes_the_same_tone_of_peak_one(tmp_path, suffix, fs_hz):
    write(tmp_path / f"a.{suffix}", tone(1, fs_hz), fs_hz)
    (samples,) = load_all(open_corpus(str(tmp_path))).values()
    assert samples.dtype == np.float32
    assert samples.shape == (FS_HZ,)
    assert np.abs(samples).max() == 1
    inside = slice(1000, -1000)
    assert np.abs(samples - tone(1, FS_HZ, amplitude=1))[inside].max() < (0.1 if suffix == "ogg" else 0.03)


def test_files_are_found_in_subfolders_sorted_and_named_by_their_path(tmp_path):
    for name in ("b/2.wav", "b/1.WAV", "a/deep/3.flac", "c.ogg"):
        write(tmp_path / name, tone(0.5, FS_HZ))
    for name in ("a/.hidden.wav", ".trash/4.wav"):
        write(tmp_path / name, tone(0.5, FS_HZ))
    (tmp_path / "a" / "notes.txt").write_text("none")
    corpus = open_corpus(str(tmp_path))
    assert [(u.id, u.speaker) for u in corpus.utterances()] == [
        ("a/deep/3.flac", "a"),
        ("b/1.WAV", "b"),
        ("b/2.wav", "b"),
        ("c.ogg", "c.ogg"),
    ]
    assert not corpus.note
    copy = pickle.loads(pickle.dumps(corpus))
    assert all(np.array_equal(copy.load(u, FS_HZ), corpus.load(u, FS_HZ)) for u in corpus.utterances())


def test_a_pattern_names_the_speaker(tmp_path):
    for name in ("03a.wav", "03b.wav", "11a.wav"):
        write(tmp_path / name, tone(0.5, FS_HZ))
    assert [u.speaker for u in open_corpus(str(tmp_path), "^(..)").utterances()] == ["03", "03", "11"]
    assert [u.speaker for u in open_corpus(str(tmp_path), r"[ab]").utterances()] == ["a", "b", "a"]


def test_a_flat_folder_without_pattern_says_that_each_file_is_a_speaker(tmp_path):
    write(tmp_path / "1.wav", tone(0.5, FS_HZ))
    write(tmp_path / "2.wav", tone(0.5, FS_HZ))
    corpus = open_corpus(str(tmp_path))
    assert len({u.speaker for u in corpus.utterances()}) == 2
    assert "each file counts as its own speaker" in corpus.note
    assert not open_corpus(str(tmp_path), ".").note


def test_fingerprint_follows_names_speakers_and_sound(tmp_path):
    write(tmp_path / "a" / "1.wav", tone(1, FS_HZ))
    write(tmp_path / "a" / "2.wav", tone(1, FS_HZ))
    seen = {open_corpus(str(tmp_path)).fingerprint()}
    assert open_corpus(str(tmp_path)).fingerprint() in seen
    seen.add(open_corpus(str(tmp_path), "1|2").fingerprint())
    write(tmp_path / "a" / "2.wav", tone(1, FS_HZ, amplitude=0.31))
    seen.add(open_corpus(str(tmp_path)).fingerprint())
    (tmp_path / "a" / "2.wav").rename(tmp_path / "a" / "3.wav")
    seen.add(open_corpus(str(tmp_path)).fingerprint())
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("pattern", "message"),
    [("(", "no regular expression"), ("^(x)", "finds no speaker in a.wav"), ("^(x*)", "finds no speaker in a.wav")],
)
def test_a_pattern_that_does_not_fit_is_refused(tmp_path, pattern, message):
    write(tmp_path / "a.wav", tone(0.5, FS_HZ))
    with pytest.raises(InputError, match=message):
        open_corpus(str(tmp_path), pattern)


def test_missing_and_empty_folders_are_refused(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        open_corpus(str(tmp_path / "absent"))
    (tmp_path / "readme.txt").write_text("none")
    with pytest.raises(InputError, match="no audio files"):
        open_corpus(str(tmp_path))
    with pytest.raises(InputError, match="speaker pattern"):
        open_corpus("espeak", "^(..)")


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.6, 0.999])
def test_a_cut_off_file_among_good_ones_is_named(tmp_path, suffix, share):
    noise = 0.1 * np.random.default_rng(0).standard_normal(3 * FS_HZ)
    write(tmp_path / "good.wav", tone(1, FS_HZ))
    path = write(tmp_path / f"bad.{suffix}", noise)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    corpus = open_corpus(str(tmp_path))
    bad, good = corpus.utterances()
    with pytest.raises(InputError, match=rf"bad\.{suffix}"):
        corpus.load(bad, FS_HZ)
    assert len(corpus.load(good, FS_HZ)) == FS_HZ


def test_wav_written_into_a_pipe_has_no_length_and_is_read(tmp_path):
    path = write(tmp_path / "a.wav", tone(1, FS_HZ))
    content = bytearray(path.read_bytes())
    where = content.index(b"data") + 4
    content[4:8] = content[where : where + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert [len(samples) for samples in load_all(open_corpus(str(tmp_path))).values()] == [FS_HZ]


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(FS_HZ), "silent"),
        (np.full(FS_HZ, 0.5), "silent"),
        (tone(1, FS_HZ, amplitude=1e-4), "silent"),
        (np.where(np.arange(FS_HZ) == 77, np.nan, tone(1, FS_HZ)), "NaN"),
        (np.where(np.arange(FS_HZ) == 77, np.inf, tone(1, FS_HZ)), "NaN or infinite"),
        (np.zeros(0), "too short"),
        (tone(1, FS_HZ)[:5119], "too short: 5119 samples"),
        (np.stack([tone(1, FS_HZ)] * 2, axis=1), "2 channels"),
    ],
)
def test_unusable_speech_is_refused_by_name(tmp_path, samples, message):
    write(tmp_path / "bad.wav", samples, subtype="FLOAT")
    with pytest.raises(InputError, match=rf"bad\.wav.*{message}"):
        load_all(open_corpus(str(tmp_path)))


def test_a_rate_that_holds_no_speech_is_refused_before_hours_are_made_of_it(tmp_path):
    write(tmp_path / "bad.wav", tone(0.01, FS_HZ), 1)
    with pytest.raises(InputError, match=r"bad\.wav has a rate of 1 Hz where 4000 Hz are needed"):
        load_all(open_corpus(str(tmp_path)))


def test_shortest_utterance_is_chosen_by_the_caller_at_the_rate_asked_for(tmp_path):
    write(tmp_path / "a.wav", tone(0.5, 8000), 8000)
    assert len(load_all(open_corpus(str(tmp_path), min_samples=8000))["a.wav"]) == 8000
    with pytest.raises(InputError, match="too short"):
        load_all(open_corpus(str(tmp_path), min_samples=8001))


def test_text_that_calls_itself_audio_is_named(tmp_path):
    (tmp_path / "fake.wav").write_text("not audio at all " * 100)
    with pytest.raises(InputError, match=r"fake\.wav can't be read as audio"):
        load_all(open_corpus(str(tmp_path)))


def test_a_file_that_vanishes_is_named(tmp_path):
    path = write(tmp_path / "a.wav", tone(1, FS_HZ))
    corpus = open_corpus(str(tmp_path))
    path.unlink()
    with pytest.raises(InputError, match=r"a\.wav"):
        load_all(corpus)
