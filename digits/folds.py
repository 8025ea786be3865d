"""Which speakers train, validate and test in each published fold, and what is asked of a clip.

S. Becker et al., "AudioMNIST", Journal of the Franklin Institute 361(1), 2024: blocks of speakers, of which each fold
takes other ones, so that no speaker is in two splits.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """A question about a clip, and the folds over speakers by which answers are scored.

    Parameters
    ----------
    name : str
        Column of the table of clips that holds the answer.
    labels : tuple of str
        Names of the answers 0, 1, ...
    blocks : tuple of tuple of int
        Speakers. Fold i trains on the blocks from i on, validates on the next one and tests on the last one, modulo
        their number.
    """

    name: str
    labels: tuple[str, ...]
    blocks: tuple[tuple[int, ...], ...]

    @property
    def folds(self) -> int:
        """Number of folds."""
        return len(self.blocks)

    def speakers(self, fold: int) -> dict[str, tuple[int, ...]]:
        """Return the speakers of each split of a fold."""
        *train, val, test = (self.blocks[(fold + place) % self.folds] for place in range(self.folds))
        return {"train": sum(train, ()), "val": val, "test": test}


DIGIT = Task(
    "digit",
    tuple("0123456789"),
    (
        (28, 56, 7, 19, 35, 1, 6, 16, 23, 34, 46, 53),
        (36, 57, 9, 24, 37, 2, 8, 17, 29, 39, 48, 54),
        (43, 58, 14, 25, 38, 3, 10, 20, 30, 40, 49, 55),
        (12, 47, 59, 15, 27, 41, 4, 11, 21, 31, 44, 50),
        (26, 52, 60, 18, 32, 42, 5, 13, 22, 33, 45, 51),
    ),
)
GENDER = Task(
    "gender",
    ("male", "female"),
    ((36, 47, 56, 2, 44, 50), (26, 12, 57, 25, 37, 45), (43, 28, 52, 48, 53, 41), (58, 59, 60, 7, 23, 38)),
)
TASKS = {task.name: task for task in (DIGIT, GENDER)}
