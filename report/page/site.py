"""The page put together: results in, ``index.html`` and the folder ``page`` out."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import jinja2

from report.page.act import Act
from report.page.acts import ACTS
from report.page.assets import Assets
from report.page.results import read_results
from report.style import DARK, LIGHT
from running.errors import InputError
from running.files import part_of, remove_parts, whole_file

HERE = Path(__file__).parent
FILES = ("page.css", "page.js", "chart.js", "vendor/plot.min.js", "vendor/LICENSES.txt")
"""What does not follow from results."""


def build_site(results: str | Path, to: str | Path, between: int) -> Path:
    """Build the page from what the experiments wrote.

    The shell, ``index.html``, holds no result: these are in ``page/data``, of which a browser draws them, and as text
    and tables in ``page/text.html``.

    Parameters
    ----------
    results : path
        Folder of the results of all experiments, such as ``results/quick``.
    to : path
        Folder of ``index.html``.
    between : int
        How many sources to show beside the best and the worst ones.

    Returns
    -------
    Path
        ``index.html``.

    Raises
    ------
    InputError
        When results, weights, recordings or relevance are missing or do not belong together, or the place is taken.
    """
    to, read = Path(to), read_results(results)
    if (to / "page").exists() and not (to / "page" / FILES[0]).is_file():
        raise InputError(f"{to / 'page'} is not of an earlier page; move it away or choose another place by --to")
    to.mkdir(parents=True, exist_ok=True)
    remove_parts(to)
    acts = [act for each in ACTS if (act := each(read))]
    with tempfile.TemporaryDirectory(prefix=part_of(to / "page").name, dir=to) as building:
        shell = fill(acts, Assets(building))
        shutil.rmtree(to / "page", ignore_errors=True)
        (Path(building) / "page").rename(to / "page")
        with whole_file(to / "index.html") as beside:
            beside.write_text(shell)
    return to / "index.html"


def fill(acts: list[Act], assets: Assets) -> str:
    """Write all files but the shell, which is returned."""
    for name in FILES:
        assets.copy(HERE / name, Path(name).name)
    for act in acts:
        assets.data(act.name, {"views": [view.data() for view in act.views]})
    content = {"acts": acts, "light": LIGHT, "dark": DARK}
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    assets.text("text.html", made.get_template("text.html.j2").render(content))
    return made.get_template("index.html.j2").render(content)
