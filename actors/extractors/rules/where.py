"""The place a page happens in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.lexicon import nouns, places, verbs
from actors.extractors.rules.lexicon.abstract import is_abstract
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.showing import afar, is_denied, is_imagined, is_past, long_before
from actors.extractors.rules.spots import is_home, is_place, is_somewhere, name_of_place
from actors.extractors.rules.things import Things

_WEIGHTS = {
    **dict.fromkeys(("in", "inside", "into", "at", "within", "on", "onto", "aboard"), 4.0),
    **dict.fromkeys(("upon", "atop", "amid", "amidst", "throughout"), 4.0),
    **dict.fromkeys(("through", "across", "along", "among", "down", "up", "over", "about"), 3.0),
    **dict.fromkeys(("by", "beside", "near", "outside", "under", "beneath", "between"), 2.5),
    **dict.fromkeys(("around", "round", "underneath", "below", "against", "amongst"), 2.5),
    **dict.fromkeys(("behind", "above", "past", "before", "beyond", "opposite", "next"), 1.5),
    **dict.fromkeys(("to", "towards", "toward", "for", "off"), 1.5),
    **dict.fromkeys(("from", "of"), 0.3),
}
_WITHIN = frozenset(
    {"atop", "in", "on", "into", "under", "through", "across", "inside", "upon", "onto"}
)
_ENTERED = 4.5
_LIVED_IN = 4.4
_CARRIED = 1.2  # What a place must be worth where the page before has one.
_TELLING = frozenset({"of", "about", "for", "to", "from", "like", "after"})
_SKY = frozenset({"sun", "moon", "star", "cloud", "rainbow", "bird", "sky", "rain", "snow"})
_UPON = _WITHIN | {"at", "by", "beside", "among", "along", "behind", "up", "down", "near"}
_FULL = frozenset({"full", "crowded", "packed", "empty", "deserted", "crammed", "silent"})
_OTHERS = frozenset({"others", "rest", "two", "three", "four", "both", "all", "some", "pair"})
_BEINGS = nouns.PEOPLE | nouns.ANIMALS | places.VEHICLES | _OTHERS | {"sun", "moon", "star"}
_ELSEWHERE = frozenset({"somewhere", "elsewhere", "meanwhile"})
_LEAVING = frozenset({"go", "take", "bring", "send", "carry", "move", "return"})
_BESIDE = frozenset({"near", "by", "beside", "behind", "above", "below", "opposite", "beyond"})
_FAR = frozenset({"far", "away", "distant", "gone", "near", "close"})


def read_place(clauses: Sequence[Clause], before: str) -> str:
    """Returns the place of a page in its own words; `before` where it names none."""
    best, most = before, _CARRIED if before else 0.0
    things, unseen = Things(), afar(clauses) | long_before(clauses)
    for order, clause in enumerate(clauses):
        if not (id(clause) in unseen or is_imagined(clause) or _is_imagined(clause, things)):
            for one in _candidates(clause):
                # Where the page ends up counts for a little more than where it begins.
                worth = _worth(clause, one) + 0.06 * min(order, 9)
                if worth > most:
                    best, most = one.name, worth
        things.name(clause)
    return best


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A place that a clause names, and what it is worth by its preposition alone."""

    name: str
    worth: float
    preposition: str
    phrase: NounPhrase


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
    if is_past(clause) and not _has_arrived(clause):
        worth -= 0.5 if clause.tag == "VBG" else 3.2
    if clause.negated:
        worth -= 4 if clause.never else 2
    if any(one.lower in _ELSEWHERE for one in clause.adverbs):
        worth -= 2.5
    if one.phrase not in clause.subject and not _is_about_beings(clause):
        worth -= 2 if one.phrase.head.lemma in nouns.FLUID_PLACES else 1
    return worth


