"""What explains the answers to spoken digits: starts, removal, stretching, heatmaps, and the command lines."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from spoken_tones import Small, write_clips
from training_data import one_thread  # noqa: F401

import digits.__main__ as everything
from digits import networks, removal
from digits.clips import Clips
from digits.explained import FLOOR, Explained, some_clips
from digits.heatmaps import sounds
from digits.networks.alex_net import AlexNet
from digits.networks.audio_net import AudioNet
from digits.recipes import RECIPES, Recipe
from digits.removed import PERCENTS, Removed, area, tables
from digits.stretching import FREQUENCY, TIME, Stretched, stretched, table
from explain.methods import METHODS, choose_methods
from explain.zennit_import import zennit
from models.inference import outputs
from report.page.acts.digits import digits
from report.page.results import read_other_tasks
from running.files import read_csv

RECIPE = Recipe("two_cores", 8, "adamw", 0.02, "one_cycle", epochs=2)


class Linear(torch.nn.Module):
    """A network without biases whose second class is silent: its first logit is a weighted sum of the input."""

    hears, title = "waveform", "Linear"

    def __init__(self, n_classes=2):
        super().__init__()
        self.n_classes = n_classes
        self.flatten = torch.nn.Flatten()
        self.fc = torch.nn.Linear(8000, n_classes, bias=False)
        self.fc.weight.data[1:] = 0

    def forward(self, waveform):
        return self.fc(self.flatten(waveform))


class Pitch(torch.nn.Module):
    """A network that answers 1 where the mean frequency of a spectrogram, weighted by its levels, is above 700 Hz."""

    hears, title = "spectrogram", "Pitch"

    def __init__(self, n_classes=2):
        super().__init__()
        self.n_classes = n_classes

    def forward(self, levels):
        by_frequency = (levels + 80).clamp(min=0).square().sum((1, 3))
        hz = torch.arange(227) * 8000 / 455
        logit = (by_frequency @ hz) / by_frequency.sum(1) - 700
        return torch.stack([-logit, logit], dim=1)


class Image(torch.nn.Module):
    """A network of few weights in the place of AlexNet's."""

    hears, title = "spectrogram", "Image"

    def __init__(self, n_classes=10):
        super().__init__()
        self.n_classes = n_classes
        self.conv = torch.nn.Conv2d(1, 4, 8, stride=16)
        self.relu = torch.nn.ReLU()
        self.pool = torch.nn.AdaptiveAvgPool2d((14, 1))
        self.flatten = torch.nn.Flatten()
        self.fc = torch.nn.Linear(56, n_classes)

    def forward(self, levels):
        return self.fc(self.flatten(self.pool(self.relu(self.conv(levels)))))


