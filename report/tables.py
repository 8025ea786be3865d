"""Tables as text and as LaTeX."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from running.files import whole_file


def as_text(table: pd.DataFrame, digits: int = 4) -> str:
    """Return a table for the terminal; what is missing shows as a dash."""
    return table.to_string(index=False, na_rep="-", float_format=lambda value: rounded(value, digits))


def as_latex(table: pd.DataFrame, digits: int = 4) -> str:
    """Return a table as a LaTeX ``tabular`` that needs no package."""
    header = " & ".join(map(_escaped, table.columns))
    rows = [" & ".join(_cell(value, digits) for value in row) for row in table.itertuples(index=False)]
    columns = "".join("r" if pd.api.types.is_numeric_dtype(kind) else "l" for kind in table.dtypes)
    body = "".join(f"{row} \\\\\n" for row in rows)
    return f"\\begin{{tabular}}{{{columns}}}\n\\hline\n{header} \\\\\n\\hline\n{body}\\hline\n\\end{{tabular}}\n"


def rounded(value: float, digits: int) -> str:
    """Return a number with so many digits, and zero without a sign."""
    return f"{round(value, digits) + 0.0:.{digits}f}"


def write_latex(path: Path, table: pd.DataFrame, digits: int = 4) -> None:
    """Write a table as LaTeX, whole or not at all."""
    with whole_file(path) as beside:
        beside.write_text(as_latex(table, digits))


def _cell(value, digits: int) -> str:
    if isinstance(value, float):
        return "--" if pd.isna(value) else rounded(value, digits)
    return _escaped(str(value))


def _escaped(text: str) -> str:
    for mark in "\\&%_#$":
        text = text.replace(mark, "\\textbackslash " if mark == "\\" else f"\\{mark}")
    return text
