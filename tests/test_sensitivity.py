"""Sensitivities of estimates: localizers whose answer is known, real shifts, multilateration, scores."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from acoustics.delay import delayed
from acoustics.recordings import cut_windows
from acoustics.room import delays_samples
from explain.methods import METHODS
from explain.statistics import mean_over_voices
from localization.localizer import Localizer, SoftSteeredResponse
from localization.sensitivity import (
    averaged_sensitivities,
    central_differences,
    common_delay_share,
    delay_jacobian,
    displacements_m,
    drawn_jitter,
    multilateration,
    position_response,
    sensitivities,
)
from localization.sensitivity_scores import Heard, band_rows, profile_rows, score_rows, tuning_rows
from models import build_model
from models.inference import outputs
from params import PUBLISHED, MicArray

SETUP = replace(PUBLISHED, array=MicArray.line_along_x(6, 0.4, (1.7, 7.0, 1.2)), window_samples=512)
POSITION_M = np.array([1.6, 5.5, 1.25])
BIN = 40


def true_delays(position_m):
    return delays_samples(position_m[None], SETUP.array.as_array(), SETUP.fs_hz, SETUP.c_m_s)[0]


class Multilateration(nn.Module):
    """Reads the delays of a tone off its phases and solves them for x and y, linearised about a position."""

    def __init__(self):
        super().__init__()
        profile = multilateration(delay_jacobian(POSITION_M[None], SETUP)[0])
        self.profile = torch.tensor(np.vstack([profile, np.zeros(6)]), dtype=torch.float32)
        self.delays = torch.tensor(true_delays(POSITION_M), dtype=torch.float32)

    def forward(self, windows):
        frequency = 2 * torch.pi * BIN / windows.shape[-1]
        expected = torch.exp(-1j * frequency * self.delays)
        phases = torch.angle(torch.fft.rfft(windows)[..., BIN] * expected.conj())
        return torch.tensor(POSITION_M, dtype=torch.float32) - phases / frequency @ self.profile.T


class Toy(Localizer):
    name, identity, device = "toy", {}, "cpu"

    def __init__(self):
        super().__init__(SETUP)
        self.model = Multilateration()

    def estimate(self, windows):
        return outputs(self.model, windows)


def tone_from(position_m, n_samples=512):
    """Return what the microphones hear of a tone that fills every window with whole periods."""
    n = np.arange(n_samples)
    delays = true_delays(position_m)[:, None]
    return np.cos(2 * np.pi * BIN / SETUP.window_samples * (n - delays)).astype(np.float32)


def heard_of(positions_m, voices="ab"):
    owners = pd.Series([voices[number % len(voices)] for number in range(len(positions_m))])
    return Heard(SETUP, positions_m, owners, pd.Series(range(len(positions_m))))


def test_the_jacobian_is_the_slope_of_the_true_delays():
    literal = np.stack(
        [(true_delays(POSITION_M + step) - true_delays(POSITION_M - step)) / 2e-5 for step in 1e-5 * np.eye(3)], axis=-1
    )
    np.testing.assert_allclose(delay_jacobian(POSITION_M[None], SETUP)[0], literal, rtol=1e-6, atol=1e-6)


def test_multilateration_finds_a_small_step_from_its_delays_whenever_the_talker_spoke():
    profile = multilateration(delay_jacobian(POSITION_M[None], SETUP)[0])
    step_m = np.array([1e-4, -2e-4, 0])
    moved = true_delays(POSITION_M + step_m) - true_delays(POSITION_M)
    np.testing.assert_allclose(profile @ moved, step_m[:2], rtol=2e-3)
    np.testing.assert_allclose(profile @ (moved + 12.5), step_m[:2], rtol=2e-3)


def test_a_localizer_that_solves_the_delays_has_multilaterations_profile_and_an_s_of_one():
    model, window = Multilateration(), tone_from(POSITION_M)
    jacobian = delay_jacobian(POSITION_M[None], SETUP)
    found = sensitivities(model, window[None], SETUP.fs_hz)
    delay = found["delay"].sum(axis=-1)
    np.testing.assert_allclose(delay[:, :2], multilateration(jacobian), rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(position_response(delay, jacobian)[0, :2, :2], np.eye(2), atol=2e-3)
    np.testing.assert_allclose(found["level"].sum(axis=-1), 0, atol=1e-5)
    assert common_delay_share(delay[:, :2]).max() < 1e-3
    band = np.searchsorted([125, 250, 500, 1000, 2000, 4000], BIN / 512 * SETUP.fs_hz)
    np.testing.assert_allclose(found["delay"][..., band], delay, rtol=1e-3, atol=1e-6)


def test_a_localizer_that_hears_levels_alone_has_no_s():
    class Loudest(nn.Module):
        def forward(self, windows):
            return windows.square().mean(dim=-1)[:, :3]

    found = sensitivities(Loudest(), tone_from(POSITION_M)[None], SETUP.fs_hz)
    response = position_response(found["delay"].sum(axis=-1), delay_jacobian(POSITION_M[None], SETUP))
    np.testing.assert_allclose(response, 0, atol=1e-5)
    np.testing.assert_allclose(found["level"].sum(axis=-1)[0], np.eye(3, 6), atol=1e-4)


def test_a_common_delay_is_all_of_the_share_or_nothing():
    assert common_delay_share(np.array([[1.0, -1.0, 0.5, -0.5]])).tolist() == [0]
    assert common_delay_share(np.array([[0.2, 0.4, 0.4]])).tolist() == [1]
    assert np.isnan(common_delay_share(np.zeros((1, 3)))).all()


def test_sums_over_bands_are_those_of_the_attribution_methods_started_from_one_output(rng):
    torch.manual_seed(0)
    model = build_model("loc_cnn", microphones=6, window_samples=512)
    windows = rng.standard_normal((10, 6, 512)).astype(np.float32)
    found = sensitivities(model, windows, SETUP.fs_hz)
    for coordinate in range(3):
        start = outputs(model, windows) * np.eye(3)[coordinate]
        for name, method in (("delay", "delay_sensitivity"), ("level", "gradient_x_input")):
            sums = METHODS[method].attribute(model, windows, start).sum(axis=-1)
            given = found[name][:, coordinate].sum(axis=-1)
            np.testing.assert_allclose(given, sums, rtol=2e-3, atol=2e-3 * np.abs(given).max())


def test_real_shifts_move_the_estimate_as_they_should_and_agree_with_the_gradient():
    recording, toy = tone_from(POSITION_M, 3 * 512 + 100), Toy()
    moved_m = displacements_m(toy, recording, [1])
    assert moved_m.shape == (1, 12, 3, 6)
    profile = toy.model.profile.numpy()
    np.testing.assert_allclose(moved_m[0, 7], 0.5 * profile, atol=1e-4)  # half a sample later
    later = recording.copy()
    later[4] = delayed(recording[4], -2.0)
    literal = toy.estimate(cut_windows(later, 512)[[1]]) - toy.estimate(cut_windows(recording, 512)[[1]])
    np.testing.assert_allclose(moved_m[:, 2, :, 4], literal, atol=1e-6)
    delay = sensitivities(toy.model, cut_windows(recording, 512)[[1]], SETUP.fs_hz)["delay"].sum(axis=-1)
    np.testing.assert_allclose(central_differences(moved_m, 0.25), delay, rtol=0.02, atol=1e-4)


def test_jitter_covers_its_range_evenly_for_every_microphone():
    jitter = drawn_jitter(np.random.default_rng(3), 4, 6, 0.5)
    assert jitter.shape == (4, 6)
    np.testing.assert_allclose(np.sort(jitter, axis=0), np.tile([[-0.375], [-0.125], [0.125], [0.375]], 6))
    np.testing.assert_array_equal(jitter, drawn_jitter(np.random.default_rng(3), 4, 6, 0.5))
    assert (jitter != drawn_jitter(np.random.default_rng(4), 4, 6, 0.5)).any()


def test_averaging_is_the_mean_over_recordings_that_were_delayed(rng):
    torch.manual_seed(0)
    model = build_model("loc_cnn", microphones=6, window_samples=512)
    recording = rng.standard_normal((6, 1700)).astype(np.float32)
    jitter = drawn_jitter(rng, 2, 6, 0.5)
    given = averaged_sensitivities(model, recording, SETUP, [0, 2], jitter)["delay"]
    literal = 0
    for draw in jitter:
        moved = np.stack([delayed(recording[microphone], draw[microphone]) for microphone in range(6)])
        literal = literal + sensitivities(model, cut_windows(moved, 512)[[0, 2]], SETUP.fs_hz)["delay"] / 2
    np.testing.assert_allclose(given, literal, rtol=1e-6, atol=1e-9)


def test_soft_srp_phat_in_the_free_field_lives_on_direct_delays(rng):
    """S is within 0.15 of one for x and y in the median over windows of noise from eight positions."""
    setup = replace(PUBLISHED, array=MicArray.line_along_x(8, 0.3, (1.7, 7.0, 1.2)), window_samples=1024)
    positions_m = rng.uniform((1.45, 5.25, 1.25), (1.95, 5.75, 1.25), (8, 3))
    windows = []
    for delays in delays_samples(positions_m, setup.array.as_array(), setup.fs_hz, setup.c_m_s):
        spectrum = np.fft.rfft(rng.standard_normal(2048))
        turn = np.exp(-2j * np.pi * np.fft.rfftfreq(2048) * delays[:, None])
        windows.append(np.fft.irfft(spectrum * turn, 2048)[:, 512:1536])
    delay = sensitivities(SoftSteeredResponse(setup).model, np.float32(windows), setup.fs_hz)["delay"].sum(axis=-1)
    response = np.median(position_response(delay, delay_jacobian(positions_m, setup)), axis=0)
    np.testing.assert_allclose(np.diag(response)[:2], 1, atol=0.15)
    assert abs(response[0, 1]) < 0.05


def rows_of(values, heard, shifted=None):
    table = pd.DataFrame(score_rows(values, shifted or {}, heard))
    return table.set_index(["score", "coordinate"])


def test_scores_of_multilateration_itself_are_perfect_and_of_nothing_are_none():
    positions_m = POSITION_M + np.linspace(0, 0.2, 6)[:, None]
    heard = heard_of(positions_m)
    perfect = np.concatenate([heard.multilateration[:, :2], np.ones((6, 1, 6))], axis=1)
    scores = rows_of(perfect, heard, {0.5: 2 * perfect})
    alone = scores[scores["against"] == ""]
    assert alone.loc[("S", "xx"), ["value", "low", "high"]].tolist() == pytest.approx([1, 1, 1])
    assert alone.loc[("S", "xy"), "value"] == pytest.approx(0, abs=1e-9)
    assert alone.loc[("common_delay_share", "z"), "value"] == pytest.approx(1)
    direct = scores[scores["against"] == "multilateration"]
    assert direct["value"].tolist() == pytest.approx([1] * 8)
    shifts = scores[scores["against"] == "finite shifts"]
    assert set(shifts["step_samples"]) == {0.5}
    assert shifts.loc[("profile_slope", "x"), "value"] == pytest.approx(0.5)
    assert shifts.loc[("window_correlation", "y"), "value"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("gain", "verdict"), [(1.0, "all"), (0.5, "part"), (1.5, "more"), (-0.5, "against"), (0.0, "none")]
)
def test_verdicts_say_which_part_of_the_way_an_estimate_follows(gain, verdict):
    heard = heard_of(POSITION_M + np.linspace(0, 0.2, 6)[:, None])
    wobble = 1 + 0.1 * np.array([-1, 1, 1, -1, -1, 1])[:, None, None]
    values = gain * wobble * heard.multilateration
    if gain == 0:
        values = values + np.array([-1, 1, 1, -1, -1, 1])[:, None, None] * heard.multilateration * 0.01
    assert rows_of(np.nan_to_num(values), heard).loc[("S", "xx"), "verdict"] == verdict


def test_correlations_and_slopes_are_those_of_numpy(rng):
    first, second = rng.standard_normal((2, 7, 3, 6))
    scores = rows_of(first + second, heard_of(np.tile(POSITION_M, (7, 1))), {1.0: second})
    shifts = scores[scores["against"] == "finite shifts"]["value"]
    for number, coordinate in enumerate("xyz"):
        of_windows = (first + second)[:, number].ravel(), second[:, number].ravel()
        of_profiles = (first + second)[:, number].mean(axis=0), second[:, number].mean(axis=0)
        for kind, (one, other) in (("window", of_windows), ("profile", of_profiles)):
            assert shifts[f"{kind}_correlation", coordinate] == pytest.approx(np.corrcoef(one, other)[0, 1])
            assert shifts[f"{kind}_slope", coordinate] == pytest.approx(np.polyfit(other, one, 1)[0])


def test_intervals_are_those_of_the_other_tables(rng):
    voices, sources = pd.Series(list("aabbbbccaa")), pd.Series([3, 3, 1, 1, 4, 4, 0, 0, 2, 2])
    values = rng.standard_normal((10, 3, 6))
    heard = Heard(SETUP, np.tile(POSITION_M, (10, 1)), voices, sources, seed=7)
    expected = mean_over_voices(pd.Series(values[:, 1, 4]), voices, sources, 7)
    row = next(row for row in profile_rows(values, heard) if (row["coordinate"], row["microphone"]) == ("y", 4))
    assert (row["mean"], row["low"], row["high"]) == pytest.approx(expected)


def test_profiles_tuning_and_bands_are_means_over_windows_with_intervals(rng):
    values = rng.standard_normal((6, 3, 6))
    heard = heard_of(np.tile(POSITION_M, (6, 1)))
    profiles = pd.DataFrame(profile_rows(values, heard))
    assert len(profiles) == 18
    np.testing.assert_allclose(profiles["mean"], values.mean(axis=0).ravel())
    assert ((profiles["low"] <= profiles["mean"]) & (profiles["mean"] <= profiles["high"])).all()
    moved_m = rng.standard_normal((6, 12, 3, 6))
    tuning = pd.DataFrame(tuning_rows(moved_m, heard)).set_index(["coordinate", "microphone", "delay_samples"])
    assert tuning.loc[("y", 3, -0.5), "displacement_m"] == pytest.approx(moved_m[:, 4, 1, 3].mean())
    assert set(tuning.index.get_level_values(0)) == {"x", "y"}
    delay = rng.standard_normal((6, 3, 6, 7))
    bands = pd.DataFrame(band_rows(delay, delay, heard))
    response = position_response(delay.sum(axis=-1), heard.jacobian).mean(axis=0)
    assert bands.groupby("coordinate")["S"].sum().tolist() == pytest.approx([response[0, 0], response[1, 1]])
