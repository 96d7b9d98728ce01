"""The place a page happens in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.clues import gathered
from actors.extractors.rules.found import Found, Way
from actors.extractors.rules.implied import implied
from actors.extractors.rules.kin import SAME
from actors.extractors.rules.landmarks import is_camp, landmarks
from actors.extractors.rules.lexicon import hints, nouns, places
from actors.extractors.rules.offstage import is_likened_to, most_of, seen_outside
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.showing import (
    afar,
    is_denied,
    is_for_naught,
    is_imagined,
    is_past,
    long_before,
)
from actors.extractors.rules.sites import Site, Weighed, site_of, unweighed
from actors.extractors.rules.spots import (
    fitted_to,
    is_ground,
    is_hollow,
    is_idle,
    is_own_body,
    is_place,
    is_somewhere,
    name_of_place,
)
from actors.extractors.rules.things import Things
from actors.extractors.rules.weighing import (
    ENTERED,
    LIVED_IN,
    is_about_beings,
    is_far,
    is_heap,
    is_medium,
    weight_of_object,
    weight_of_place,
    weight_of_subject,
)

_WITHIN = frozenset(
    {"atop", "in", "on", "into", "under", "through", "across", "inside", "upon", "onto"}
)
_WEAK = 1.2  # What a place is worth that several clues outweigh.
_CARRIED = 1.2  # What a place must be worth where the page before has one.
_UPON = _WITHIN | {
    *("at", "by", "beside", "among", "along", "behind", "up", "down", "near", "between", "from")
}
_ELSEWHERE = frozenset({"somewhere", "elsewhere", "meanwhile"})
_TOLD_OF = frozenset({"to", "at", "of", "with", "like", "for"})
_LOOKING_DOWN = frozenset({"down", "up", "far", "below", "across", "high"})
_NOW = frozenset({"now", "back", "finally"})
_LEAVING = frozenset({"go", "take", "bring", "send", "carry", "move", "return"})


def find_place(clauses: Sequence[Clause], before: str) -> Found:
    """Returns the place of a page in its own words; `before` where it names none."""
    best, most, named, way = before, _CARRIED if before else 0.0, before, Way.KEPT
    camps = is_camp(clauses)
    things, unseen = Things(), afar(clauses) | long_before(clauses) | seen_outside(clauses, before)
    given: dict[str, dict[str, float]] = {}
    sites: list[Site] = []
    elsewhere: set[int] = set()
    for order, clause in enumerate(clauses):
        if id(clause) in unseen or is_imagined(clause) or _is_imagined(clause, things):
            elsewhere.add(order)
        else:
            every = [*_all(clause, before, best, camps=camps), *_inside(clause, things)]
            for one in every:
                worth = _worth(clause, one)
                # Where the page ends up counts for a little more than where it begins.
                worth += _later(worth, order, carried=one.given and bool(before))
                worth += _also(given, one) - _aside(clause, one, best, most)
                weighed = Weighed(one.name, worth, one.preposition, one.phrase, one.given)
                sites.append(site_of(clause, order, weighed))
                if (worth > most or _is_room_of(one, worth, best)) and not _is_vague(one, best):
                    best, most = one.name, max(worth, most)
                    named = best if not one.given and is_place(one.phrase) else before
                    way = Way.GIVEN if one.given else Way.NAMED
        things.name(clause)
    told = gathered(clauses, named) if best == before or most <= _WEAK else ""
    seen = (*sites, *unweighed(clauses, sites, elsewhere))
    name, way = (told, Way.GATHERED) if told else (best, way)
    return Found(name, most, way, seen, frozenset(elsewhere))


def _aside(clause: Clause, one: "_Candidate", best: str, most: float) -> float:
    """Returns what a place loses that only tells where others, or things, are."""
    lost = 3.0 if clause.verb and best and _is_of_others(clause, one) else 0.0
    lost += 2 if _is_of_subject(clause, one) else 0
    return lost + (2 if most >= 3 and _is_looked_at(clause, one) else 0)


def _all(clause: Clause, before: str, best: str, *, camps: bool) -> Iterator["_Candidate"]:
    yield from _candidates(clause)
    yield from _implied(clause, best, camps=camps)
    yield from _moved(clause, before)
    for name, worth, word, phrase in landmarks(clause, best, camps=camps):
        yield _Candidate(name, worth, word, phrase)


def _inside(clause: Clause, things: Things) -> Iterator["_Candidate"]:
    """Yields the place that `it` means where somebody is in it: `in it were Tom and a dog`."""
    if clause.negated or not is_about_beings(clause):
        return
    for word, phrase in clause.places:
        first = not clause.subject or phrase.start < clause.subject[0].start
        thing = things.of(phrase) if first and phrase.head.lower == "it" else None
        if word in {"in", "inside", "into"} and thing is not None and is_place(thing):
            yield _Candidate(name_of_place(thing), _IN_IT, word, thing)


_IN_IT = 3.5
"""What a place is worth that a pronoun means."""


def _later(worth: float, order: int, *, carried: bool) -> float:
    """Returns what a place gains by coming late; not so much that a thing outdoes what is carried.

    `carried` is whether only a thing gives the place away, and the page before has another.
    """
    gain = 0.06 * min(order, 9)
    return min(gain, max(_CARRIED - worth, 0)) if carried else gain


def _also(given: dict[str, dict[str, float]], one: "_Candidate") -> float:
    """Returns what the other things that give the same place away add: a pillow and a quilt."""
    if not one.given:
        return 0
    things = given.setdefault(one.name, {})
    others = sum(worth for thing, worth in things.items() if thing != one.phrase.head.lemma)
    things[one.phrase.head.lemma] = 0.8
    return others


def _is_vague(one: "_Candidate", best: str) -> bool:
    """Returns whether `the room` is the kitchen or the like that is known already."""
    return one.name == "room" and one.phrase.determiner == "the" and best in hints.INDOORS


def _is_room_of(one: "_Candidate", worth: float, best: str) -> bool:
    """Returns whether a room tells where at home somebody is: `at home, in the kitchen`."""
    inside = best in {"home", "house"} and not one.given and worth >= _IN_ROOM
    return inside and one.name.split()[-1] in hints.INDOORS - {"home", "house"}


_IN_ROOM = 2.5
"""What a room must be worth where the page is at home anyway."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A place that a clause names, and what it is worth by its preposition alone."""

    name: str
    worth: float
    preposition: str
    phrase: NounPhrase
    given: bool = False
    """Whether only a thing gives it away."""


