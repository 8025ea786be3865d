"""Relevance written out: every single contribution of every input to every output, in float64, one window at a time.

Nothing here comes from zennit, autograd or `explain`; only the weights are taken from the networks.
"""

import numpy as np

EPSILON = 1e-6
GAMMA = 0.25


def stabilised(z):
    return z + np.where(z < 0, -EPSILON, EPSILON)


def conv(x, w, b):
    """x (in, time), w (out, in, tap), b (out,) -> (out, time)."""
    return contributions(x, w).sum(axis=(1, 2)) + b[:, None]


def contributions(x, w):
    """What each input gives each output, (out, in, tap, time)."""
    taps, time = w.shape[2], x.shape[1]
    padded = np.pad(x, ((0, 0), (taps // 2, taps // 2)))
    given = np.zeros((*w.shape, time))
    for tap in range(taps):
        given[:, :, tap] = w[:, :, tap, None] * padded[None, :, tap : tap + time]
    return given


def gather(shares):
    """Sum up what each input gets from each output it contributed to, (out, in, tap, time) -> (in, time)."""
    _, inputs, taps, time = shares.shape
    padded = np.zeros((inputs, time + taps - 1))
    for tap in range(taps):
        padded[:, tap : tap + time] += shares[:, :, tap].sum(axis=0)
    return padded[:, taps // 2 : taps // 2 + time]


def conv_w_square(x, w, b, relevance):
    squared = contributions(np.ones_like(x), w**2)
    z = squared.sum(axis=(1, 2)) + (b**2)[:, None]
    return gather(squared * (relevance / stabilised(z))[:, None, None])


def conv_gamma(x, w, b, relevance):
    """The generalised rule: contributions of the output's own sign are weighted up, whatever the input's sign."""
    up, down = w + GAMMA * np.maximum(w, 0), w + GAMMA * np.minimum(w, 0)
    b_up, b_down = b + GAMMA * np.maximum(b, 0), b + GAMMA * np.minimum(b, 0)
    positive, negative = np.maximum(x, 0), np.minimum(x, 0)
    z = conv(x, w, b)
    result = np.zeros_like(x)
    for side, first, second, bias in ((z > 0, up, down, b_up), (z < 0, down, up, b_down)):
        given = contributions(positive, first) + contributions(negative, second)
        z_side = given.sum(axis=(1, 2)) + bias[:, None]
        result += gather(given * np.where(side, relevance / stabilised(z_side), 0)[:, None, None])
    return result


def linear(x, w, b):
    return w @ x + b


def linear_epsilon(x, w, b, relevance):
    result = np.zeros_like(x)
    z = linear(x, w, b)
    for output in range(len(z)):
        for inputs in range(len(x)):
            result[inputs] += w[output, inputs] * x[inputs] * relevance[output] / stabilised(z)[output]
    return result


def max_pool(x, size):
    return np.array([[row[i * size : (i + 1) * size].max() for i in range(len(row) // size)] for row in x])


def max_pool_norm(x, size, relevance):
    result = np.zeros_like(x)
    for channel, row in enumerate(x):
        for i in range(len(row) // size):
            winner = i * size + int(np.argmax(row[i * size : (i + 1) * size]))
            result[channel, winner] += relevance[channel, i] * row[winner] / stabilised(row[winner])
    return result


def average_norm(x, relevance):
    """Average over all time; relevance (channel,)."""
    mean = x.mean(axis=1)
    return x / x.shape[1] * (relevance / stabilised(mean))[:, None]


def sum_norm(first, second, relevance):
    share = relevance / stabilised(first + second)
    return first * share, second * share


def relu(x):
    return np.maximum(x, 0)


def weights_of(layer, batch_norm=None):
    """Weights and bias in float64, with a batch norm multiplied in."""
    w, b = (value.detach().double().numpy() for value in (layer.weight, layer.bias))
    if batch_norm is None:
        return w, b
    scale, shift, mean, variance = (
        value.detach().double().numpy()
        for value in (batch_norm.weight, batch_norm.bias, batch_norm.running_mean, batch_norm.running_var)
    )
    factor = scale / np.sqrt(variance + batch_norm.eps)
    return w * factor.reshape(-1, *[1] * (w.ndim - 1)), (b - mean) * factor + shift


def explain_loc_cnn(model, x, start_of):
    """Return the estimate and the relevance of x, (microphone, sample); `start_of` maps estimate to start."""
    convs = [weights_of(getattr(model, f"conv{i}")) for i in range(1, 6)]
    fc1, fc2 = weights_of(model.fc1), weights_of(model.fc2)
    pools = (7, None, 5, 5, None)

    inputs, before_pool = [], []
    for (w, b), size in zip(convs, pools, strict=True):
        inputs.append(x)
        x = relu(conv(x, w, b))
        before_pool.append(x)
        x = max_pool(x, size) if size else x
    flat = x.reshape(-1)
    hidden = relu(linear(flat, *fc1))
    estimate = linear(hidden, *fc2)

    r = linear_epsilon(hidden, *fc2, start_of(estimate))
    r = linear_epsilon(flat, *fc1, r).reshape(x.shape)
    for index in (4, 3, 2, 1):
        r = max_pool_norm(before_pool[index], pools[index], r) if pools[index] else r
        r = conv_gamma(inputs[index], *convs[index], r)
    r = max_pool_norm(before_pool[0], pools[0], r)
    return estimate, conv_w_square(inputs[0], *convs[0], r)


def explain_sample_cnn(model, x, start_of, gate):
    """As `explain_loc_cnn`; `gate` is "published" or "signal"."""
    stem = weights_of(model.stem.conv, model.stem.norm)
    dense, output = weights_of(model.dense, model.norm), weights_of(model.output)

    stem_out = relu(conv(x, *stem))
    flow, steps = max_pool(stem_out, 3), []
    for block in model.blocks:
        flow, step = _block_forward(block, flow)
        steps.append(step)
    mean = flow.mean(axis=1)
    hidden = relu(linear(mean, *dense))
    estimate = linear(hidden, *output)

    r = linear_epsilon(hidden, *output, start_of(estimate))
    r = linear_epsilon(mean, *dense, r)
    r = average_norm(flow, r)
    for step in reversed(steps):
        r = _block_backward(step, r, gate)
    r = max_pool_norm(stem_out, 3, r)
    return estimate, conv_w_square(x, *stem, r)


def _block_forward(block, x):
    step = {"first": weights_of(block.block.conv, block.block.norm), "second": weights_of(block.conv, block.norm)}
    step |= {"dense1": weights_of(block.excite.dense1), "dense2": weights_of(block.excite.dense2), "in": x}
    step["middle"] = relu(conv(x, *step["first"]))
    step["out"] = conv(step["middle"], *step["second"])
    step["mean"] = step["out"].mean(axis=1)
    step["squeezed"] = relu(linear(step["mean"], *step["dense1"]))
    gate = 1 / (1 + np.exp(-linear(step["squeezed"], *step["dense2"])))
    step["scaled"] = step["out"] * gate[:, None]
    step["sum"] = relu(step["out"] + step["scaled"])
    return max_pool(step["sum"], 3), step


def _block_backward(step, r, gate):
    r = max_pool_norm(step["sum"], 3, r)
    to_out, to_scaled = sum_norm(step["out"], step["scaled"], r)
    if gate == "signal":
        to_out = to_out + to_scaled
    else:
        to_gate = to_scaled.sum(axis=1)
        to_squeezed = linear_epsilon(step["squeezed"], *step["dense2"], to_gate)
        to_mean = linear_epsilon(step["mean"], *step["dense1"], to_squeezed)
        to_out = to_out + average_norm(step["out"], to_mean)
    to_middle = conv_gamma(step["middle"], *step["second"], to_out)
    return conv_gamma(step["in"], *step["first"], to_middle)
