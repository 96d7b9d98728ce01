"""A classifier that refuses texts with certain words: for tests."""

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
