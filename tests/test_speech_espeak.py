import pickle
import signal
import subprocess
import sys
import threading

import espeakng_loader
import numpy as np
import pytest

from acoustics.speech import espeak, open_corpus
from acoustics.speech.sentences import compose, syllables
from running.errors import InputError

FS_HZ = 16000


@pytest.fixture(scope="module")
def corpus():
    return open_corpus("espeak")


@pytest.fixture(scope="module")
def speech(corpus):
    return {utterance: corpus.load(utterance, FS_HZ) for utterance in corpus.utterances()}


def pitch_hz(samples):
    """Median over frames of the strongest period between 2.5 and 17 ms."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, 1024)[::512] * np.hanning(1024)
    frames = frames[frames.std(axis=1) > 0.3 * frames.std(axis=1).max()]
    periods = np.fft.irfft(np.abs(np.fft.rfft(frames, 4096)) ** 2)[:, 40:272]
    return FS_HZ / (40 + np.median(periods.argmax(axis=1)))


def test_utterances_are_several_hundred_sorted_and_distinct(corpus):
    utterances = corpus.utterances()
    assert len(utterances) == 640
    assert list(utterances) == sorted(set(utterances))
    assert len({sentence for _, sentence in espeak._script().values()}) == 640


def test_every_utterance_lasts_two_to_five_seconds_and_less_than_three_on_average(speech):
    durations_s = np.array([len(samples) for samples in speech.values()]) / FS_HZ
    assert durations_s.min() >= 2
    assert durations_s.max() <= 5
    assert durations_s.mean() < 3


def test_every_utterance_is_float32_of_peak_one_and_never_saturated(corpus, speech):
    for utterance, samples in speech.items():
        assert samples.dtype == np.float32
        assert np.abs(samples).max() == 1
        stored, _ = corpus.read(utterance)
        assert np.abs(stored).max() < 32767 / 32768


def test_no_window_is_silent(speech):
    for samples in speech.values():
        windows = samples[: len(samples) // 5120 * 5120].reshape(-1, 5120)
        assert (np.sqrt((windows**2).mean(axis=1)) > 0.01).all()


def test_voices_differ_in_pitch_and_spectrum(speech):
    voices = {}
    for utterance, samples in speech.items():
        voices.setdefault(utterance.speaker, []).append(samples)
    pitches_hz = np.array([np.median([pitch_hz(samples) for samples in of[:5]]) for of in voices.values()])
    assert np.log2(pitches_hz.max() / pitches_hz.min()) > 1.5
    bands = np.geomspace(200, 6000, 13)
    levels_db = []
    for of in voices.values():
        power = sum(np.abs(np.fft.rfft(samples, 2**16)) ** 2 / (samples**2).sum() for samples in of)
        edges = (bands / FS_HZ * 2**16).astype(int)
        levels_db.append(10 * np.log10(np.add.reduceat(power, edges)[:-1]))
    levels_db = np.array(levels_db)
    spectral = np.sqrt(((levels_db[:, None] - levels_db) ** 2).mean(axis=-1))
    octaves = np.abs(np.log2(pitches_hz[:, None] / pitches_hz))
    alike = (spectral < 3) & (octaves < 0.2)
    distinct = sum(not alike[number, :number].any() for number in range(len(voices)))
    assert distinct >= 16


def test_sound_does_not_depend_on_what_was_spoken_before(corpus, speech):
    for utterance in reversed(corpus.utterances()[::7]):
        assert np.array_equal(corpus.load(utterance, FS_HZ), speech[utterance])
        assert np.array_equal(corpus.load(utterance, FS_HZ), speech[utterance])


def test_sound_is_the_same_in_another_process_and_in_threads(corpus, speech):
    some = corpus.utterances()[5::131]
    code = (
        "import pickle, sys; corpus, some = pickle.load(sys.stdin.buffer);"
        f"pickle.dump([corpus.load(one, {FS_HZ}) for one in some], sys.stdout.buffer)"
    )
    there = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps((corpus, some[::-1])), stdout=subprocess.PIPE, check=True
    )
    for utterance, samples in zip(some[::-1], pickle.loads(there.stdout), strict=True):
        assert np.array_equal(samples, speech[utterance])
    heard = {}
    threads = [threading.Thread(target=lambda one=one: heard.update({one: corpus.load(one, FS_HZ)})) for one in some]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(heard[utterance], speech[utterance]) for utterance in some)


def test_deeply_installed_voices_are_found(corpus, speech, tmp_path, monkeypatch):
    deep = tmp_path / ("x" * 120) / ("y" * 120)
    deep.mkdir(parents=True)
    (deep / "espeak-ng-data").symlink_to(espeakng_loader.get_data_path())
    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(deep / "espeak-ng-data"))
    utterance = corpus.utterances()[0]
    assert np.array_equal(corpus.load(utterance, FS_HZ), speech[utterance])


def test_missing_espeak_is_an_input_error(corpus, monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(InputError, match="espeakng-loader"):
        corpus.load(corpus.utterances()[0], FS_HZ)


def test_sentences_begin_alike_for_any_count_and_differ_between_seeds():
    assert compose(50, seed=1)[:20] == compose(20, seed=1)
    assert compose(20, seed=1) != compose(20, seed=2)


@pytest.mark.parametrize(
    ("sentence", "count"), [("The tailor slept.", 4), ("Two bridges and a table.", 7), ("Joyce watched.", 2)]
)
def test_syllables_are_counted_well_enough(sentence, count):
    assert syllables(sentence) == count


def test_fingerprint_follows_the_sentences(corpus, monkeypatch):
    before = corpus.fingerprint()
    assert before == open_corpus("espeak").fingerprint()
    monkeypatch.setattr(espeak, "SEED", 1)
    espeak._script.cache_clear()
    after = corpus.fingerprint()
    espeak._script.cache_clear()
    assert after != before


def test_sentences_are_the_same_for_every_version_of_python():
    assert compose(3, seed=5000) == [
        "Victor and Fiona chose eleven clouds after dinner.",
        "The clever farmer followed a smooth shovel soon after dawn.",
        "A doctor dropped the clever letter under the bridge.",
    ]


def test_an_interrupted_synthesis_leaves_the_next_one_intact(corpus, speech):
    def interrupt(_signal, _frame):
        raise KeyboardInterrupt

    utterance = corpus.utterances()[0]
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for delay_s in (0.001, 0.002, 0.003):
            with pytest.raises((KeyboardInterrupt, RuntimeError)):  # noqa: PT012 (a wait of CPython's may lose its lock)
                signal.setitimer(signal.ITIMER_REAL, delay_s)
                while True:
                    assert np.array_equal(corpus.load(utterance, FS_HZ), speech[utterance])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert np.array_equal(corpus.load(utterance, FS_HZ), speech[utterance])
