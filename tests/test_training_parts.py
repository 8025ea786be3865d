"""What a training is made of: windows, scales, recipes, ranks, estimates."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from tqdm import tqdm
from training_data import COUNTS, one_thread, open_splits, without_dropout, write_dataset  # noqa: F401
from two_ranks import run_on_two_ranks

from models import MODELS, PUBLISHED_MODELS, build_model
from running import precision
from running.errors import InputError
from training.loop import Plan, Training
from training.recipes import RECIPES
from training.scaling import TargetScale
from training.windows import Batch, draw_epoch, generator, in_batches, read, read_ahead

CPU = torch.device("cpu")
SMALL = {"microphones": 2, "window_samples": 750}
WINDOW_COUNTS = np.array([3, 1, 9, 4, 2, 5, 7])


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    path = tmp_path_factory.mktemp("data")
    write_dataset(path)
    return open_splits(path)


def toy(name="loc_cnn", recipe="mixed", **changed):
    changed = {"epochs": 2, "batch_size": 7, "precision": "fp32"} | changed
    return Plan(name, replace(RECIPES[recipe], **changed), seed=3)


def test_an_epoch_takes_one_window_of_each_source_in_batches():
    drawn = draw_epoch(WINDOW_COUNTS, generator(1, "train", 0))
    assert [len(batch) for batch in in_batches(drawn, 3)] == [3, 3, 1]
    assert sorted(drawn.sources) == list(range(7))
    assert (drawn.windows < WINDOW_COUNTS[drawn.sources]).all()


def test_draws_depend_on_seed_split_and_epoch_alone():
    def draw(**changed):
        drawn = draw_epoch(np.full(50, 9), generator(**{"seed": 1, "split": "train", "epoch": 0} | changed))
        return np.concatenate([drawn.sources, drawn.windows])

    assert (draw() == draw()).all()
    for changed in ({"seed": 2}, {"split": "val"}, {"epoch": 1}):
        assert (draw() != draw(**changed)).any()


def test_every_window_is_drawn_as_often_as_its_sisters():
    drawn = [draw_epoch(np.array([4]), generator(1, "train", epoch)).windows[0] for epoch in range(2000)]
    assert np.bincount(drawn).min() > 430


def test_ranks_share_a_batch_without_loss():
    batch = Batch(np.arange(7), np.arange(7) + 10)
    shares = [batch[rank::3] for rank in range(3)]
    assert [len(share) for share in shares] == [3, 2, 2]
    assert sorted(np.concatenate([share.windows for share in shares])) == list(range(10, 17))


def test_batches_hold_the_windows_of_the_recordings(splits):
    batches = in_batches(draw_epoch(splits[0].window_counts, generator(1, "train", 0)), 3)
    for batch, (windows, positions_m) in zip(batches, read_ahead(splits[0], batches), strict=True):
        for row, (source, window) in enumerate(zip(batch.sources, batch.windows, strict=True)):
            np.testing.assert_array_equal(windows[row], splits[0].windows(source)[window])
            np.testing.assert_allclose(positions_m[row], splits[0].positions_m[source], rtol=1e-6)
        assert windows.stride()[1] == 1


def test_a_recording_lost_meanwhile_is_bad_input(tmp_path):
    dataset = write_dataset(tmp_path)
    train_set, _ = open_splits(tmp_path)
    dataset.path("train", 1).unlink()
    with pytest.raises(InputError, match=r"0001\.wav"):
        read(train_set, Batch(np.array([0, 1]), np.array([0, 0])))


@pytest.mark.parametrize("name", MODELS)
def test_folded_network_answers_in_metres_what_the_scaled_one_means(name, rng):
    positions_m = rng.uniform([0.8, 4.5, 1], [2.6, 6.5, 1.5], (50, 3))
    scale = TargetScale.standard(positions_m)
    model = build_model(name, **SMALL).double().eval()
    windows = torch.randn(4, 2, 750, dtype=torch.float64)
    torch.testing.assert_close(scale.folded(model)(windows), scale.metres(model(windows)))
    assert sum(p.numel() for p in scale.folded(model).parameters()) == sum(p.numel() for p in model.parameters())


def test_standardised_targets_have_mean_0_and_deviation_1(rng):
    positions_m = rng.uniform([0.8, 4.5, 1], [2.6, 6.5, 1.5], (50, 3))
    scale = TargetScale.standard(positions_m)
    scaled = scale.scaled(torch.tensor(positions_m).float())
    torch.testing.assert_close(scaled.mean(0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(scaled.std(0, correction=0), torch.ones(3))
    torch.testing.assert_close(scale.metres(scaled), torch.tensor(positions_m).float())


def test_one_height_for_all_sources_can_be_standardised():
    scale = TargetScale.standard(np.array([[1.0, 2.0, 1.2], [2.0, 4.0, 1.2]]))
    assert torch.equal(scale.std_m, torch.tensor([0.5, 1.0, 1.0]))


@pytest.mark.parametrize("name", MODELS)
def test_unfolding_is_the_inverse_of_folding(name, rng):
    scale = TargetScale.standard(rng.uniform([0.8, 4.5, 1], [2.6, 6.5, 1.5], (50, 3)))
    model = build_model(name, **SMALL)
    for key, value in scale.unfolded(scale.folded(model)).state_dict().items():
        torch.testing.assert_close(value, model.state_dict()[key])


@pytest.mark.parametrize(("name", "learning_rate"), [("loc_cnn", 1e-3), ("sample_cnn", 1e-2)])
def test_published_recipe_is_the_published_one(name, learning_rate, splits):
    training = Training(Plan(name, RECIPES["paper"], seed=1), *splits, CPU)
    assert type(training.optimizer) is torch.optim.Adam
    assert training.optimizer.param_groups[0]["lr"] == learning_rate
    assert training.optimizer.param_groups[0]["weight_decay"] == 0
    assert (training.plan.recipe.epochs, training.plan.recipe.batch_size) == (1000, 100)
    assert type(training.model.dropout) is nn.Dropout1d
    assert training.model.scale.kind == "none"
    assert torch.equal(training.scale.std_m, torch.ones(3))
    assert precision.resolve(training.plan.recipe.precision, CPU) == "fp32"


def test_published_learning_rate_falls_to_a_fifth_after_100_epochs_without_a_better_loss(splits):
    training = Training(Plan("loc_cnn", RECIPES["paper"], seed=1), *splits, CPU)
    rates = []
    for _ in range(103):
        rates.append(training.optimizer.param_groups[0]["lr"])
        training.schedule.step(1.0)
    assert rates[:102] == [1e-3] * 102
    assert rates[102] == pytest.approx(2e-4)


def test_published_recipe_stops_after_200_epochs_without_a_better_loss(splits):
    training = Training(Plan("loc_cnn", RECIPES["paper"], seed=1), *splits, CPU)
    training.history = [{"val_loss_m2": loss} for loss in [0.3, 0.2, *[0.2] * 200]]
    assert training.best_epoch == 2
    assert not training.finished
    training.history.append({"val_loss_m2": 0.2})
    assert training.finished


def test_one_cycle_rises_to_the_recipes_rate_and_falls_to_nothing(splits):
    training = Training(toy(epochs=50), *splits, CPU)
    rates = []
    for _ in range(50):
        rates.append(training.optimizer.param_groups[0]["lr"])
        training.optimizer.step()
        training.schedule.step() if len(rates) < 50 else None
    assert max(rates) == pytest.approx(2e-3, rel=0.01)
    assert rates.index(max(rates)) in (14, 15)
    assert rates[-1] < 1e-6


@pytest.mark.parametrize("name", PUBLISHED_MODELS)
def test_a_network_learns_a_few_windows_by_heart(splits, name):
    plan = toy(name, epochs=80, batch_size=7, loss_weights=(1.0, 1.0, 1.0))
    training = Training(plan, *splits, CPU)
    without_dropout(training.model)
    training._batches = lambda epoch: [training.mixtures.draw_epoch(generator(1, "train", 0))]
    losses_m2 = [training.run_epoch(tqdm(disable=True))["train_loss_m2"] for _ in range(80)]
    assert losses_m2[-1] < 0.05 * losses_m2[0]


@pytest.mark.parametrize("name", MODELS)
def test_bf16_turns_the_gradient_little_more_than_rounding_the_input_to_bf16_does(name):
    torch.manual_seed(0)
    model = without_dropout(build_model(name, **SMALL).train())
    windows = torch.randn(32, 2, 750)

    def gradient(kind, heard):
        model.zero_grad()
        with precision.autocast(kind, CPU):
            answers = model(heard)
        (answers.float() - 1).square().mean().backward()
        return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])

    exact = gradient("fp32", windows)
    turned = 1 - torch.cosine_similarity(exact, gradient("bf16", windows), dim=0)
    turned_by_input = 1 - torch.cosine_similarity(exact, gradient("fp32", windows.bfloat16().float()), dim=0)
    assert 0 < turned < 10 * turned_by_input


def test_automatic_precision_follows_the_processor(monkeypatch):
    for has_bf16, resolved in ((True, "bf16"), (False, "fp32")):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda has=has_bf16: {"avx512_bf16": has})
        assert precision.resolve("auto", CPU) == resolved
        assert precision.resolve("fp32", CPU) == "fp32"


def test_too_few_sources_are_bad_input(splits):
    with pytest.raises(InputError, match="at least 2 sources"):
        Training(toy(batch_size=1), *splits, CPU)


def test_a_recording_without_a_window_is_bad_input(tmp_path):
    write_dataset(tmp_path)
    train_set, val_set = open_splits(tmp_path)
    val_set.sources[1]["windows"] = 0
    with pytest.raises(InputError, match="shorter than one window"):
        Training(toy(), train_set, val_set, CPU)


TWO_RANKS = """
import sys
from pathlib import Path
import test_training_parts as parts
from running import ranks
with ranks.process_group():
    weights = parts.two_epochs_without_dropout(sys.argv[1])
    if ranks.is_main():
        parts.torch.save(weights, sys.argv[2])
threads = [path.read_text() for path in Path("/proc/self/task").glob("*/comm")]
assert not any("gloo" in name for name in threads), "a thread of the group can abort the process at its end"
"""


def two_epochs_without_dropout(data_path):
    plan = replace(toy(), learning_rate=1.5e-3)  # Adam makes of rounding near zero a share of a step
    training = Training(plan, *open_splits(Path(data_path)), CPU)
    without_dropout(training.model)
    for _ in range(2):
        training.run_epoch(tqdm(disable=True))
    return {**training.model.state_dict(), "val": torch.tensor(training.history[-1]["val_loss_m2"])}


def test_two_ranks_train_as_one_does(tmp_path):
    """LocCNN has no batch norm, so sharing batches, here 4 and 3 windows, changes rounding alone."""
    write_dataset(tmp_path / "data")
    (tmp_path / "script.py").write_text(TWO_RANKS)
    run_on_two_ranks(tmp_path / "script.py", str(tmp_path / "data"), str(tmp_path / "weights.pt"))
    one, two = two_epochs_without_dropout(tmp_path / "data"), torch.load(tmp_path / "weights.pt")
    for key, value in one.items():
        torch.testing.assert_close(two[key], value, rtol=1e-3, atol=2e-5, msg=key)
