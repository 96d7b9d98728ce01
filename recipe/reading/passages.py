"""Passages: pages written to teach places, apart from the corpus that measures reading.

A line of a file is a page: its place (alternatives joined by `|`), a colon, and its text, in which
` / ` ends a line of a poem. `~` after the place says that the page itself does not tell it: it is
that of the page before. Lines of a block with such a page, or of a short block, are one story.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PASSAGES = Path(__file__).parent / "passages"
_SHORT = 5
"""The most pages of a block that is a story though each of them tells its place."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A page of a story, with its place."""

    story: str
    text: str
    places: tuple[str, ...]
    kept: bool


def load_passages(folder: Path = PASSAGES) -> list[Passage]:
    """Returns the passages of a folder, story by story."""
    return [one for path in sorted(folder.glob("*.txt")) for one in _passages(path)]


def _passages(path: Path) -> Iterator[Passage]:
    for number, block in enumerate(path.read_text(encoding="utf-8").split("\n\n")):
        lines = block.strip().splitlines()
        story = any("~:" in line for line in lines) or len(lines) <= _SHORT
        for at, line in enumerate(lines):
            said, _, text = line.partition(":")
            name = f"{path.stem}-{number}" if story else f"{path.stem}-{number}-{at}"
            places = tuple(said.rstrip("~").split("|"))
            yield Passage(name, text.strip().replace(" / ", "\n"), places, said.endswith("~"))
