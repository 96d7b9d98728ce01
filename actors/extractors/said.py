"""What texts say: whether the words of a phrase are there, in whatever form."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from actors.extractors.rules.english import lemma_of, tags_of
from actors.extractors.rules.words import words_of

_TAGS = ("NNS", "VBD", "VBZ", "JJR")
_FUNCTION = frozenset(
    {"CC", "DT", "EX", "IN", "MD", "PDT", "POS", "PRP", "PRP$", "RP", "TO", "WDT", "WP", "WRB"}
)
"""The tags of words that join others, and may be others in a phrase than in its text."""
_SENTENCE_END = re.compile(r"(?<=[.!?\u2026])[\"'\u201d\u2019)]*\s+|\n+")


class Said:
    """What some texts say, about as finely as words can tell.

    A phrase is said where all its words but those that only join others are in two sentences that
    follow each other: `red dragon` is not by a red coat and a dragon pages apart. Words are equal
    where they may have the same base form.
    """

    def __init__(self, texts: Iterable[str], known: Iterable[str] = ()) -> None:
        """Takes texts, each by itself, and words that may be anywhere."""
        self._known = frozenset(base for text in known for base in _bases(text))
        self._places = [place for text in texts for place in _places(text)]

    def has(self, phrase: str) -> bool:
        """Returns whether the texts say a phrase; not if it has no word to look for."""
        words = _words(phrase)
        tags = tags_of(words)
        content = [
            _forms(word) for word, tag in zip(words, tags, strict=True) if tag not in _FUNCTION
        ]
        wanted = [forms for forms in content if not forms & self._known]
        return bool(content) and any(
            all(forms & place for forms in wanted) for place in self._places
        )


def _places(text: str) -> Iterator[frozenset[str]]:
    """Yields the base forms of each two sentences that follow each other."""
    sentences = [_bases(sentence) for sentence in _SENTENCE_END.split(text)]
    if len(sentences) == 1:
        yield sentences[0]
    for one, next_one in pairwise(sentences):
        yield one | next_one


def _bases(text: str) -> frozenset[str]:
    return frozenset(base for word in _words(text) for base in _forms(word))


def _forms(word: str) -> frozenset[str]:
    """Returns a word with the base forms that it may have."""
    return frozenset((word, *(lemma_of(word, tag) for tag in _TAGS)))


def _words(text: str) -> list[str]:
    plain = text.replace("\u2019", "'").lower()
    return [word for word in words_of(plain) if word[0].isalnum()]
