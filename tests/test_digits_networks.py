"""AudioNet, the AlexNet variant and the folds over speakers are those that were published."""

import pytest
import torch
from spoken_tones import seeded_input
from torch.nn import functional

from digits.folds import TASKS
from digits.networks import NETWORKS
from digits.recipes import RECIPES
from digits.weights import build, untrained
from explain.lrp.rules import has_rules

PARAMETERS = {"audio_net": 17_107_162, "alex_net": 12_808_906}
INPUTS = {"audio_net": (1, 1, 8000), "alex_net": (1, 1, 227, 227)}
HEARS = {"audio_net": "waveform", "alex_net": "spectrogram"}


def audio_net_by_hand(w, x):
    """AudioNet in evaluation mode, written from its description."""
    for layer in range(1, 7):
        x = functional.relu(functional.conv1d(x, w[f"conv{layer}.weight"], w[f"conv{layer}.bias"], padding=1))
        x = functional.max_pool1d(x, 3, 2, ceil_mode=True) if layer == 1 else functional.max_pool1d(x, 2)
    x = x.reshape(len(x), 16_000)
    for layer in (1, 2, 3):
        x = functional.linear(x, w[f"fc{layer}.weight"], w[f"fc{layer}.bias"])
    return x


def alex_net_by_hand(w, x):
    """The AlexNet variant in evaluation mode, written from its description."""
    steps = [(1, 4, 0, 1, True), (2, 1, 2, 2, True), (3, 1, 1, 1, False), (4, 1, 1, 2, False), (5, 1, 1, 2, True)]
    for layer, stride, padding, groups, pooled in steps:
        weight, bias = w[f"conv{layer}.weight"], w[f"conv{layer}.bias"]
        x = functional.relu(functional.conv2d(x, weight, bias, stride, padding, groups=groups))
        x = functional.max_pool2d(x, 3, 2) if pooled else x
    x = x.reshape(len(x), 9216)
    for layer in (1, 2):
        x = functional.relu(functional.linear(x, w[f"fc{layer}.weight"], w[f"fc{layer}.bias"]))
    return functional.linear(x, w["fc3.weight"], w["fc3.bias"])


BY_HAND = {"audio_net": audio_net_by_hand, "alex_net": alex_net_by_hand}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_as_published(name):
    network = build(name, 10, seed=0).eval()
    assert sum(parameter.numel() for parameter in network.parameters()) == PARAMETERS[name]
    assert network.hears == HEARS[name]
    x = seeded_input(INPUTS[name])
    with torch.no_grad():
        expected = BY_HAND[name](network.state_dict(), x)
        torch.testing.assert_close(network(x), expected, rtol=1e-4, atol=1e-6)
    assert has_rules(network)  # so that LRP can hand relevance down


def test_untrained_twins_differ_by_seed_and_leave_the_common_generator_alone():
    before = torch.get_rng_state()
    network = build("alex_net", 2, seed=1)
    twin = untrained(network, seed=2)
    assert torch.equal(torch.get_rng_state(), before)
    assert type(twin) is type(network)
    assert not twin.training
    assert twin.fc3.weight.shape == (2, 1024)
    assert not torch.equal(twin.conv1.weight, network.conv1.weight)
    torch.manual_seed(2)
    first = NETWORKS["alex_net"](2).conv1.weight
    assert torch.equal(twin.conv1.weight, first)


@pytest.mark.parametrize(("task", "folds", "speakers"), [("digit", 5, (36, 12, 12)), ("gender", 4, (12, 6, 6))])
def test_no_speaker_is_in_two_splits_and_each_is_tested_once(task, folds, speakers):
    asked = TASKS[task]
    assert asked.folds == folds
    everyone = sorted(sum(asked.blocks, ()))
    assert len(set(everyone)) == len(everyone)
    if task == "digit":
        assert everyone == list(range(1, 61))
    tested = []
    for fold in range(folds):
        splits = asked.speakers(fold)
        assert tuple(map(len, splits.values())) == speakers
        assert tuple(10 * 50 * len(split) for split in splits.values()) == tuple(500 * count for count in speakers)
        assert sorted(sum(splits.values(), ())) == everyone
        tested += splits["test"]
    assert sorted(tested) == everyone


def test_folds_take_the_published_blocks_in_turn():
    digit, gender = TASKS["digit"], TASKS["gender"]
    assert digit.speakers(0)["train"][::12] == (28, 36, 43)
    assert digit.speakers(0)["val"] == (12, 47, 59, 15, 27, 41, 4, 11, 21, 31, 44, 50)
    assert digit.speakers(3)["train"][::12] == (12, 26, 28)
    assert digit.speakers(3)["test"][0] == 43
    women = {12, 26, 28, 36, 43, 47, 52, 56, 57, 58, 59, 60}
    assert all(len(women & set(block)) == 3 for block in gender.blocks)
    assert gender.speakers(2) == {
        "train": gender.blocks[2] + gender.blocks[3],
        "val": gender.blocks[0],
        "test": gender.blocks[1],
    }


def test_the_published_recipe_is_as_published():
    audio_net, alex_net = RECIPES["paper"]["audio_net"], RECIPES["paper"]["alex_net"]
    assert audio_net.epochs_of(180) * 180 == 50_040  # 18,000 clips in batches of 100
    network = torch.nn.Linear(400, 300)
    audio_net.initialise(network)
    assert abs(network.weight.std().item() - 0.1) < 1e-3
    assert not network.bias.any()
    optimizer = audio_net.make_optimizer(network)
    assert (optimizer.defaults["lr"], optimizer.defaults["momentum"], audio_net.batch_size) == (1e-4, 0.9, 100)
    optimizer = alex_net.make_optimizer(network)
    schedule = alex_net.make_schedule(optimizer, 10_000)
    rates = []
    for _ in range(10_000):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert [rates[step] for step in (0, 2499, 2500, 5000, 7500)] == [1e-3, 1e-3, 5e-4, 2.5e-4, 1.25e-4]
    assert alex_net.clipping == 5
