"""Checkpoints: they bring the same network back, take published files, run no code, and damaged ones are refused."""

import json
import re

import pytest
import torch
from safetensors.torch import save_file

from models import PUBLISHED_MODELS, build_model
from models.checkpoints import load_checkpoint, save_checkpoint
from running.errors import InputError

SMALL = {"microphones": 2, "window_samples": 800}
LINEAR = ("weight", "bias")
NORM = (*LINEAR, "running_mean", "running_var", "num_batches_tracked")


def published_sample_cnn_keys():
    """Names in a published SampleCNN file, in the order of the layers."""
    layers = [("BasicBlock1.conv", LINEAR), ("BasicBlock1.bn", NORM)]
    for number in range(1, 6):
        layers += [(f"ReSE{number}.BasicBlock.conv", LINEAR), (f"ReSE{number}.BasicBlock.bn", NORM)]
        layers += [(f"ReSE{number}.conv1", LINEAR), (f"ReSE{number}.bn1", NORM)]
        layers += [(f"ReSE{number}.SEBlock.dense1", LINEAR), (f"ReSE{number}.SEBlock.dense2", LINEAR)]
    layers += [("dense1", LINEAR), ("bn1", NORM), ("output_dense", LINEAR)]
    return [f"{layer}.{name}" for layer, names in layers for name in names]


def published_loc_cnn_keys():
    layers = [f"conv{number}" for number in range(1, 6)] + ["fc1", "fc2"]
    return [f"{layer}.{name}" for layer in layers for name in LINEAR]


PUBLISHED_KEYS = {"loc_cnn": published_loc_cnn_keys(), "sample_cnn": published_sample_cnn_keys()}


@pytest.fixture
def checkpoint(tmp_path):
    """A whole checkpoint, and its network."""
    model = build_model("loc_cnn", **SMALL).eval()
    save_checkpoint(tmp_path / "best", "loc_cnn", model, SMALL, {"seed": 3})
    return tmp_path / "best.safetensors", model


@pytest.mark.parametrize("name", PUBLISHED_MODELS)
def test_a_checkpoint_brings_the_same_network_back(tmp_path, name):
    arguments = SMALL | {"dropout": "published", "input_scale": "window_std"}
    model = build_model(name, **arguments).eval()
    save_checkpoint(tmp_path / "best", name, model, arguments, {"seed": 3})
    loaded, record = load_checkpoint(tmp_path / "best.safetensors", name)
    windows = torch.randn(2, 2, 800)
    assert torch.equal(loaded(windows), model(windows))
    assert type(loaded.dropout) is torch.nn.Dropout1d
    assert not loaded.training
    assert record == {"model_name": name, "arguments": arguments, "seed": 3}


def test_the_json_beside_is_only_a_record(checkpoint):
    path, model = checkpoint
    path.with_suffix(".json").unlink()
    loaded, record = load_checkpoint(path)
    assert record == {"model_name": "loc_cnn", "arguments": SMALL}
    assert torch.equal(loaded.fc2.weight, model.fc2.weight)


@pytest.mark.parametrize("said", [{"model_name": "sample_cnn"}, {"arguments": {"microphones": 16}}, {}])
def test_what_the_weights_say_of_their_network_counts_not_the_json_beside(checkpoint, said):
    path, model = checkpoint
    path.with_suffix(".json").write_text(json.dumps({"seed": 3} | said))
    _, record = load_checkpoint(path)
    assert record == {"model_name": "loc_cnn", "arguments": SMALL, "seed": 3}
    twin = build_model(record["model_name"], **record["arguments"])
    assert repr(twin) == repr(model)


def test_loading_draws_no_random_number(checkpoint):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_checkpoint(checkpoint[0])
    assert torch.equal(torch.rand(3), expected)


def test_a_loaded_network_can_be_trained_on(checkpoint):
    loaded, _ = load_checkpoint(checkpoint[0])
    loaded(torch.randn(2, 2, 800)).sum().backward()
    assert all(parameter.grad is not None for parameter in loaded.parameters())


@pytest.mark.parametrize("name", PUBLISHED_MODELS)
def test_published_files_load(tmp_path, name):
    model = build_model(name).eval()
    state = dict(zip(PUBLISHED_KEYS[name], model.state_dict().values(), strict=True))
    torch.save(state, tmp_path / "model.pth")
    loaded, record = load_checkpoint(tmp_path / "model.pth")
    windows = torch.randn(1, 16, 5120)
    assert torch.equal(loaded(windows), model(windows))
    assert record == {"model_name": name, "arguments": {"microphones": 16, "dropout": "published"}}


class Malicious:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_malicious_pickle_is_refused_without_running_its_code(tmp_path):
    torch.save({"conv1.weight": Malicious(tmp_path / "ran")}, tmp_path / "model.pth")
    with pytest.raises(InputError, match="not loaded"):
        load_checkpoint(tmp_path / "model.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("share", [0, 0.001, 0.1, 0.5, 0.999])
def test_truncated_files_are_refused(tmp_path, checkpoint, share):
    path, model = checkpoint
    torch.save(model.state_dict(), tmp_path / "model.pth")
    for whole in (path, tmp_path / "model.pth"):
        content = whole.read_bytes()
        whole.write_bytes(content[: int(share * len(content))])
        with pytest.raises(InputError, match=re.escape(str(whole))):
            load_checkpoint(whole)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_other_files_are_refused(tmp_path, suffix, rng):
    path = tmp_path / f"model{suffix}"
    for content in (b"RIFF....WAVEfmt ", b"{}", rng.bytes(5000)):
        path.write_bytes(content)
        with pytest.raises(InputError, match="damaged"):
            load_checkpoint(path)


def test_an_absent_file_is_bad_input(tmp_path):
    with pytest.raises(InputError, match="no weights"):
        load_checkpoint(tmp_path / "best.safetensors")


def test_weights_of_another_network_are_refused(checkpoint):
    with pytest.raises(InputError, match="of loc_cnn, not of sample_cnn"):
        load_checkpoint(checkpoint[0], "sample_cnn")


@pytest.mark.parametrize(
    "described",
    [
        {"model_name": "loc_cnn", "arguments": SMALL | {"microphones": 3}},
        {"model_name": "sample_cnn", "arguments": SMALL},
        {"model_name": "loc_cnn", "arguments": SMALL | {"window_samples": 10**15}},
        {"model_name": "loc_cnn", "arguments": SMALL | {"shell": "ls"}},
        {"model_name": "loc_cnn", "arguments": "all"},
        {"model_name": ["loc_cnn"], "arguments": {}},
        {"model_name": "loc_cnn"},
        ["loc_cnn"],
    ],
)
def test_weights_that_do_not_fit_their_description_are_refused(checkpoint, described):
    path, model = checkpoint
    save_file(model.state_dict(), path, metadata={"model": json.dumps(described)})
    with pytest.raises(InputError):
        load_checkpoint(path)


def test_weights_that_are_no_numbers_are_refused(checkpoint):
    path, model = checkpoint
    model.fc1.bias.data[3] = float("nan")
    save_checkpoint(path.with_suffix(""), "loc_cnn", model, SMALL, {})
    with pytest.raises(InputError, match="no numbers"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "content", [{"weight": torch.ones(3)}, {"conv1.weight": torch.ones(3)}, [1, 2], {"conv1": "x"}, {1: torch.ones(3)}]
)
def test_a_state_dict_of_something_else_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "model.pth")
    with pytest.raises(InputError):
        load_checkpoint(tmp_path / "model.pth")
