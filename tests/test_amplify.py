"""Bins made louder or later: what is changed and what not, what maps predict, bursts, and the command lines."""

import math

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from torch import nn
from toy_trials import CONDITIONS, make_trials

import amplify_experiment
import burst_experiment
from acoustics.delay import delayed
from acoustics.recordings import Recordings
from explain.amplification import Change, chosen_bins, random_bins
from explain.maps import Maps
from explain.time_frequency import Frames, halves_of_slopes
from localization.amplified import effects, predictions
from localization.bursts import Bursts, enrichment_rows
from localization.excerpts import Excerpts
from running.errors import InputError

FRAMES = Frames(64, 16)


@pytest.fixture
def signals(rng):
    return torch.tensor(rng.standard_normal((3, 2, 400)))


@pytest.fixture
def mask(rng):
    return torch.tensor(rng.random((3, 2, 33, 26)) < 0.1)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("amplified")
    told = make_trials(folder, sources=2, conditions=CONDITIONS[:1])
    return folder, [*told, "--model_name", "loc_cnn", "--sources", "2", "--windows", "1",
                    "--method", "gradient_x_input", "--results", str(folder / "results")]  # fmt: skip


def test_six_decibels_double_the_chosen_bins_and_nothing_else(signals, mask):
    spectra = FRAMES.spectrogram(signals)
    louder = Change(gain_db=6).spectra(spectra, mask, FRAMES)
    np.testing.assert_allclose(louder[mask], spectra[mask] * 1.9952623, rtol=1e-7)
    np.testing.assert_array_equal(louder[~mask], spectra[~mask])
    halved = Change(gain_db=-6).spectra(louder, mask, FRAMES)
    np.testing.assert_allclose(halved, spectra, rtol=1e-12)
    everywhere = torch.ones_like(mask)
    np.testing.assert_allclose(Change(20).inputs(signals, everywhere, FRAMES), 10 * signals, atol=1e-12)


def test_a_delay_of_all_bins_is_a_delay(rng):
    """Away from the ends and for one that is short beside the frames."""
    smooth = torch.tensor(np.convolve(rng.standard_normal(1200), np.hanning(15), "same"))
    later = Change(delay_samples=0.5).inputs(smooth[None], torch.ones(1, 257, 10, dtype=bool), Frames(512, 128))
    inner = slice(200, -200)
    error = later[0, inner] - torch.tensor(delayed(smooth.numpy(), 0.5)[inner])
    assert error.square().mean() < 1e-4 * smooth.square().mean()


@pytest.mark.parametrize("gain_db", [6, -6, 20])
def test_what_maps_predict_of_gains_is_exact_for_a_linear_network(signals, mask, gain_db):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(800, 3)).double()
    slopes = model[1].weight.detach().view(3, 2, 400).expand(3, 3, 2, 400)
    maps = Maps(*(half.numpy() for half in halves_of_slopes(signals[:, None], slopes, FRAMES)))
    change = Change(gain_db)
    real = (model(change.inputs(signals, mask, FRAMES)) - model(signals)).detach()
    np.testing.assert_allclose(change.predicted(maps, mask.numpy()), real, rtol=1e-10, atol=1e-12)


def test_what_maps_predict_of_small_delays_is_what_a_linear_network_does(signals, mask):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(800, 3)).double()
    slopes = model[1].weight.detach().view(3, 2, 400).expand(3, 3, 2, 400)
    maps = Maps(*(half.numpy() for half in halves_of_slopes(signals[:, None], slopes, FRAMES)))
    later, earlier = (Change(delay_samples=step) for step in (1e-4, -1e-4))
    real = (model(later.inputs(signals, mask, FRAMES)) - model(earlier.inputs(signals, mask, FRAMES))).detach() / 2
    np.testing.assert_allclose(later.predicted(maps, mask.numpy()), real, rtol=1e-6, atol=1e-10)


