"""Spots: which phrases name a place, and how."""

from functools import lru_cache

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.lexicon import nouns, places
from actors.extractors.rules.lexicon.abstract import is_abstract
from actors.extractors.rules.lexicon.looks import MOOD_OF, SEASONS, TIMES, WEATHERS
from actors.extractors.rules.phrases import NounPhrase

_NOWHERE = (
    nouns.BODY
    | nouns.GARMENTS
    | nouns.PEOPLE
    | nouns.ANIMALS
    | frozenset(TIMES)
    | frozenset(SEASONS)
    | frozenset(WEATHERS)
    | frozenset(MOOD_OF)
)

_NO_SITES = places.NO_SITES | nouns.PEOPLE | nouns.ANIMALS | nouns.GARMENTS


def name_of_place(phrase: NounPhrase) -> str:
    """Returns the name of a place: `old mill` of `the whole old mill`."""
    said = phrase.words if phrase.head.lower in nouns.PAIRS else phrase.base
    words = said.split()
    while len(words) > 1 and words[0] in places.QUANTITIES:
        words = words[1:]
    return " ".join(words)


def is_place(phrase: NounPhrase) -> bool:
    """Returns whether a phrase names a place."""
    head = phrase.head
    if not head.is_noun or head.character is not None:
        return False
    if phrase.of is not None and phrase.of.head.lemma in nouns.BODY:
        return False  # `A fold of his skin`.
    pair = " ".join(one.lower for one in phrase.tokens[-2:])
    if pair in _STEPS:
        return True
    joined = "-".join([*(one.lower for one in phrase.tokens[-2:-1]), head.lemma])
    if head.lemma == "floor" and len(phrase.tokens) > 1 and _is_story(phrase.tokens[-2].lower):
        return True
    if head.lemma == "ground" and len(phrase.tokens) > 1 and phrase.tokens[-2].tag == "NN":
        return True  # `The parade ground`.
    return bool({head.lemma, head.lower, pair, joined} & nouns.PLACES) or _sounds_like_one(
        head.lemma
    )


_STEPS = frozenset({"back step", "front step", "back steps", "front steps", "top step"})


def _is_story(word: str) -> bool:
    """Returns whether a word tells which floor of a house: `ninth`, `ground`, `21st`."""
    return word in _STORIES or word.endswith(("th", "1st", "2nd", "3rd"))


_STORIES = frozenset({"first", "second", "third", "ground", "top", "upper", "lower", "next"})


@lru_cache(maxsize=20_000)
def _sounds_like_one(noun: str) -> bool:
    """Returns whether a noun ends like the name of a place: `boat-shed`, `schoolroom`."""
    if noun in _NO_SITES:
        return False
    _, hyphen, last = noun.rpartition("-")
    if hyphen and last in nouns.PLACES and last not in nouns.FLUID_PLACES:
        return True
    return any(noun.endswith(one) and len(noun) > len(one) + 2 for one in places.ENDINGS)


def is_somewhere(phrase: NounPhrase) -> bool:
    """Returns whether somebody can be in what a phrase names, though it is no place by itself."""
    head = phrase.head
    if not head.is_noun or head.character is not None or phrase.negated:
        return False
    return head.lemma not in _NOWHERE and not is_abstract(head.lemma)


def is_home(clause: Clause, word: str, phrase: NounPhrase) -> bool:
    """Returns whether somebody lives in what a phrase names: `lived in a pumpkin`."""
    inside = word in {"in", "inside", "at", "under", "on", "above", "by", "near", "beneath", ""}
    return clause.verb in places.LIVING and inside and is_somewhere(phrase)


def fitted_to(phrase: NounPhrase) -> str:
    """Returns the place that a thing is fitted to: the kitchen of the `kitchen door`."""
    if phrase.negated or phrase.head.lemma not in places.FITTINGS:
        return ""
    named = [one.lemma for one in phrase.tokens[:-1] if one.is_noun and one.lemma in nouns.PLACES]
    return named[-1] if named else ""


def is_hollow(phrase: NounPhrase) -> bool:
    """Returns whether somebody can be inside something: `inside the whale`."""
    noun = phrase.head.lemma
    inward = noun not in nouns.BODY | nouns.GARMENTS | nouns.PEOPLE and not is_abstract(noun)
    return phrase.head.is_noun and phrase.head.character is None and inward and not phrase.owner


def is_own_body(phrase: NounPhrase) -> bool:
    """Returns whether a phrase means a part of somebody: `on his back`."""
    return bool(phrase.owner) and phrase.head.lemma in nouns.BODY


def is_idle(phrase: NounPhrase) -> bool:
    """Returns whether a place is anywhere: `the best in the world`."""
    return phrase.head.lemma == "world" and phrase.words in {"world", "whole world", "wide world"}


def is_ground(phrase: NounPhrase) -> bool:
    """Returns whether somebody can be on or among what has no name as a place: `the cabbages`."""
    definite = phrase.determiner == "the" or (phrase.plural and not phrase.determiner)
    return definite and is_somewhere(phrase) and not is_place(phrase)