def _implied(clause: Clause, before: str, *, camps: bool) -> Iterator[_Candidate]:
    known = {before, before.split()[-1]} if before else set()
    open_air = bool(known & hints.OUTDOORS)
    for name, worth, phrase in implied(clause, before, camps=camps):
        roams = name in hints.ROAMING and open_air and worth <= 1
        seated = phrase.head.lemma in hints.SEATS and bool(known) and not open_air
        if not (roams or seated):
            yield _Candidate(name, worth, "", phrase, given=True)


def _is_imagined(clause: Clause, things: Things) -> bool:
    """Returns whether a clause goes on telling of what was only dreamt or spoken of."""
    for phrase in clause.subject:
        thing = None if phrase.head.is_noun else things.of(phrase)
        if thing is not None and things.is_unreal(thing):
            return True
    return False


def _worth(clause: Clause, one: _Candidate) -> float:
    worth = one.worth
    if one.phrase.head.lemma in nouns.FLUID_PLACES and _is_settled(clause, one):
        worth += 1.1
    if is_past(clause) and not (_has_arrived(clause) or _has_changed(clause, one)):
        worth -= 0.5 if clause.tag == "VBG" else 3.2
    if clause.verb == "go" and "be" in clause.helpers and clause.tag in {"VBN", "VBD"}:
        worth -= 3.2  # `She's gone back to bed`.
    if clause.negated and not (is_for_naught(clause) or _sets_scene(clause, one)):
        worth -= 4 if clause.never else 2
    if _is_of_absent(clause):
        worth -= 3
    said = {each.lower for each in clause.adverbs}
    if said & _ELSEWHERE:
        worth -= 2.5
    if said & _NOW and one.worth >= 2:
        worth += 1.2 if "now" in said and clause.verb in places.MOVING else 0.7
    if one.phrase not in clause.subject and not is_about_beings(clause) and not _opens(clause, one):
        worth -= 2 if one.phrase.head.lemma in nouns.FLUID_PLACES else 1
    return worth


def _is_other(phrase: NounPhrase) -> bool:
    """Returns whether a phrase means somebody who is no character: `the cows`."""
    return phrase.head.character is None and phrase.head.lemma in nouns.BEINGS


def _is_of_others(clause: Clause, one: _Candidate) -> bool:
    """Returns whether a place only tells where others are: `the cows in the meadow looked up`."""
    begin = one.phrase.begin - 1
    return any(_is_other(each) and each.end == begin for each in clause.subject)


