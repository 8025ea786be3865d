"""The network that steers: its answer written out in float64, where its maps peak, and what changes nothing."""

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.signal import correlate, fftconvolve
from scipy.special import softmax
from toy_trials import CONDITIONS, SETUP, make_trials
from training_data import CONDITION, WINDOW_SAMPLES, one_thread, write_dataset  # noqa: F401

import localization_experiment
import perturbation_experiment
import sensitivity_experiment
import shares_experiment
import train
from acoustics.room import Scene, delays_samples
from acoustics.simulators import SIMULATORS
from explain.gradients import output_gradients
from explain.lrp.rules import has_rules
from explain.methods import METHODS
from explain.methods.lrp import LRP
from explain.spectral import cross_spectrum, delay_half
from explain.store import model_fingerprint
from localization.localizer import Network
from models import build_model
from models.checkpoints import load_checkpoint, save_checkpoint
from models.steered_cnn import SteeredCNN
from models.steering import PhaseTransform
from params import PUBLISHED, MicArray, Setup
from running.errors import InputError

ARRAY_M = [[0.6, 7.0, 1.2], [1.1, 6.9, 1.2], [1.9, 7.1, 1.2], [2.8, 7.0, 1.2]]
SMALL = {"microphones": 4, "window_samples": 480, "array_m": ARRAY_M}


@pytest.fixture
def small():
    torch.manual_seed(2)
    return build_model("steered_cnn", **SMALL).double().eval()


@pytest.fixture(scope="module")
def steered():
    torch.manual_seed(2)
    return build_model("steered_cnn").eval()


def without_convolutions(model):
    """Let the convolutions say nothing, which leaves the soft maximum of the steered power."""
    for parameter in model.conv3.parameters():
        torch.nn.init.zeros_(parameter)
    return model


def in_metres(answers):
    ends_m = np.array([PUBLISHED.grid.x_m, PUBLISHED.grid.y_m, PUBLISHED.grid.z_m])
    return answers * np.diff(ends_m)[:, 0] / np.sqrt(12) + ends_m.mean(axis=1)


def direct_sound(positions_m, rng, setup=PUBLISHED):
    """Return a window of white noise from each position, as direct sound brings it."""
    windows = []
    for position_m in positions_m:
        scene = Scene(setup.room, [position_m], setup.array.as_array(), 0.15)
        delays = delays_samples(scene.sources_m, scene.microphones_m, setup.fs_hz, setup.c_m_s).T
        response = SIMULATORS["finufft"].impulses(scene, delays, 1 / delays)
        noise = rng.standard_normal(3 * setup.window_samples)
        windows.append(fftconvolve(noise[None], response, axes=1)[:, setup.window_samples :][:, : setup.window_samples])
    return torch.tensor(np.array(windows), dtype=torch.float32)


def literal_weights(level, net):
    """Three convolutions over frequency, and a soft maximum."""
    x = level[None]  # (channel, frequency)
    for number, layer in enumerate((net.conv1, net.conv2, net.conv3)):
        x = np.maximum(x, 0) if number else x
        weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        x = np.array([sum(map(np.correlate, x, kernel, ["same"] * len(x))) for kernel in weight]) + bias[:, None]
    return softmax(x[0] + net.constant.detach().numpy())


