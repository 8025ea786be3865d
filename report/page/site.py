"""The page put together: results in, ``index.html`` and the folder ``page`` out."""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

import jinja2

from report.page.act import Act
from report.page.acts import ACTS
from report.page.assets import Assets
from report.page.examples import gather_examples
from report.page.players import clip_players, digit_players
from report.page.results import Results, read_results
from report.sounds import LOWEST_HZ
from report.style import DARK, LIGHT
from running.errors import InputError
from running.files import part_of, remove_parts, whole_file

HERE = Path(__file__).parent
FILES = ("page.css", "listen.css", "page.js", "chart.js", "listen.js", "vendor/plot.min.js", "vendor/LICENSES.txt")
"""What does not follow from results."""
LISTEN = Act(
    "listen",
    "Listen",
    "Look and listen",
    "Test sources as the networks heard them: first what a microphone heard, then what was relevant of it. “Best” and "
    "“worst” are the sources with the smallest and the largest error of all; the numbers are those and others in "
    f"between. Signals are all windows end to end; sounds begin at {LOWEST_HZ} Hz, are equally loud, and none clips.",
    [],
)


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
    *story, end = [act for each in ACTS if (act := each(read))]
    with tempfile.TemporaryDirectory(prefix=part_of(to / "page").name, dir=to) as building:
        shell = fill([*story, LISTEN, end], read, between, Assets(building))
        shutil.rmtree(to / "page", ignore_errors=True)
        (Path(building) / "page").rename(to / "page")
        with whole_file(to / "index.html") as beside:
            beside.write_text(shell)
    return to / "index.html"


def fill(acts: list[Act], read: dict[str, Results], between: int, assets: Assets) -> str:
    """Write all files but the shell, which is returned."""
    for name in FILES:
        assets.copy(HERE / name, Path(name).name)
    examples, players = gather_examples(read, assets, between), gather_players(read, assets)
    data = {act.name: {"views": [view.data() for view in act.views], "players": players[act.name]} for act in acts}
    for name, content in (data | examples).items():
        assets.data(name, content)
    content = {"acts": acts, "players": players, "examples": examples, "light": LIGHT, "dark": DARK}
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    assets.text("text.html", made.get_template("text.html.j2").render(content))
    return made.get_template("index.html.j2").render(content)


def gather_players(read: dict[str, Results], assets: Assets) -> dict[str, list[dict]]:
    """Return what there is to hear of other tasks, by act; their sounds are written."""
    found: dict[str, list[dict]] = defaultdict(list)
    if "digits/heatmaps" in read:
        found["digits"] = digit_players(read["digits/heatmaps"].folder, assets)
    if "enhancement/maps" in read:
        found["enhancement"] = clip_players(read["enhancement/maps"].folder.parent / "sounds", assets)
    return found
