"""What listed words add up to."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from server.safety.patterns import Choice
from server.safety.reading import Reading
from server.safety.vocabulary import Vocabulary

HARMLESS = "harmless"
"""The group of phrases whose words count for no rule."""


class Category(StrEnum):
    """What a refused text is about."""

    SEXUAL_MINORS = "sexual-minors"
    SEXUAL = "sexual"
    SELF_HARM = "self-harm"
    HATE = "hate"
    VIOLENCE = "violence"
    WEAPONS = "weapons"
    DRUGS = "drugs"
    PROFANITY = "profanity"


@dataclass(frozen=True, slots=True)
class Find:
    """A listed phrase in a text: the places of its first word and after its last one."""

    language: str
    group: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Groups whose phrases are refused when they stand together, in one language."""

    name: str
    category: Category
    needs: frozenset[str]
    apart: int | None = None
    """The most words between them in one sentence; None stands for anywhere in the request."""
    unless: frozenset[str] = frozenset()
    """Groups of which no phrase may stand in the same sentence."""
    unless_nearer: frozenset[str] = frozenset()
    """Groups whose phrases excuse words that they are one of, or nearer to than those are."""

    @property
    def groups(self) -> frozenset[str]:
        """All groups that it names."""
        return self.needs | self.unless | self.unless_nearer

    def broken_at(self, finds: Sequence[Find], reading: Reading) -> int | None:
        """Returns the place of the first word that breaks the rule, if any does.

        `finds` are those of one language, by place.
        """
        excused = {reading.sentences[find.start] for find in finds if find.group in self.unless}
        needed = [
            find
            for find in finds
            if find.group in self.needs and reading.sentences[find.start] not in excused
        ]
        excuses = [find for find in finds if find.group in self.unless_nearer]
        for number, first in enumerate(needed):
            groups = set()
            for find in needed[number:]:
                if self.apart is not None and not _near(first, find, reading, self.apart):
                    break
                if any(_is_nearer(each, first, find, reading) for each in excuses):
                    continue
                groups.add(find.group)
                if len(groups) == len(self.needs):
                    return first.start
            if self.apart is None:
                return None
        return None


def finds_by_language(reading: Reading, vocabulary: Vocabulary) -> dict[str, list[Find]]:
    """Returns the listed phrases of a text by place, without those inside a harmless one."""
    begun = {word: vocabulary.phrases_from(word) for word in set(reading.words)}
    found = [
        Find(phrase.language, phrase.group, start, start + len(phrase.choices))
        for start, word in enumerate(reading.words)
        for phrase in begun[word]
        if phrase.is_word or _stands(phrase.choices, reading.words, start)
    ]
    harmless = {
        place for find in found if find.group == HARMLESS for place in range(find.start, find.end)
    }
    by_language: dict[str, list[Find]] = {}
    for find in found:
        if not harmless or not harmless.issuperset(range(find.start, find.end)):
            by_language.setdefault(find.language, []).append(find)
    return by_language


def _stands(choices: Sequence[Choice], words: Sequence[str], start: int) -> bool:
    if start + len(choices) > len(words):
        return False
    for place, choice in enumerate(choices, start):  # noqa: SIM110
        if not choice.fits(words[place]):
            return False
    return True


def _is_nearer(excuse: Find, first: Find, last: Find, reading: Reading) -> bool:
    """Returns whether a phrase is one of two, or nearer to one of them than they are to each other.

    The emperor is naked, says a child; but a naked child at the parade is a naked child.
    """
    if first is last or reading.sentences[excuse.start] != reading.sentences[first.start]:
        return False
    gaps = [_gap(excuse, each) for each in (first, last)]
    return min(gaps) < max(_gap(first, last), 0)


def _gap(one: Find, other: Find) -> int:
    """Returns how many words are between two phrases; less than 0 where they share some."""
    return max(one.start, other.start) - min(one.end, other.end)


def _near(first: Find, last: Find, reading: Reading, apart: int) -> bool:
    same = reading.sentences[first.start] == reading.sentences[last.start]
    return same and last.start - first.end <= apart