def _is_of_subject(clause: Clause, one: _Candidate) -> bool:
    """Returns whether a place only tells which thing is meant: `when the clock in the hall`."""
    has = clause.verb == "have" and any(not each.negated for each in clause.objects)
    there = (
        has or clause.verb in places.RESTING | {"be", "grow", "burn", ""}
    ) and not clause.marker
    if there or is_about_beings(clause) or one.preposition == "outside":
        return False
    return any(each.end == one.phrase.begin - 1 for each in clause.subject)


def _is_looked_at(clause: Clause, one: _Candidate) -> bool:
    """Returns whether a place is seen from the one before: `Far below in the valley a dog ran`."""
    led = any(each.lower in _LOOKING_DOWN for each in clause.adverbs)
    return led and _opens(clause, one) and one.preposition in {"in", "on", "at"}


def _opens(clause: Clause, one: _Candidate) -> bool:
    """Returns whether a place opens its sentence and sets the scene: `Down by the river, ...`."""
    if one.preposition not in _UPON | {"above", "over", "between"} or not clause.subject:
        return False
    return one.phrase.begin <= clause.start + 4 and one.phrase.start < clause.subject[0].begin


def _sets_scene(clause: Clause, one: _Candidate) -> bool:
    """Returns whether somebody is where a denial begins: `In the hall, Tom would not sit down`."""
    known = any(each.head.character is not None for each in clause.subject)
    return known and clause.verb != "be" and one.preposition in {"in", "at"} and _opens(clause, one)


def _is_settled(clause: Clause, one: _Candidate) -> bool:
    """Returns whether somebody sits or lives in or on a thing: `sat on the roof`."""
    if one.phrase.head.lemma in {"nest", "cloud", "moon", "hedge"}:
        return False
    rests = clause.verb in places.RESTING | places.LIVING | {"be"} and bool(clause.subject)
    return rests and one.preposition in {"in", "on", "inside", "aboard"} and is_about_beings(clause)


def _has_arrived(clause: Clause) -> bool:
    """Returns whether somebody is now where they had gone: `they had crept as far as the mill`."""
    if clause.verb in {"become", "arrive", "reach", "come"}:
        return True
    known = any(one.head.tag == "PRP" and one.head.lower != "it" for one in clause.subject)
    words = {word for word, _ in clause.places}
    known = known or any(one.head.character is not None for one in clause.subject)
    if known and clause.verb == "go" and "up" in words:
        return True  # `He had gone up the hill to look for her`.
    moves = clause.verb in places.MOVING - _LEAVING and not clause.objects
    return known and moves and bool(words & {"to", "as", "into"})


def _is_of_absent(clause: Clause) -> bool:
    """Returns whether a clause tells where others are: `Everyone was outside except Tom`."""
    works = clause.verb in {"work", "live"} and clause.tag == "VBZ"
    kin = works and any(one.owner and one.head.lemma in SAME for one in clause.subject)
    return kin or any(word == "except" for word, _ in clause.places)


def _has_changed(clause: Clause, one: _Candidate) -> bool:
    """Returns whether a place looks otherwise since then: `the river had frozen`."""
    itself = one.phrase in clause.subject and clause.verb in {"freeze", "dry", "flood", "empty"}
    covers = clause.verb in {"bury", "cover", "fill", "flood", "settle"}
    return itself or (covers and one.phrase in (*clause.objects, *clause.subject))


def _candidates(clause: Clause) -> Iterator[_Candidate]:
    for at, (word, phrase) in enumerate(clause.places):
        weight = min(weight_of_place(clause, at, word, phrase), most_of(clause, at, word, phrase))
        if weight > 0 and not phrase.negated and not _is_of_another(clause, at):
            yield from _named(phrase, weight, word)
            if (
                weight >= 2.5
                and clause.verb in places.MOVING | places.RESTING
                and is_ground(phrase)
            ):
                yield _Candidate(phrase.base, 0.55, word, phrase)
    for phrase in clause.objects:
        if not phrase.negated and not is_medium(phrase):
            yield from _named(phrase, weight_of_object(clause), "")
    for phrase in clause.subject:
        if not (phrase.negated or is_far(clause) or is_likened_to(clause)):
            yield from _named(phrase, weight_of_subject(clause), "")
    homeward = any(one.lower == "home" for one in clause.adverbs) and not is_denied(clause)
    homeward = homeward and not any(_is_other(one) for one in clause.subject)
    if homeward and clause.verb in places.MOVING:
        yield _Candidate("home", 2.5, "to", NounPhrase(tuple(clause.adverbs[:1])))