def test_the_largest_bins_of_each_window_are_chosen_of_one_microphone_or_all(rng):
    values = rng.standard_normal((2, 3, 10, 10))
    chosen = chosen_bins(values, 10)
    for window, mask in zip(values, chosen, strict=True):
        assert mask.sum() == 30
        assert window[mask].min() > window[~mask].max()
    alone = chosen_bins(values, 10, microphone=1)
    assert not alone[:, [0, 2]].any()
    assert (alone[:, 1].sum(axis=(1, 2)) == 10).all()
    drawn = [random_bins(values.shape, 10, 0, 5, draw, microphone=1) for draw in (0, 0, 1)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).any()
    assert [mask.sum() for mask in drawn] == [20, 20, 20]


def displaced(rng, windows=40):
    """Displacements by a method whose map is half of the truth, and by controls that do nothing."""
    rows = []
    for window in range(windows):
        place = {"condition": "c", "model": "m", "source": window, "speaker": f"v{window % 4}", "window": 0, "by": "g"}
        for coordinate in "xyz":
            for choice, sign in (("top", 1), ("bottom", -1)):
                moved = {f"moved_{axis}_m": sign * rng.uniform(0.1, 0.2) for axis in "xyz"}
                said = {f"predicted_{axis}_m": moved[f"moved_{axis}_m"] / 2 for axis in "xyz"}
                own = {"method": "g", "coordinate": coordinate, "choice": choice}
                rows.append(place | own | moved | said | {"distance_m": 0.3, "error_change_m": 0.1})
        for choice in ("energy", "random", "random"):
            moved = {
                f"{kind}_{axis}_m": 0.01 * rng.standard_normal() for axis in "xyz" for kind in ("moved", "predicted")
            }
            nothing = {"method": "", "coordinate": "", "choice": choice, "distance_m": 0.01, "error_change_m": 0.0}
            rows.append(place | nothing | moved)
    return pd.DataFrame(rows)


def test_effects_are_told_from_those_of_controls_and_predictions_are_scored(rng):
    table = displaced(rng)
    found = effects(table, 0).set_index(["coordinate", "choice"])
    for coordinate in "xyz":
        assert found.loc[(coordinate, "top"), ["random_verdict", "energy_verdict"]].tolist() == ["above"] * 2
        assert found.loc[(coordinate, "bottom"), ["random_verdict", "energy_verdict"]].tolist() == ["below"] * 2
        own = table[(table["coordinate"] == coordinate) & (table["choice"] == "top")]
        assert found.loc[(coordinate, "top"), "moved_m"] == pytest.approx(own[f"moved_{coordinate}_m"].mean())
        assert found.loc[(coordinate, "random"), "random_verdict"] == "level"
    scored = predictions(table).set_index(["coordinate", "choice"])
    assert scored.loc[("y", "top"), "slope"] == pytest.approx(2)
    assert scored.loc[("y", "top"), "same_sign"] == 1
    assert scored.loc[("y", "all"), "correlation"] > 0.98


def test_a_burst_changes_its_microphone_band_and_time_alone(base):
    recordings = Recordings(base[0] / "data" / CONDITIONS[0].name / "test")
    bursts = Bursts(recordings, 2, Change(20, 3), (500, 1500), 0.1, 0)
    region, elsewhere = bursts.region(0, "burst"), bursts.region(0, "elsewhere")
    added = bursts.windows(0) - Excerpts(recordings, 2).windows(0)
    for window, own, other in zip(added, region, elsewhere, strict=True):
        (microphone,) = np.flatnonzero(own.any(axis=(1, 2)))
        (another,) = np.flatnonzero(other.any(axis=(1, 2)))
        assert microphone != another
        assert np.abs(np.delete(window, microphone, axis=0)).max() < 1e-6
        frames = np.flatnonzero(own[microphone].any(axis=0)) * 256
        outside = np.ones(4096, bool)
        outside[max(frames[0] - 256, 0) : frames[-1] + 256] = False
        assert np.abs(window[microphone, outside]).max() < 1e-6
        power = np.abs(np.fft.rfft(window[microphone])) ** 2
        hz = np.fft.rfftfreq(4096, 1 / 16000)
        assert power[(hz > 400) & (hz < 1600)].sum() > 0.95 * power.sum()
    with pytest.raises(InputError, match="no window holds a burst"):
        Bursts(recordings, 2, Change(20), (500, 1500), 1.0, 0).region(0, "burst")


