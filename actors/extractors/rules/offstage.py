"""Places that a clause names for something beside its people, and where nobody is for that."""

from collections.abc import Sequence

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.lexicon import hints, nouns, places
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.spots import is_place
from actors.extractors.rules.weighing import is_about_beings

_ASIDE = 0.9
"""What such a place is worth: less than the place of the page before."""
_OF_OTHERS = 1.1
"""The same where it tells at least where somebody lives."""
_PUTTING = frozenset(
    {"put", "set", "lay", "place", "spread", "drop", "stack", "pile", "leave", "stand", "hang"}
)
_HAULING = frozenset({"carry", "pull", "push", "drag", "haul", "load", "tow", "heap", "pile"})
_UNDER_THINGS = frozenset({"on", "onto", "upon", "in", "into", "under", "against"})


def most_of(clause: Clause, at: int, word: str, phrase: NounPhrase) -> float:
    """Returns the most that a place of a clause can be worth."""
    if _is_of_limb(clause, at, phrase) or _is_of_thing(clause, phrase):
        return _ASIDE
    known = any(one.head.character is not None for one in clause.subject)
    if clause.marker == "who" and clause.verb in places.LIVING and known:
        return _OF_OTHERS  # `Wren, who lived on the second floor`.
    loaded = clause.verb in _HAULING and bool(clause.objects) and word in {"on", "in"}
    if loaded and phrase.head.lemma in places.VEHICLES:
        return _ASIDE  # `Carried them through the birches on the sledge`.
    things = bool(clause.objects) or any(one in {"out", "down"} for one, _ in clause.places)
    put = clause.verb in _PUTTING and things and word in _UNDER_THINGS
    if put and phrase.head.lemma in places.LANDMARKS and not is_place(phrase):
        return 0.0  # `Set out his rolls on the bench`.
    return 9.0


def _is_of_limb(clause: Clause, at: int, phrase: NounPhrase) -> bool:
    """Returns whether only a part of somebody is there: `with our feet in a tub of water`."""
    word, before = clause.places[at - 1] if at else ("", None)
    near = before is not None and before.end == phrase.begin - 1
    return near and before is not None and word == "with" and before.head.lemma in nouns.BODY


def _is_of_thing(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether a list only tells where things are: `One at the gate. One at the bridge.`"""
    if clause.verb or not clause.subject or is_about_beings(clause):
        return False
    return phrase.begin > clause.subject[0].begin and not is_place(clause.subject[0])


def is_likened_to(clause: Clause) -> bool:
    """Returns whether a place only tells what something is like: `the grey that the lake has`."""
    if clause.marker not in {"that", "which"} or not clause.subject:
        return False
    return any(one.start < clause.subject[0].start for one in clause.objects)


def seen_outside(clauses: Sequence[Clause], before: str) -> set[int]:
    """Returns the clauses that tell what is seen through a window: `Outside, the lawn was white`.

    Nobody of the page is there who is not told to go there.
    """
    room = {before, *before.split()[-1:]} & hints.INDOORS
    within = bool(room) or any(
        one.head.lemma == "window" for each in clauses for one in each.phrases
    )
    seen = {one.sentence for one in clauses if any(each.lower == "outside" for each in one.adverbs)}
    led = [one for one in clauses if one.sentence in seen and within]
    return {id(one) for one in led if not any(_is_somebody(each) for each in one.subject)}


def _is_somebody(phrase: NounPhrase) -> bool:
    told = phrase.head.tag == "PRP" and phrase.head.lower != "it"
    return told or phrase.head.character is not None