def clips_of(waveforms, genders=(0, 0), digits=(0, 1)):
    """Two speakers, as many clips of each as there are waveforms of them."""
    waveforms = np.asarray(waveforms, np.float32)
    speakers = [7, 12]
    rows = [
        {"speaker": speaker, "digit": digits[take % 2], "take": take // 2, "gender": gender}
        for speaker, gender in zip(speakers, genders, strict=True)
        for take in range(waveforms.shape[1])
    ]
    return SimpleNamespace(
        table=pd.DataFrame(rows),
        names=["07", "12"],
        name="toys",
        fingerprint="toys",
        windows=waveforms.__getitem__,
    )


@pytest.fixture
def linear(rng, monkeypatch):
    monkeypatch.setitem(networks.NETWORKS, "audio_net", Linear)
    torch.manual_seed(0)
    return Explained(Linear().eval(), "audio_net", "digit", 0, clips_of(rng.standard_normal((2, 4, 8000))))


def test_the_start_is_the_logit_of_the_true_or_of_the_predicted_class(linear):
    inputs = linear.heard.windows(0)
    logits = outputs(linear.model, inputs)
    expected = np.zeros_like(logits)
    expected[[0, 2], 0], expected[[1, 3], 1] = logits[[0, 2], 0], logits[[1, 3], 1]
    np.testing.assert_array_equal(linear.start().of(0, inputs), expected)
    predicted = linear.start("predicted").of(0, inputs)
    np.testing.assert_array_equal(predicted.sum(1), logits.max(1))
    assert linear.start().name != linear.start("predicted").name


def test_a_store_explains_the_logit_and_keeps_it_by_speaker(linear, tmp_path):
    store = linear.store(tmp_path, METHODS["gradient_x_input"])
    inputs = linear.heard.windows(1)
    contributions = (inputs * linear.model.fc.weight[0].detach().numpy())[[0, 2]]
    np.testing.assert_allclose(store.attributions(1)[[0, 2]], contributions, rtol=2e-4, atol=1e-6)
    assert [path.name for path in store.folder.glob("*.h5")] == ["12.h5"]


def test_removal_by_relevance_leaves_the_smallest_contributions_of_a_linear_network(linear, tmp_path):
    """The probability without the first share is the logistic function of what is left of the weighted sum."""
    removed = Removed(linear, choose_methods(["gradient_x_input"]), "true", 0)
    part = removed.parts(tmp_path)[0]
    contributions = linear.heard.windows(0)[:, 0] * linear.model.fc.weight[0].detach().numpy()
    falling = -np.sort(-contributions[[0, 2]], axis=1).astype(np.float64)
    left = np.array([[each[80 * percent :].sum() for percent in PERCENTS] for each in falling])
    found = part["sample relevance gradient_x_input"][[0, 2]]
    np.testing.assert_allclose(found[..., 1], 1 / (1 + np.exp(-left)), atol=1e-4)
    np.testing.assert_array_equal(found[..., 0], left > 0)
    np.testing.assert_allclose(part["missed gradient_x_input"], 0, atol=1e-4)


def test_nothing_removed_is_the_answer_and_half_of_the_most_relevant_hurts_in_every_domain(linear, tmp_path):
    part = Removed(linear, choose_methods(["gradient_x_input"]), "true", 0).parts(tmp_path)[1]
    logits = outputs(linear.model, linear.heard.windows(1))
    of_true = 1 / (1 + np.exp(logits[[0, 1, 2, 3], [1, 0, 1, 0]] - logits[[0, 1, 2, 3], [0, 1, 0, 1]]))
    for domain in ("sample", "frequency", "bin"):
        for curve in ("relevance gradient_x_input", "untrained gradient_x_input", "energy ", "random "):
            np.testing.assert_allclose(part[f"{domain} {curve}"][:, 0, 1], of_true, atol=1e-5)
        assert part[f"{domain} relevance gradient_x_input"][[0, 2], 10, 1].max() < of_true[[0, 2]].min()


def test_bins_of_spectrograms_are_removed_by_setting_them_to_the_floor(monkeypatch, tmp_path, rng):
    class Counted(Pitch):
        """Answers with how many bins are above the floor."""

        def __init__(self, n_classes=2):
            super().__init__()
            self.fc = torch.nn.Linear(1, 1)

        def forward(self, levels):
            above = (levels > -80).sum((1, 2, 3)).float()
            return torch.stack([above / 1000, 0 * above], dim=1)

    monkeypatch.setitem(networks.NETWORKS, "alex_net", Counted)
    noise = 1000 * rng.standard_normal((2, 1, 8000))
    of = Explained(Counted().eval(), "alex_net", "digit", 0, clips_of(noise, digits=(0, 0)))
    levels = torch.from_numpy(of.heard.windows(0))
    energy = of.heard_by(METHODS["energy"]).attribute(of.model, levels.numpy(), np.zeros((1, 2)))
    np.testing.assert_allclose(energy, levels + 80, atol=1e-4)
    found = Removed(of, [], "true", 0)._without(0, levels.numpy(), METHODS["energy"], energy)["bin"][0, :, 1]
    bins, audible = levels.numel(), int((levels > -80).sum())
    left = np.maximum(audible - np.array([int(percent / 100 * bins) for percent in PERCENTS]), 0)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-left / 1000)), atol=1e-5)


