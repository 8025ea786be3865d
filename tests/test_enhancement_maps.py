"""What attributions of the enhancer's masks have in common, and whether they are right where the answer is known."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from enhancement import __main__ as everything
from enhancement import amplify, burst, masks, spectra
from enhancement.amplified import Amplified, effects_on, mean_mask, predictions
from enhancement.bursts import Burst, found_in
from enhancement.clips import Clips
from enhancement.map_tables import (
    STATISTICS,
    Explained,
    bin_clusters,
    clip_summary,
    control,
    lag_shares,
    statistics,
)
from enhancement.nsnet2 import BINS, NSNet2
from explain.amplification import Change
from explain.map_summaries import correlations, influence
from explain.methods import METHODS
from explain.methods.noise import Floor
from report.page.acts.enhancement import enhancement
from report.page.results import read_other_tasks

FLOOR = Floor(-8.0, 0.1)
FRAMES = 12
EXPLAINED = Explained({str(n): [n] for n in range(0, 8, 2)}, {"3": [3], "5": [5]}, bins=8, frames=6)


class Linear(nn.Module):
    """A stand-in whose every mask value is a constant and a sum of levels, each frame of its own levels alone."""

    def __init__(self, weights):
        super().__init__()
        self.layer = nn.Linear(BINS, BINS)
        self.layer.weight.data, self.layer.bias.data = torch.tensor(weights).float(), torch.full((BINS,), 0.5)

    def forward(self, levels):
        return self.layer(levels.squeeze(1).transpose(1, 2)).transpose(1, 2).flatten(1)


@pytest.fixture
def clips(rng):
    samples = (0.05 * rng.standard_normal((2, FRAMES * 160))).astype(np.float32)
    return Clips(["a", "b"], ["anna", "ben"], samples, samples / 2)


def of(*parts):
    """Attributions of four output bins from (t_out, f_in, t_in)."""
    return clip_summary([np.asarray(part, float) for part in parts], EXPLAINED.lags)


def test_attributions_of_a_known_shape_have_their_known_statistics():
    own = np.zeros((4, 2, 8, 6))
    for place, n in enumerate(range(0, 8, 2)):
        own[place, 0, n, 3], own[place, 1, n, 5] = 2.0, -1.0
    found = statistics(of(*own), EXPLAINED)
    near = np.mean([4, 6, 7, 5]) / 8  # bins within 150 Hz, three of them, of bins 0, 2, 4 and 6 of 8
    assert found == pytest.approx(
        {"near": 1 / near, "same_frame": 1, "median_ms": 0, "most_ms": 0, "opens": 2 / 3, "future": 0}
    )
    early = np.zeros((4, 2, 8, 6))
    early[:, 0, :, 1], early[:, 1, :, 3] = 1, 1  # two frames, 20 ms, before either output, in every bin
    found = statistics(of(*early), EXPLAINED)
    assert found == pytest.approx({"near": 1, "same_frame": 0, "median_ms": 20, "most_ms": 20, "opens": 1, "future": 0})
    early[2, 0, 1, 4] = -7
    assert statistics(of(*early), EXPLAINED)["future"] == 7
    assert set(found) == set(STATISTICS)


def test_lags_are_averaged_over_the_outputs_that_so_many_frames_come_before():
    times = np.array([[1, 1, 1, 1, 9, 9], [1, 1, 1, 1, 1, 1]])
    literal = np.array([(1 / 22 + 1 / 6) / 2] * 4 + [1 / 6] * 2)
    np.testing.assert_allclose(lag_shares(times, EXPLAINED.lags), literal / literal.sum())


def test_controls_hear_as_far_as_a_causal_network_and_random_numbers_stand_at_chance(rng):
    window = rng.uniform(1, 2, (8, 6))
    for kind in ("energy", "random"):
        found = list(control(kind, window, EXPLAINED, 0, 0))
        assert len(found) == 4
        for values in found:
            assert not values[0, :, 4:].any()
            assert values[0, :, :4].all()
    np.testing.assert_array_equal(found[0], next(control("random", window, EXPLAINED, 0, 0)))
    many = Explained({str(n): [n] for n in range(BINS)}, {"9": [9]}, BINS, 10)
    near = statistics(clip_summary(control("random", np.zeros((BINS, 10)), many, 0, 0), many.lags), many)["near"]
    assert near == pytest.approx(1, abs=0.03)


def test_sums_are_those_of_all_attributions_at_once(rng):
    values = rng.standard_normal((4, 2, 8, 6))
    found = of(*values)
    np.testing.assert_allclose(influence([found])["absolute"][0], np.abs(values).sum(axis=(0, 1)) / (2 * 4))
    np.testing.assert_allclose(found["frequencies"], np.abs(values).sum(axis=(1, 3)))
    np.testing.assert_allclose(correlations([found], "time")[0], np.corrcoef(values.reshape(-1, 6).T))
    of_bins = np.corrcoef(np.moveaxis(values, 2, 0).reshape(8, -1))
    np.testing.assert_allclose(correlations([found], "frequency")[0], of_bins)


@pytest.mark.parametrize("name", ["deep_shap", "integrated_gradients", "gradient_x_input", "lrp_signal"])
def test_nothing_of_the_future_counts_exactly(name, rng):
    torch.manual_seed(0)
    network = NSNet2(bins=8, hidden=6, wide=5).eval().unrolled(6)
    window = rng.normal(-4, 2, (1, 1, 8, 6)).astype(np.float32)
    parts = []
    for bins in EXPLAINED.f_out.values():
        starts = np.zeros((2, 8, 6), np.float32)
        starts[0, bins, 3] = starts[1, bins, 5] = 1
        method = METHODS[name].above(FLOOR)
        parts.append(method.attribute(network, window.repeat(2, 0), starts.reshape(2, -1))[:, 0])
    found = of(*parts)
    assert found["future"] == 0
    assert (found["times"][EXPLAINED.lags >= 0] > 0).all()


def test_output_bins_that_listen_alike_are_one_cluster():
    hz = np.array([100, 120, 140, 900, 1000, 1100.0])
    sums = np.repeat([[1, 0, 0.0], [0, 1, 1]], 3, axis=0) + 0.01 * np.arange(18).reshape(6, 3)
    labels, found = bin_clusters(sums, hz, 0)
    np.testing.assert_array_equal(labels == labels[0], [True] * 3 + [False] * 3)
    assert found["clusters"] == 2


def test_known_masks_are_as_they_are_defined(rng, clips):
    clean, noise = rng.uniform(0, 1, (2, 5, 4)) ** 8
    literal = np.array([[1.0 if 10 * np.log10(c / clean.max()) > -40 else 0.0 for c in row] for row in clean])
    np.testing.assert_array_equal(masks.speech_mask(clean, 40), literal)
    np.testing.assert_allclose(masks.snr_mask(clean, noise), clean / (clean + noise))
    assert 0 < literal.mean() < 1
    assert not masks.snr_mask(np.zeros(2), np.zeros(2)).any()
    known = masks.known_masks(clips, 0)
    np.testing.assert_allclose(known["SNR"], 0.5, atol=1e-5)  # half of what is heard was added
    assert masks.correlation(clean, 2 * clean + 3) == pytest.approx(1)
    assert np.isnan(masks.correlation(clean, np.ones_like(clean)))


def test_six_decibels_double_the_amplitude(clips):
    amplified = Amplified(Change(20 * np.log10(2)), 10, 1, 0)
    louder = amplified.sound(clips.samples[0], np.ones((BINS, FRAMES), bool))
    np.testing.assert_allclose(louder[160:], 2 * clips.samples[0][160:], atol=3e-3)  # the frames' own inexactness
    inside = slice(1, FRAMES - 1)
    rise = (spectra.heard(louder[None]) - clips.windows(0))[0, 0][:, inside]
    np.testing.assert_allclose(rise, 2 * np.log10(2), atol=0.05)
    assert np.median(rise) == pytest.approx(2 * np.log10(2), abs=3e-3)


def test_what_attributions_predict_is_what_comes_where_the_network_is_linear(rng, clips):
    network, amplified = Linear(1e-3 * rng.standard_normal((BINS, BINS))), Amplified(Change(6.0), 10, 3, 0)
    methods = [METHODS[name].above(FLOOR) for name in ("gradient", "gradient_x_input", "deep_shap")]
    effects = effects_on(network, methods, clips, 0, amplified, FLOOR)
    assert len(effects) == 3 * 2 + 3 * (1 + 3)
    exact = effects[effects["by"] == "gradient"]
    np.testing.assert_allclose(exact["predicted"], exact["opened"], atol=2e-6)
    top, bottom, *_ = exact["opened"]
    assert top > 0 > bottom
    said = predictions(effects.assign(network="linear")).set_index("by")
    assert (said["correlation"] > 0.99).all()
    np.testing.assert_allclose(said["slope"], 1, atol=0.1)
    window = clips.windows(0)
    assert mean_mask(network, window).sum() == pytest.approx(network(torch.tensor(window)).mean().item(), rel=1e-4)


def test_effects_stand_beside_random_and_the_loudest_on_the_same_clips():
    rows = [("d", "top", 3.0, 5.0), ("d", "bottom", -3.0, -5.0), ("", "energy", 1.0, 6.0), ("", "random", 0.0, 1.0)]
    effects = pd.DataFrame([
        {"network": "n", "clip": clip, "voice": clip, "method": method, "choice": choice, "opened": value,
         "ratio_db": value, "predicted": value}
        for method, choice, *values in rows
        for clip, value in zip("ab", values, strict=True)
    ])  # fmt: skip
    found = amplify.compared(effects, 0).set_index("choice")
    assert found.loc["top", "opened"] == 4
    assert found.loc["top", "random_verdict"] == "above"
    assert found.loc["top", "energy_verdict"] == "level"  # 2 above it in one clip, 1 below it in the other
    assert found.loc["bottom", "energy_verdict"] == "below"
    assert np.isnan(found.loc["random", "predicted"])


BURST = Burst(begins_s=0.03, lasts_s=0.05)


def test_burst_is_as_loud_as_asked_for_and_in_its_band_alone(clips):
    louder = BURST.added(clips.samples[0], 0, 0)
    added = louder - clips.samples[0]
    during = slice(480, 1280)
    assert not added[:480].any()
    assert not added[1280:].any()
    ratio_db = 20 * np.log10(added[during].std() / clips.samples[0].std())
    assert ratio_db == pytest.approx(6 - 10 * np.log10(2), abs=0.7)  # the fades take half of the power
    power = np.abs(np.fft.rfft(added[during])) ** 2
    hz = np.fft.rfftfreq(800, 1 / 16000)
    assert power[(hz >= 2800) & (hz <= 3200)].sum() > 0.99 * power.sum()
    region = BURST.region(FRAMES, 3000)
    assert region.sum(axis=0).max() == 7  # 2850 to 3150 Hz, 50 Hz apart
    assert np.flatnonzero(region.any(axis=0)).tolist() == [2, 3, 4, 5, 6, 7]  # middles 30 to 80 ms


@pytest.mark.parametrize("name", ["deep_shap", "integrated_gradients", "gradient_x_input"])
def test_a_network_that_hears_the_burst_alone_is_explained_by_the_burst_alone(name, clips):
    weights = np.zeros((BINS, BINS))
    weights[16, 57:64] = 0.01  # 800 Hz listens to 2850 to 3150 Hz
    found = found_in(Linear(weights), METHODS[name].above(FLOOR), clips, 0, BURST, 0)
    heard, during = FRAMES, 6
    weighed = found["burst"] / (heard * BINS / (7 * during))
    assert 0.85 < weighed <= 1.001  # the rest is at its edges, in frames that it laps into
    assert found["elsewhere"] == 0
    assert found["changed"] > 0.01
    if name == "deep_shap":
        assert abs(found["delta"]) < 1e-4 * abs(found["promised"])


def test_a_network_that_does_not_hear_the_burst_is_not_explained_by_it(clips):
    weights = np.zeros((BINS, BINS))
    weights[16, 100:110] = 0.01
    found = found_in(Linear(weights), METHODS["deep_shap"].above(FLOOR), clips, 0, BURST, 0)
    assert found["burst"] == 0
    assert found["changed"] < 2e-3


TOY = {
    "sounds": "--clips 2 --seconds 0.12",
    "attribute": "--background white --clips 1 --seconds 0.08 --f_out 16",
    "maps": "--background white --clips 2 --seconds 0.12 --f_out 0:161:16 --t_out 5 11 --method deeplift",
    "masks": "--background white --clips 2 --seconds 0.3",
    "amplify": "--background white --clips 2 --seconds 0.08 --draws 1 --method deep_shap gradient_x_input",
    "burst": "--background white --clips 2 --seconds 0.08 --begins_s 0.01 --lasts_s 0.04 --baselines 2 "
    "--network trained untrained --method deep_shap lrp_signal",
}


def test_one_command_goes_from_nothing_to_its_figures_and_goes_on(tmp_path, monkeypatch, capsys, coarse_pictures):
    monkeypatch.setitem(everything.PROFILES, "quick", TOY)
    results, tmp_path = tmp_path, tmp_path / "enhancement"
    everything.main(["--results", str(tmp_path)])
    said = capsys.readouterr().out
    assert "the largest magnitude in its future is 0." in said
    assert "largest difference to masks of onnxruntime" in said
    pictures = {path.stem for path in tmp_path.rglob("*.png")}
    assert pictures >= {"influence", "frequency_to_frequency", "frequency_to_frequency_low", "time_to_time", "lags"}
    assert pictures >= {"clusters", "correlation_time", "correlation_frequency", "effects", "enrichments"}
    assert len(list(tmp_path.rglob("sounds/*/*.wav"))) == 3 * 2
    assert len(list(tmp_path.rglob("amplification/sounds/*-deep_shap_top-*.wav"))) == 2
    means = pd.read_csv(tmp_path / "maps" / "means.csv").set_index("of")
    assert means.loc["random", "near"] == pytest.approx(1, abs=0.2)
    assert (means["future"] == 0).all()
    found = pd.read_csv(tmp_path / "bursts" / "enrichments.csv")
    assert set(found["method"]) == {"deep_shap", "lrp_signal", "energy", "random"}
    assert found.loc[found["method"] == "deep_shap", "relative"].max() < 1e-2
    views = {view.name: view for view in enhancement(read_other_tasks(results)).views}
    assert list(views) == ["louder", "bursts", "masks", "lags"]
    lags = pd.read_csv(tmp_path / "maps" / "lags.csv")
    assert [row[2] for row in views["lags"].rows] == (100 * lags["share"]).round(2).tolist()
    assert all(view.sentences[0] in said for view in views.values())
    monkeypatch.setattr(burst, "found_in", None)  # all of it is kept
    burst.main([*TOY["burst"].split(), "--results", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        burst.main([*TOY["burst"].split(), "--probe_hz", "900", "--results", str(tmp_path)])
    assert ended.value.code == 2
    assert "was made with arguments.probe_hz 800.0, not 900.0" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        amplify.main(["--dB_amplification", "0"])
    assert ended.value.code == 2
    assert "0 dB changes nothing" in capsys.readouterr().err


def test_where_nothing_was_added_no_noise_is_known(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        masks.main(["--clips", "1", "--seconds", "0.1", "--background", "none", "--results", str(tmp_path)])
    assert ended.value.code == 2
    assert "nothing is added" in capsys.readouterr().err
