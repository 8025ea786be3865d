"""Methods on trial: what the tables of faithfulness_experiment.py say, in sentences and figures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from explain.methods import METHODS
from localization.criteria import CRITERIA
from report.style import LIGHT, Theme, localizer_title, method_title

CONTROLS = [name for name, method in METHODS.items() if method.is_control]
RANKS = (
    "In {network} {first} and {second} come first by the mean of their ranks ({ranks}); {lrp} is {place} of {count}."
)
PAIRS = (
    "Criteria contradict each other: in most networks and conditions {agreeing} of {pairs} pairs rank methods alike, "
    "{opposed} the other way round, and of the rest neither can be told."
)
PUBLISHED = (
    "The published experiment would have found relevance beyond chance with {random} of {count} methods in most "
    "conditions, beyond energy with {energy}, beyond the same method untrained with {untrained}."
)


def sentences(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return what was found, for people with a minute.

    Parameters
    ----------
    tables : mapping from names to DataFrames
        "criteria", "agreement" and "conclusions" of faithfulness_experiment.py.
    """
    ranks = mean_ranks(tables["criteria"])
    found = [_ranked(model, ranks[ranks["model"] == model]) for model in dict.fromkeys(tables["criteria"]["model"])]
    agreement = tables["agreement"]
    of_pairs = agreement.groupby(["first", "second"], sort=False)["verdict"]
    most = agreement.groupby(["condition", "model"]).ngroups / 2
    told = {"pairs": of_pairs.ngroups}
    for name, side in (("agreeing", "above"), ("opposed", "below")):
        told[name] = int((of_pairs.agg(lambda each, side=side: (each == side).sum()) > most).sum())
    found.append(PAIRS.format(**told))
    conclusions = tables["conclusions"][~tables["conclusions"]["method"].isin(CONTROLS)]
    told = {"count": conclusions["method"].nunique()}
    for name in ("random", "energy", "untrained"):
        above = (conclusions[f"{name}_verdict"] == "above").groupby(conclusions["method"]).mean()
        told[name] = int((above > 0.5).sum())
    return [*found, PUBLISHED.format(**told)]


def mean_ranks(criteria: pd.DataFrame) -> pd.DataFrame:
    """Return the mean rank over criteria of each method: condition, model, method, rank; the best first."""
    trained = criteria[criteria["rank"].notna()]
    ranks = trained.groupby(["condition", "model", "method"], sort=False)["rank"].mean().reset_index()
    return ranks.sort_values("rank", kind="stable")


def _ranked(model: str, rows: pd.DataFrame) -> str:
    means = rows.groupby("method")["rank"].mean().sort_values()
    order = [name for name in means.index if name not in CONTROLS]
    first, second = order[:2]
    return RANKS.format(
        network=localizer_title(model),
        first=method_title(first),
        second=method_title(second),
        ranks=f"{means[first]:.1f}, {means[second]:.1f}",
        lrp=method_title("lrp"),
        place=f"number {order.index('lrp') + 1}" if "lrp" in order else "not among the first",
        count=len(order),
    )


def rank_matrix(criteria: pd.DataFrame, theme: Theme = LIGHT) -> Figure:
    """Draw the rank of every method by every criterion, the mean over conditions: a panel a network, best on top.

    Parameters
    ----------
    criteria : DataFrame
        ``criteria.csv`` of faithfulness_experiment.py.
    theme : Theme
    """
    trained = criteria[criteria["rank"].notna()]
    models, names = list(dict.fromkeys(trained["model"])), [each.name for each in CRITERIA]
    ranks = trained.groupby(["model", "method", "criterion"])["rank"].mean()
    with theme.canvas(1.2 + 5.4 * len(models), 5.6) as figure:
        for axes, model in zip(figure.subplots(1, len(models), squeeze=False)[0], models, strict=True):
            wide = ranks[model].unstack("criterion")[[name for name in names if name in set(trained["criterion"])]]
            wide = wide.loc[wide.mean(axis=1).sort_values().index]
            image = axes.imshow(wide, cmap=theme.signed, vmin=1, vmax=len(wide), aspect="auto")
            for (row, column), rank in np.ndenumerate(wide.to_numpy()):
                if not np.isnan(rank):
                    axes.text(column, row, f"{rank:.0f}", ha="center", va="center", fontsize=7)
            means = [f"{method_title(name)}  {mean:.1f}" for name, mean in wide.mean(axis=1).items()]
            axes.set_yticks(range(len(wide)), means, fontsize=8)
            axes.set_xticks(range(wide.shape[1]), wide.columns, rotation=90, fontsize=8)
            axes.set_title(localizer_title(model))
        figure.colorbar(image, ax=figure.get_axes(), label="mean rank over conditions, 1 is best", shrink=0.7)
    return figure
