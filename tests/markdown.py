"""The Markdown files of the repository, and what the tests of the docs read in them."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

_WHOLE = re.MULTILINE | re.DOTALL
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})\s*([\w-]*)[^\n]*\n(.*?)^ {0,3}\1\s*$", _WHOLE)
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
_LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\]\([^)]*\))*\]\(\s*([^)\s]+)[^)]*\)")
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text, and the line of its fence."""

    language: str
    text: str
    line: int


def pages() -> list[Path]:
    """Returns every Markdown file that git keeps or would keep, in order."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    ).stdout.splitlines()
    # A copy without git has only what was copied.
    found = [ROOT / name for name in listed] or [
        path
        for folder in (".", "actors", "client", "cluster", "docs")
        for path in (ROOT / folder).glob("*.md" if folder == "." else "**/*.md")
    ]
    return sorted(path for path in set(found) if path.is_file())


def name_of(page: Path) -> str:
    """Returns a page's path in the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(text: str) -> Iterator[Block]:
    """Yields the fenced blocks."""
    for found in _FENCE.finditer(text):
        yield Block(found[2], found[3], text.count("\n", 0, found.start()) + 1)


def prose(text: str) -> str:
    """Returns a text without its fenced blocks."""
    return _FENCE.sub("", text)


def links(text: str) -> list[str]:
    """Returns where the links and the pictures of a text lead, those in code left out."""
    outside = _CODE.sub(lambda found: "x" * len(found[0]), prose(text))
    found = [match[1] for match in _LINK.finditer(outside)]
    # A picture that is a link: the pattern takes the outer one.
    return found + re.findall(r"\[!\[[^\]]*\]\(\s*([^)\s]+)", outside)


def anchors(text: str) -> set[str]:
    """Returns the anchors of a text's headings, as GitHub makes them."""
    seen: dict[str, int] = {}
    made = set()
    for heading in _HEADING.findall(prose(text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        made.add(f"{slug}-{count}" if count else slug)
    return made


def section(text: str, heading: str) -> str:
    """Returns what follows a heading up to the next one of its level; raises KeyError."""
    pattern = rf"^(#+) {re.escape(heading)}\s*$(.*?)(?=^\1 |^#{{1,2}} |\Z)"
    found = re.search(pattern, text, _WHOLE)
    if found is None:
        raise KeyError(heading)
    return found[2]


def rows(text: str) -> list[list[str]]:
    """Returns the cells of every table's rows; heads and separators are left out."""
    lines = text.splitlines()
    return [
        [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        for number, line in enumerate(lines)
        if line.startswith("|") and not _is_head(lines, number)
    ]


def _is_head(lines: list[str], number: int) -> bool:
    after = lines[number + 1] if number + 1 < len(lines) else ""
    return any(re.fullmatch(r"\|[\s|:-]+\|", line.strip()) for line in (lines[number], after))
