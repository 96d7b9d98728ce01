"""All words that the lists have, and how else they are spelled."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain

from server.safety.patterns import Phrase

_TWICE = re.compile(r"(.)\1")
_RUN = re.compile(r"(.)\1*")
_ARABIC = re.compile("[\u0621-\u064a]+")
# The article and the prepositions that are written with the next word; the endings of a word.
_CLITICS = re.compile("^(?:[وف]?(?:ال|بال|كال|لل|[بلكسي])?)")
_ENDINGS = re.compile("(?:ها|هم|هن|كم|نا|ين|ون|ات|ان|وا|[هكيا])$")
# A stem's first letters, by which it is found.
_HEAD = 3
# What has more letters is no word, and is not kept.
_LONGEST = 32


class Vocabulary:
    """The phrases of the lists by their words."""

    def __init__(
        self, phrases: Iterable[Phrase], refused: frozenset[str], spared: frozenset[str]
    ) -> None:
        """`refused` are groups whose words need no other; `spared` words are read as they are."""
        self._spared = spared
        self._by_word: dict[str, list[Phrase]] = {}
        self._by_stem: dict[str, dict[str, list[Phrase]]] = {}
        self._words: set[str] = set()
        self._stems: dict[str, tuple[str, ...]] = {}
        self._refused_words: set[str] = set()
        for phrase in phrases:
            self._add(phrase, phrase.group in refused and phrase.is_word)
        self._squeezed = _squeezed(self._words)
        self._squeezed_stems = _squeezed(set().union(*self._stems.values()))
        self._openings = {word[:end] for word in self._words for end in range(1, len(word) + 1)}
        self._by_shape: dict[tuple[str, int], list[str]] = defaultdict(list)
        for word in self._refused_words:
            self._by_shape[word[0], len(word)].append(word)
        # Texts are made of the same few thousand words.
        self._kept = lru_cache(maxsize=20_000)(self._spelling)

    def phrases_from(self, word: str) -> list[Phrase]:
        """Returns the phrases that can begin with a word."""
        found = self._by_word.get(word, [])
        stems = self._by_stem.get(word[:_HEAD])
        if stems is None or word in self._spared:
            return found
        begun = (phrases for stem, phrases in stems.items() if word.startswith(stem))
        return [*found, *chain.from_iterable(begun)]

    def knows(self, word: str) -> bool:
        """Returns whether a word is in any list."""
        return word in self._words or (
            word not in self._spared and word.startswith(self._stems.get(word[:_HEAD], ()))
        )

    def refuses(self, word: str) -> bool:
        """Returns whether a word, or the stem that it is, is refused without any other."""
        return word in self._refused_words

    def opens(self, letters: str) -> bool:
        """Returns whether a listed word is these letters or begins with them."""
        return letters in self._openings

    def masked(self, text: str) -> str | None:
        """Returns a word that is refused without any other, with stars for some letters."""
        fits = re.compile("".join("." if c in "*#" else re.escape(c) for c in text)).fullmatch
        return next(filter(fits, self._by_shape.get((text[0], len(text)), ())), None)

    def spelling(self, word: str) -> str:
        """Returns the listed word that another spelling stands for, else the word itself."""
        return self._kept(word) if len(word) <= _LONGEST else self._spelling(word)

    def _spelling(self, word: str) -> str:
        is_arabic = word[0] >= "\u0621" and _ARABIC.fullmatch(word)
        if not is_arabic and not _TWICE.search(word):
            return word
        if len(word) < 3 or word in self._spared or word in self._words:
            return word
        if is_arabic:
            return next(filter(self.knows, _uninflected(word)), word)
        return self._repeated(word, _RUN.sub(r"\1", word)) or word

    def _add(self, phrase: Phrase, is_refused: bool) -> None:
        for number, choice in enumerate(phrase.choices):
            self._words |= choice.words
            for stem in choice.stems:
                if len(stem) < _HEAD:
                    raise ValueError(f"a stem of {phrase.language}, {phrase.group} is too short")
                self._stems[stem[:_HEAD]] = (*self._stems.get(stem[:_HEAD], ()), stem)
                if number == 0:
                    heads = self._by_stem.setdefault(stem[:_HEAD], {})
                    heads.setdefault(stem, []).append(phrase)
            if is_refused:
                self._refused_words |= choice.words
        first = phrase.choices[0]
        for word in first.words:
            if not word.startswith(first.stems):
                self._by_word.setdefault(word, []).append(phrase)

    def _repeated(self, word: str, squeezed: str) -> str | None:
        """Returns the word or stem that a word is with letters repeated, a refused one first."""
        listed = [
            each
            for each in self._squeezed.get(squeezed, ())
            if _repeats(word, each, 2 if len(each) > 3 else 3)
        ]
        for end in range(_HEAD, len(squeezed)):
            stems = self._squeezed_stems.get(squeezed[:end], ())
            listed += [stem for stem in stems if _repeats(word, stem, 3)]
        return next(filter(self.refuses, listed), next(iter(listed), None))


def _squeezed(words: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for word in sorted(words):
        if len(word) > 2:
            found[_RUN.sub(r"\1", word)].append(word)
    return found


def _runs(word: str) -> Sequence[int]:
    return [len(run[0]) for run in _RUN.finditer(word)]


def _repeats(word: str, listed: str, enough: int) -> bool:
    """Returns whether a word begins as a listed one with letters repeated: `boook` and `book`.

    Twice is enough in whole words of four letters or more only: `bee` is not `be`.
    """
    if word.startswith(listed) and word[len(listed)] != listed[-1]:
        return False
    pairs = zip(_runs(word), _runs(listed), strict=False)
    return all(have == want or have >= max(enough, want) for have, want in pairs)


def _uninflected(word: str) -> Iterator[str]:
    for stem in (_CLITICS.sub("", word), word):
        yield from (form for form in (stem, _ENDINGS.sub("", stem)) if len(form) > 2)
