"""The networks: sizes, what they compute (written out in float64), scaling and dropout."""

import numpy as np
import pytest
import torch
from torch import nn

from models import MODELS, PUBLISHED_MODELS, build_model
from models.layers import Conv1d, WindowScale, output_dropout
from running.errors import InputError
from training.recipes import RECIPES


def conv(x, layer):
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()  # (out, in, tap), (out,)
    taps, time = weight.shape[2], x.shape[1]
    padded = np.pad(x, ((0, 0), (taps // 2, taps // 2)))
    return bias[:, None] + sum(weight[:, :, tap] @ padded[:, tap : tap + time] for tap in range(taps))


def linear(x, layer):
    return layer.weight.detach().numpy() @ x + layer.bias.detach().numpy()


def norm(x, layer):
    mean, var = layer.running_mean.numpy(), layer.running_var.numpy()
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    return ((x.T - mean) / np.sqrt(var + 1e-5) * weight + bias).T


def pool(x, size):
    count = x.shape[1] // size
    return x[:, : count * size].reshape(len(x), count, size).max(2)


def relu(x):
    return np.maximum(x, 0)


def literal_loc_cnn(x, net):
    x = pool(relu(conv(x, net.conv1)), 7)
    x = relu(conv(x, net.conv2))
    x = pool(relu(conv(x, net.conv3)), 5)
    x = pool(relu(conv(x, net.conv4)), 5)
    x = relu(conv(x, net.conv5))
    return linear(relu(linear(x.ravel(), net.fc1)), net.fc2)


def literal_sample_cnn(x, net):
    x = pool(relu(norm(conv(x, net.stem.conv), net.stem.norm)), 3)
    for block in net.blocks:
        x = relu(norm(conv(x, block.block.conv), block.block.norm))
        x = norm(conv(x, block.conv), block.norm)
        gate = linear(relu(linear(x.mean(1), block.excite.dense1)), block.excite.dense2)
        x = pool(relu(x + x / (1 + np.exp(-gate))[:, None]), 3)
    return linear(relu(norm(linear(x.mean(1), net.dense), net.norm)), net.output)


LITERAL = {"loc_cnn": literal_loc_cnn, "sample_cnn": literal_sample_cnn}


def trained_looking(name, **arguments):
    """A network in evaluation mode whose batch norms are not the identity."""
    torch.manual_seed(1)
    model = build_model(name, **arguments)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            for values, low in (
                (module.weight.data, 0.5),
                (module.bias.data, -0.5),
                (module.running_mean, -0.5),
                (module.running_var, 0.5),
            ):
                values.uniform_(low, low + 1)
    return model.eval()


@pytest.mark.parametrize(("name", "count"), [("loc_cnn", 2_126_355), ("sample_cnn", 673_475)])
def test_parameter_counts_are_the_published_ones(name, count):
    assert sum(parameter.numel() for parameter in build_model(name).parameters()) == count


@pytest.mark.parametrize("name", MODELS)
def test_a_network_says_of_recipes_that_exist_how_it_is_built_and_trained(name):
    assert MODELS[name].recipes.keys() <= RECIPES.keys()
    for recipe_name in RECIPES:
        hyperparameters = MODELS[name].hyperparameters(recipe_name)
        assert 0 < hyperparameters.learning_rate < 1
        assert build_model(name, **hyperparameters.arguments).output_layer.out_features == 3


def test_networks_have_titles_of_their_own():
    titles = [network.title for network in MODELS.values()]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("name", LITERAL)
def test_network_computes_what_its_layers_say_written_out_in_float64(name, rng):
    model = trained_looking(name).double()
    windows = rng.standard_normal((2, 16, 5120))
    with torch.no_grad():
        answers_m = model(torch.from_numpy(windows)).numpy()
    np.testing.assert_allclose(answers_m, [LITERAL[name](window, model) for window in windows], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("microphones", "window_samples"), [(2, 729), (3, 1000), (5, 8000)])
def test_any_number_of_microphones_and_window_length(name, microphones, window_samples):
    model = build_model(name, microphones=microphones, window_samples=window_samples).eval()
    assert model(torch.randn(3, microphones, window_samples)).shape == (3, 3)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("loc_cnn", {"window_samples": 174}),
        ("sample_cnn", {"window_samples": 728}),
        ("loc_cnn", {"dropout": "none"}),
        ("sample_cnn", {"input_scale": "peak"}),
        ("loc_cnn", {"microphones": -1}),
        ("loc_cnn", {"microphone": 16}),
        ("sample_cnn", {"microphones": "many"}),
        ("steered_cnn", {"microphones": 1}),
        ("steered_cnn", {"microphones": 3, "array_m": [[1, 1, 1], [2, 2, 2]]}),
        ("steered_cnn", {"array_m": [["x", 1, 1], [2, 2, 2]]}),
        ("steered_cnn", {"window_samples": 2}),
        ("res_net", {}),
    ],
)
def test_a_network_that_can_not_be_is_bad_input(name, arguments):
    with pytest.raises(InputError):
        build_model(name, **arguments)


@pytest.mark.parametrize("name", MODELS)
def test_memory_order_of_the_windows_changes_nothing(name):
    model = trained_looking(name).double()
    windows = torch.randn(2, 16, 5120, dtype=torch.float64)
    channels_last = windows.transpose(1, 2).contiguous().transpose(1, 2)
    torch.testing.assert_close(model(channels_last), model(windows), rtol=1e-10, atol=1e-12)


def test_convolution_is_pytorchs_with_same_padding():
    ours = Conv1d(3, 4, 5).double()
    theirs = nn.Conv1d(3, 4, 5, padding="same").double()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 50, dtype=torch.float64)
    torch.testing.assert_close(ours(x), theirs(x))


