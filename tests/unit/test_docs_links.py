"""What the docs point at is there: links, anchors, files and quoted code."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.markdown import ROOT, anchors, links, name_of, pages, prose

PAGES = [pytest.param(page, id=name_of(page)) for page in pages()]
# One with capitals stands for many: `test_NAME.py`.
_FILE = re.compile(r"`([a-z][a-z0-9_.-]*(?:/[a-z0-9_.-]+)+\.(?:py|proto|yaml|sql|sh|json|md))`")
_QUOTE = re.compile(
    r"^From \[`([^`]+)`\]\([^)]*\):\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


def broken(page: Path, link: str) -> str:
    """Returns what is wrong with a link of a page; empty for nothing."""
    if re.match(r"[a-z]+:", link):
        return ""  # another host's
    path, _, anchor = link.partition("#")
    target = (page.parent / unquote(path)).resolve() if path else page
    if not target.exists():
        return f"{link}: there is no {path}"
    if anchor and anchor not in anchors(target.read_text()):
        return f"{link}: {name_of(target)} has no heading for it"
    return ""


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: Path) -> None:
    problems = [broken(page, link) for link in links(page.read_text())]
    assert [problem for problem in problems if problem] == []


# The changelog and its like name files that are gone.
@pytest.mark.parametrize("page", [page for page in PAGES if page.id != "CHANGELOG.md"])
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named = _FILE.findall(prose(page.read_text()))
    assert [
        name for name in named if not any((base / name).exists() for base in (ROOT, page.parent))
    ] == []


def test_quoted_code_is_still_in_its_file() -> None:
    quotes = _QUOTE.findall((ROOT / "CONTRIBUTING.md").read_text())
    assert len(quotes) == 3
    for name, code in quotes:
        assert code in (ROOT / name).read_text(), name


def test_broken_links_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One\n## A `b`, c\n## One\n[x](#one-1) ![y](no.png) `[z](no.md)`\n")
    assert anchors(page.read_text()) == {"one", "a-b-c", "one-1"}
    assert links(page.read_text()) == ["#one-1", "no.png"]
    assert [bool(broken(page, link)) for link in ("#one-1", "no.png", "https://a.b/c")] == [
        False,
        True,
        False,
    ]
