"""What the page says of attribution methods on trial: sentences, ranks, and what would have been concluded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd

from report.inside import probes_figure, tuning_figure
from report.listening import dots
from report.maps import share_curves
from report.page.assets import Assets, Picture
from report.page.plates import Plate
from report.page.results import Results
from report.page.tables import Cell, Row, Table
from report.style import distinct, localizer_title, method_title
from report.tables import rounded
from report.trial import CONTROLS, agreement_matrix, rank_matrix, sentences

SIDES = {"above": "worse", "level": "level", "below": "better"}
AGAINST = ("random", "energy", "untrained")


def gather_methods(read: dict[str, Results], assets: Assets) -> dict | None:
    """Return what the template shows of methods on trial, with all files that it names written; None where that lacks.

    Parameters
    ----------
    read : dict of str to Results
        Those of faithfulness_experiment.py are needed.
    assets : Assets
    """
    if "faithfulness" not in read:
        return None
    tables = {name.removesuffix(".csv"): table for name, table in read["faithfulness"].tables.items()}
    criteria = tables["criteria"]
    alt = "Rank of every attribution method by every criterion"
    narrow = [
        (localizer_title(model), [assets.picture(f"ranks-{model}", alt, partial(rank_matrix, rows))])
        for model, rows in criteria.groupby("model", sort=False)
    ]
    agreement = partial(agreement_matrix, tables["agreement"])
    return {
        "sentences": sentences(tables),
        "ranks": Plate(assets.picture("ranks", alt, partial(rank_matrix, criteria)), narrow),
        "agreement": assets.picture("agreement", "How alike criteria rank methods, every pair", agreement),
        "criteria": criteria_table(criteria),
        "conclusions": conclusion_table(tables["conclusions"]),
        "costs": cost_table(tables["costs"]),
        "frequency": frequency_picture(read["maps"].tables["frequency.csv"], assets) if "maps" in read else None,
        "sounds": sounds_picture(read["sounds"].tables["sounds.csv"], assets) if "sounds" in read else None,
        "inside": inside_pictures(read["probes"].tables, assets) if "probes" in read else None,
    }


def frequency_picture(table: pd.DataFrame, assets: Assets) -> Picture:
    """Draw how the magnitudes of maps are spread over frequency, in the first condition, by the last of its methods."""
    here = table[table["condition"] == table["condition"].iloc[0]]
    method = here["method"].iloc[-1]
    here = here[here["method"] == method].drop_duplicates(["model", "half", "coordinate", "frequency_hz"])
    alt = f"Share of each frequency in both halves of {method_title(method)}, beside untrained networks and the energy"
    return assets.picture("frequencies", alt, partial(share_curves, here, "frequency"))


def sounds_picture(table: pd.DataFrame, assets: Assets) -> Picture:
    """Draw how much direct sound there is in what relevance keeps."""
    alt = "Direct sound over reflections in what relevance keeps, beside energy, chance and untrained networks"
    return assets.picture("heard-relevance", alt, partial(dots, table, "drr_db"))


def inside_pictures(tables: dict[str, pd.DataFrame], assets: Assets) -> list[Picture]:
    """Draw what can be read from layers, and how filters are tuned, in the first condition."""
    first = tables["probes.csv"]["condition"].iloc[0]
    here = {name.removesuffix(".csv"): table[table["condition"] == first] for name, table in tables.items()}
    alts = {
        "probes": (probes_figure, "How well PHAT and cross-power can be read from each layer"),
        "tuning": (tuning_figure, "How deeply filters are tuned to where sound comes from, layer by layer"),
    }
    return [assets.picture(f"inside-{name}", alt, partial(draw, here)) for name, (draw, alt) in alts.items()]


def criteria_table(criteria: pd.DataFrame) -> Table:
    """Return the value of every criterion of every method, the interval below, a group a network and criterion.

    Parameters
    ----------
    criteria : DataFrame
        ``criteria.csv`` of faithfulness_experiment.py.
    """
    columns, groups = list(dict.fromkeys(criteria["condition"])), []
    for (model, criterion), here in criteria.groupby(["model", "criterion"], sort=False):
        rows = []
        for method, weights in distinct(here, ["method", "weights"]):
            mine = here[(here["method"] == method) & (here["weights"] == weights)].set_index("condition")
            name = method_title(method) if weights == "trained" else f"{method_title(method)}, untrained"
            kind = "control" if method in CONTROLS or weights != "trained" else "plain"
            rows.append(Row(name, kind, [_cell(mine, column) for column in columns]))
        groups.append((f"{localizer_title(model)}: {criterion}", rows))
    return Table("Every criterion, below it the 95 % interval over voices and their sources", columns, groups)


def conclusion_table(conclusions: pd.DataFrame) -> Table:
    """Return the MAE without the most relevant tenth, below it whether it is worse than without each control's.

    Parameters
    ----------
    conclusions : DataFrame
        ``conclusions.csv`` of faithfulness_experiment.py.
    """
    caption = (
        "MAE in metres without the most relevant tenth of the samples, zeroed as published; below it whether that "
    )
    return _by_method(caption + f"is worse than by {', '.join(AGAINST)}, by 95 % intervals", conclusions, _concluded)


def cost_table(costs: pd.DataFrame) -> Table:
    """Return what each method costs, and how far it misses what it promises to add up to.

    Parameters
    ----------
    costs : DataFrame
        ``costs.csv`` of faithfulness_experiment.py.
    """
    caption = "Milliseconds of processor time a window; below it, of methods that promise a sum, how far they miss it"
    return _by_method(caption, costs, _cost, controls=())


def _by_method(
    caption: str, table: pd.DataFrame, cell: Callable[[pd.Series], Cell], controls: Sequence[str] = CONTROLS
) -> Table:
    """Return a table of a column a condition, a row a method, a group a network; controls stand back."""
    columns, groups = list(dict.fromkeys(table["condition"])), []
    for model, here in table.groupby("model", sort=False):
        rows = []
        for method, mine in here.groupby("method", sort=False):
            found = {row["condition"]: cell(row) for _, row in mine.iterrows()}
            kind = "control" if method in controls else "plain"
            rows.append(Row(method_title(method), kind, [found.get(column) for column in columns]))
        groups.append((localizer_title(model), rows))
    return Table(caption, columns, groups)


def _cell(rows: pd.DataFrame, condition: str) -> Cell | None:
    if condition not in rows.index:
        return None
    row = rows.loc[condition]
    ends = f"{rounded(row['low'], 2)} to {rounded(row['high'], 2)}"
    return Cell(row["value"], rounded(row["value"], 2), below_text=ends)


def _concluded(row: pd.Series) -> Cell:
    told = [SIDES.get(row[f"{name}_verdict"], "–") for name in AGAINST]
    return Cell(row["mae_m"], rounded(row["mae_m"], 3), below_text=", ".join(told))


def _cost(row: pd.Series) -> Cell:
    text = rounded(row["ms_a_window"], 0)
    if pd.isna(row.get("delta_m")):
        return Cell(row["ms_a_window"], text)
    return Cell(
        row["ms_a_window"], text, below_text=f"{rounded(row['delta_m'], 2)} of {rounded(row['promised_m'], 2)} m"
    )