def test_an_area_is_the_mean_height():
    np.testing.assert_allclose(area(np.full(len(PERCENTS), 0.3)), 0.3)
    np.testing.assert_allclose(area(1 - np.array(PERCENTS) / 100), 1 - 0.95 / 2)


def test_tables_hold_the_means_of_all_clips_and_judge_against_every_control(linear, tmp_path):
    removed = Removed(linear, choose_methods(["gradient_x_input"]), "true", 0)
    found = tables([removed], tmp_path)
    parts = removed.parts(tmp_path)
    heights = np.concatenate([part["sample relevance gradient_x_input"][..., 1] for part in parts])
    curves, areas = found["curves"], found["areas"]
    of_it = (curves["domain"] == "sample") & (curves["score"] == "probability") & (curves["curve"] == "relevance")
    np.testing.assert_allclose(curves.loc[of_it, "mean"], heights.mean(axis=0), rtol=1e-6)
    row = areas[(areas["domain"] == "sample") & (areas["score"] == "probability") & (areas["curve"] == "relevance")]
    np.testing.assert_allclose(row["mean"], np.mean([area(each) for each in heights.astype(float)]))
    random = np.concatenate([part["sample random "][..., 1] for part in parts])
    np.testing.assert_allclose(row["random_mean"], row["mean"] - area(random.mean(axis=0).astype(float)), rtol=1e-5)
    assert row["random_verdict"].tolist() == ["below"]
    assert set(found["methods"]["criterion"]) == {"rank_correlation", "missed", "seconds"}


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.5, 2.0])
def test_stretched_frequencies_of_a_spectrogram_are_multiplied(factor):
    """What rises along frequency by a constant slope rises by that slope over the factor, up to the old edge."""
    levels = -80 + torch.arange(227.0).view(1, 1, 227, 1).expand(2, 1, 227, 227) / 4
    heard = stretched(levels, factor, FREQUENCY, -80.0)
    bins = torch.arange(227.0)
    expected = torch.where(bins / factor <= 226, -80 + bins / factor / 4, -80)
    inside = (bins / factor <= 226) | (bins / factor >= 227)
    torch.testing.assert_close(heard[0, 0, inside, 100], expected[inside], atol=1e-3, rtol=0)


def test_a_line_at_bin_40_is_at_60_and_a_click_stays_when_time_is_stretched():
    levels = torch.full((1, 1, 227, 227), -80.0)
    levels[0, 0, 40], levels[0, 0, :, 70] = -10, -10
    assert stretched(levels, 1.5, FREQUENCY, -80.0)[0, 0, :, 200].argmax() == 60
    click = torch.full((1, 1, 227, 227), -80.0)
    click[0, 0, :, 70] = -10
    assert stretched(click, 2.0, TIME, -80.0)[0, 0, 30].argmax() == 70
    two = torch.full((1, 1, 227, 227), -80.0)
    two[0, 0, :, [90, 110]] = -10
    moved = stretched(two, 2.0, TIME, -80.0)[0, 0, 5]
    assert moved[[80, 120]].min() > -11
    assert moved[[90, 110]].max() < -79


