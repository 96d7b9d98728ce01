"""Validates the learned reader of places: `python -m recipe.reading.validation --help`.

It places the pages of stories whose authors nothing was learned from: by rules alone, by learned
words too, and by the sense of the page as well.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from actors.extractors.learned.places import Belief, PlaceReader
from actors.extractors.learned.sense import PageSense
from actors.extractors.rules.reading import readings
from recipe.reading.corpus import Item
from recipe.reading.passages import APART, Passage, load_stories
from recipe.reading.scoring import fits

Story = Sequence[Passage]


@dataclass(slots=True)
class Placed:
    """How many pages are placed rightly and wrongly; the others have no place."""

    pages: int = 0
    right: int = 0
    wrong: int = 0

    def add(self, place: str, places: tuple[str, ...]) -> None:
        """Adds a page by its place as it was read, and those that are right."""
        fitting = bool(place) and fits(Item(places), place)
        self.pages += 1
        self.right += fitting
        self.wrong += bool(place) and not fitting

    def __str__(self) -> str:
        return f"{self.right / self.pages:.1%} right, {self.wrong / self.pages:.1%} wrong"


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints how the pages of each author are placed."""
    parser = argparse.ArgumentParser(
        prog="python -m recipe.reading.validation", description=__doc__
    )
    parser.add_argument("--stories", type=Path, default=APART, help="their folder")
    options = parser.parse_args(arguments)
    places, sense = PlaceReader.shipped(), PageSense.shipped()
    placed: dict[str, tuple[Placed, Placed, Placed]] = {}
    for _, grouped in groupby(load_stories(options.stories), lambda one: one.story):
        story = list(grouped)
        for page, names in zip(story, _read(story, places, sense), strict=True):
            for author in (page.author, "all") if page.places else ():
                own = placed.setdefault(author, (Placed(), Placed(), Placed()))
                for one, name in zip(own, names, strict=True):
                    one.add(name, page.places)
    for author in sorted(placed, key=lambda one: (one == "all", one)):
        rules, words, all_of_it = placed[author]
        print(f"{author}: {rules.pages} pages")
        print(f"  rules {rules}; with words {words}; with the sense {all_of_it}")
    return 0


def _read(story: Story, places: PlaceReader, sense: PageSense) -> Iterator[tuple[str, str, str]]:
    """Yields the place of each page by rules alone, with words, and with the sense."""
    texts = [one.text for one in story]
    words: Belief | None = None
    whole: Belief | None = None
    for number, one in enumerate(readings(texts, [])):
        kinds = sense.read(texts[number], texts[:number]).kinds
        words = places.decide(one.clues, one.found, words)
        whole = places.decide(one.clues, one.found, whole, kinds)
        yield one.found.name, words.name, whole.name


if __name__ == "__main__":
    sys.exit(main())
