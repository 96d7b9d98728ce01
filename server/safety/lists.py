"""Our lists, and those of others as far as their words are no ordinary ones here."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.safety import kept
from server.safety.folding import Folding
from server.safety.patterns import Choice, Phrase, phrases
from server.safety.rules import HARMLESS, Category, Rule

LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "pt")
_HERE = Path(__file__).parent
# The endings of a word that others list without its inflections.
_ENDINGS = {
    "ar": (),
    "de": ("e", "en", "er", "es", "n", "s"),
    "en": ("s", "es", "ed", "er", "ers", "ing"),
    "es": ("s", "es"),
    "fr": ("s", "e", "es"),
    "hi": (),
    "pt": ("s", "es"),
}


@dataclass(frozen=True, slots=True)
class Lists:
    """The phrases of all languages, and the rules over their groups."""

    phrases: tuple[Phrase, ...]
    rules: tuple[Rule, ...]
    spared: frozenset[str]
    """Ordinary words that look like other spellings, or inflections, of listed ones."""
    parted: tuple[frozenset[str], ...]
    """By language, ordinary words that make a refused one without the space between them."""

    @property
    def refused(self) -> frozenset[str]:
        """The groups whose words are refused without any other."""
        return frozenset().union(*(rule.needs for rule in self.rules if len(rule.needs) == 1))


def load_lists(folding: Folding) -> Lists:
    """Reads the rules and the lists; raises ValueError for a group that no rule knows."""
    rules = tuple(_rules())
    known = {
        HARMLESS,
        *(group for rule in rules for group in rule.groups),
    }
    languages = {language: _toml(f"words/{language}.toml") for language in LANGUAGES}
    ordinary = [ours["ordinary"] for ours in languages.values()]
    spared = frozenset(folding.fold(word) for each in ordinary for word in each["spared"])
    found: list[Phrase] = []
    for language, ours in languages.items():
        if unknown := set(ours["groups"]) - known:
            raise ValueError(f"words/{language}.toml: no rule has {', '.join(sorted(unknown))}")
        found += _phrases(language, ours, spared, folding)
    parted = (frozenset(map(folding.fold, each["parted"])) for each in ordinary)
    return Lists(tuple(found), rules, spared, tuple(parted))


def _phrases(
    language: str, ours: Mapping[str, Any], spared: Set[str], folding: Folding
) -> Iterator[Phrase]:
    for group, entries in ours["groups"].items():
        for pattern in entries:
            yield from phrases(language, group, pattern, folding)
    ordinary = spared | {folding.fold(word) for word in ours["ordinary"]["words"]}
    for group, pattern in kept.patterns(language):
        for phrase in phrases(language, group, pattern, folding):
            yield from _kept(phrase, ordinary, _ENDINGS[language])


def _kept(phrase: Phrase, ordinary: Set[str], endings: Iterable[str]) -> Iterator[Phrase]:
    """Yields a phrase of others with its inflections, unless it is an ordinary one."""
    if not phrase.is_word:
        text = " ".join("|".join(sorted(choice.words)) for choice in phrase.choices)
        if text not in ordinary:
            yield phrase
        return
    (choice,) = phrase.choices
    stems = tuple(stem for stem in choice.stems if stem not in ordinary)
    words = choice.words - ordinary
    inflected = {word + ending for word in words if len(word) > 3 for ending in endings}
    if words:
        every = Choice(words | (inflected - ordinary), stems)
        yield Phrase(phrase.language, phrase.group, (every,), is_word=True)


def _rules() -> Iterator[Rule]:
    for entry in _toml("rules.toml")["rules"]:
        yield Rule(
            name=entry["name"],
            category=Category(entry["category"]),
            needs=frozenset(entry["needs"]),
            apart=entry.get("apart"),
            unless=frozenset(entry.get("unless", ())),
            unless_nearer=frozenset(entry.get("unless_nearer", ())),
        )


def _toml(path: str) -> Mapping[str, Any]:
    return tomllib.loads((_HERE / path).read_text("utf-8"))
