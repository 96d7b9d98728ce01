"""What a place is worth by how its clause names it: the more, the likelier the page is there."""

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.lexicon import nouns, places, verbs
from actors.extractors.rules.lexicon.abstract import is_abstract
from actors.extractors.rules.lexicon.foods import FOODS
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.spots import is_home, is_place

_WEIGHTS = {
    **dict.fromkeys(("in", "inside", "into", "at", "within", "on", "onto", "aboard"), 4.0),
    **dict.fromkeys(("upon", "atop", "amid", "amidst", "throughout"), 4.0),
    **dict.fromkeys(("through", "across", "along", "among", "down", "up", "over", "about"), 3.0),
    **dict.fromkeys(("by", "beside", "near", "outside", "under", "beneath", "between"), 2.5),
    **dict.fromkeys(("around", "round", "underneath", "below", "against", "amongst"), 2.5),
    **dict.fromkeys(("behind", "above", "before", "beyond", "opposite", "next"), 1.5),
    "past": 0.8,
    **dict.fromkeys(("to", "towards", "toward", "for", "off"), 1.5),
    **dict.fromkeys(("from", "of"), 0.3),
}
ENTERED = 4.5
LIVED_IN = 4.4
_TELLING = frozenset({"of", "about", "for", "to", "from", "like", "after"})
_SKY = frozenset({"sun", "moon", "star", "cloud", "rainbow", "bird", "sky", "rain", "snow"})
_FULL = frozenset({"full", "crowded", "packed", "empty", "deserted", "crammed", "silent"})
_OTHERS = frozenset({"others", "rest", "two", "three", "four", "both", "all", "some", "pair"})
_BEINGS = nouns.PEOPLE | nouns.ANIMALS | places.VEHICLES | _OTHERS | {"sun", "moon", "star"}
_BESIDE = frozenset({"near", "by", "beside", "behind", "above", "below", "opposite", "beyond"})
_FAR = frozenset({"far", "away", "distant", "gone", "near", "close"})
_SPECKS = frozenset({"dot", "speck", "smudge", "blur", "line", "pinprick", "glimmer"})
_LEADING = frozenset(
    {"lead", "wind", "fork", "run", "go", "climb", "twist", "snake", "end", "turn"}
)
_TAKING = frozenset({"lead", "take", "bring", "carry", "guide"})
_LED = frozenset({"them", "us", "me", "him", "her"})
_COVERING = frozenset({"over", "across"})
_LEADERS = places.ROADS | {"one", "other"}
_CAST = frozenset(
    {
        *("shadow", "light", "darkness", "dark", "night", "silence", "evening", "dusk", "dawn"),
        *("moonlight", "sunlight", "sunshine", "twilight", "hush", "fog", "mist", "storm", "snow"),
        *("rain", "wind", "rainbow", "smoke", "stillness"),
    }
)
"""What comes over a whole place: `a shadow passed over the marsh`."""
_LIMBS = frozenset({"head", "face", "nose", "snout", "beak"})
"""Parts of bodies that are where their owner is."""
_STATES = frozenset({"be", "look", "seem", "smell", "become", "feel", "fill", "have", "grow"})


_SCENERY = frozenset({"sea", "sky", "hill", "river", "ocean", "mountain", "lake", "horizon"})
"""Places that are seen from others, and told of for their looks."""
_FACING = frozenset({"back", "face", "nose", "side", "front"})


