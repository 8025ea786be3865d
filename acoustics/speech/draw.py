"""Which source speaks which utterance: three ways to draw, all from a seed."""

from __future__ import annotations

from itertools import count, islice

import numpy as np

from acoustics.speech.corpus import Corpus, Utterance
from running.errors import InputError
from running.seeds import generator

SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}
"""Share of the corpus' utterances that each split is given."""


def draw_utterances(
    corpus: Corpus, counts: dict[str, int], seed: int, draw: str = "speakers"
) -> dict[str, list[Utterance]]:
    """Give every source of every split an utterance.

    Parameters
    ----------
    corpus : Corpus
    counts : dict of str to int
        Number of sources of each split, in the order train, val, test.
    seed : int
    draw : {"speakers", "utterances", "published"}
        "speakers": the splits share no speaker. "utterances": they share no utterance. In both each utterance of a
        split is used once before any is used again, and a source's utterance does not depend on `counts`.
        "published": one draw with replacement over the whole corpus for the sources of all splits in turn, after as
        many draws of heights, so that seed 5000 and the published counts repeat the published indices (`params.py` of
        github.com/lucacoma/XAISrcLoc).

    Returns
    -------
    dict of str to list of Utterance
        One utterance a source.

    Raises
    ------
    InputError
        For an unknown `draw`, or when the corpus has fewer speakers (utterances) than there are splits.
    """
    if draw not in DRAWS:
        raise InputError(f"there is no draw {draw!r}; take one of {', '.join(DRAWS)}")
    return DRAWS[draw](corpus.utterances(), counts, seed)


def _draw_speakers(utterances, counts, seed):
    speakers = {}
    for utterance in utterances:
        speakers.setdefault(utterance.speaker, []).append(utterance)
    if len(speakers) < len(counts):
        raise InputError(
            f"{len(speakers)} speaker(s) can't be divided among {len(counts)} splits; take the draw 'utterances'"
        )
    return _draw_evenly(list(speakers.values()), counts, seed)


def _draw_separate_utterances(utterances, counts, seed):
    if len(utterances) < len(counts):
        raise InputError(f"{len(utterances)} utterance(s) can't be divided among {len(counts)} splits; add more speech")
    return _draw_evenly([[utterance] for utterance in utterances], counts, seed)


def _draw_as_published(utterances, counts, seed):
    rng = np.random.default_rng(seed)
    rng.random(sum(counts.values()))
    drawn = iter(rng.choice(len(utterances), size=sum(counts.values())))
    return {split: [utterances[index] for index in islice(drawn, number)] for split, number in counts.items()}


DRAWS = {"speakers": _draw_speakers, "utterances": _draw_separate_utterances, "published": _draw_as_published}


def _draw_evenly(groups, counts, seed):
    """Divide groups of utterances among the splits and run through each split's utterances in shuffled passes."""
    pools = _divide(groups, [SHARES[split] for split in counts], generator(seed, "speech"))
    return {
        split: list(islice(_shuffled_passes(pool, seed, number), counts[split]))
        for number, (split, pool) in enumerate(zip(counts, pools, strict=True), start=1)
    }


def _divide(groups, shares, rng):
    """Hand out groups in random order, each to the split that lacks most of its share; none stays empty."""
    wanted = np.asarray(shares) / sum(shares) * sum(map(len, groups))
    pools = [[] for _ in shares]
    for given, index in enumerate(rng.permutation(len(groups))):
        empty = [number for number, pool in enumerate(pools) if not pool]
        candidates = empty if len(empty) == len(groups) - given else range(len(pools))
        pools[max(candidates, key=lambda number: wanted[number] - len(pools[number]))].extend(groups[index])
    return pools


def _shuffled_passes(pool, seed, split):
    for number in count():
        for index in generator(seed, "speech", split, number).permutation(len(pool)):
            yield pool[index]
