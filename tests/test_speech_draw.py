import hashlib
from collections import Counter

import numpy as np
import pytest

from acoustics.speech import Corpus, Utterance, draw_utterances, open_corpus
from params import PUBLISHED
from running.errors import InputError

COUNTS = {"train": 300, "val": 80, "test": 30}


class Words(Corpus):
    """Speakers with given numbers of utterances."""

    def __init__(self, sizes):
        super().__init__("words", 1)
        self.sizes = sizes

    def utterances(self):
        return tuple(
            Utterance(f"{s:02d}-{n:04d}", f"{s:02d}") for s, size in enumerate(self.sizes) for n in range(size)
        )

    def fingerprint(self):
        return ""

    def read(self, utterance):
        raise NotImplementedError


def shared(drawn, key):
    sets = [{getattr(utterance, key) for utterance in utterances} for utterances in drawn.values()]
    return sets[0] & sets[1] | sets[0] & sets[2] | sets[1] & sets[2]


def test_splits_share_no_speaker_by_default():
    for seed in range(20):
        drawn = draw_utterances(Words([20, 5, 9, 30, 14, 20, 20]), COUNTS, seed)
        assert {split: len(utterances) for split, utterances in drawn.items()} == COUNTS
        assert not shared(drawn, "speaker")


def test_splits_share_no_utterance_but_speakers_when_utterances_are_drawn():
    drawn = draw_utterances(Words([20] * 5), COUNTS, 0, "utterances")
    assert not shared(drawn, "id")
    assert shared(drawn, "speaker")


@pytest.mark.parametrize("draw", ["speakers", "utterances"])
def test_utterances_of_a_split_are_used_evenly(draw):
    for utterances in draw_utterances(Words([20] * 10), COUNTS, 3, draw).values():
        uses = Counter(utterances)
        assert max(uses.values()) - min(uses.values()) <= 1


@pytest.mark.parametrize("draw", ["speakers", "utterances"])
def test_a_source_keeps_its_utterance_when_more_sources_are_asked_for(draw):
    few = draw_utterances(Words([20] * 10), dict.fromkeys(COUNTS, 7), 3, draw)
    many = draw_utterances(Words([20] * 10), COUNTS, 3, draw)
    assert all(many[split][:7] == few[split] for split in COUNTS)


@pytest.mark.parametrize("draw", ["speakers", "utterances", "published"])
def test_the_seed_decides(draw):
    corpus = Words([20] * 10)
    assert draw_utterances(corpus, COUNTS, 1, draw) == draw_utterances(corpus, COUNTS, 1, draw)
    assert draw_utterances(corpus, COUNTS, 1, draw) != draw_utterances(corpus, COUNTS, 2, draw)


def test_ten_equal_speakers_are_divided_about_70_15_15():
    drawn = draw_utterances(Words([20] * 20), dict.fromkeys(COUNTS, 1000), 0)
    assert [len({u.speaker for u in drawn[split]}) for split in COUNTS] == [14, 3, 3]


def test_three_speakers_give_one_to_each_split():
    drawn = draw_utterances(Words([50, 4, 9]), COUNTS, 0)
    assert [len({u.speaker for u in drawn[split]}) for split in COUNTS] == [1, 1, 1]


def test_too_few_speakers_ask_for_another_draw():
    with pytest.raises(InputError, match="'utterances'"):
        draw_utterances(Words([50, 50]), COUNTS, 0)
    with pytest.raises(InputError, match="add more speech"):
        draw_utterances(Words([2]), COUNTS, 0, "utterances")
    with pytest.raises(InputError, match="no draw 'any'"):
        draw_utterances(Words([50]), COUNTS, 0, "any")


@pytest.mark.parametrize(
    ("draw", "digest"),
    [
        ("speakers", "a89b89e4a6a7916b71d01436337fd64e6127740976a45adade8d2bd1930f421c"),
        ("utterances", "4ecd3a874b1f7d9026c5aabd784d5c46148fa963db0bcf1f366e19fd15421385"),
        ("published", "72d1d293eb2592d7c536596e61b4c3201bf7a978a4447a26fe15207c62433ab9"),
    ],
)
def test_who_says_what_stays_as_the_weights_that_come_with_it_were_trained(draw, digest):
    counts = {split: len(positions) for split, positions in PUBLISHED.grid.splits().items()}
    drawn = draw_utterances(open_corpus("espeak"), counts, 5000, draw)
    names = " ".join(utterance.id for utterances in drawn.values() for utterance in utterances)
    assert hashlib.sha256(names.encode()).hexdigest() == digest


def test_published_draw_repeats_the_published_program():
    sizes = [1132, 593, 593, 1138, 593, 1131, 1132, 592, 593, 592, 1114, 1132, 593, 1132, 1132, 666, 593, 1132]
    rng = np.random.default_rng(seed=5000)
    rng.uniform(low=1, high=1.5, size=(65 * 65,))
    indices = rng.choice(np.arange(sum(sizes)), size=3152 + 788 + 285)
    corpus = Words(sizes)
    counts = {split: len(positions) for split, positions in PUBLISHED.grid.splits().items()}
    drawn = draw_utterances(corpus, counts, 5000, "published")
    everything = corpus.utterances()
    expected = [everything[index] for index in indices]
    assert drawn["train"] + drawn["val"] + drawn["test"] == expected
