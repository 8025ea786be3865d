"""Every new draw has a stream of its own."""

from itertools import product

import numpy as np

from running.seeds import generator


def test_a_stream_is_named_by_seed_purpose_and_numbers():
    literal = np.random.default_rng([7, 0x737065656368, 3, 1])  # "speech" in ASCII
    np.testing.assert_array_equal(generator(7, "speech", 3, 1).random(5), literal.random(5))


def test_no_two_purposes_seeds_or_numbers_share_a_stream_nor_do_draws_without_purpose():
    named = product((0, 1, 5000), ("speech", "noise", "x"), (0, 1, 2), (0, 1))
    streams = [generator(*name) for name in named] + [np.random.default_rng(bare) for bare in (5000, [5000, 0, 1])]
    assert len({stream.random() for stream in streams}) == len(streams)


def test_draws_without_purpose_overlap_as_the_conventions_say():
    assert np.random.default_rng(5000).random() == np.random.default_rng([5000, 0, 0]).random()
