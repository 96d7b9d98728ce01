"""What listed words add up to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from server.safety.patterns import Phrase
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
    """Groups whose phrases are refused when they stand together."""

    name: str
    category: Category
    needs: tuple[str, ...]
    within: int | None = None
    """In how many words of one sentence; None stands for anywhere in the request."""
    unless: tuple[str, ...] = ()
    """Groups of which no phrase may stand in the same sentence."""

    def broken_at(self, finds: Collection[Find], reading: Reading) -> int | None:
        """Returns the place of the first word that breaks the rule, if any does."""
        for language in {find.language for find in finds}:
            ours = [find for find in finds if find.language == language]
            needed = [find for find in ours if find.group in self.needs]
            if {find.group for find in needed} < set(self.needs):
                continue
            excused = {reading.sentences[find.start] for find in ours if find.group in self.unless}
            needed = [find for find in needed if reading.sentences[find.start] not in excused]
            place = self._together(needed, reading)
            if place is not None:
                return place
        return None

    def _together(self, finds: Sequence[Find], reading: Reading) -> int | None:
        for number, first in enumerate(finds):
            groups = set()
            for find in finds[number:]:
                if self.within is not None and not _near(first, find, reading, self.within):
                    break
                groups.add(find.group)
                if len(groups) == len(self.needs):
                    return first.start
        return None


def finds(reading: Reading, vocabulary: Vocabulary) -> list[Find]:
    """Returns the listed phrases of a text by place, without those inside a harmless one."""
    begun = {word: phrases for word in set(reading.words) if (phrases := list(vocabulary.phrases_from(word)))}
    found = [
        Find(phrase.language, phrase.group, start, start + len(phrase.choices))
        for start, word in enumerate(reading.words)
        if word in begun
        for phrase in begun[word]
        if _stands(phrase, reading.words, start)
    ]
    harmless = {
        place for find in found if find.group == HARMLESS for place in range(find.start, find.end)
    }
    return [find for find in found if not harmless.issuperset(range(find.start, find.end))]


def _stands(phrase: Phrase, words: Sequence[str], start: int) -> bool:
    if start + len(phrase.choices) > len(words):
        return False
    return all(
        choice.fits(words[start + number]) for number, choice in enumerate(phrase.choices)
    )


def _near(first: Find, last: Find, reading: Reading, within: int) -> bool:
    same = reading.sentences[first.start] == reading.sentences[last.start]
    return same and last.end - first.start <= within
