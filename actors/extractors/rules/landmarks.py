"""Landmarks: what has no name as a place, but tells where somebody is who is at it."""

from collections.abc import Iterator, Sequence

from actors.extractors.rules.clauses import Clause, all_phrases
from actors.extractors.rules.lexicon import hints, nouns, places
from actors.extractors.rules.lexicon.verbs import SAYING
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.showing import is_unreal
from actors.extractors.rules.spots import is_place, name_of_place
from actors.extractors.rules.weighing import is_about_beings

_HERE = 1.3
"""What a landmark is worth that somebody is at: a little more than the place before."""
_UP = 2.5
"""What a tree is worth that somebody is up in."""
_ROUND = frozenset({"around", "round", "by", "beside", "at", "before"})
_CROWN = frozenset({"top", "branch", "bough", "crown", "fork", "twig"})
_IN_TREES = frozenset({"up", "in", "into", "to", "on", "onto"})
_FIRES = frozenset({"fire", "campfire", "bonfire", "hearth", "fireside", "fireplace"})
_DOORS = frozenset({"gate", "door", "doorstep", "porch", "hearth", "table", "window"})
_OWN = frozenset({"his", "her", "their", "its", "my", "our"})
_MEALS = frozenset({"breakfast", "dinner", "supper", "lunch"})
_SCHOOLS = frozenset({"school", "classroom", "class", "playground", "schoolyard"})
_AT_HOME = frozenset(
    {
        *("home", "house", "cottage", "flat", "bedroom", "nursery", "attic", "bathroom", "room"),
        *("hall", "hallway", "landing", "stairs", "stair", "staircase", "living room", "parlour"),
        *("sitting-room", "dining-room", "lounge", "study", "cellar", "bed", "farmhouse", "loft"),
    }
)
"""Where somebody is who goes down to breakfast: no ship, castle or hospital."""
_COMING = frozenset({"come", "sit", "be", "go", "run", "tumble", "march", "stomp", "gather"})


def landmarks(
    clause: Clause, before: str, *, camps: bool
) -> Iterator[tuple[str, float, str, NounPhrase]]:
    """Yields the landmarks of a clause: a name, its worth, the preposition and the phrase.

    `before` is the place that is known already; `camps` whether the page has a fire or a tent.
    """
    yield from _lit(clause)
    yield from _around(clause)
    if not camps:
        yield from _within(clause, before)
    if clause.negated or not is_about_beings(clause):
        return
    known = {before, *before.split()[-1:]}
    for word, phrase in clause.places:
        if phrase.negated:
            continue
        if word in _IN_TREES and (tree := _treetop(clause, word, phrase)) is not None:
            yield tree.base, _UP, word, phrase
        if phrase.head.lemma in _MEALS and word in {"to", "at"} and clause.verb in _COMING:
            if known & _SCHOOLS:
                yield "canteen", _HERE, word, phrase
            elif not before or known & _AT_HOME:
                yield "kitchen", _HERE, word, phrase
        if known & hints.INDOORS:
            continue
        rests = clause.verb in {*places.RESTING, "be", "gather", "dance", "warm", "roll", "wrap"}
        fireside = word in _ROUND and phrase.head.lemma in _FIRES and rests
        if fireside or (word == "at" and _is_own_door(phrase)):
            yield phrase.base, _HERE, word, phrase


_INNER = {
    **dict.fromkeys(("stove", "kettle", "oven", "fridge", "sink", "cooker", "cupboard"), "kitchen"),
    **dict.fromkeys(("sofa", "armchair", "mantelpiece", "fireplace", "hearthrug"), "living room"),
    **dict.fromkeys(("ceiling", "carpet", "wardrobe", "staircase", "hearth", "doormat"), "house"),
}
"""Things that are found only indoors, each with the room that it stands in."""


