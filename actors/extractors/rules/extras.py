"""Extras: people and animals that a clause shows and that are not of the cast."""

from collections.abc import Iterator, Sequence

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.kin import SAME
from actors.extractors.rules.lexicon import nouns
from actors.extractors.rules.lexicon.actions import ACTIONS
from actors.extractors.rules.lexicon.beings import SMALL_FRY
from actors.extractors.rules.lexicon.homonyms import Sense
from actors.extractors.rules.lexicon.presence import (
    COOKING,
    CROWDS,
    DISHES,
    NEAR,
    QUANTITIES,
    UNREAL_LOOKS,
)
from actors.extractors.rules.lexicon.verbs import SAYING
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.tokens import Token

_TOYS = frozenset({"doll", "teddy", "toy", "puppet", "puzzle", "marionette"})
_WHOLE = frozenset({"whole", "entire", "half", "all"})
_SETTLEMENTS = frozenset(
    {
        *("village", "town", "city", "street", "school", "class", "kingdom", "palace", "castle"),
        *("court", "neighbourhood", "square", "island", "country", "land", "house", "household"),
        *("ship", "harbour", "market", "theatre", "lane", "road", "place", "court", "room", "hall"),
    }
)
_ADORNED = frozenset(
    {
        *("roundabout", "carousel", "merry-go-round", "curtain", "wallpaper", "rug", "carpet"),
        *("quilt", "blanket", "duvet", "pillow", "cushion", "towel", "plate", "cup", "mug", "bowl"),
        *("jug", "vase", "lamp", "clock", "stamp", "flag", "banner", "poster", "picture", "book"),
        *("wrapping-paper", "tapestry", "frieze", "kite", "sign", "shield", "coin", "box", "tin"),
    }
)
"""What people and animals are printed, woven or carved on."""
_KIN = frozenset({"nephew", "niece", "son", "daughter", "grandson", "granddaughter", "cousin"})
_OF_CAST = frozenset({"friend", "child", "children", "twin", "sibling", "animal", "creature"})
"""Plural nouns that mean some of the cast even where it is not clear whom."""


def extras_of(phrase: NounPhrase, *, known: bool, verb: str = "") -> Iterator[str]:
    """Yields the extras that a phrase shows; `known` is whether it means one of the cast."""
    of = phrase.of
    head = phrase.head
    if phrase.negated or _is_of_kin(phrase) or phrase.tokens[0].lower == "dear":
        return  # `Dear Granny` begins a letter.
    counted = of is not None and head.lemma in QUANTITIES and is_being(of)
    small = head.lemma in SMALL_FRY and not known
    if is_being(phrase) and not known and not small and (not counted or head.lemma in CROWDS):
        if not (verb in COOKING and head.lemma in nouns.ANIMALS) and not _is_of_cast(phrase):
            yield head.lemma
    elif of is not None and (counted or (_is_near(head) and is_being(of))):
        yield of.head.lemma


def _is_of_kin(phrase: NounPhrase) -> bool:
    """Returns whether kin without an article tells who they are: `they lay there, aunt and son`."""
    head = phrase.head
    alone = len(phrase.tokens) == 1 and not phrase.owner and head.tag == "NN"
    return alone and head.text.islower() and (head.lemma in SAME or head.lemma in _KIN)


def inhabitants(clause: Clause) -> Iterator[str]:
    """Yields a crowd where all of a place do something: `the whole village danced`."""
    for phrase in clause.subject:
        said = {one.lower for one in phrase.tokens[:-1]}
        said |= {one.lower for one in clause.adverbs} & {"half"}
        whole = phrase.head.lemma == "whole" and phrase.of is not None
        settled = phrase.head.lemma in _SETTLEMENTS and bool(said & _WHOLE)
        if (whole or settled) and clause.verb in ACTIONS | SAYING and not phrase.negated:
            yield "crowd"


