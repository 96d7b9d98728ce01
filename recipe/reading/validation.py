"""Validates the learned reader of places: `python -m recipe.reading.validation --help`.

Each fold of authors is placed by what is learned from the others, so that nobody's stories are read
by what their author has taught.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from safetensors.numpy import save_file

from actors.extractors.learned.places import Belief, PlaceReader
from recipe.reading.corpus import Item
from recipe.reading.learning import STEPS, Story, learn, of_pages, of_passages, of_stories
from recipe.reading.scoring import fits


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
    """Prints how stories are placed by rules alone, and with learned words."""
    parser = argparse.ArgumentParser(
        prog="python -m recipe.reading.validation", description=__doc__
    )
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    stories, always = list(of_stories()), [*of_passages(), *of_pages()]
    authors = sorted({story[0].author for story in stories})
    ruled = {author: Placed() for author in [*authors, "all"]}
    learned = {author: Placed() for author in [*authors, "all"]}
    for fold in range(options.folds):
        apart = set(authors[fold :: options.folds])
        rest = [one for one in stories if one[0].author not in apart]
        reader = _reader([*rest, *always], options.steps, options.seed)
        for story in stories:
            for one, belief in zip(story, read(reader, story), strict=True):
                if one.author in apart and one.places:
                    for kind in (one.author, "all"):
                        ruled[kind].add(one.found.name, one.places)
                        learned[kind].add(belief.name, one.places)
    for author, placed in ruled.items():
        print(f"{author}: {placed.pages} pages: rules {placed}; with words {learned[author]}")
    return 0


def _reader(stories: Sequence[Story], steps: int, seed: int) -> PlaceReader:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "places.safetensors"
        save_file(learn(stories, steps, seed), path)
        return PlaceReader.of_file(path)


def read(reader: PlaceReader, story: Story) -> Iterator[Belief]:
    """Yields the beliefs after each page; the rules' finds are those after their own."""
    belief: Belief | None = None
    for example in story:
        belief = reader.decide(example.clues, example.found, belief)
        yield belief


if __name__ == "__main__":
    sys.exit(main())