def test_a_network_that_hears_pitch_is_turned_by_frequency_and_not_by_time(monkeypatch, tmp_path):
    monkeypatch.setitem(networks.NETWORKS, "alex_net", Pitch)
    times_s = np.arange(8000) / 8000
    hum = 1000 * np.exp(-(((times_s - 0.5) / 0.1) ** 2)) * np.sin(2 * np.pi * np.array([[560.0], [860.0]]) * times_s)
    of = Explained(
        Pitch().eval(), "alex_net", "gender", 0, clips_of(np.repeat(hum[:, None], 2, axis=1), genders=(0, 1))
    )
    found = table([Stretched(of, (0.66, 1.0, 1.5), 1, 0)], tmp_path)
    flips = found[(found["answer"] == "flipped") & (found["network"] == "alex_net")]
    by_frequency = flips[flips["axis"] == FREQUENCY].set_index(["gender", "factor"])
    assert by_frequency["mean"].to_dict() == {
        ("male", 0.66): 0, ("male", 1.0): 0, ("male", 1.5): 1, ("female", 0.66): 1, ("female", 1.0): 0,
        ("female", 1.5): 0,
    }  # fmt: skip
    assert not flips.loc[flips["axis"] == TIME, "mean"].any()
    assert by_frequency.loc[("male", 1.5), "time_verdict"] == "above"
    female = found[(found["answer"] == "female") & (found["factor"] == 1) & (found["axis"] == FREQUENCY)]
    assert female.groupby("gender")["mean"].first().to_dict() == {"female": 1, "male": 0}


@pytest.mark.parametrize("network", [AudioNet, AlexNet])
def test_epsilon_plus_is_that_of_zennit(network):
    torch.manual_seed(0)
    model = network(3).eval()
    shape = (1, 1, 8000) if model.hears == "waveform" else (1, 1, 227, 227)
    inputs = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    inputs = inputs if model.hears == "waveform" else (15 * inputs - 40).clamp(-80, 0)
    start = np.array([[0.0, 0.7, 0.0]], np.float32)
    found = METHODS["lrp_epsilon_plus"].attribute(model, inputs.numpy(), start)
    inputs = inputs.clone().requires_grad_()
    with zennit.composites.EpsilonPlus().context(model) as ruled:
        (expected,) = torch.autograd.grad(ruled(inputs), inputs, torch.from_numpy(start))
    difference = np.abs(found - expected.numpy()).sum() / np.abs(expected.numpy()).sum()
    assert difference < 2e-3


def test_every_composite_serves_convolutions_in_groups_with_strides_and_overlapping_maxima(rng):
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 5, stride=2),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(3, stride=2, ceil_mode=True),
        torch.nn.Conv2d(4, 4, 3, padding=1, groups=2),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(64, 3, bias=False),
    ).eval()
    inputs = rng.standard_normal((2, 1, 20, 20)).astype(np.float32)
    for layer in (0, 3):
        model[layer].bias.data.zero_()
    start = outputs(model, inputs) * [1, 0, 0]
    for name in ("lrp", "lrp_epsilon_plus", "lrp_epsilon_alpha2_beta1", "lrp_epsilon", "gradient_x_input"):
        relevance = METHODS[name].attribute(model, inputs, start)
        np.testing.assert_allclose(relevance.sum((1, 2, 3)), start.sum(1), rtol=1e-2, err_msg=name)


def test_methods_compare_a_spectrogram_with_its_floor(monkeypatch, linear):
    of = Explained(Pitch(), "alex_net", "gender", 0, linear.clips)
    assert of.heard_by(METHODS["deeplift"]).floor == FLOOR
    assert linear.heard_by(METHODS["deeplift"]).floor is None
    rng = np.random.default_rng(0)
    noise_db = 20 * np.log10(np.abs(rng.standard_normal(10**6) + 1j * rng.standard_normal(10**6)))
    np.testing.assert_allclose(FLOOR.jitter, noise_db.std(), rtol=5e-3)


def test_sounds_keep_what_is_relevant_and_are_equally_loud():
    times_s = np.arange(8000) / 8000
    tone = np.sin(2 * np.pi * 300 * times_s)[None]
    first_half = np.where(times_s < 0.5, 1.0, -1.0)[None]
    heard = sounds(tone, {"relevance": first_half}, seed=0)
    assert set(heard) == {"input", "relevance", "energy", "random"}
    quiet, loud = (np.abs(heard["relevance"][part]).mean() for part in (slice(4200, None), slice(200, 3800)))
    assert quiet < 1e-2 * loud
    levels = [np.sqrt(np.mean(np.square(each, dtype=float))) for each in heard.values()]
    np.testing.assert_allclose(levels, levels[0], rtol=1e-4)


