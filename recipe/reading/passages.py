"""Passages and stories: pages written to teach places, apart from the corpus that measures reading.

A line of a file is a page: its place (alternatives joined by `|`, `?` for a page whose place nobody
could tell), a colon, and its text, in which ` / ` ends a line of a poem. `~` after the place says
that the page itself does not tell it: it is that of the page before. A block of stories is a story;
of passages one with such a page is, and a short one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PASSAGES = Path(__file__).parent / "passages"
STORIES = Path(__file__).parent / "stories"
APART = Path(__file__).parent / "apart"
"""Stories by authors of whom nothing is learned."""
_SHORT = 5
"""The most pages of a block of passages that is a story though each of them tells its place."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A page of a story, with its place; `author` is the name of its file."""

    author: str
    story: str
    text: str
    places: tuple[str, ...]
    kept: bool


def load_passages(folder: Path = PASSAGES) -> list[Passage]:
    """Returns the passages of a folder, story by story."""
    return [one for path in sorted(folder.glob("*.txt")) for one in _passages(path, short=_SHORT)]


def load_stories(folder: Path = STORIES) -> list[Passage]:
    """Returns the pages of whole stories."""
    return [one for path in sorted(folder.glob("*.txt")) for one in _passages(path, short=100)]


def _passages(path: Path, *, short: int) -> Iterator[Passage]:
    for number, block in enumerate(path.read_text(encoding="utf-8").split("\n\n")):
        lines = block.strip().splitlines()
        story = any("~:" in line for line in lines) or len(lines) <= short
        for at, line in enumerate(lines):
            said, _, text = line.partition(":")
            name = f"{path.stem}-{number}" if story else f"{path.stem}-{number}-{at}"
            places = tuple(one for one in said.rstrip("~").split("|") if one != "?")
            written = text.strip().replace(" / ", "\n")
            yield Passage(path.stem, name, written, places, said.endswith("~"))