def _is_settled(clause: Clause, one: _Candidate) -> bool:
    """Returns whether somebody sits or lives in or on a thing: `sat on the roof`."""
    if one.phrase.head.lemma in {"nest", "cloud", "moon", "hedge"}:
        return False
    rests = clause.verb in places.RESTING | places.LIVING | {"be"} and bool(clause.subject)
    return (
        rests and one.preposition in {"in", "on", "inside", "aboard"} and _is_about_beings(clause)
    )


def _has_arrived(clause: Clause) -> bool:
    """Returns whether somebody is now where they had gone: `they had crept as far as the mill`."""
    if clause.verb in {"become", "arrive", "reach", "come"}:
        return True
    known = any(one.head.tag == "PRP" and one.head.lower != "it" for one in clause.subject)
    moves = clause.verb in places.MOVING - _LEAVING and not clause.objects
    return known and moves and any(word in {"to", "as", "into"} for word, _ in clause.places)


def _is_about_beings(clause: Clause) -> bool:
    return not clause.subject or any(
        one.head.character is not None
        or one.head.tag in {"PRP", "EX"}
        or not {one.head.lemma, one.head.lower}.isdisjoint(_BEINGS)
        for one in clause.subject
    )


def _candidates(clause: Clause) -> Iterator[_Candidate]:
    for at, (word, phrase) in enumerate(clause.places):
        weight = _weight(clause, at, word, phrase)
        if weight > 0 and not phrase.negated:
            yield from _named(phrase, weight, word)
            if (
                weight >= 2.5
                and clause.verb in places.MOVING | places.RESTING
                and _is_ground(phrase)
            ):
                yield _Candidate(phrase.base, 0.55, word, phrase)
    for phrase in clause.objects:
        if not phrase.negated and not _is_medium(phrase):
            yield from _named(phrase, _object_weight(clause), "")
    for phrase in clause.subject:
        if not phrase.negated and not _is_far(clause):
            yield from _named(phrase, _subject_weight(clause), "")
    homeward = any(one.lower == "home" for one in clause.adverbs) and not is_denied(clause)
    if homeward and clause.verb in places.MOVING:
        yield _Candidate("home", 2.5, "to", NounPhrase(tuple(clause.adverbs[:1])))


_STATES = frozenset({"be", "look", "seem", "smell", "become", "feel", "fill", "have", "grow"})


def _subject_weight(clause: Clause) -> float:
    under = {one.head.lower for word, one in clause.places if word in {"below", "beneath"}}
    if under & {"him", "her", "it", "them", "us", "me"}:
        return 0.5  # `The town lay below him.`
    if _FULL & {one.token.lower for one in clause.complements}:
        return 3.2
    if clause.verb in {"stand", "lie", "rise", "tower"} and not clause.perfect:
        return 3.0  # `At the end of the lane stood a cottage`.
    return 2.5 if clause.verb in _STATES or "be" in clause.helpers else 1.5


def _named(phrase: NounPhrase, weight: float, word: str) -> Iterator[_Candidate]:
    """Yields the places that a phrase names: itself, what it is a part of, what it is fitted to."""
    head, of = phrase.head, phrase.of
    if is_place(phrase):
        bare = head.lemma in places.AIRY and (word not in _WITHIN or _is_idle(phrase))
        bare = bare or (word == "under" and head.lemma in {"moon", "cloud", "sky"})
        if not (bare or (head.lemma in places.MATTER and not word)):
            worth = weight
            if head.lemma in nouns.FLUID_PLACES:
                # `The boat was a dot` does not happen in the boat.
                worth = weight - 1.5 if word else (2 if weight == 3.2 else min(weight, 0.6))
            yield _Candidate(name_of_place(phrase), worth, word, phrase)
    elif word == "into" and weight == _ENTERED:
        yield _Candidate(name_of_place(phrase), 3.1, word, phrase)
    elif weight == _LIVED_IN:
        yield _Candidate(name_of_place(phrase), 3.0, word, phrase)
    elif head.lemma in places.FITTINGS:
        for one in phrase.tokens[:-1]:
            if one.is_noun and one.lemma in nouns.PLACES:
                yield _Candidate(one.lemma, weight - 0.5, word, phrase)
    if of is not None and is_place(of) and {head.lemma, head.lower} & places.PARTS:
        yield _Candidate(name_of_place(of), weight - 0.1, word, phrase)
    elif (
        of is not None and is_place(of) and weight >= 2.5 and word in _UPON and is_somewhere(phrase)
    ):
        yield _Candidate(name_of_place(of), weight - 0.4, word, phrase)
    elif head.lemma in places.LANDMARKS and word and weight > 1.5:
        yield _Candidate(phrase.base, 0.6 if word != "on" else 0.5, word, phrase)


