"""Marks: which words of a page name what its picture must show, and which what is not there.

A line of a file is a page: `story.number | seen: word, word? | not: word`. Words stand as they do
in the text; one with a `?` may be shown or left out.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from recipe.reading.corpus import Item, Kind, Page
from recipe.reading.scoring import fits

MARKS = Path(__file__).parent / "marks"
_SEEN = (Kind.PROPS, Kind.HOLDING, Kind.WEARING, Kind.EXTRAS)
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Marks:
    """The words of a page in lower case: those to be seen, those denied, those left open."""

    seen: frozenset[str]
    denied: frozenset[str]
    open: frozenset[str]


def load_marks(folder: Path = MARKS) -> dict[tuple[str, int], Marks]:
    """Returns the marks of pages by their story and number."""
    return dict(
        _line(line)
        for path in sorted(folder.glob("*.txt"))
        for line in path.read_text(encoding="utf-8").splitlines()
    )


def _line(line: str) -> tuple[tuple[str, int], Marks]:
    name, seen, denied = (one.strip() for one in line.split("|"))
    story, _, number = name.rpartition(".")
    marked = [_said(seen.removeprefix("seen:")), _said(denied.removeprefix("not:"))]
    sure = [frozenset(one for one in words if not one.endswith("?")) for words in marked]
    unsure = {one.removesuffix("?") for words in marked for one in words if one.endswith("?")}
    return (story, int(number)), Marks(sure[0], sure[1], frozenset(unsure - sure[0] - sure[1]))


def _said(words: str) -> list[str]:
    return [one.strip().lower() for one in words.split(",") if one.strip()]


def marks_of(page: Page) -> Marks:
    """Returns the marks of a page of the corpus by its labels."""
    items = [one for kind in _SEEN for one in page.labels[kind]]
    seen = set(_words(page.text, (one for one in items if not one.optional)))
    unsure = set(_words(page.text, (one for one in items if one.optional)))
    denied = set(_words(page.text, page.labels[Kind.NOT]))
    return Marks(
        frozenset(seen), frozenset(denied - seen), frozenset((unsure | (denied & seen)) - seen)
    )


def _words(text: str, items: Iterable[Item]) -> Iterator[str]:
    """Yields the words of a text that name an item by the last of its words."""
    words = {one.lower() for one in _WORD.findall(text)}
    for item in items:
        last = Item(tuple(one.split()[-1] for one in item.alternatives if one.split()))
        yield from (word for word in words if fits(last, word))
