"""Figures that nobody asked for: what the judge finds in a picture beyond what its page has.

Each page counts by its labels, and also by its prompt, which may ask for others than the page has.
Drawings by code of the same scenes say how often the judge itself finds one too many.
"""

from dataclasses import dataclass

from actors.judging.judge import Judge
from recipe.illustrator import Illustrator
from recipe.reading.corpus import Item, Kind, Page
from recipe.reading.pictures import Drawn

MOST = 3
"""The most figures that the checkpoint draws; a crowd may have as many."""
_MANY = frozenset({"people", "crowd", "class", "band", "family", "audience", "queue", "children"})


@dataclass(slots=True)
class Unasked:
    """Figures of pictures beyond their pages', beyond their prompts', and found by mistake."""

    pictures: int = 0
    of_page: int = 0
    of_prompt: int = 0
    of_judge: int = 0

    def per_hundred(self, counted: int) -> float:
        """Returns a count for 100 pictures."""
        return 100 * counted / max(1, self.pictures)


class Counter:
    """Counts the figures that a judge finds in pictures."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._illustrator = Illustrator()
        self.found = Unasked()

    def add(self, page: Page, drawn: Drawn) -> int:
        """Adds the picture of a page; returns how many figures nobody asked for."""
        seen = len(self._judge.find(drawn.whole))
        by_code = self._judge.find(self._illustrator.draw(drawn.scene).image)
        asked = len(drawn.scene.characters)
        self.found.pictures += 1
        self.found.of_page += max(0, seen - figures_of(page))
        self.found.of_prompt += max(0, seen - asked)
        self.found.of_judge += max(0, len(by_code) - asked)
        return max(0, seen - figures_of(page))


def figures_of(page: Page) -> int:
    """Returns the most figures that a page has by its labels, those that may be left out too."""
    extras = page.labels[Kind.EXTRAS]
    if any(map(_is_many, extras)):
        return MOST
    return min(MOST, len(page.labels[Kind.WHO]) + len(extras))


def _is_many(item: Item) -> bool:
    return any(one.split()[-1] in _MANY for one in item.alternatives)
