"""Places that no word names: the kitchen of the fridge, the wood of the trees."""

from collections.abc import Iterator

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.lexicon import hints, nouns
from actors.extractors.rules.lexicon.chores import CHORES, Chore
from actors.extractors.rules.lexicon.clues import FETCHING
from actors.extractors.rules.lexicon.places import FITTINGS, MOVING, RESTING
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.weighing import is_about_beings

_THERE = frozenset(
    {
        *("in", "into", "on", "onto", "at", "under", "underneath", "beneath", "beside", "by"),
        *("against", "inside", "behind", "to", "off", "from", "out", "over", "around", "round"),
    }
)
_AMONG = frozenset({"among", "amongst", "amid", "between", "through"})
_LYING = frozenset(
    {
        *("be", "lie", "sit", "sleep", "snuggle", "cuddle", "curl", "climb", "jump", "get", "go"),
        *("crawl", "creep", "hop", "tuck", "stay", "read", "wake", "slip", "hide", "put"),
    }
)
_WRITING = frozenset({"write", "chalk", "draw", "print"})
_NIGHT = frozenset({"night", "midnight", "morning", "dawn", "light", "dark"})
_ANYWHERE = {"bedroom", "living room", *hints.ROAMING}
"""Places whose things stand in others too."""
_COOKED_IN = {"bakery", "bakehouse", "restaurant", "cafe", "canteen", "ship", "camp", "diner"}
"""Places in which one cooks and washes up, beside kitchens."""
_NEAR = 1.0  # What a thing that somebody is at is worth.
_SEEN = 0.5  # What a thing that is only named is worth.


def implied(clause: Clause, before: str, *, camps: bool) -> Iterator[tuple[str, float, NounPhrase]]:
    """Yields the places that a clause gives away, each with its worth and the thing that does.

    `before` is the place of the page before; `camps` whether people may cook in the open.
    """
    staff = [_hint(one) for one in clause.subject if one.head.lemma in nouns.BEINGS]
    before = next((one for one in staff if one in hints.SLEEPING_PLACES), before)
    for word, phrase in clause.places:
        if not phrase.negated:
            yield from _at(clause, word, phrase, before)
    yield from _taught(clause)
    yield from _done(clause, before, camps=camps)
    yield from _slept(clause, before)
    elsewhere = clause.verb in FETCHING | _EATING or any(_is_kept(*one) for one in clause.places)
    for phrase in (*clause.subject, *(() if elsewhere else clause.objects)):
        place = _hint(phrase) or (_hint(phrase.of) if phrase.of is not None else "")
        if place and (phrase.determiner in {"the", "a", "an"} or phrase.owner or phrase.plural):
            yield place, 0.8 if phrase.head.lemma in nouns.BEINGS else _SEEN, phrase
    people = [one for one in clause.subject if one.head.character is not None or one.plural]
    people += [one for one in clause.subject if one.head.tag == "PRP"]
    toy = clause.verb == "sail" and bool(clause.objects)  # `Sailed a red boat round the tub`.
    if clause.verb in hints.AFLOAT and people and not (clause.negated or toy):
        yield "boat", 0.7, people[0]
    if clause.verb == "camp" and people and not clause.negated:
        yield "camp", 2.2, people[0]
    if clause.verb == "drive" and people and not (clause.negated or clause.objects):
        yield "car", 0.7, people[0]


def _taught(clause: Clause) -> Iterator[tuple[str, float, NounPhrase]]:
    """Yields the classroom of a board that somebody writes on."""
    forms = [one for one in clause.phrases if one.head.lemma in {"form", "grade"}]
    for phrase in forms:
        if any(one.lower in _YEARS for one in phrase.tokens[:-1]):
            yield "classroom", 1.5, phrase  # `Told the second form about whales`.
    for word, phrase in clause.places:
        if word == "on" and phrase.head.lemma == "board" and clause.verb in _WRITING:
            yield "classroom", 1.3, phrase


def _done(clause: Clause, before: str, *, camps: bool) -> Iterator[tuple[str, float, NounPhrase]]:
    """Yields the places of what somebody does: the kitchen of `stirred the soup`.

    Under the open sky one cooks and washes too, so that it tells less there.
    """
    if clause.negated or clause.passive or not clause.subject or not is_about_beings(clause):
        return
    if any(one.head.character is None and one.head.lemma in _NO_DOERS for one in clause.subject):
        return
    known = {before, *before.split()[-1:]}
    if camps or known & _COOKED_IN:
        known |= {"kitchen"}
    for chore in CHORES:
        objects = [one for one in clause.objects if _is_object(one, chore)]
        if clause.verb not in chore.verbs or (chore.objects and not objects):
            continue
        if chore.place in known or (known & hints.OUTDOORS and chore.place != "beach"):
            continue
        if chore.place == "door" and (before or clause.places):
            continue  # `Rang the bell on his bicycle`.
        if chore.place in hints.ROAMING and any(_is_kept(*one) for one in clause.places):
            continue
        yield chore.place, _NEAR, (objects or clause.subject)[0]


_YEARS = frozenset({"first", "second", "third", "fourth", "fifth", "sixth"})
_EATING = frozenset({"eat", "munch", "nibble", "crunch", "chew", "make", "wear"})
"""Verbs whose things come from where they grow or stand, or go there: `ate a carrot`."""
_NO_DOERS = nouns.ANIMALS | {"teacher", "captain", "monk", "conductor", "guard", "sexton"}
"""Who does no chores, or not at home: cats wash too, and teachers ring for lessons."""
_KEPT_IN = frozenset(
    {
        *("pocket", "box", "bag", "drawer", "basket", "bowl", "jar", "cupboard", "plate", "dish"),
        *("vase", "pot", "windowsill", "sill", "fridge", "tin", "table", "shelf", "cake", "pile"),
        *("hair", "hat", "tray", "rucksack", "backpack", "case", "chest", "purse", "bouquet"),
    }
)