def test_clips_are_drawn_by_seed_and_speaker_alone(tmp_path):
    clips = Clips.open(write_clips(tmp_path / "tones"))
    few, alone = some_clips(clips, 3, 1), some_clips(clips.select([12]), 3, 1)
    assert few.table.groupby("speaker").size().tolist() == [3] * 11
    pd.testing.assert_frame_equal(few.table[few.table["speaker"] == 12].reset_index(drop=True), alone.table)
    assert not few.table.equals(some_clips(clips, 3, 2).table)
    pd.testing.assert_frame_equal(some_clips(clips, 99, 1).table, clips.table)


@pytest.fixture
def toys(monkeypatch):
    """Networks of few weights in the place of the real ones, and few clips and factors."""
    for name, network in {"audio_net": Small, "alex_net": Image}.items():
        monkeypatch.setitem(networks.NETWORKS, name, network)
        monkeypatch.setitem(RECIPES["two_cores"], name, RECIPE)
    quick = everything.Profile("toys", 1, "0", 1, ("lrp_epsilon_plus",))
    monkeypatch.setitem(everything.PROFILES, "quick", quick)
    monkeypatch.setattr(everything, "prepared", lambda args, profile, folder: write_clips(folder / "clips"))


def test_everything_from_the_command_line(toys, tmp_path, capsys, coarse_pictures, monkeypatch):
    results, tmp_path = tmp_path, tmp_path / "digits"
    command = ["--results", str(tmp_path), "--gpu", "cpu", "--seed", "3"]
    everything.main(command)
    printed = capsys.readouterr().out
    assert "by speakers that it never heard" in printed
    assert "of clips by men get another answer with frequencies times 1.5" in printed
    for name in ("removal/removal_digit.png", "stretch/stretch.png", "heatmaps/alex_net_gender.png",
                 "heatmaps/audio_net_digit.png", "heatmaps/alex_net_profiles.png"):  # fmt: skip
        assert (tmp_path / name).stat().st_size
        assert str(tmp_path / name) in printed
    curves = read_csv(tmp_path / "removal" / "curves.csv")
    assert curves.groupby("network")["domain"].unique().map(list).to_dict() == {
        "alex_net": ["bin"], "audio_net": ["sample", "frequency", "bin"]
    }  # fmt: skip
    assert set(curves["curve"]) == {"relevance", "untrained", "energy", "random"}
    samples, rate_hz = soundfile.read(tmp_path / "heatmaps" / "sounds" / "audio_net_digit_relevance.wav")
    assert (rate_hz, len(samples)) == (8000, 4 * 8000)
    profiles = read_csv(tmp_path / "heatmaps" / "profiles.csv")
    totals = profiles[profiles["source"] == "energy"].groupby("gender")["mean"].sum()
    np.testing.assert_allclose(totals, 1)
    views = {view.name: view for view in digits(read_other_tasks(results)).views}
    assert list(views) == ["accuracy", "removal", "stretch"]
    over_folds = read_csv(tmp_path / "over_folds.csv").iloc[0]
    assert views["accuracy"].rows[0][2] == round(100 * over_folds["accuracy"], 1)
    assert len(views["removal"].rows) == len(curves)
    assert views["removal"].rows[0][5] == round(100 * curves["mean"].iloc[0], 1)
    assert "with frequencies times 1.5" in views["stretch"].sentences[0]

    before = {path: path.read_bytes() for path in tmp_path.rglob("*.csv")}
    monkeypatch.setattr(Removed, "_of_speaker", None)  # all of it is kept
    everything.main(command)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.csv")} == before
    with pytest.raises(SystemExit):
        removal.main(["--runs", str(tmp_path / "logs"), "--data", str(tmp_path / "clips"), "--method", "energy"])
    assert "controls alone say nothing" in capsys.readouterr().err
