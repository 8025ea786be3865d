"""How often something is above or below its control, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


def often(verdicts: Iterable[str], above: str, below: str) -> str:
    """Say how often something is above or below its control: "more (2 of 4 cases; less in 1)", by intervals of 95 %.

    A case is a network in a condition, and where there are several of them a method, pair of microphones and so on.
    """
    found = Counter(verdicts)
    words = sorted({above: found["above"], below: found["below"]}.items(), key=lambda item: -item[1])
    (most, count), (other, rest) = words
    if not count:
        return f"neither clearly {above} nor clearly {below} (0 of {found.total()} cases)"
    return f"{most} ({count} of {found.total()} cases{f'; {other} in {rest}' if rest else ''})"