def _is_of_another(clause: Clause, at: int) -> bool:
    """Returns whether a landmark is where something told of stands: `to the clock on the wall`."""
    word, before = clause.places[at - 1] if at else ("", None)
    phrase = clause.places[at][1]
    mark = phrase.head.lemma in places.LANDMARKS and not is_place(phrase)
    return mark and before is not None and word in _TOLD_OF and before.end == phrase.begin - 1


def _named(phrase: NounPhrase, weight: float, word: str) -> Iterator[_Candidate]:
    """Yields the places that a phrase names: itself, what it is a part of, what it is fitted to."""
    head, of = phrase.head, phrase.of
    if is_heap(phrase):
        return
    if is_place(phrase):
        bare = head.lemma in places.AIRY and (word not in _WITHIN or is_idle(phrase))
        bare = bare and not (head.lemma == "water" and word == "to" and weight >= 2.5)
        bare = bare or (word == "under" and head.lemma in {"moon", "cloud", "sky"})
        if not (bare or (head.lemma in places.MATTER and not word)):
            worth = weight
            if of is not None and is_place(of) and head.lower in places.STANDS and weight >= 2.5:
                yield _Candidate(f"{head.lower} of the {name_of_place(of)}", weight, word, phrase)
            if (
                head.lemma in nouns.FLUID_PLACES
                and not (word or phrase.determiner)
                and phrase.plural
            ):
                return  # `Counted red lorries`.
            if head.lemma in nouns.FLUID_PLACES:
                # `The boat was a dot` does not happen in the boat.
                worth = weight - 1.5 if word else (2 if weight == 3.2 else min(weight, 0.6))
            yield _Candidate(name_of_place(phrase), worth, word, phrase)
    elif word == "into" and weight == ENTERED:
        yield _Candidate(name_of_place(phrase), 3.1, word, phrase)
    elif weight == LIVED_IN:
        yield _Candidate(name_of_place(phrase), 3.0, word, phrase)
    elif fitted := fitted_to(phrase):
        least = 0.9 if weight >= 0.8 and phrase.determiner == "the" and not word else 0
        yield _Candidate(fitted, max(weight - 0.5, least), word, phrase)
    elif word == "inside" and is_hollow(phrase):
        yield _Candidate(phrase.base, 2.4, word, phrase)
    yield from _named_of(phrase, weight, word)


def _named_of(phrase: NounPhrase, weight: float, word: str) -> Iterator[_Candidate]:
    """Yields the places that a phrase is a part of: the wood of `the edge of the wood`."""
    head, of = phrase.head, phrase.of
    if of is not None and not is_place(of) and (fitted := fitted_to(of)):
        yield _Candidate(fitted, weight - 0.5, word, phrase)
    if of is not None and is_place(of) and {head.lemma, head.lower} & places.PARTS:
        yield _Candidate(name_of_place(of), weight - 0.1, word, phrase)
    elif (
        of is not None
        and is_place(of)
        and weight >= 2.5
        and (word in _UPON or not word)
        and is_somewhere(phrase)
    ):
        yield _Candidate(name_of_place(of), weight - 0.4, word, phrase)
    elif of is not None and head.lemma in places.PARTS and of.head.lemma in places.LANDMARKS:
        yield _Candidate(of.base, 0.6, word, of)
    elif of is not None and head.lemma in places.PARTS and word in _WITHIN and is_somewhere(of):
        yield _Candidate(of.base, 0.5, word, of)
    elif head.lemma in places.LANDMARKS and word and weight > 1.5 and not is_own_body(phrase):
        yield _Candidate(phrase.base, 0.6 if word != "on" else 0.5, word, phrase)


def _moved(clause: Clause, before: str) -> Iterator[_Candidate]:
    """Yields what shows that the page is no more where the one before it was.

    After a room these are grass and trees, and stairs after any place in a house.
    """
    if not (before.split()[-1:] and {before, before.split()[-1]} & hints.INDOORS):
        return
    if not (is_about_beings(clause) and clause.verb in places.RESTING | places.MOVING | {"be"}):
        return
    for word, phrase in clause.places:
        noun = (phrase.of or phrase).head.lemma
        outside = noun in hints.OPEN_AIR and word in _UPON and not phrase.negated
        steps = noun in {"stair", "stairs", "staircase"} and clause.verb in {*places.RESTING, "be"}
        if (outside or steps) and not phrase.owner:
            yield _Candidate((phrase.of or phrase).base, 1.3, word, phrase)