def literal_maps(window, model, array_m):
    """Each pair, frequency and position on its own; pairs in four groups by how far apart they are."""
    n = window.shape[1]
    first, last = round(100 * n / 16000), int(343 / (2 / 39) * n / 16000)
    bins = np.arange(first, last + 1)  # 33 Hz apart: each is a band of its own
    spectra = np.fft.fft(window)[:, bins]
    level = np.log((np.abs(spectra) ** 2).mean(axis=0))
    weights = literal_weights(level - level.mean(), model.weights)
    pairs = sorted(combinations(range(4), 2), key=lambda pair: np.linalg.norm(np.subtract(*array_m[list(pair)])))
    x_m, y_m, z_m = model.axes_m
    maps = []
    for group in (pairs[:2], pairs[2:4], pairs[4:5], pairs[5:]):
        power = np.zeros((len(z_m), len(y_m), len(x_m)))
        for place in np.ndindex(power.shape):
            position_m = [axis_m[each] for axis_m, each in zip((z_m, y_m, x_m), place, strict=True)][::-1]
            tau = np.linalg.norm(array_m - position_m, axis=1) / 343 * 16000
            for m, n_ in group:
                cross = spectra[n_] * spectra[m].conj()
                turned = cross / np.abs(cross) * np.exp(2j * np.pi * bins / n * (tau[n_] - tau[m]))
                power[place] += (weights * turned).sum().real / len(group)
        maps.append(power)
    return np.array(maps)


def literal_answer(maps, model):
    """Three convolutions over ten times the maps, the mean map beside them, a soft maximum, the mean of the cells."""
    x = 10 * maps.reshape(-1, *maps.shape[2:])  # (group and z, y, x)
    for number, layer in enumerate((model.conv1, model.conv2, model.conv3)):
        x = np.maximum(x, 0) if number else x
        weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        x = np.array([correlate(np.pad(x, ((0, 0), (2, 2), (2, 2))), kernel, "valid")[0] for kernel in weight])
        x += bias[:, None, None]
    heights = x + model.sharpness.item() * 10 * maps.mean(axis=0)  # (z, y, x)
    shares = softmax([*heights.ravel(), model.marginals.unsure.item()])[:-1].reshape(heights.shape)
    heard = np.concatenate([shares.sum(axis=axes) for axes in ((0, 1), (0, 2), (1, 2))])
    return model.output.weight.detach().numpy() @ heard + model.output.bias.detach().numpy()


def test_it_computes_what_it_says_written_out_in_float64(rng, small):
    for parameter in small.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    windows = rng.standard_normal((2, 4, 480))
    with torch.no_grad():
        maps, answers = small.maps(torch.from_numpy(windows)).numpy(), small(torch.from_numpy(windows)).numpy()
    for window, given, answer in zip(windows, maps, answers, strict=True):
        expected = literal_maps(window, small, np.array(ARRAY_M))
        np.testing.assert_allclose(given, expected, atol=5e-4)
        assert np.abs(expected).max() > 0.1
        np.testing.assert_allclose(answer, literal_answer(given, small), rtol=1e-9, atol=1e-12)


def test_frequencies_of_a_band_are_steered_as_its_middle_one(rng, steered):
    """Eight bins of 3.125 Hz lose less than 3 % of what delays alone between the outermost microphones give."""
    frequencies = steered.phases.frequencies * 16000
    assert frequencies.shape[1] == 8
    assert frequencies[0, 0] == 100
    assert frequencies[-1, -1] == pytest.approx(343 / (2 / 39), abs=25)
    row, column = 3, 41
    position_m = np.array([steered.axes_m[0][column], steered.axes_m[1][row], 1.25])
    delays = delays_samples(position_m[None], PUBLISHED.array.as_array(), 16000, 343.0)[0]
    spectrum = np.fft.rfft(rng.standard_normal(5120)) * np.exp(-2j * np.pi * np.fft.rfftfreq(5120) * delays[:, None])
    with torch.no_grad():
        power = steered.maps(torch.tensor(np.fft.irfft(spectrum), dtype=torch.float32)[None])[0, :, 0, row, column]
    assert (power > 0.97).all()
    assert (power <= 1.003).all()


