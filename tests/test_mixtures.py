"""Windows mixed on the fly are what the microphones would have recorded."""

import json

import numpy as np
import pytest
import torch
from scipy.signal import fftconvolve
from training_data import WINDOW_SAMPLES, one_thread, open_splits, write_dataset  # noqa: F401

import generate_data
import params
from acoustics.recordings import Recordings
from running.errors import InputError
from training.mixtures import Mixtures, Takes
from training.talkers import COLOUR_POINTS, SMEAR_SAMPLES, Talkers
from training.windows import generator, in_batches

CPU = torch.device("cpu")
FS_HZ = 16000
VARIED = Talkers(speeds=(0.8, 1.0), colour_db=6.0, muffle_db=30.0, smear_share=0.5)


@pytest.fixture(scope="module")
def train_set(tmp_path_factory):
    path = tmp_path_factory.mktemp("data")
    write_dataset(path)
    return open_splits(path)[0]


def takes(mixtures, sources, utterances, places):
    filters = torch.from_numpy(mixtures.talkers.draw(len(sources), np.random.default_rng(0)))
    noises = torch.zeros(len(sources), dtype=torch.int64)
    return Takes(torch.tensor(sources), torch.tensor(utterances), torch.tensor(places), noises, filters)


@pytest.mark.parametrize("place", [0.0, 0.37, 0.999999])
def test_a_window_without_noise_is_cut_from_the_convolved_utterance(train_set, place):
    mixtures = Mixtures(train_set, Talkers(), 1, CPU)
    mixtures.noise_rms[:] = 0
    windows, positions_m = mixtures.mix(takes(mixtures, [5, 0], [2, 6], [place, place]))
    speech = list(train_set.speech().values())
    for row, (source, utterance) in enumerate([(5, 2), (0, 6)]):
        heard = fftconvolve(speech[utterance][None].astype(float), train_set.response(source).astype(float), axes=-1)
        first = int(np.float32(place) * (heard.shape[1] - WINDOW_SAMPLES + 1))
        expected = heard[:, first : first + WINDOW_SAMPLES]
        np.testing.assert_allclose(windows[row], expected, atol=1e-5 * np.abs(expected).max())
        np.testing.assert_allclose(positions_m[row], train_set.positions_m[source], rtol=1e-6)
    assert windows.stride()[1] == 1


def test_the_noise_is_as_loud_as_in_the_recording_of_the_same_utterance(train_set):
    mixtures = Mixtures(train_set, Talkers(), 1, CPU)
    names = list(train_set.speech())
    for source, row in enumerate(train_set.sources):
        assert mixtures.noise_rms[names.index(row["utterance"]), source] == pytest.approx(row["noise_rms"], rel=1e-4)


def test_what_is_added_is_white_noise_independent_between_microphones(train_set):
    mixtures = Mixtures(train_set, Talkers(), 1, CPU)
    drawn = mixtures.draw_epoch(generator(3, "train", 0))
    noisy, _ = mixtures.mix(drawn)
    rms = mixtures.noise_rms[drawn.utterances, drawn.sources]
    mixtures.noise_rms[:] = 0
    clean, _ = mixtures.mix(drawn)
    noise = (noisy - clean) / rms[:, None, None]
    assert noise.std().item() == pytest.approx(1, abs=0.03)
    first, second = noise[:, 0], noise[:, 1]
    assert abs((first * second).mean().item()) < 0.05
    assert abs((first[:, 1:] * first[:, :-1]).mean().item()) < 0.05


def test_an_epoch_takes_each_source_once_and_other_speech_each_time(train_set):
    mixtures = Mixtures(train_set, VARIED, 1, CPU)
    first, again, later = (mixtures.draw_epoch(generator(3, "train", epoch)) for epoch in (0, 0, 1))
    assert sorted(first.sources.tolist()) == list(range(len(train_set)))
    assert torch.equal(mixtures.mix(first)[0], mixtures.mix(again)[0])
    assert not torch.equal(first.places, later.places)
    assert [len(batch) for batch in in_batches(first, 3)] == [3, 3, 1]


def test_every_utterance_is_there_at_every_speed(train_set):
    speech = list(train_set.speech().values())
    lengths = Mixtures(train_set, VARIED, 1, CPU).lengths[:, 0].tolist()
    tail = train_set.response(0).shape[1] - 1
    expected = [len(samples) / speed + tail for samples in speech for speed in VARIED.speeds]
    np.testing.assert_allclose(lengths, expected, atol=1)


@pytest.mark.parametrize("talkers", [Talkers(colour_db=6.0), Talkers(muffle_db=30.0), Talkers(smear_share=1.0), VARIED])
def test_a_filtered_voice_keeps_its_energy_and_becomes_another(talkers, rng):
    speech = torch.from_numpy(rng.standard_normal((8, 4000)).astype(np.float32))
    spectra = torch.fft.rfft(speech)
    filtered = talkers.filter(spectra, torch.from_numpy(talkers.draw(8, rng)), FS_HZ)
    torch.testing.assert_close(filtered.abs().square().sum(1), spectra.abs().square().sum(1))
    changed = (filtered - spectra).abs().square().sum(1) / spectra.abs().square().sum(1)
    assert (changed > 1e-3).sum() >= 3


