"""Weights as ONNX: the file answers as PyTorch does, says all that its user needs, and appears whole or not at all."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

import digits.export_weights
import export_weights
import params
from digits.networks import NETWORKS
from digits.weights import build
from localization.localizer import shipped
from models import build_model
from models.checkpoints import load_checkpoint, save_checkpoint
from models.onnx import CITATION, described
from models.real_steering import FourierTransform
from models.weights import SHIPPED
from running.errors import InputError
from running.files import read_json, write_json
from running.onnx_file import LICENCE, Described, write_onnx
from running.provenance import ROOT, file_hash, plain
from running.weights import write_weights

LINE = params.MicArray.line_along_x(2, 0.15, (1.7, 7.0, 1.2))
SMALL = params.Setup(array=LINE, window_samples=800)
ARGUMENTS = {"microphones": 2, "window_samples": 800}


def told(path):
    """What an ONNX file says of itself, and its answers to inputs."""
    model = onnx.load(path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (into,) = session.get_inputs()
    return {item.key: item.value for item in model.metadata_props}, lambda x: session.run(None, {into.name: x})[0]


def close(found, expected):
    return np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def refused(capsys, main, arguments):
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    return line


@pytest.fixture
def run(tmp_path):
    """A run folder of a small network, and its set-up's file."""
    folder = tmp_path / "logs" / "loc_cnn_SNR_20_T60_0.3_mixed_seed_1"
    model = build_model("loc_cnn", **ARGUMENTS).eval()
    save_checkpoint(folder / "best", "loc_cnn", model, ARGUMENTS, {"history": [{"epoch": 1}], "commit": "abc"})
    write_json(folder / "config.json", {"arguments": {"rooms": "own", "T60": 0.3, "SNR": 20.0}})
    write_json(tmp_path / "mine.json", plain(SMALL))
    return folder, tmp_path / "mine.json"


@pytest.mark.parametrize(
    ("name", "rooms"),
    [("loc_cnn", {"T60": 0.6, "SNR": 10}), ("sample_cnn", {"T60": 0.15, "SNR": 25}), ("steered_cnn", {})],
)
def test_a_shipped_network_answers_as_in_pytorch_to_any_number_of_windows(name, rooms, tmp_path, capsys, rng):
    chosen = [f"--{key}={value}" for key, value in rooms.items()] or ["--rooms=random"]
    path = export_weights.main(["--model_name", name, *chosen, "--to", str(tmp_path / f"{name}.onnx")])
    assert "answers as PyTorch does, to" in capsys.readouterr().out
    network = shipped(name, **rooms)
    said, answers = told(path)
    for count in (1, 3):
        for level in (1, 1e-3):
            windows = level * rng.standard_normal((count, 16, 5120), dtype=np.float32)
            assert close(answers(windows), network.estimate(windows))
    assert close(answers(np.zeros((2, 16, 5120), np.float32)), network.estimate(np.zeros((2, 16, 5120), np.float32)))
    assert said["sample_rate_hz"] == "16000"
    assert said["window_samples"] == said["hop_samples"] == "5120"
    assert json.loads(said["microphones_m"]) == params.PUBLISHED.array.as_array().tolist()
    assert said["T60_s"] == json.dumps(rooms.get("T60", [0.15, 0.6]))
    assert said["room_m"].startswith("any") == (not rooms)
    assert said["weights_sha256"] == file_hash(network.weights)
    assert said["level"].startswith("any")
    assert all(said.values())
    record, beside = map(read_json, (network.weights.with_suffix(".json"), f"{path}.json"))
    assert record.items() <= beside.items()
    assert beside["onnx"]["sha256"] == file_hash(path)
    assert beside["onnx"]["largest_difference"] <= 1e-5
    assert str(ROOT).encode() not in path.read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == [f"{name}.onnx", f"{name}.onnx.json"]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_of_digits_answers_as_in_pytorch(name, tmp_path, rng):
    network = build(name, 2, seed=1).eval()
    said_of_it = {"network": name, "task": "gender", "fold": 0, "n_classes": 2}
    write_weights(tmp_path / "run" / "best", said_of_it, network.state_dict(), {"commit": "abc"})
    path = digits.export_weights.main([str(tmp_path / "run"), "--to", str(tmp_path / "it.onnx")])
    said, answers = told(path)
    shape = {"waveform": (1, 8000), "spectrogram": (1, 227, 227)}[network.hears]
    for count in (1, 3):
        inputs = rng.standard_normal((count, *shape), dtype=np.float32)
        with torch.inference_mode():
            assert close(answers(inputs), network(torch.from_numpy(inputs)).numpy())
    assert said["trained_by_commit"] == "abc"
    assert "male, female" in said["output"]
    assert read_json(f"{path}.json")["fold"] == 0