@pytest.mark.parametrize("position_m", [(1.0, 4.7, 1.25), (1.7, 5.5, 1.25), (2.4, 6.2, 1.25), (0.83, 6.48, 1.25)])
def test_untrained_maps_of_direct_sound_peak_at_the_talker(rng, steered, position_m):
    window = direct_sound([position_m], rng)
    with torch.no_grad():
        power = steered.maps(window)[0].mean(dim=0)[0].numpy()
    row, column = np.unravel_index(power.argmax(), power.shape)
    assert steered.axes_m[0][column] == pytest.approx(position_m[0], abs=0.025)
    assert steered.axes_m[1][row] == pytest.approx(position_m[1], abs=0.06)


def test_without_its_convolutions_it_answers_where_the_talker_is(rng):
    positions_m = np.column_stack([rng.uniform((0.9, 4.6), (2.5, 6.4), (8, 2)), np.full(8, 1.25)])
    model = without_convolutions(build_model("steered_cnn"))
    with torch.no_grad():
        answers = model(direct_sound(positions_m, rng)).numpy()
    np.testing.assert_allclose(in_metres(answers), positions_m, atol=0.1)


def test_what_all_microphones_share_changes_nothing(rng, small):
    windows = torch.from_numpy(rng.standard_normal((2, 4, 480)))
    answers = small(windows)
    torch.testing.assert_close(small(windows.roll(37, dims=-1)), answers)
    torch.testing.assert_close(small(-300 * windows), answers)
    torch.testing.assert_close(small(windows * torch.tensor([1e-3, 1.0, 2.0, 0.5])[:, None]).shape, answers.shape)
    late = windows.clone()
    late[:, 1] = late[:, 1].roll(3, dims=-1)
    assert (small(late) - answers).abs().max() > 1e-3


def test_the_order_of_the_microphones_changes_nothing(rng, small):
    order = [2, 0, 3, 1]
    other = build_model("steered_cnn", **SMALL | {"array_m": [ARRAY_M[each] for each in order]}).double().eval()
    other.load_state_dict(small.state_dict())
    windows = torch.from_numpy(rng.standard_normal((2, 4, 480)))
    torch.testing.assert_close(other(windows[:, order]), small(windows), rtol=1e-5, atol=1e-6)


def test_weights_of_frequencies_sum_to_1(rng, small):
    _, level = small.phases(torch.from_numpy(rng.standard_normal((3, 4, 480))))
    assert level.mean(dim=1).abs().max() < 1e-12
    torch.testing.assert_close(small.weights(level).sum(dim=1), torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize("dead", [range(16), [3], []])
def test_silence_and_dead_microphones_leave_answers_and_gradients_finite(steered, dead):
    windows = torch.randn(2, 16, 5120)
    windows[0, list(dead)] = 0
    windows.requires_grad_()
    steered.zero_grad()
    answers = steered(windows)
    answers.angle().sum().backward()
    assert answers.isfinite().all()
    assert windows.grad.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in steered.parameters())


def test_silence_is_placed_in_the_middle():
    with torch.no_grad():
        answers = without_convolutions(build_model("steered_cnn"))(torch.zeros(1, 16, 5120)).numpy()
    np.testing.assert_allclose(in_metres(answers)[0], [1.7, 5.5, 1.25], atol=1e-4)


def test_the_surer_the_middle_the_nearer_is_the_answer(rng):
    model = without_convolutions(build_model("steered_cnn"))
    window, sizes = direct_sound([[2.4, 6.2, 1.25]], rng), []
    for height in (0.0, 100.0, 200.0):
        torch.nn.init.constant_(model.marginals.unsure, height)
        with torch.no_grad():
            sizes.append(model(window).norm().item())
    assert sizes[0] > sizes[1] > sizes[2]
    assert sizes[2] < 0.1 * sizes[0]