def _is_idle(phrase: NounPhrase) -> bool:
    """Returns whether a place is anywhere: `the best in the world`."""
    return phrase.head.lemma == "world" and phrase.words in {"world", "whole world", "wide world"}


def _is_ground(phrase: NounPhrase) -> bool:
    """Returns whether somebody can be on or among what has no name as a place: `the cabbages`."""
    definite = phrase.determiner == "the" or (phrase.plural and not phrase.determiner)
    return definite and is_somewhere(phrase) and not is_place(phrase)


def _weight(clause: Clause, at: int, word: str, phrase: NounPhrase) -> float:
    """Returns what a place is worth by how the clause names it; 0 where nobody is there."""
    weight = _WEIGHTS.get(word, 0.0)
    if clause.verb in verbs.UNREAL_OBJECTS and (word in _TELLING or _goes_on(clause, at)):
        return 0
    if clause.negated and clause.verb == "be" and not (clause.objects or clause.complements):
        return 0
    if any(one.head.lemma in _SKY for one in clause.subject) and word not in {"in", "on", "at"}:
        return 0
    told = word in _TELLING and any(_is_medium(one) for one in clause.subject)
    # `A map of the hills` shows them; `a map in the meadow` lies there.
    lies = word in {"in", "on", "at", "under", "by"} and phrase.head.lemma not in places.MEDIA
    if told or (not lies and _is_led_by(clause, phrase, places.MEDIA)):
        return 0
    if word == "of" and clause.particle == "out" and phrase.head.lemma in places.FITTINGS:
        return 2.5
    if word in {"to", "from", "between"} and _is_route(clause):
        return 0.3
    if word in {"to", "towards"}:
        if at and clause.places[at - 1][0] == "from" and _leads(clause, clause.places[at - 1][1]):
            return 0
        makes = any(one.head.lemma == "way" and one.owner for one in clause.objects)
        if makes or (clause.verb in places.MOVING and not _is_led_by(clause, phrase, places.ROADS)):
            return 2.9 if _is_on_the_way(clause) else 4
    if word in {"over", "above", "past"} and not _is_about_beings(clause):
        return 0.9  # `Lightning split the sky over the lighthouse.`
    if word == "as" and clause.verb in places.MOVING:
        return 4 if any(one.lower == "far" for one in clause.adverbs) else 0
    if word == "into" and _enters(clause, phrase):
        return _ENTERED
    if is_home(clause, word, phrase) and not is_place(phrase):
        return _LIVED_IN
    if word in _BESIDE and at and _ends(clause.places[at - 1][1], phrase):
        return min(weight, 1.0)  # `In the forest near her house`.
    if word in {"by", "past"} and clause.verb in places.PASSING:
        return 0.5
    seen = bool(clause.objects) and phrase.start > clause.objects[0].start
    seen = seen or (word not in {"to", "at"} and at > 0 and _is_seen(clause.places[at - 1], phrase))
    sky = any(one.head.lemma in _SKY for one in clause.subject)
    if clause.verb in places.LOOKING and not clause.passive and (seen or word == "at") and not sky:
        return max(weight - 3.6, 0)
    if clause.verb in {"look", "search", "hunt"} and not clause.objects:
        return max(weight - 0.5, 0)  # One place of several.
    if clause.verb == "leave" and clause.objects:
        return max(weight - 3.2, 0)
    return weight