def _within(clause: Clause, before: str) -> Iterator[tuple[str, float, str, NounPhrase]]:
    """Yields the room of a thing that nobody finds outdoors: `warmed her feet by the stove`."""
    if not {before, *before.split()[-1:]} & (hints.OUTDOORS - _CAMPS) or clause.negated:
        return
    if clause.perfect or is_unreal(clause):
        return
    wild = bool({before, *before.split()[-1:]} & _WILDS)
    for phrase in (*clause.subject, *clause.phrases):
        if wild and phrase.head.lemma in _CARRIED:
            continue
        inner = _INNER.get(phrase.head.lemma, "") if phrase.determiner == "the" else ""
        if inner and phrase.of is None and not phrase.plural:
            yield inner, _HERE, "", phrase


def is_camp(clauses: Sequence[Clause]) -> bool:
    """Returns whether a page has a fire or a tent, at which people cook in the open."""
    return any(phrase.head.lemma in _CAMPING for phrase in all_phrases(clauses))


_CAMPING = frozenset(
    {"fire", "campfire", "bonfire", "flame", "ember", "tent", "camp", "sleeping-bag", "rucksack"}
)
_CARRIED = frozenset({"kettle", "stove", "cooker"})
"""Things of kitchens that people take along into the wild."""
_WILDS = frozenset(
    {
        *("wood", "forest", "mountain", "hill", "island", "jungle", "moor", "shore", "seashore"),
        *("beach", "lake", "river", "riverbank", "meadow", "harbour"),
    }
)
_CAMPS = {"campsite", "market", "allotment", "farm", "island", "town", "village"}
"""Places in the open where there are such things too."""


def _lit(clause: Clause) -> Iterator[tuple[str, float, str, NounPhrase]]:
    """Yields where a light goes on, since somebody is there."""
    lights = any(one.head.lemma in {"light", "lamp", "candle", "lantern"} for one in clause.subject)
    if not lights or clause.negated or (clause.verb, clause.particle) not in _LIGHTING:
        return
    for word, phrase in clause.places:
        room = phrase.of or phrase
        if word in {"in", "behind", "at"} and is_place(room):
            yield name_of_place(room), _UP, word, phrase


_LIGHTING = {("go", "on"), ("come", "on"), ("burn", ""), ("shine", ""), ("glow", "")}


def _around(clause: Clause) -> Iterator[tuple[str, float, str, NounPhrase]]:
    """Yields the ground that is all around: `There was sand`; the stairs that one shouts up."""
    if clause.negated:
        return
    placed = any(word in _ON for word, _ in clause.places)
    if [one.head.tag for one in clause.subject] == ["EX"] and clause.verb == "be" and not placed:
        for phrase in clause.objects[:1]:
            bare = len(phrase.tokens) == 1 and phrase.of is None and not phrase.negated
            if bare and phrase.head.lemma in _GROUNDS:
                yield phrase.base, 2.0, "", phrase
    for word, phrase in clause.places:
        stairs = phrase.head.lemma in {"stair", "stairs", "staircase"} and not phrase.owner
        if stairs and word in {"up", "down"} and clause.verb in SAYING:
            yield "stairs", 2.0, word, phrase


_GROUNDS = frozenset({"sand", "snow", "ice", "grass", "water", "sea"})
_ON = frozenset({"in", "on", "into", "onto", "from", "over", "under", "inside", "upon"})


def _treetop(clause: Clause, word: str, phrase: NounPhrase) -> NounPhrase | None:
    """Returns the tree that somebody is up in: `climbed to the top of the elm`."""
    if clause.verb not in places.MOVING | places.RESTING | {"be"} or phrase.plural:
        return None
    if phrase.head.lemma in _CROWN:
        whole = phrase.of or phrase
        return whole if _is_tree(whole) or phrase.head.lemma in {"branch", "bough"} else None
    climbed = clause.verb in {"climb", "clamber", "scramble", "swarm"} and word in {"up", "into"}
    seated = word in {"in", "into"} and phrase.of is None
    return phrase if _is_tree(phrase) and (climbed or seated) else None


def _is_tree(phrase: NounPhrase) -> bool:
    noun = phrase.head.lemma
    return noun in hints.TREES - {"trunk"} or noun.endswith("-tree")


def _is_own_door(phrase: NounPhrase) -> bool:
    owned = bool(phrase.owner) and phrase.owner[-1].lower in _OWN
    return (owned or phrase.determiner in _OWN) and phrase.head.lemma in _DOORS - nouns.PLACES