def adorns(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether a phrase is on what stands before it: `a roundabout with white horses`."""
    named = [*clause.subject, *clause.objects, *(one for _, one in clause.places)]
    return any(
        0 <= phrase.begin - one.end <= 1 and one.head.lemma in _ADORNED | nouns.GARMENTS
        for one in named
    )


def is_being(phrase: NounPhrase) -> bool:
    """Returns whether a phrase means a person or animal, no toy, dish or picture."""
    head = phrase.head
    if not head.is_noun or head.character is not None or not _means_being(head):
        return False
    if head.lemma == "band" and len(phrase.adjectives) > 0 and _is_ribbon(phrase):
        return False
    if phrase.of is not None and phrase.of.head.lemma in nouns.BODY and head.lemma in _BENT:
        return False
    return not any(
        one.lower in nouns.TOYS | UNREAL_LOOKS or one.lemma in DISHES for one in phrase.tokens[:-1]
    ) and not is_cuddly(phrase)


def _means_being(head: Token) -> bool:
    """Returns whether a noun means somebody here, if it is a homonym: `bat`, `crane`."""
    if head.sense is not None:
        return head.sense is Sense.BEING
    return head.lemma in nouns.BEINGS


def is_cuddly(phrase: NounPhrase) -> bool:
    """Returns whether a wild animal is somebody's, and so a toy: `one arm round his bear`."""
    own = bool(phrase.owner) and phrase.owner[-1].tag == "PRP$"
    return own and phrase.head.lemma in _CUDDLY and phrase.head.character is None


_BENT = frozenset({"crook", "bend", "ball", "bridge"})
_CUDDLY = frozenset(
    {
        *(
            "bear",
            "elephant",
            "lion",
            "tiger",
            "giraffe",
            "monkey",
            "penguin",
            "hippo",
            "crocodile",
        ),
        *("dinosaur", "panda", "koala", "unicorn", "zebra", "rhino", "polar-bear", "seal"),
        *("octopus", "sloth", "kangaroo", "walrus", "leopard", "gorilla"),
        *("whale", "crocodile"),
    }
)
"""Wild animals that nobody keeps but as toys."""


def departs(clause: Clause) -> bool:
    """Returns whether a crowd is gone after a clause: `the guests went home`."""
    home = any(one.lower in {"home", "away", "homewards"} for one in clause.adverbs)
    home = home or clause.particle == "away"
    if clause.negated or clause.modal or "be" in clause.helpers:
        return False
    gone = clause.verb in _GOING and home
    return gone or (clause.verb in _SCATTERING and not (clause.objects or clause.places))


_GOING = frozenset({"go", "hurry", "drift", "walk", "troop", "drive", "wander", "stroll", "trudge"})
_SCATTERING = frozenset({"leave", "disperse", "depart", "scatter", "vanish", "disappear"})


def _is_near(head: Token) -> bool:
    return head.lemma in NEAR


def _is_ribbon(phrase: NounPhrase) -> bool:
    """Returns whether a band is a stripe: `a wide red band`."""
    return not any(one.lower in {"brass", "marching", "school"} for one in phrase.tokens)


def _is_of_cast(phrase: NounPhrase) -> bool:
    return phrase.plural and phrase.head.lemma in _OF_CAST and phrase.tokens[0].lower == "the"


def are_toys(phrases: Sequence[NounPhrase]) -> bool:
    """Returns whether those who are named together are toys: `a doll, a bear and a tin mouse`."""
    return any(
        one.head.lemma in _TOYS or any(word.lower in nouns.TOYS for word in one.tokens[:-1])
        for one in phrases
    )


def figurative(places: Sequence[tuple[str, NounPhrase]]) -> bool:
    """Returns whether animals are meant as a feeling: `butterflies in her stomach`."""
    inside = {"stomach", "tummy", "belly", "head", "throat"}
    return any(word == "in" and one.head.lemma in inside for word, one in places)