def test_its_delay_sensitivity_is_the_change_with_real_delays(rng, small):
    windows = torch.from_numpy(rng.standard_normal((2, 4, 480)))
    delay = delay_half(cross_spectrum(windows[:, None], output_gradients(small, windows)), 480).sum(-1)
    turn, step = 2j * np.pi * torch.arange(241, dtype=torch.float64) / 480, 1e-6
    for microphone in range(4):
        moved = []
        for sign in (1, -1):
            turned = windows.clone()
            spectrum = torch.fft.rfft(turned[:, microphone]) * torch.exp(-turn * sign * step)
            turned[:, microphone] = torch.fft.irfft(spectrum, 480)
            moved.append(small(turned).detach())
        slope = (moved[0] - moved[1]) / (2 * step)
        np.testing.assert_allclose(delay[..., microphone], slope, rtol=1e-3, atol=1e-6)
    assert delay.abs().max() > 1e-3


def test_a_line_tells_no_heights_another_array_does():
    line = SteeredCNN(3, 480, [[1.0, 7.0, 1.2], [1.2, 7.2, 1.2], [1.5, 7.5, 1.2]])
    angle = SteeredCNN(3, 480, [[1.0, 7.0, 1.2], [1.2, 7.0, 1.2], [1.0, 7.2, 1.2]])
    np.testing.assert_allclose(line.axes_m[2], [1.25])
    np.testing.assert_allclose(angle.axes_m[2], [1.0, 1.25, 1.5])
    assert angle(torch.randn(2, 3, 480)).shape == (2, 3)
    assert angle.maps(torch.randn(2, 3, 480)).shape == (2, 3, 3, 44, 44)


def test_windows_of_another_size_are_refused(steered):
    for shape in ((1, 15, 5120), (1, 17, 5120), (1, 16, 5119)):
        with pytest.raises(RuntimeError, match=r"\(16, 5120\) microphones and samples"):
            steered(torch.zeros(shape))
    with pytest.raises(ValueError, match="too short"):
        PhaseTransform(2, 16000, 4000.0)


def test_a_set_up_gives_its_geometry_and_a_checkpoint_brings_it_back(tmp_path):
    setup = replace(PUBLISHED, array=MicArray(tuple(map(tuple, ARRAY_M))), window_samples=480, fs_hz=8000)
    geometry = json.loads(json.dumps(SteeredCNN.geometry_of(setup)))
    arguments = {"microphones": 4, "window_samples": 480} | geometry
    assert SteeredCNN.geometry_of(PUBLISHED)["array_m"] == PUBLISHED.array.as_array().tolist()
    model = build_model("steered_cnn", **arguments).eval()
    save_checkpoint(tmp_path / "best", "steered_cnn", model, arguments, {})
    loaded, _ = load_checkpoint(tmp_path / "best.safetensors")
    windows = torch.randn(2, 4, 480)
    assert torch.equal(loaded(windows), model(windows))
    assert set(loaded.state_dict()) == {name for name, _ in model.named_parameters()}
    moved = build_model("steered_cnn", **arguments | {"c_m_s": 340.0})
    moved.load_state_dict(model.state_dict())
    assert model_fingerprint(loaded) == model_fingerprint(model) != model_fingerprint(moved)


def test_weights_for_another_array_are_refused(tmp_path):
    geometry = SteeredCNN.geometry_of(PUBLISHED)
    save_checkpoint(tmp_path / "best", "steered_cnn", build_model("steered_cnn"), geometry, {})
    path = tmp_path / "best.safetensors"
    Network(path, PUBLISHED)
    moved = replace(PUBLISHED, array=MicArray.line_along_x(16, 0.15, (1.7, 7.0, 1.3)))
    for other in (moved, replace(PUBLISHED, c_m_s=340.0)):
        with pytest.raises(InputError, match="trained for another array or area"):
            Network(path, other)


def test_the_published_set_up_is_the_default():
    explicit = build_model("steered_cnn", **SteeredCNN.geometry_of(PUBLISHED))
    assert dict(explicit.named_buffers()).keys() == dict(build_model("steered_cnn").named_buffers()).keys()
    for name, values in build_model("steered_cnn").named_buffers():
        torch.testing.assert_close(explicit.get_buffer(name), values)