def weight_of_place(clause: Clause, at: int, word: str, phrase: NounPhrase) -> float:
    """Returns what a place is worth by how the clause names it; 0 where nobody is there."""
    weight = _WEIGHTS.get(word, 0.0)
    if clause.verb in verbs.UNREAL_OBJECTS and (word in _TELLING or _goes_on(clause, at)):
        return 0
    if clause.negated and clause.verb == "be" and not (clause.objects or clause.complements):
        return 0
    if any(one.head.lemma in _SKY for one in clause.subject) and word not in {"in", "on", "at"}:
        return 0
    if _is_shaped(clause, word, phrase):
        return 0
    told = word in _TELLING and any(is_medium(one) for one in clause.subject)
    # `A map of the hills` shows them; `a map in the meadow` lies there.
    lies = word in {"in", "on", "at", "under", "by"} and phrase.head.lemma not in places.MEDIA
    if told or (not lies and _is_led_by(clause, phrase, places.MEDIA)):
        return 0
    if word == "of" and clause.particle == "out" and phrase.head.lemma in places.FITTINGS:
        return 2.5
    if word in {"on", "at", "over", "upon"} and _looks_down(clause):
        return 0.3  # `Looked down on the town from the hill`.
    if word in {"to", "from", "between"} and _is_route(clause):
        return 0.3
    if word in {"to", "into"} and clause.verb in _TAKING and _takes_somebody(clause):
        return 4
    if word in {"to", "into", "towards"} and _leads_away(clause):
        return 0.5
    if word == "from" and clause.verb in {"see", "look", "watch"} and not clause.negated:
        high = phrase.head.lemma in places.PARTS or is_place(phrase)
        return 2.6 if high and is_about_beings(clause) else 0.3
    if word in {"to", "towards"}:
        if at and clause.places[at - 1][1].head.lemma in _FACING:
            return 0.3  # `With its back to the sea`.
        if word == "to" and _is_led_by(clause, phrase, frozenset({"way"})):
            return 0.4  # `On the way to school`.
        if at and clause.places[at - 1][0] == "from" and _leads(clause, clause.places[at - 1][1]):
            return 0
        over = at and clause.places[at - 1][0] in {"across", "over"}
        if over and clause.verb in places.MOVING and is_about_beings(clause):
            return 4  # `Ran across the road to the park`.
        makes = any(one.head.lemma == "way" and one.owner for one in clause.objects)
        if makes or (clause.verb in places.MOVING and not _is_led_by(clause, phrase, places.ROADS)):
            return 2.9 if _is_on_the_way(clause) else 4
    if word in _COVERING and _is_cast(clause) and not clause.objects:
        return 2.4
    if word in {"over", "above", "past"} and not is_about_beings(clause):
        return 0.9  # `Lightning split the sky over the lighthouse.`
    if word == "as" and clause.verb in places.MOVING:
        return 4 if any(one.lower == "far" for one in clause.adverbs) else 0
    if word == "into" and _enters(clause, phrase):
        return ENTERED
    if is_home(clause, word, phrase) and not is_place(phrase):
        return LIVED_IN
    if word in _BESIDE and at and _ends(clause.places[at - 1][1], phrase):
        return min(weight, 1.0)  # `In the forest near her house`.
    if word in {"by", "past"} and clause.verb in places.PASSING:
        return 0.5
    if clause.verb == "stop" and any(one.head.lemma in places.VEHICLES for one in clause.subject):
        return 0.8  # `The bus stopped at the hospital`.
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


def weight_of_subject(clause: Clause) -> float:
    """Returns what a place is worth as the subject of a clause."""
    under = {one.head.lower for word, one in clause.places if word in {"below", "beneath"}}
    if under & {"him", "her", "it", "them", "us", "me"}:
        return 0.5  # `The town lay below him.`
    bare = all(one.plural and not one.determiner for one in clause.subject)
    if bare and not (clause.verb or clause.places):
        return 0.9  # `Blue hills. Small lakes.`
    described = [*clause.objects, *clause.complements] if clause.verb == "be" else []
    if described and all(one.head.lemma in _SCENERY for one in clause.subject):
        return 1.0  # `The sea was the grey of slates`.
    if _FULL & {one.token.lower for one in clause.complements}:
        return 3.2
    if clause.verb in _LEADING and any(one.head.lemma in places.ROADS for one in clause.subject):
        return 3.2
    if clause.verb in {"stand", "lie", "rise", "tower"} and not clause.perfect:
        return 3.0  # `At the end of the lane stood a cottage`.
    return 2.5 if clause.verb in _STATES or "be" in clause.helpers else 1.5


def weight_of_object(clause: Clause) -> float:
    """Returns what a place is worth as an object of a clause."""
    if any(word in {"in", "on"} and is_medium(one) for word, one in clause.places):
        return 0  # `In the picture there was a castle`.
    if clause.particle in {"up", "down", "along", "through", "across"}:
        return 3.2  # `The bus wound up the mountain road.`
    if clause.verb in places.KEEPING | places.LIVING:
        return 4
    ridden = any(one.head.lemma in places.VEHICLES and not one.owner for one in clause.objects)
    if clause.verb in {"catch", "board"} and ridden and not clause.negated:
        return 3.2  # `They caught the bus`.
    if clause.verb in places.ARRIVING:
        return 3.5 if is_about_beings(clause) else 2
    there = bool(clause.subject) and clause.subject[0].head.tag == "EX"
    if clause.verb == "be":
        return 2 if there else 3
    if _is_model(clause):
        return 0
    several = any(one.plural and one.determiner != "the" for one in clause.objects)
    if clause.verb == "have" and not (clause.negated or several) and is_about_beings(clause):
        return 1.8  # `They had the bay to themselves`.
    if clause.verb in verbs.UNREAL_OBJECTS or clause.verb in {"leave", "have", "become"}:
        return 0.2
    return 0.8


