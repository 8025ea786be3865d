"""Relevance listened to: literal scores, known masks, and the command line at tiny size."""

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from torch import nn
from toy_trials import CONDITIONS, make_trials

import sound_experiment
from acoustics.recordings import Recordings
from explain.methods import METHODS
from explain.methods.gradient_x_input import GradientXInput
from explain.time_frequency import halves
from localization.localizer import Network
from localization.shares import part_windows
from localization.sounds import (
    CONTROLS,
    ENERGY,
    EQUALS,
    IDEAL,
    REFERENCES,
    RELEVANCE,
    SCORES,
    UNTOUCHED,
    UNTRAINED,
    Itself,
    Mask,
    Product,
    among_equals,
    control_weights,
    loudest,
    reordered,
    score_rows,
    scores,
    si_sdr_db,
    untouched_scores,
    ways,
)
from report.listening import dots, players, signals
from report.sounds import PEAK

SAMPLES = 2048


@pytest.fixture
def parts(rng):
    """Windows of a voice below 1 kHz, of stronger reflections of another colour, and of noise; two microphones."""
    times = np.arange(SAMPLES) / 16000
    bins = np.arange(SAMPLES // 2 + 1) * 16000 / SAMPLES

    def coloured(low_hz, high_hz, gain):
        spectra = np.fft.rfft(rng.standard_normal((3, 2, SAMPLES))) * ((bins >= low_hz) & (bins < high_hz))
        return gain * np.fft.irfft(spectra, SAMPLES) * (1 + np.sin(2 * np.pi * 20 * times))

    noise = 0.05 * rng.standard_normal((3, 2, SAMPLES))
    return np.stack([coloured(200, 1000, 1), coloured(1500, 3500, 2), coloured(2500, 5000, 1), noise])


def test_si_sdr_is_its_literal_formula_and_does_not_know_gain(rng):
    target, result = rng.standard_normal((2, 3, 100))
    literal = []
    for d, y in zip(target, result, strict=True):
        scaled = sum(y * d) / sum(d * d) * d
        literal.append(10 * np.log10(sum(scaled**2) / sum((scaled - y) ** 2)))
    np.testing.assert_allclose(si_sdr_db(result, target), literal)
    np.testing.assert_allclose(si_sdr_db(-300 * result, 0.01 * target), literal)
    silent = np.zeros(100)
    assert np.isnan(si_sdr_db(np.stack([silent, result[0]]), np.stack([target[0], silent]))).all()


def test_weights_of_one_change_nothing_and_ratios_are_literal(parts):
    untouched = untouched_scores(parts)
    direct, reflections, noise = (np.square(part).sum(axis=-1) for part in (parts[0], parts[1] + parts[2], parts[3]))
    literal = [
        si_sdr_db(parts.sum(axis=0), parts[0]),
        10 * np.log10(direct / reflections),
        10 * np.log10(direct / noise),
    ]
    np.testing.assert_allclose(untouched, [each.mean() for each in literal])
    relevance = np.ones_like(parts[0])
    np.testing.assert_allclose(scores(Product(), relevance, parts), untouched)
    whole = Mask(100)
    np.testing.assert_allclose(scores(whole, whole.weights(parts.sum(axis=0), relevance), parts), untouched, atol=1e-9)


def test_relevance_itself_is_no_part_of_the_recording(parts):
    itself, *ratios = scores(Itself(), parts[0] + 0.1 * parts[3], parts)
    assert itself > 20
    assert np.isnan(ratios).all()


def test_the_product_takes_positive_relevance_alone(parts, rng):
    inputs, relevance = parts.sum(axis=0), rng.standard_normal(parts.shape[1:])
    product = Product()
    kept = product.heard(product.weights(inputs, relevance), parts)
    for place in [(0, 0, 0, 5), (2, 1, 1, 700), (3, 2, 0, 2000), (1, 1, 0, 6)]:
        given = relevance[place[1:]]
        assert kept[place] == (parts[place] * given if given > 0 else 0)


def test_a_mask_keeps_its_share_of_each_microphone_where_the_level_half_is_largest(parts, rng):
    inputs, relevance = parts.sum(axis=0), rng.standard_normal(parts.shape[1:])
    kept = Mask(20).weights(inputs, relevance)
    level = halves(torch.from_numpy(inputs), torch.from_numpy(relevance))[0].abs().numpy()
    for window, microphone in np.ndindex(3, 2):
        here, values = kept[window, microphone], level[window, microphone]
        assert here.sum() == int(0.2 * here.size)
        assert values[here].min() > values[~here].max()


def test_controls_have_the_same_weights_at_each_microphone(parts, rng):
    inputs, relevance = parts.sum(axis=0), rng.standard_normal(parts.shape[1:])
    for way in ways():
        weights = way.weights(inputs, relevance)
        for control in control_weights(way, weights, parts[0], inputs, rng).values():
            moved, stayed = (each.reshape(3, 2, -1) for each in (control, weights))
            np.testing.assert_array_equal(np.sort(moved), np.sort(stayed))
    energy = np.square(inputs)
    ranks = energy.argsort(axis=-1).argsort(axis=-1)
    moved = among_equals(ranks, energy, rng)
    assert (moved != ranks).any()
    assert (moved // EQUALS == ranks // EQUALS).all()
    np.testing.assert_array_equal(
        reordered(np.array([[[5.0, 1.0, 3.0]]]), np.array([[[2.0, 9.0, 4.0]]])), [[[1.0, 5.0, 3.0]]]
    )


def test_who_knows_the_direct_sound_keeps_more_of_it(parts, rng):
    inputs = parts.sum(axis=0)
    for way in (Product(), Mask()):
        weights = way.weights(inputs, rng.standard_normal(inputs.shape))
        controls = control_weights(way, weights, parts[0], inputs, rng)
        ideal, energy = (scores(way, controls[name], parts) for name in (IDEAL, ENERGY))
        assert ideal[1] > untouched_scores(parts)[1] + 1
        assert (ideal > energy).all()


def test_a_network_that_hears_the_direct_sound_alone_keeps_what_is_cleaner_than_energy(parts, rng):
    """Of a linear network whose weights are the direct sound, the level half is Re(X conj D): it lies on its bins."""
    inputs, found = parts.sum(axis=0), {}
    for window in range(3):
        model = nn.Sequential(nn.Flatten(), nn.Linear(2 * SAMPLES, 1, bias=False))
        model[1].weight.data = torch.tensor(parts[0, window].reshape(1, -1), dtype=torch.float32)
        here = inputs[window : window + 1]
        relevance = GradientXInput().attribute(model, here, np.ones((1, 1))).astype(np.float64)
        weights = Mask().weights(here, relevance)
        kept = {RELEVANCE: weights} | control_weights(Mask(), weights, parts[0, window : window + 1], here, rng)
        for name, each in kept.items():
            found.setdefault(name, []).append(scores(Mask(), each, parts[:, window : window + 1]))
        found.setdefault(UNTOUCHED, []).append(untouched_scores(parts[:, window : window + 1]))
    found[UNTRAINED] = found["chance"]
    table = score_rows({name: np.stack(each)[None] for name, each in found.items()}, ["a", "b", "c"], 0)
    own = table[table["control"] == RELEVANCE].set_index("score")
    for reference in REFERENCES:
        assert (own[f"{reference}_verdict"] == "above").all()
    np.testing.assert_allclose(own["value"], np.mean(found[RELEVANCE], axis=0))
    np.testing.assert_allclose(own["above_energy"], np.mean(found[RELEVANCE], axis=0) - np.mean(found[ENERGY], axis=0))
    assert (table.loc[table["control"] == ENERGY, "energy_verdict"] == "").all()


def test_what_is_missing_does_not_count(rng):
    values = rng.standard_normal((1, 6, 3))
    values[0, 2, 1] = values[0, :, 2] = np.nan
    found = {name: values for name in (RELEVANCE, *REFERENCES)}
    table = score_rows(found, list("aabbcc"), 0)
    own = table[table["control"] == RELEVANCE]
    np.testing.assert_allclose(own["value"], [values[0, :, 0].mean(), np.delete(values[0, :, 1], 2).mean(), np.nan])
    assert own["energy_verdict"].tolist() == ["level", "level", ""]


def test_untrained_networks_count_by_their_mean_and_widen_the_interval(rng):
    values = rng.standard_normal((1, 6, 3))
    apart = np.concatenate([values - 5, values + 1])
    table = score_rows({name: values for name in (RELEVANCE, *REFERENCES)} | {UNTRAINED: apart}, list("aabbcc"), 0)
    own = table[table["control"] == RELEVANCE]
    np.testing.assert_allclose(own["above_untrained"], 2)
    np.testing.assert_allclose(own["above_untrained_low"], -1)
    np.testing.assert_allclose(own["above_untrained_high"], 5)
    assert (own["untrained_verdict"] == "level").all()


def test_the_loudest_windows_are_taken_in_their_order(rng):
    windows = rng.standard_normal((5, 2, 50)) * np.array([1, 9, 2, 8, 3])[:, None, None]
    assert loudest(windows, 2).tolist() == [1, 3]
    assert loudest(windows, 9).tolist() == [0, 1, 2, 3, 4]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    return folder, make_trials(folder, sources=2, conditions=CONDITIONS[:1])


def test_the_command_line_scores_any_methods_and_computes_nothing_twice(base, monkeypatch, coarse_pictures, capsys):
    folder, asked = base
    names = list(METHODS)[:2]
    asked = [*asked, "--sources", "2", "--windows", "1", "--untrained", "2",
             "--model_name", "loc_cnn", "--method", *names, "--results", str(folder / "results")]  # fmt: skip
    results = sound_experiment.main(asked)
    table = pd.read_csv(results / "sounds.csv")
    assert len(table) == len(names) * 3 * len(CONTROLS) * len(SCORES)
    assert table["value"].isna().eq((table["way"] == "signal") & table["score"].ne("si_sdr_db") & table["control"].ne(
        UNTOUCHED)).all()  # fmt: skip
    recordings = Recordings(folder / "data" / "SNR_25_T60_0.15" / "test")
    literal = []
    for row in range(2):
        parts = part_windows(recordings, row).astype(np.float64)
        parts = parts[:, [np.square(parts.sum(axis=0)).sum(axis=(1, 2)).argmax()]]
        literal.append(si_sdr_db(parts.sum(axis=0), parts[0]).mean())
    found = table[(table["control"] == UNTOUCHED) & (table["score"] == "si_sdr_db")]
    np.testing.assert_allclose(found["value"], np.mean(literal), atol=1e-3)
    heard = sorted(path.name for path in (results / recordings.condition.name).glob("*.wav"))
    assert len(heard) == 6 * len(names)
    assert f"input_through_mask_of_relevance_loc_cnn_{names[1]}.wav" in heard
    together = []
    for name in heard:
        sound, fs_hz = soundfile.read(results / recordings.condition.name / name)
        assert (fs_hz, len(sound)) == (16000, recordings.window_counts[0] * recordings.setup.window_samples)
        together += [] if name.endswith(f"{names[0]}.wav") else [sound]
    assert np.abs(together).max() == pytest.approx(PEAK, abs=1e-4)
    np.testing.assert_allclose(np.std(together, axis=1), np.std(together), rtol=1e-2)
    assert {f"{score}.png" for score in SCORES} == {path.name for path in results.glob("*.png")}
    assert capsys.readouterr().out.count(": cleaner, in ") == 1 + 2 * len(SCORES)
    before = (results / "sounds.csv").read_bytes()
    monkeypatch.setattr(sound_experiment, "part_windows", lambda *args: pytest.fail("computed again"))
    sound_experiment.main(asked)
    assert (results / "sounds.csv").read_bytes() == before
    figure = dots(table, "drr_db")
    assert len(figure.get_axes()) == 2


def test_a_notebook_has_a_player_for_everything_there_is_to_hear(base, monkeypatch):
    folder, _ = base
    recordings = Recordings(folder / "data" / "SNR_25_T60_0.15" / "test")
    network = Network(folder / "weights" / "loc_cnn_SNR_25_T60_0.15.safetensors", recordings.setup)
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda label, player: shown.append((label.data, player)))
    players(network, recordings, 0, "gradient_x_input", microphone=1)
    found = signals(network, recordings, 0, "gradient_x_input", microphone=1)
    assert [name.partition(" (")[0] for name, _ in shown] == list(found)
    assert sum("LocCNN" in name for name, _ in shown) == len(ways())
    windows = recordings.windows(0)[:, 1].ravel()
    assert np.corrcoef(found["input"], windows)[0, 1] > 0.98
