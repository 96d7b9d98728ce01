"""Patterns of the lists: `kill* (him|her)self`, `(how|ways) to`, `bath? salt*`.

A pattern is words in a row. Each is one word, or a choice in brackets; `*` at a word's end stands
for any ending, `?` after a word or a choice lets it be absent.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, product

from server.safety.folding import Folding

_PART = re.compile(r"\([^)]*\)\??|\S+")


@dataclass(frozen=True, slots=True)
class Choice:
    """Words of which one stands at a place of a phrase."""

    words: frozenset[str]
    stems: tuple[str, ...]

    def fits(self, word: str) -> bool:
        """Returns whether a word is one of these."""
        return word in self.words or word.startswith(self.stems)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a row that belong to a group, in one language."""

    language: str
    group: str
    choices: tuple[Choice, ...]
    is_word: bool
    """Whether it is one word."""


def phrases(language: str, group: str, pattern: str, folding: Folding) -> list[Phrase]:
    """Returns the phrases of a pattern, one for each way to leave optional words out."""
    parts = [_options(part, folding) for part in _PART.findall(pattern)]
    found = [tuple(chain(*options)) for options in product(*parts)]
    if not all(found):
        raise ValueError(f"a pattern of {language}, {group} can be empty")
    return [Phrase(language, group, choices, len(choices) == 1) for choices in found]


def _options(part: str, folding: Folding) -> list[tuple[Choice, ...]]:
    names = [name.split() for name in part.removesuffix("?").strip("()").split("|")]
    single = [name[0] for name in names if len(name) == 1]
    options: list[tuple[Choice, ...]] = [(_choice(single, folding),)] if single else []
    options += [tuple(_choice([word], folding) for word in name) for name in names if len(name) > 1]
    return [*options, ()] if part.endswith("?") else options


def _choice(names: Iterable[str], folding: Folding) -> Choice:
    folded = [(folding.fold(name.removesuffix("*")), name.endswith("*")) for name in names]
    stems = tuple(sorted(word for word, is_stem in folded if is_stem))
    return Choice(frozenset(word for word, _ in folded), stems)