def test_every_method_but_lrp_runs_on_it(rng, small):
    windows, start = rng.standard_normal((3, 4, 480)).astype(np.float32), np.tile([1.5, 5.4, 1.3], (3, 1))
    assert not has_rules(small)
    assert has_rules(build_model("loc_cnn"))
    for method in METHODS.values():
        if isinstance(method, LRP):
            assert not method.serves(small)
            with pytest.raises(InputError, match="no rule for phases, a PhaseTransform: choose another method"):
                method.attribute(small.float(), windows, start)
            continue
        given = method.attribute(small.float(), windows, start)
        assert np.isfinite(given).all()
        assert given.any()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("steered")
    write_dataset(folder / "data")
    toy = ["--model_name", "steered_cnn", "--epochs", "2", "--batch_size", "3", "--gpu", "cpu"]
    return train.main([*toy, "--data_path", str(folder / "data"), "--log_dir", str(folder / "logs")])


def test_one_command_trains_it_for_the_array_of_its_data(trained):
    model, record = load_checkpoint(trained / "best.safetensors", "steered_cnn")
    assert record["arguments"]["array_m"] == [[1.625, 7.0, 1.2], [1.775, 7.0, 1.2]]
    assert record["arguments"]["window_samples"] == WINDOW_SAMPLES
    assert CONDITION.name in trained.name
    history = pd.read_csv(trained / "history.csv")
    assert len(history) == 2
    windows = torch.randn(3, 2, WINDOW_SAMPLES)
    with torch.no_grad():
        answers = model(windows).numpy()
    assert (np.abs(answers - [1.7, 5.5, 1.25]) < [1.5, 1.5, 0.5]).all()  # in metres


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trials")
    told = make_trials(folder, sources=1)
    size = {"microphones": 3, "window_samples": 4096} | SteeredCNN.geometry_of(Setup.from_dict(SETUP))
    for condition in CONDITIONS:
        model = build_model("steered_cnn", **size)
        save_checkpoint(folder / "weights" / f"steered_cnn_{condition.name}", "steered_cnn", model, size, {})
    return [*told, "--results", str(folder / "results")]


def test_experiments_take_the_published_networks_and_this_one_when_it_is_named(told):
    for more, expected in (
        ([], {"loc_cnn", "sample_cnn"}),
        (["--model_name", "loc_cnn", "steered_cnn"], {"loc_cnn", "steered_cnn"}),
    ):
        errors = pd.read_csv(localization_experiment.main([*told, *more]) / "errors.csv")
        assert set(errors["localizer"]) == {"always the centre", "SRP-PHAT", *expected}


def test_where_lrp_is_one_of_several_methods_it_is_left_out(told):
    named = [*told, "--model_name", "loc_cnn", "steered_cnn", "--sources", "1"]
    named += ["--untrained", "2", "--null_sources", "1"]
    shares = pd.read_csv(shares_experiment.main(named) / "shares.csv")
    assert set(shares["method"][shares["model"] == "steered_cnn"]) == {"gradient_x_input"}
    assert set(shares["method"][shares["model"] == "loc_cnn"]) == {"gradient_x_input", "lrp"}
    profiles = pd.read_csv(sensitivity_experiment.main([*named, "--windows", "1", "--draws", "2"]) / "profiles.csv")
    methods = profiles.groupby("localizer")["method"].unique()
    assert "lrp" in methods["loc_cnn"]
    assert "lrp" not in methods["steered_cnn"]
    assert "delay_sensitivity" in methods["steered_cnn"]


def test_where_lrp_is_asked_for_it_is_refused_in_a_line(told, capsys):
    with pytest.raises(SystemExit) as stop:
        perturbation_experiment.main([*told, "--model_name", "steered_cnn"])
    assert stop.value.code == 2
    assert "LRP has no rule" in capsys.readouterr().err.splitlines()[-1]
