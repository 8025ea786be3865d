"""Means over clips with 95 % intervals over voices, a column each."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from explain.statistics import mean_over_voices


def means(table: pd.DataFrame, keys: Sequence[str], values: Sequence[str], seed: int) -> pd.DataFrame:
    """Return the mean of each of some columns with the ends of its interval, a row a group.

    Parameters
    ----------
    table : DataFrame
        With columns clip and voice, a row a clip or several.
    keys : sequence of str
        Columns that tell groups apart.
    values : sequence of str
        Columns of numbers; each comes back beside its ``_low`` and ``_high``.
    seed : int
        Seed of the intervals.
    """
    rows = []
    for key, group in table.groupby(list(keys), sort=False):
        row = dict(zip(keys, key, strict=True)) | {"clips": group["clip"].nunique()}
        for name in values:
            known = group[group[name].notna()]
            found = mean_over_voices(known[name], known["voice"], known["clip"], seed)
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), found, strict=True))
        rows.append(row)
    return pd.DataFrame(rows)