def test_a_colour_is_a_real_gain_and_a_smear_a_causal_decay(rng):
    impulse = torch.zeros(1, 2 * SMEAR_SAMPLES)
    impulse[0, 0] = 1
    spectrum = torch.fft.rfft(impulse).expand(64, -1)
    colour = Talkers(colour_db=6.0)
    gains = colour.filter(spectrum, torch.from_numpy(colour.draw(64, rng)), FS_HZ)
    assert gains.imag.abs().max() == 0
    smear = Talkers(smear_share=1.0)
    heard = torch.fft.irfft(smear.filter(spectrum, torch.from_numpy(smear.draw(64, rng)), FS_HZ))
    assert heard[:, SMEAR_SAMPLES:].abs().max() < 1e-5
    half = SMEAR_SAMPLES // 2
    assert (heard[:, :half].square().sum(1) > heard[:, half:].square().sum(1)).all()


def test_a_muffled_voice_loses_at_the_top_up_to_as_much_as_asked(rng):
    muffled = Talkers(muffle_db=30.0)
    white = torch.ones(500, 257, dtype=torch.complex64)
    levels_db = 20 * muffled.filter(white, torch.from_numpy(muffled.draw(500, rng)), FS_HZ).abs().log10()
    assert (levels_db.diff(dim=1) <= 1e-4).all()
    lost_db = levels_db[:, 0] - levels_db[:, -1]
    assert lost_db.min() >= 0
    assert 29 < lost_db.max() <= 30
    assert lost_db.mean().item() == pytest.approx(15, abs=1.5)


def test_the_share_of_smeared_windows_is_as_asked(rng):
    smear = Talkers(smear_share=0.3)
    spectra = torch.fft.rfft(torch.from_numpy(rng.standard_normal((2000, 64)).astype(np.float32)))
    filtered = smear.filter(spectra, torch.from_numpy(smear.draw(2000, rng)), FS_HZ)
    smeared = ((filtered - spectra).abs().amax(1) > 1e-3).float().mean().item()
    assert smeared == pytest.approx(0.3, abs=0.05)


def test_talkers_that_are_not_varied_are_left_alone(rng):
    spectra = torch.fft.rfft(torch.from_numpy(rng.standard_normal((3, 64)).astype(np.float32)))
    draws = Talkers().draw(3, rng)
    assert draws.shape[1] > COLOUR_POINTS
    torch.testing.assert_close(Talkers().filter(spectra, torch.from_numpy(draws), FS_HZ), spectra)


def test_what_wraps_around_to_a_smeared_window_is_far_below_it(tmp_path):
    """Smear and response together last longer than the transform has room for: the literal sum has."""
    line = params.MicArray.line_along_x(2, 0.15, (1.7, 7.0, 1.2))
    (tmp_path / "setup.json").write_text(json.dumps(params.Setup(array=line).to_dict()))
    made = ["--setup", str(tmp_path / "setup.json"), "--data_path", str(tmp_path), "--workers", "1"]
    generate_data.main([*made, "--T60", "0.4", "--SNR", "15", "--splits", "train", "--sources", "4"])
    recordings = Recordings(tmp_path / "SNR_15_T60_0.4" / "train")
    mixtures = Mixtures(recordings, Talkers(smear_share=1.0), 1, CPU)
    mixtures.noise_rms[:] = 0
    rng = np.random.default_rng(1)
    count, length = 100, mixtures.fft_samples
    sources, utterances = (rng.integers(size, size=count).tolist() for size in (4, len(mixtures.lengths)))
    drawn = takes(mixtures, sources, utterances, rng.random(count, dtype=np.float32).tolist())
    windows, _ = mixtures.mix(drawn)
    impulse = torch.ones(count, length // 2 + 1, dtype=torch.complex64)
    smears = torch.fft.irfft(mixtures.talkers.filter(impulse, drawn.filters, FS_HZ), length).double().numpy()
    before, window = mixtures.rir_samples - 1, params.PUBLISHED.window_samples
    shares = []
    for row, (source, utterance) in enumerate(zip(sources, utterances, strict=True)):
        last = mixtures.lengths[utterance, source].item() - window
        first = mixtures.begins[utterance] + min(int(drawn.places[row] * (last + 1)), last)
        dry = mixtures.speech[first : first + mixtures.heard_samples].double().numpy()
        smeared = fftconvolve(dry, smears[row, :SMEAR_SAMPLES])
        folded = np.pad(smeared, (0, 2 * length - len(smeared))).reshape(2, length).sum(0)
        energies = [np.square(np.abs(np.fft.rfft(signal, length))).sum() for signal in (dry, folded)]
        heard = fftconvolve(smeared[None], recordings.response(source).astype(float), axes=1)
        literal = heard[:, before : before + window] * np.sqrt(energies[0] / energies[1])
        shares.append(np.square(windows[row].numpy() - literal).sum() / np.square(literal).sum())
    assert np.mean(shares) < 1e-6
    assert 1e-12 < max(shares) < 1e-4


def test_a_dataset_without_speech_or_responses_is_bad_input(tmp_path):
    dataset = write_dataset(tmp_path)
    dataset.response_path(3).unlink()
    with pytest.raises(InputError, match=r"0003\.npy is missing"):
        Mixtures(open_splits(tmp_path)[0], Talkers(), 1, CPU)
    dataset.speech_path("train", "noise-2").unlink()
    with pytest.raises(InputError, match=r"noise-2\.au is missing"):
        open_splits(tmp_path)[0].speech()
