"""The acts of the page in their order, each a function from what the experiments wrote to an act; None without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from report.page.act import Act
from report.page.acts.digits import digits
from report.page.acts.enhancement import enhancement
from report.page.acts.hear import hear
from report.page.acts.localize import localize
from report.page.acts.origin import origin
from report.page.acts.question import question
from report.page.acts.relevance import relevance
from report.page.acts.trial import trial
from report.page.results import Results

ACTS: tuple[Callable[[Mapping[str, Results]], Act | None], ...] = (
    question,
    localize,
    hear,
    relevance,
    trial,
    digits,
    enhancement,
    origin,
)