def test_what_finds_bursts_is_told_from_energy_and_from_untrained_networks(rng):
    rows = [
        {"condition": "c", "model": "m", "method": "g", "source": source, "speaker": f"v{source % 4}", "window": 0}
        | {"half": half, "coordinate": coordinate, "energy": 2 + source / 30, "elsewhere": 1.0, "moved_by_delay_m": 0.1}
        | {"moved_m": source, "enrichment": (4 if half == "delay" else 1) + source / 30}
        for source in range(30)
        for half in ("level", "delay")
        for coordinate in "xyz"
    ]
    trained = pd.DataFrame(rows)
    null = pd.concat([trained.assign(initialisation=number, enrichment=2.5) for number in range(3)])
    found = enrichment_rows(trained, null, 0).set_index(["half", "coordinate"])
    verdicts = ["energy_verdict", "untrained_verdict", "elsewhere_verdict"]
    assert found.loc[("delay", "all"), verdicts].tolist() == ["above"] * 3
    assert found.loc[("level", "all"), verdicts].tolist() == ["below", "below", "above"]
    assert found.loc[("level", "x"), "told"] == pytest.approx(1)
    assert math.isclose(found.loc[("delay", "y"), "untrained"], 2.5)
    shuffled = trained.assign(enrichment=rng.permutation(len(trained)))
    row = enrichment_rows(shuffled, null, 0).iloc[0]
    assert row["told_low"] < 0 < row["told_high"]


def test_the_command_line_moves_estimates_and_writes_sounds(base, monkeypatch, coarse_pictures):
    _, told = base
    where = amplify_experiment.main([*told, "--dB_amplification", "6", "--draws", "2"])
    table = pd.read_csv(where / "displacements.csv").fillna("")
    assert len(table) == 2 * (6 + 1 + 2)
    found = pd.read_csv(where / "effects.csv").fillna("")
    assert set(found["choice"]) == {"top", "bottom", "energy", "random"}
    sounds = {path.stem.split("-")[-1]: soundfile.read(path)[0] for path in (where / "sounds").iterdir()}
    assert {"untouched", "random", "gradient_x_input_x_top", "gradient_x_input_z_bottom"} <= sounds.keys()
    assert {len(sound) for sound in sounds.values()} == {4096}
    assert all((where / name).exists() for name in ("effects-SNR_25_T60_0.15.png", "predictions-SNR_25_T60_0.15.png"))
    monkeypatch.setattr("localization.amplified.Amplified.sounds", lambda *args: pytest.fail("computed again"))
    monkeypatch.setattr(amplify_experiment, "write_sounds", lambda *args: None)
    again = amplify_experiment.main([*told, "--dB_amplification", "6", "--draws", "2"])
    assert (again, len(pd.read_csv(again / "displacements.csv"))) == (where, len(table))


def test_delays_of_noisy_inputs_and_bursts_run_from_the_command_line(base, coarse_pictures):
    _, told = base
    noise = ["--noise_type", "white", "--time_ranges", "0-0.1", "--rms_amplitudes", "0.01"]
    where = amplify_experiment.main([*told, "--delay_samples", "1", "--microphone", "2", "--draws", "1", *noise])
    assert "white" in where.name
    assert "1samples" in where.parent.name
    assert (pd.read_csv(where / "displacements.csv")["distance_m"] > 0).any()
    where = burst_experiment.main([*told, "--untrained", "1", "--null_sources", "1"])
    found = pd.read_csv(where / "enrichments.csv")
    assert len(found) == 2 * 4
    assert (found["moved_m"] > 0).all()
    assert (where / "enrichments-SNR_25_T60_0.15.png").exists()


@pytest.mark.parametrize("options", [["--dB_amplification", "6", "--delay_samples", "1"], ["--dB_amplification", "0"]])
def test_a_change_that_is_two_or_none_is_refused(base, options, capsys):
    with pytest.raises(SystemExit) as stop:
        amplify_experiment.main([*base[1], *options])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("error: ")
