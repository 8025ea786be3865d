"""Recordings heard otherwise: each intervention against what it says it does."""

import numpy as np
import pytest
from toy_trials import CONDITIONS, make_trials

from acoustics.delay import delayed
from acoustics.recordings import Recordings
from localization.interventions import INTERVENTIONS, Intervened, intervention_of, read_intervention
from running.errors import InputError


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interventions")
    make_trials(folder, sources=2)
    return Recordings(folder / "data" / CONDITIONS[0].name / "test")


def heard(recordings, text):
    return Intervened(recordings, read_intervention(text))


def test_polarity_flips_one_microphone_and_no_other(recordings):
    flipped, plain = heard(recordings, "polarity:1").windows(1), recordings.windows(1)
    np.testing.assert_array_equal(flipped[:, 1], -plain[:, 1])
    np.testing.assert_array_equal(flipped[:, [0, 2]], plain[:, [0, 2]])


def test_a_gain_of_six_decibels_nearly_doubles_one_microphone_and_no_other(recordings):
    louder, plain = heard(recordings, "gain:1,6").windows(1), recordings.windows(1)
    np.testing.assert_allclose(louder[:, 1], 10**0.3 * plain[:, 1], rtol=1e-6)
    np.testing.assert_array_equal(louder[:, [0, 2]], plain[:, [0, 2]])


@pytest.mark.parametrize("samples", [3, -5])
def test_a_delay_of_whole_samples_moves_them(recordings, samples):
    moved, plain = heard(recordings, f"delay:2,{samples}").read(0), recordings.read(0)
    inner = slice(50, -50)
    np.testing.assert_allclose(moved[2, inner], np.roll(plain[2], samples)[inner], atol=1e-6)
    np.testing.assert_array_equal(moved[:2], plain[:2])


def test_a_delay_turns_the_phase_of_every_frequency():
    """A tone of any frequency below half the rate, looked at away from the ends: exp(j w (n - d))."""
    n = np.arange(4000)
    for cycles_a_sample in (0.01, 0.123, 0.4):
        for samples in (0.5, -2.25, 7.75):
            tone, expected = (np.cos(2 * np.pi * cycles_a_sample * (n - shift)) for shift in (0, samples))
            fade = np.clip(np.minimum(n, n[::-1]) / 1000, 0, 1) ** 2  # no edges
            given = delayed(tone * fade, samples)
            np.testing.assert_allclose(given[1900:2100], expected[1900:2100] * fade[2000], atol=2e-4)


def test_delays_add_up_and_what_leaves_does_not_come_back(rng):
    """A burst without the highest frequencies, which can carry no delay."""
    signal = np.zeros(3000)
    signal[1000:2000] = np.convolve(rng.standard_normal(1000), np.hanning(9), "same") * np.hanning(1000)
    np.testing.assert_allclose(delayed(delayed(signal, 0.3), 0.45), delayed(signal, 0.75), atol=2e-3)
    assert np.abs(delayed(signal, 1500)[:1000]).max() < 2e-3
    assert np.abs(delayed(signal, 5000)).max() < 2e-3
    assert np.abs(delayed(signal, -5000)).max() < 2e-3


def test_without_noise_what_is_left_is_as_far_below_the_speech_as_the_condition_says(recordings):
    clean, noisy = heard(recordings, "no_noise").read(0), recordings.read(0)
    assert clean.shape == noisy.shape
    noise = (noisy - clean).astype(np.float64)
    snr_db = 10 * np.log10(np.mean(clean[0].astype(np.float64) ** 2) / np.mean(noise**2, axis=1))
    np.testing.assert_allclose(snr_db, recordings.condition.snr_db, atol=0.1)
    assert abs(np.corrcoef(noise)[0, 1]) < 0.02


def test_altered_recordings_stand_where_recordings_stand(recordings):
    altered = heard(recordings, "delay:0,0.5")
    assert isinstance(altered, Recordings)
    assert len(altered) == len(recordings)
    np.testing.assert_array_equal(altered.positions_m, recordings.positions_m)
    length = recordings.setup.window_samples
    np.testing.assert_array_equal(altered.windows(1)[1], altered.read(1, length, length))


def test_interventions_follow_one_another_and_each_order_has_a_fingerprint(recordings):
    both = Intervened(heard(recordings, "polarity:0"), read_intervention("delay:0,4"))
    inner = slice(50, -50)
    np.testing.assert_allclose(both.read(0)[0, inner], -np.roll(recordings.read(0)[0], 4)[inner], atol=1e-6)
    prints = {each.fingerprint for each in (
        recordings, both, heard(recordings, "polarity:0"), heard(recordings, "polarity:1"),
        heard(recordings, "delay:0,4"), heard(recordings, "no_noise"),
    )}  # fmt: skip
    assert len(prints) == 6
    with pytest.raises(InputError, match="remove it first"):
        Intervened(both, read_intervention("no_noise")).read(0)


@pytest.mark.parametrize("text", ["polarity:2", "delay:1,-0.5", "gain:0,-3", "no_noise"])
def test_an_intervention_is_made_again_from_what_a_result_says_of_it(text):
    chosen = read_intervention(text)
    assert intervention_of(chosen.to_dict()) == chosen
    assert chosen.name in INTERVENTIONS


@pytest.mark.parametrize(
    "text", ["polarity", "polarity:x", "delay:1", "delay:1,nan", "gain:1,inf", "no_noise:3", "echo:1"]
)
def test_what_is_no_intervention_is_refused(text):
    with pytest.raises(InputError):
        read_intervention(text)


def test_a_microphone_that_is_not_there_is_refused(recordings):
    for text in ("polarity:3", "delay:-1,2", "gain:3,1"):
        with pytest.raises(InputError, match="are counted from 0"):
            heard(recordings, text).windows(0)
