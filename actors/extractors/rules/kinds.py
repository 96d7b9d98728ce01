"""Kinds: which of a cast a noun can mean, by age, species and family."""

from collections.abc import Sequence

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.english import lemma_of
from actors.extractors.rules.hue import is_colour
from actors.extractors.rules.kin import (
    CHILD,
    ELDER,
    is_human,
    same_family,
    stage_of,
    words_of_name,
)
from actors.extractors.rules.memory import Who
from actors.extractors.rules.names import Names
from actors.extractors.rules.phrases import NounPhrase
from server.domain.characters import Description


def fits(names: Names, one: int, phrase: NounPhrase) -> bool:
    """Returns whether the adjectives of a phrase can be said of somebody: `the old man`."""
    each = names.cast[one]
    if not is_human(each) or names.is_own(phrase.head.lemma, one):
        return True
    said = {token.lower for token in phrase.tokens[:-1]}
    stage = stage_of(each)
    if said & {"old", "elderly", "ancient"}:
        return stage in {"", ELDER}
    return not said & {"young"} or stage in {"", CHILD}


def said_with(clause: Clause, phrase: NounPhrase) -> list[NounPhrase]:
    """Returns what a clause says right after a phrase about its looks: `a girl with plaits`."""
    found: list[NounPhrase] = []
    end = phrase.end
    for word, placed in sorted(clause.places, key=lambda one: one[1].start):
        joined = bool(found) and word in {"with", "in"} and placed.begin <= end + 2
        if (word in {"with", "in"} and placed.begin == end + 1) or joined:
            found.append(placed)
            end = placed.end
    return found


def answers(one: Description, phrase: NounPhrase, looks: Sequence[NounPhrase]) -> bool:
    """Returns whether a stranger looks as a character is described: `a girl with red plaits`.

    One garment or feature has to be the same, and no colour of it another one.
    """
    fields = (one.hair, one.clothing, one.skin, " ".join((one.hair, *one.features)))
    told = [_words(field) for field in fields]
    same = [each for each in looks if any(_names(each) & words for words in told)]
    agreed = [each for each in same if any(_agrees(each, words) for words in told)]
    if len(agreed) < len(same):
        return False
    coated = not is_human(one) and bool(_hues(phrase)) and _hues(phrase) <= _words(one.skin)
    return bool(same) or coated


def is_plain(phrase: NounPhrase, looks: Sequence[NounPhrase]) -> bool:
    """Returns whether nothing but the noun tells who comes: `a girl crawled out`."""
    bare = all(one.determiner == "the" for one in looks)  # `A lady in the rain`.
    return phrase.head.lemma in _PERSONS and len(phrase.tokens) == 2 and bare


_PERSONS = frozenset({"girl", "boy", "lady", "gentleman"})


def _agrees(look: NounPhrase, words: set[str]) -> bool:
    return bool(_names(look) & words) and _hues(look) <= words


def _names(phrase: NounPhrase) -> set[str]:
    return {phrase.head.lemma, phrase.head.lower}


def _words(text: str) -> set[str]:
    said = text.lower().replace(",", " ").split()
    return {*said, *(lemma_of(word, "NNS") for word in said)}


def _hues(phrase: NounPhrase) -> set[str]:
    return {one.lower for one in phrase.tokens[:-1] if is_colour(one.lower)}


def titled(cast: Sequence[Description]) -> list[int]:
    """Returns the grown-ups with a title and a family name, as teachers have."""
    titles = {"mr", "mrs", "ms", "miss"}
    return [
        one
        for one, each in enumerate(cast)
        if stage_of(each) != CHILD and words_of_name(each.name)[0] in titles
    ]


def beasts(cast: Sequence[Description]) -> list[int]:
    """Returns the animals of a cast."""
    return [one for one, each in enumerate(cast) if not is_human(each)]


def twins(cast: Sequence[Description]) -> Who:
    """Returns the two who are twins, or of one age and kind."""
    told = tuple(
        one
        for one, each in enumerate(cast)
        if any("twin" in word.lower() for word in (*each.features, *each.traits, each.name))
    )
    if told:
        return told
    pairs = [
        (one, other)
        for one in range(len(cast))
        for other in range(one + 1, len(cast))
        if cast[one].age is not None
        and cast[one].age == cast[other].age
        and cast[one].species == cast[other].species
    ]
    named = [one for one in pairs if same_family(cast[one[0]], cast[one[1]])]
    pairs = named if len(named) == 1 else pairs
    if len(pairs) == 1:
        return pairs[0]
    return tuple(range(len(cast))) if len(cast) == 2 else ()
