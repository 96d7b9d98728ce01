"""Validates the learned reader of places: `python -m recipe.reading.validation --help`.

Each fold of whole stories is placed by parameters that are learned from the other folds.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actors.extractors.learned.places import Belief, Likeness, Parameters, PlaceReader
from actors.extractors.learned.table import WordTable
from recipe.reading.corpus import Item
from recipe.reading.learning import STEPS, Story, learn, of_pages, of_passages
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
    """Prints how passages and open pages are placed by rules alone, and with learned words."""
    parser = argparse.ArgumentParser(
        prog="python -m recipe.reading.validation", description=__doc__
    )
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    kinds = {"passages": list(of_passages()), "open pages": list(of_pages())}
    ruled = {kind: Placed() for kind in kinds}
    learned = {kind: Placed() for kind in kinds}
    for fold in range(options.folds):
        rest = [
            one
            for stories in kinds.values()
            for at, one in enumerate(stories)
            if at % options.folds != fold
        ]
        parameters = Parameters(**learn(rest, options.steps, options.seed))
        reader = PlaceReader(Likeness(WordTable.shipped()), parameters)
        for kind, stories in kinds.items():
            for story in stories[fold :: options.folds]:
                for example, belief in zip(story, _read(reader, story), strict=True):
                    ruled[kind].add(example.found.name, example.places)
                    learned[kind].add(belief.name, example.places)
    for kind in kinds:
        print(f"{ruled[kind].pages} {kind}: rules {ruled[kind]}; with words {learned[kind]}")
    return 0


def _read(reader: PlaceReader, story: Story) -> Iterator[Belief]:
    """Yields the beliefs after each page; the rules' finds are those after their own."""
    belief: Belief | None = None
    for example in story:
        belief = reader.decide(example.clues, example.found, belief)
        yield belief


if __name__ == "__main__":
    sys.exit(main())
