"""A new network is a class and a line in the registry: it is built, trained by every recipe, kept and loaded again."""

import json

import pytest
import torch
from torch import nn
from training_data import CONDITION, WINDOW_SAMPLES, one_thread, write_dataset  # noqa: F401

import train
from models import MODELS, build_model
from models.checkpoints import load_checkpoint, save_checkpoint
from models.network import Network
from models.weights import find_weights
from training.recipes import RECIPES


class Toy(Network):
    """One layer on windows that fade in and out."""

    title = "Toy"

    def __init__(self, microphones=16, window_samples=5120):
        super().__init__()
        self.register_buffer("fade", torch.hann_window(window_samples), persistent=False)
        self.flatten = nn.Flatten()
        self.output = nn.Linear(microphones * window_samples, 3)

    @property
    def output_layer(self):
        return self.output

    def forward(self, window):
        return self.output(self.flatten(window * self.fade))


@pytest.fixture(autouse=True)
def toy_is_registered(monkeypatch):
    monkeypatch.setitem(MODELS, "toy", Toy)


@pytest.fixture(scope="module")
def data_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("data")
    write_dataset(path)
    return path


def trained(data_path, tmp_path, recipe):
    toy = ["--model_name", "toy", "--epochs", "1", "--batch_size", "3", "--seed", "7", "--gpu", "cpu"]
    return train.main([*toy, "--recipe", recipe, "--data_path", str(data_path), "--log_dir", str(tmp_path)])


def test_a_checkpoint_brings_it_back_with_what_it_computed_when_it_was_built(tmp_path):
    arguments = {"microphones": 2, "window_samples": 800}
    model = build_model("toy", **arguments).eval()
    save_checkpoint(tmp_path / "toy", "toy", model, arguments, {})
    loaded, record = load_checkpoint(tmp_path / "toy.safetensors")
    windows = torch.randn(4, 2, 800)
    assert torch.equal(loaded(windows), model(windows))
    assert record == {"model_name": "toy", "arguments": arguments}


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_trains_it_with_its_own_arguments_and_a_usual_rate(data_path, tmp_path, recipe):
    folder = trained(data_path, tmp_path, recipe)
    model, record = load_checkpoint(folder / "best.safetensors", "toy")
    assert type(model) is Toy
    assert record["arguments"] == {"microphones": 2, "window_samples": WINDOW_SAMPLES}
    assert json.loads((folder / "config.json").read_text())["identity"]["learning_rate"] == 1e-3
    assert find_weights("toy", CONDITION, [tmp_path]) == folder / "best.safetensors"