def _is_route(clause: Clause) -> bool:
    """Returns whether a clause tells whereto something leads: `it went from the docks to town`."""
    words = {word for word, _ in clause.places}
    thing = all(
        one.head.lower in {"it", "which", "that"} or one.head.lemma in places.ROADS
        for one in clause.subject
    )
    return bool(clause.subject) and thing and bool(words & {"to", "and"}) and "from" in words


def _is_seen(before: tuple[str, NounPhrase], phrase: NounPhrase) -> bool:
    """Returns whether a place is where that is which somebody looks at or listens to."""
    word, thing = before
    return word in {"to", "at", "for"} and thing.end == phrase.begin - 1


def _ends(place: NounPhrase, phrase: NounPhrase) -> bool:
    """Returns whether a place ends right before the preposition of a phrase."""
    return is_place(place) and place.end == phrase.begin - 1


def _is_on_the_way(clause: Clause) -> bool:
    """Returns whether a page shows the way and not yet its end: `walked down the hill to`."""
    return clause.verb in places.STROLLING and any(
        word in {"down", "through", "along", "across", "over", "up"} and is_place(one)
        for word, one in clause.places
    )


def _enters(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether somebody gets into something: `squeezed into the teapot`."""
    noun = phrase.head.lemma
    if noun in nouns.BODY | nouns.GARMENTS | nouns.PEOPLE | nouns.ANIMALS or phrase.owner:
        return False
    moves = clause.verb in places.MOVING | {"squeeze", "climb", "disappear", "vanish"}
    alone = not clause.objects and _is_about_beings(clause)
    return moves and alone and bool(clause.subject) and not is_abstract(noun)


def _goes_on(clause: Clause, at: int) -> bool:
    """Returns whether a place is where that is of which somebody thinks: `of her bed at home`."""
    while at > 0:
        word, before = clause.places[at - 1]
        if before.end != clause.places[at][1].begin - 1:
            return False
        if word in _TELLING:
            return True
        at -= 1
    return False


def _is_led_by(clause: Clause, phrase: NounPhrase, words: frozenset[str]) -> bool:
    """Returns whether a place belongs to the noun before it: `a letter from the palace`."""
    if phrase.head.lemma in words & places.MEDIA:
        return True
    named = [*clause.subject, *clause.objects, *(one for _, one in clause.places)]
    return any(one.head.lemma in words and one.end == phrase.begin - 1 for one in named)


def _leads(clause: Clause, phrase: NounPhrase) -> bool:
    return _is_led_by(clause, phrase, places.ROADS)


def _is_medium(phrase: NounPhrase) -> bool:
    return phrase.head.lemma in places.MEDIA


def _object_weight(clause: Clause) -> float:
    if clause.particle in {"up", "down", "along", "through", "across"}:
        return 3.2  # `The bus wound up the mountain road.`
    if clause.verb in places.KEEPING | places.LIVING:
        return 4
    if clause.verb in places.ARRIVING:
        return 3.5 if _is_about_beings(clause) else 2
    there = bool(clause.subject) and clause.subject[0].head.tag == "EX"
    if clause.verb == "be":
        return 2 if there else 3
    if clause.verb == "have" and not clause.negated and _is_about_beings(clause):
        return 1.8  # `They had the bay to themselves`.
    if clause.verb in verbs.UNREAL_OBJECTS or clause.verb in {"leave", "have", "become"}:
        return 0.2
    return 0.8


def _is_far(clause: Clause) -> bool:
    said = {one.token.lower for one in clause.complements} | {one.lower for one in clause.adverbs}
    return bool(said & _FAR)
