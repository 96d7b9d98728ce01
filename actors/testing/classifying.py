"""Classifiers for tests: of texts by their words, of pictures by their number."""

from collections import Counter
from collections.abc import Mapping

from actors.classifiers.base import ClassifierAway


class WordClassifier:
    """Refuses a text for the categories of the words that it has; `away` times it does not answer.

    `asked` are the texts, in their order.
    """

    name = "words"

    def __init__(self, categories: Mapping[str, str], *, away: int = 0) -> None:
        """Takes a category for each word."""
        self.asked: list[str] = []
        self.away = away
        self._categories = dict(categories)

    async def refused_for(self, text: str) -> tuple[str, ...]:
        """Returns the categories of the words in a text; raises ClassifierAway."""
        self.asked.append(text)
        if self.away:
            self.away -= 1
            raise ClassifierAway("the words are away")
        return tuple(sorted({name for word, name in self._categories.items() if word in text}))


class ScriptedPictures:
    """Refuses pictures by their number, from 1; `away` times it gives no verdict on one.

    `asked` are the pictures, previews (JPEG) among them, `checks` how often it was asked whether it
    answers, which it does not while it is `closed`.
    """

    name = "scripted"

    def __init__(
        self, refused: Mapping[int, tuple[str, ...]] | None = None, *, away: int = 0
    ) -> None:
        """Takes the categories of the pictures that are refused; 0 is those of all others."""
        self.asked: list[bytes] = []
        self.checks = 0
        self.away = away
        self.closed = False
        self._refused = dict(refused or {})

    async def check(self) -> None:
        """Raises ClassifierAway while it is closed."""
        self.checks += 1
        if self.closed:
            raise ClassifierAway("the script is closed")

    async def refused_for(self, picture: bytes) -> tuple[str, ...]:
        """Returns the categories of a picture; raises ClassifierAway."""
        if self.away:
            self.away -= 1
            raise ClassifierAway("the script is away")
        self.asked.append(picture)
        return self._refused.get(len(self.asked), self._refused.get(0, ()))


class KeptRefusedPictures:
    """Counts refused pictures by classifier and category, in memory."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def count(self, classifier: str, category: str) -> None:
        """Counts a picture that was refused."""
        self.counts[classifier, category] += 1
