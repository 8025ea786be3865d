"""Which file a network's weights are taken from, and what is said where there is none."""

import pytest

import localization_experiment
import params
import perturbation_experiment
from models import PUBLISHED_MODELS
from models.weights import SHIPPED, find_weights
from running.errors import InputError

CONDITION = params.CONDITIONS[0]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The folder of a run, where train.py leaves it by default."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "logs" / f"loc_cnn_{CONDITION.name}_mixed_seed_1"
    folder.mkdir(parents=True)
    (folder / "best.safetensors").touch()
    return folder.relative_to(tmp_path)


@pytest.mark.parametrize("experiment", [localization_experiment, perturbation_experiment])
@pytest.mark.parametrize("name", PUBLISHED_MODELS)
def test_a_run_in_logs_replaces_no_shipped_network_unless_it_is_named(run, experiment, name):
    shipped = SHIPPED / f"{name}_{CONDITION.name}.safetensors"
    assert find_weights(name, CONDITION, experiment.parse([]).weights) == shipped
    named = experiment.parse(["--weights", "logs", str(SHIPPED)]).weights
    assert find_weights(name, CONDITION, named) == (run / "best.safetensors" if name == "loc_cnn" else shipped)


def test_every_file_that_was_looked_for_is_named(tmp_path):
    with pytest.raises(InputError) as refused:
        find_weights("loc_cnn", CONDITION, [tmp_path])
    for name in (
        "loc_cnn_SNR_25_T60_0.15.safetensors",
        "loccnn/model_SNR_25_T60_0.15.pth",
        "loc_cnn_SNR_25_T60_0.15_*/best.safetensors",
    ):
        assert str(tmp_path / name) in str(refused.value)
    assert "make them with train.py" in str(refused.value)


def test_a_run_that_is_there_but_was_not_named_is_advised(run, tmp_path):
    with pytest.raises(InputError, match=f"say --weights {run}$"):
        find_weights("loc_cnn", CONDITION, [tmp_path / "elsewhere"])


def test_a_file_of_another_network_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    other = SHIPPED / f"sample_cnn_{CONDITION.name}.safetensors"
    with pytest.raises(InputError, match=f"looked for {other}"):
        find_weights("loc_cnn", CONDITION, [other])
