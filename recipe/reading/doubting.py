"""Doubts in figures: what a reader is unsure of, against what it read rightly and wrongly.

A *false doubt* is a right reading that is told as unsure. A place that is neither on the page nor
read is read rightly.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from recipe.reading.corpus import Kind, Page
from recipe.reading.honesty import LABELS
from recipe.reading.scoring import fits, read_parts
from server.domain.scenes import Scene, Unsure


@dataclass(slots=True)
class Doubted:
    """How many readings are right and wrong, and how many of these are told as unsure."""

    right: int = 0
    wrong: int = 0
    false_doubts: int = 0
    true_doubts: int = 0

    def add(self, *, right: bool, doubted: bool) -> None:
        """Adds a reading."""
        self.right += right
        self.wrong += not right
        self.false_doubts += right and doubted
        self.true_doubts += doubted and not right

    @property
    def falsely_doubted(self) -> float:
        """The share of right readings that are told as unsure."""
        return self.false_doubts / max(1, self.right)

    def __str__(self) -> str:
        true = self.true_doubts / max(1, self.wrong)
        return f"{self.falsely_doubted:.1%} of {self.right} right, {true:.1%} of {self.wrong} wrong"


@dataclass(slots=True)
class Doubting:
    """What is unsure of the places of pages, and of all that is read of them."""

    places: Doubted = field(default_factory=Doubted)
    all: Doubted = field(default_factory=Doubted)

    def add(self, page: Page, scene: Scene) -> None:
        """Adds a page as it was read."""
        for kind, said, right in _readings(page, scene):
            doubted = any(_is_about(one, kind, said) for one in scene.unsure)
            self.all.add(right=right, doubted=doubted)
            if kind is Kind.PLACE:
                self.places.add(right=right, doubted=doubted)


def _is_about(unsure: Unsure, kind: Kind, said: str) -> bool:
    """Returns whether a reading is told as unsure."""
    return kind in LABELS.get(unsure.kind, ()) and unsure.phrase == said


def _readings(page: Page, scene: Scene) -> Iterator[tuple[Kind, str, bool]]:
    """Yields what was read of a page, and whether it is right; a missing place is a reading."""
    names = {one.id: one.description.name for one in page.cast}
    for kind, read in read_parts(scene, names).items():
        items = page.labels[kind]
        if kind is Kind.PLACE and not read:
            yield kind, "", all(one.optional for one in items)
        elif kind is not Kind.NOT:
            for of, said in read:
                right = any(one.of in ("", of) and fits(one, said) for one in items)
                yield kind, said, right
