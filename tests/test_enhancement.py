"""NSNet2 against its ONNX file, and what explains it."""

import numpy as np
import onnxruntime
import pytest
import torch

from enhancement import nsnet2


@pytest.fixture(scope="module")
def session():
    return onnxruntime.InferenceSession(nsnet2.onnx_file(), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("frames", [1, 8, 21])
def test_network_is_that_of_the_onnx_file_unrolled_or_not(session, frames):
    log_power = np.random.default_rng(frames).normal(-4, 3, (3, frames, nsnet2.BINS)).astype(np.float32)
    (expected,) = session.run(None, {"input": log_power})  # (input, frame, bin)
    heard = torch.tensor(log_power).swapaxes(1, 2)[:, None]
    network = nsnet2.trained()
    for each in (network, network.unrolled(frames)):
        with torch.no_grad():
            masks = each(heard).view(3, nsnet2.BINS, frames)
        np.testing.assert_allclose(masks.swapaxes(1, 2), expected, atol=1e-5, rtol=0)
    assert np.ptp(expected) > 0.5
    with torch.no_grad():
        for other in (nsnet2.untrained(0), nsnet2.shuffled(0)):
            assert (other(heard).view(3, nsnet2.BINS, frames) - masks).abs().max() > 0.1


def test_unrolled_network_uses_no_module_that_is_not_linear_twice():
    network, used = nsnet2.untrained(0).unrolled(3), []
    for name, module in network.named_modules():
        if not list(module.children()):
            module.register_forward_hook(lambda *_, name=name: used.append(name))
    network(torch.zeros(1, 1, nsnet2.BINS, 3))
    assert sum("gates" in name for name in used) == 2 * 2 * 3  # sum and sigmoid, two layers, three frames
    assert len(used) == len(set(used))