def _is_kept(word: str, phrase: NounPhrase) -> bool:
    """Returns whether what grows or lies outdoors is kept elsewhere: `a berry from the bowl`."""
    return word in {"from", "in", "on", "of", "off", "inside"} and phrase.head.lemma in _KEPT_IN


def _is_object(phrase: NounPhrase, chore: Chore) -> bool:
    if chore.objects == frozenset({"bed"}) and (
        phrase.of is not None or phrase.determiner in {"a", ""}
    ):
        return False  # `A bed of leaves`.
    named = {phrase.head.lemma, phrase.head.lower}
    named |= {phrase.of.head.lemma} if phrase.of is not None else set()
    return bool(named & chore.objects) and not phrase.negated


def _slept(clause: Clause, before: str) -> Iterator[tuple[str, float, NounPhrase]]:
    """Yields the bedroom of those who sleep or wake, after another room of a house."""
    known = {before, *before.split()[-1:]}
    if (before and not known & hints.INDOORS) or before in hints.SLEEPING_PLACES:
        return
    placed = [one for word, one in clause.places if word and one.head.lemma not in _NIGHT]
    up = [one for one in clause.adverbs if one.lower == "upstairs"]
    if up and clause.verb in MOVING and not placed:
        yield "bedroom", 0.7, NounPhrase(tuple(up))
    said = {one.token.lower for one in clause.complements} | {one.lower for one in clause.adverbs}
    sleeps = clause.verb in {"wake", "sleep"} or bool(said & {"asleep", "awake"})
    told = bool(clause.subject) and (
        clause.tag in {"VBD", "VBZ", "VBP"} or (clause.modal in {"can", "could"} and clause.negated)
    )
    if sleeps and told and not placed and is_about_beings(clause):
        night = any(one.head.lemma in _NIGHT for _, one in clause.places)
        yield "bedroom", 1.4 if night else 0.7, clause.subject[0]


def _at(
    clause: Clause, word: str, phrase: NounPhrase, before: str
) -> Iterator[tuple[str, float, NounPhrase]]:
    if word in _AMONG and (grown := _among(phrase)):
        yield grown, 1.7 if is_about_beings(clause) else 0.9, phrase
        return
    if phrase.head.lemma == "class" and word in {"in", "at"} and not phrase.owner:
        yield "classroom", 2.4, phrase
        return
    if phrase.words in {"bow", "stern"} and word == "in" and phrase.determiner == "the":
        yield "boat", 2.4, phrase
        return
    place = _hint(phrase) or (_hint(phrase.of) if phrase.of is not None else "")
    if not place:
        return
    worth = _NEAR if word in _THERE | _AMONG else _SEEN
    if word in _AMONG and place == "bedroom" and clause.verb not in _LYING:
        return  # `Shouted from between the sheets` on the line.
    if word in _AMONG and is_about_beings(clause):
        worth = 1.3
    known = bool({before, *before.split()[-1:]} & hints.SLEEPING_PLACES)
    if place == "bedroom" and known:
        return
    if worth == _NEAR and clause.verb in RESTING and place not in _ANYWHERE:
        # `Sat round the workbench`: more than the place of the page before.
        worth = 1.3 if is_about_beings(clause) and clause.subject else worth
    risen = word == "of" and clause.particle == "out"
    asleep = place == "bedroom" and (risen or word in {"in", "into", "on", "under"})
    if asleep and clause.verb in _LYING and is_about_beings(clause):
        worth = 2.4
    yield place, worth, phrase


def _among(phrase: NounPhrase) -> str:
    """Returns where somebody is who is among plants: in the wood, the orchard, the garden."""
    plants = phrase.of if phrase.of is not None and phrase.head.lemma in _ROWS else phrase
    head = plants.head.lemma
    if not plants.plural or plants.owner or (plants is phrase and phrase.determiner == "two"):
        return ""
    if head in hints.TREES:
        fruit = {one.lemma for one in plants.tokens[:-1]} & hints.FRUIT
        return "orchard" if fruit else "wood"
    return "garden" if head in hints.PLANTED else ""


_OTHERWISE = frozenset({"roller", "toy", "hair", "paper", "cardboard", "chocolate", "pretend"})
"""What makes a thing another one, that gives no place away: `roller skates`."""
_ROWS = frozenset({"row", "line", "bed", "stalk", "trunk"})


def _hint(phrase: NounPhrase) -> str:
    """Returns the place that a thing gives away: not that of a river bed or a bed of moss."""
    head = phrase.head
    if phrase.negated or head.character is not None or not head.is_noun:
        return ""
    if any(one.lower in _OTHERWISE for one in phrase.tokens[:-1]):
        return ""
    said = [one.lower for one in phrase.tokens[:-1] if one.tag.startswith("NN") or one.tag == "VBG"]
    joined = "-".join([*said[-1:], head.lemma])
    if joined in hints.HINTS or (f"{joined}s" in hints.HINTS and phrase.plural):
        return hints.HINTS.get(joined) or hints.HINTS[f"{joined}s"]
    if head.lower in hints.HINTS and head.lower != head.lemma:
        return hints.HINTS[head.lower]
    if any(one in nouns.PLACES or one in {"flower", "river", "sea"} for one in said):
        return ""
    if head.lemma == "bed" and phrase.of is not None:
        return ""
    if head.lemma in FITTINGS and said and said[-1] in hints.HINTS:
        return hints.HINTS[said[-1]]  # `The oven door`.
    return hints.HINTS.get(head.lemma, "")
