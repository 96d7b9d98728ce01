"""What a story needs so that it can be drawn."""

import re
from collections import Counter
from collections.abc import Collection, Container, Iterable, Sequence
from typing import TypeVar
from uuid import UUID

from imggen.errors import Violation
from imggen.rules.checks import Checks, says_something
from imggen.rules.unicode import EXTEND
from imggen.v1 import errors_pb2 as reasons

Id = TypeVar("Id")

# Letters and digits with their marks and joiners, which split no word (UAX 29, WB4).
_WORD = re.compile(rf"(?:[^\W_][{EXTEND}]*)+")
_UNSEEN = re.compile("[\u200b-\u200f\u061c\ufe0e\ufe0f]")
_COMMON = frozenset({"the", "a", "an", "of", "and", "mr", "mrs", "little", "old"})
_EVERYBODY = frozenset({"everyone", "everybody"})
_PAGES_BEFORE = 3
MOST_OTHERS = 24
"""With those whom a page can list they are as many as a scene may have."""


def leading_characters(pages: Iterable[Iterable[Id]], known: Container[Id]) -> list[Id]:
    """Returns those of the known characters that pages list, the one on the most pages first."""
    counted = Counter(one for page in pages for one in page)
    # Equals stay in the order of their first pages: Counter and its stable sort keep it.
    return [one for one, _ in counted.most_common() if one in known]


def others_of(
    pages: Iterable[Iterable[Id]], number: int, listed: Collection[Id], cast: Iterable[Id] = ()
) -> tuple[Id, ...]:
    """Returns who may be on a page without being listed: of the nearest pages first, then the cast.

    `pages` are the characters of each page.
    """
    found: dict[Id, None] = {}
    for _, page in sorted(enumerate(pages, start=1), key=lambda one: abs(one[0] - number)):
        found |= dict.fromkeys(one for one in page if one not in listed)
        if len(found) >= MOST_OTHERS:
            break
    found |= dict.fromkeys(one for one in cast if one not in listed)
    return tuple(found)[:MOST_OTHERS]


def pages_before(texts: Sequence[str], number: int) -> tuple[str, ...]:
    """Returns the texts that are read before a page's: its place and its pronouns come from them.

    The first one comes first.
    """
    return tuple(texts[max(0, number - 1 - _PAGES_BEFORE) : number - 1])


def may_name(text: str, name: str, species: str) -> bool:
    """Returns whether a text has a word of a character's name or species, or means everybody.

    A page that does so waits for the portrait. It is no reading: whom the text puts in the picture
    is found out when it is drawn.
    """
    return bool(named_in([text], [("", name, species)]))


def named_in(texts: Iterable[str], cast: Iterable[tuple[Id, str, str]]) -> list[Id]:
    """Returns whom of a cast, by ids with names and species, some of the texts may name."""
    whole = _folded("\n".join(texts))
    words = set(_WORD.findall(whole))
    return [one for one, name, species in cast if _has(whole, words, name, species)]


def _has(text: str, words: set[str], name: str, species: str) -> bool:
    parts = set(_WORD.findall(_folded(f"{name} {species}"))) - _COMMON
    # Not all scripts set words apart.
    inside = any(not part.isascii() and part in text for part in parts)
    return inside or not words.isdisjoint(parts | _EVERYBODY)


def _folded(text: str) -> str:
    """Returns a text as it is compared: a name may be written with and without joiners."""
    return _UNSEEN.sub("", text.casefold())


def check_something(
    checks: Checks, *, pages: int, named: bool, portraits: bool, scenes: bool, cover: bool
) -> None:
    """Adds a violation if there is nothing to draw; `named` is whether pages name characters."""
    if not (portraits or scenes or cover):
        _nothing(checks, "portraits, scenes and cover are all left out; include one of them")
    elif not pages:
        _nothing(checks, "the story has no pages; add some")
    elif not scenes and not cover and not named:
        _nothing(checks, "its pages name no characters, and only portraits are asked for")


def refuse_gone(checks: Checks, page: int, character: UUID | str) -> None:
    """Adds the violation of a page that names a deleted character."""
    checks.add(
        "story_id",
        f"page {page} names the character {character}, which was deleted; update the story's pages",
        reasons.ERROR_REASON_CHARACTER_GONE,
    )


def check_words(checks: Checks, page: int, words: str) -> None:
    """Checks that a page says something that can be drawn."""
    if not says_something(words):
        checks.add(
            "story_id",
            f"page {page}: its text says nothing that could be drawn; give it a scene_description",
            reasons.ERROR_REASON_PROMPT_EMPTY,
        )


def refuse_offer(checks: Checks, found: Sequence[Violation], where: str) -> None:
    """Adds why nothing can draw an image; it names the story, since no field is wrong."""
    for wrong in found:
        moved = wrong
        if wrong.reason != reasons.ERROR_REASON_MODEL_UNKNOWN:
            moved = Violation("story_id", f"{where}{wrong.description}", wrong.reason)
        if moved not in checks.violations:
            checks.violations.append(moved)


def _nothing(checks: Checks, why: str) -> None:
    checks.add("story_id", f"nothing to draw: {why}", reasons.ERROR_REASON_NOTHING_TO_DRAW)