def _is_model(clause: Clause) -> bool:
    """Returns whether a place is a toy or a picture: `built a castle out of blocks`."""
    if not any(one.determiner in {"a", "an"} for one in clause.objects):
        return False
    if clause.verb in {"sail", "draw", "paint", "sketch", "fold", "knit", "bake", "sew"}:
        return True
    made = any(word in {"of", "from"} for word, _ in clause.places)
    made = made or any(one.of is not None for one in clause.objects)
    return made and clause.verb in {"make", "build"}


def _is_shaped(clause: Clause, word: str, phrase: NounPhrase) -> bool:
    """Returns whether a thing becomes what looks like a place: `turned the sofa into a ship`."""
    if word not in {"into", "to"} or clause.verb not in places.SHAPING:
        return False
    made = [one for one in clause.objects if one.head.lemma != "way" and one.end <= phrase.begin]
    return bool(made) or (clause.verb != "turn" and not clause.objects)


def is_heap(phrase: NounPhrase) -> bool:
    """Returns whether a place only tells how much there is of something: `a sea of faces`."""
    of = phrase.of
    if of is None or phrase.head.lemma not in places.HEAPS or is_place(of):
        return False
    own = of.head.character is not None or of.head.tag == "NNP"
    return not own and of.head.lemma not in places.SCENIC


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
    if phrase.head.character is not None or phrase.owner:
        return False
    if noun in nouns.BODY | nouns.GARMENTS | nouns.PEOPLE | nouns.ANIMALS | FOODS:
        return False
    moves = clause.verb in places.MOVING | {"squeeze", "climb", "disappear", "vanish"}
    alone = not clause.objects and is_about_beings(clause)
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


def is_medium(phrase: NounPhrase) -> bool:
    """Returns whether a phrase names what a place is only shown or told in."""
    return phrase.head.lemma in places.MEDIA


def _is_cast(clause: Clause) -> bool:
    """Returns whether a clause tells of what comes over a place: light, fog, the night."""
    return clause.verb != "split" and any(one.head.lemma in _CAST for one in clause.subject)


def _takes_somebody(clause: Clause) -> bool:
    """Returns whether a clause says that beings are led: `the map led them`."""
    return bool({one.head.lower for one in clause.objects} & _LED) and not clause.negated


def _leads_away(clause: Clause) -> bool:
    """Returns whether a road leads to a place, and nobody is there yet."""
    roads = all(one.head.lemma in _LEADERS for one in clause.subject)
    return bool(clause.subject) and roads and clause.verb in _LEADING


def is_far(clause: Clause) -> bool:
    """Returns whether a clause says that its subject is somewhere else: `the sea was far away`."""
    said = {one.token.lower for one in clause.complements} | {one.lower for one in clause.adverbs}
    tiny = clause.verb == "be" and any(one.head.lemma in _SPECKS for one in clause.objects)
    return bool(said & _FAR) or tiny


def is_about_beings(clause: Clause) -> bool:
    """Returns whether somebody, or what carries somebody, is the subject of a clause."""
    return not clause.subject or any(
        one.head.character is not None
        or one.head.tag in {"PRP", "EX"}
        or (one.head.tag == "NNP" and not is_place(one))
        or _is_limb(one)
        or not {one.head.lemma, one.head.lower}.isdisjoint(_BEINGS)
        for one in clause.subject
    )


def _looks_down(clause: Clause) -> bool:
    """Returns whether somebody only looks at what is below: `gazed down at the sea`."""
    down = clause.particle == "down" or any(one.lower == "down" for one in clause.adverbs)
    return down and clause.verb in {"look", "gaze", "stare", "peer", "gape", "glance"}


def _is_limb(phrase: NounPhrase) -> bool:
    """Returns whether a phrase means somebody of whom a part is seen: `a grey head popped up`."""
    return phrase.head.lemma in _LIMBS and not phrase.owner and phrase.determiner != "the"