def test_a_run_folder_says_what_its_network_was_trained_for(run, monkeypatch, tmp_path):
    folder, setup = run
    monkeypatch.chdir(tmp_path)
    path = export_weights.main(["--weights", str(folder), "--setup", str(setup)])
    assert path == Path("loc_cnn_SNR_20_T60_0.3.onnx")
    said, answers = told(path)
    assert (said["T60_s"], said["snr_db"], said["trained_by_commit"]) == ("0.3", "20.0", "abc")
    assert json.loads(said["microphones_m"]) == LINE.as_array().tolist()
    assert said["level"].startswith("as in the recordings")
    assert answers(np.ones((4, 2, 800), np.float32)).shape == (4, 3)
    assert "history" in read_json(f"{path}.json")


def test_a_published_file_is_of_the_condition_that_is_said_or_of_none(tmp_path):
    torch.save(build_model("loc_cnn").state_dict(), tmp_path / "model.pth")
    args = export_weights.parse(["--weights", str(tmp_path / "model.pth")])
    assert export_weights.chosen_weights(args) == (tmp_path / "model.pth", None)
    args = export_weights.parse(["--weights", str(tmp_path / "model.pth"), "--T60", "0.6", "--SNR", "10"])
    assert export_weights.chosen_weights(args) == (tmp_path / "model.pth", params.CONDITIONS[3])
    network, record = load_checkpoint(tmp_path / "model.pth")
    said = described(network, record, tmp_path / "model.pth", params.PUBLISHED, None)
    assert said["room_m"] == said["T60_s"] == said["trained_by_commit"] == "unknown"


@pytest.mark.parametrize("content", [b"", b"RIFF....WAVEfmt "])
def test_damaged_weights_are_refused_in_a_line_and_leave_nothing(content, tmp_path, capsys):
    (tmp_path / "best.safetensors").write_bytes(content)
    to = tmp_path / "to" / "it.onnx"
    assert "damaged" in refused(capsys, export_weights.main, ["--weights", tmp_path / "best.safetensors", "--to", to])
    assert "damaged" in refused(capsys, digits.export_weights.main, [tmp_path, "--to", to])
    assert not to.parent.exists()


def test_what_can_not_be_is_refused_in_a_line(run, tmp_path, capsys):
    folder, _ = run
    assert "no weights" in refused(capsys, export_weights.main, ["--T60", 0.2, "--to", tmp_path / "it.onnx"])
    assert "no weights" in refused(capsys, export_weights.main, ["--weights", tmp_path / "absent.pth"])
    assert "end in .onnx" in refused(capsys, export_weights.main, ["--to", SHIPPED / "loc_cnn.json"])
    assert "does not fit" in refused(capsys, export_weights.main, ["--weights", folder])
    of_another = ["--weights", folder, "--model_name", "sample_cnn"]
    assert "of loc_cnn, not of sample_cnn" in refused(capsys, export_weights.main, of_another)


class Other(nn.Module):
    """Answers otherwise when it is exported."""

    def forward(self, x):
        return x * (1.001 if torch.compiler.is_exporting() else 1)


def test_a_file_that_answers_otherwise_does_not_appear(tmp_path):
    ends = Described("x", "y", "item", (3,), {}, "")
    with pytest.raises(InputError, match=r"1\.0e-03 of the largest"):
        write_onnx(tmp_path / "it.onnx", Other(), ends, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("samples", [1, 7, 12, 750, 5120])
def test_products_of_small_matrices_make_the_fourier_transform(samples, rng):
    windows = rng.standard_normal((2, 3, samples))
    real, imag = FourierTransform(samples)(torch.tensor(windows, dtype=torch.float32)).numpy()
    np.testing.assert_allclose(real + 1j * imag, np.fft.fft(windows), atol=1e-6 * samples)


@pytest.mark.parametrize("microphones", [2, 5])
def test_steered_cnn_answers_the_same_in_real_numbers_whatever_its_groups(microphones, rng):
    model = build_model("steered_cnn", microphones=microphones, window_samples=1000).eval()
    windows = torch.from_numpy(rng.standard_normal((3, microphones, 1000), dtype=np.float32))
    windows[2] = 0
    with torch.inference_mode():
        assert close(model.in_real_numbers()(windows).numpy(), model(windows).numpy())
        assert type(model.phases).__name__ == "PhaseTransform"


def test_the_citation_is_that_of_the_repository():
    cited = (ROOT / "CITATION.cff").read_text()
    title = CITATION.split('"')[1]
    assert title in " ".join(cited.split())
    assert all(f"family-names: {name}" in cited for name in ("Comanducci", "Antonacci", "Sarti"))
    assert all(name in CITATION for name in ("Comanducci", "Antonacci", "Sarti"))
    assert f"license: {LICENCE}" in cited
