"""Kinds: which of a cast a noun can mean, by age, species and family."""

from collections.abc import Sequence

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
