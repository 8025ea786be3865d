"""The documentation points at what is there: files, headings, scripts and their options."""

import re
from pathlib import Path

import pytest

from running.provenance import ROOT

PAGES = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/*.md", "digits/*.md", "enhancement/*.md")
    for path in ROOT.glob(pattern)
)
OTHERS_OPTIONS = {"depth", "nproc_per_node"}
"""Of git and torchrun."""
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as made by GitHub."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_to_files_and_headings(page):
    for target, heading in LINK.findall((ROOT / page).read_text()):
        if not target.startswith("http"):
            place = ((ROOT / page).parent / target) if target else ROOT / page
            assert place.exists(), f"{page}: {target}"
            assert not heading or heading in anchors(place), f"{page}: {target}#{heading}"


def test_every_page_of_docs_is_in_its_table_of_contents():
    contents = (ROOT / "docs" / "README.md").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in contents


def test_the_readme_names_every_script_and_no_other():
    named = set(re.findall(r"`(\w+\.py)\b", (ROOT / "README.md").read_text()))
    assert named == {path.name for path in ROOT.glob("*.py") if path.name not in ("params.py",)}


def test_options_that_are_shown_exist():
    sources = [*ROOT.glob("*.py"), *ROOT.glob("[a-z]*/*.py"), *ROOT.glob("[a-z]*/[a-z]*/*.py")]
    known = set(
        re.findall(r'"--(\w+)"', "".join(path.read_text() for path in sources if path.parent != ROOT / "tests"))
    )
    shown = set(re.findall(r"(?<= )--([a-zA-Z]\w*)", "".join((ROOT / page).read_text() for page in PAGES)))
    assert shown - known <= OTHERS_OPTIONS


def test_terms_of_the_glossary_stand_in_their_order():
    terms = re.findall(r"^\*\*(.+?)\*\*", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    assert terms == sorted(terms, key=str.lower)