def test_batch_norm_in_training_is_pytorchs():
    ours, theirs = build_model("sample_cnn").stem.norm, nn.BatchNorm1d(64)
    x = 3 * torch.randn(4, 64, 30) + 1
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours.running_var, theirs.running_var)


def test_scaled_windows_have_unit_standard_deviation_and_silence_stays_finite():
    windows = torch.randn(4, 16, 500) * torch.tensor([1e-4, 1.0, 30.0, 0.0]).view(4, 1, 1)
    scaled = WindowScale("window_std")(windows)
    torch.testing.assert_close(scaled[:3].std(dim=(1, 2)), torch.ones(3))
    assert (scaled[3] == 0).all()


@pytest.mark.parametrize("name", PUBLISHED_MODELS)
def test_loudness_tells_a_scaled_network_nothing(name):
    model = trained_looking(name, input_scale="window_std")
    windows = torch.randn(2, 16, 5120)
    torch.testing.assert_close(model(16 * windows), model(windows))


def test_published_dropout_drops_whole_samples():
    torch.manual_seed(0)
    out = output_dropout("published", 0.5)(torch.ones(400, 50))
    assert all(len(row.unique()) == 1 for row in out)
    assert 0.4 < (out[:, 0] == 0).float().mean() < 0.6
    assert set(out.unique().tolist()) == {0, 2}


def test_element_wise_dropout_drops_single_features():
    torch.manual_seed(0)
    out = output_dropout("element", 0.5)(torch.ones(400, 50))
    assert all(set(row.unique().tolist()) == {0, 2} for row in out)
    assert 0.48 < (out == 0).float().mean() < 0.52


@pytest.mark.parametrize("name", PUBLISHED_MODELS)
@pytest.mark.parametrize(("dropout", "kind"), [("element", nn.Dropout), ("published", nn.Dropout1d)])
def test_dropout_before_the_last_layer_is_by_choice(name, dropout, kind):
    assert type(build_model(name, dropout=dropout).dropout) is kind
