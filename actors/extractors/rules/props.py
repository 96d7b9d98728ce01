"""The things that a picture must show."""

from collections.abc import Iterator

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.english import kinds_of
from actors.extractors.rules.extras import is_cuddly
from actors.extractors.rules.hue import is_colour
from actors.extractors.rules.lexicon import nouns, verbs
from actors.extractors.rules.lexicon.abstract import is_abstract
from actors.extractors.rules.lexicon.beings import SMALL_FRY
from actors.extractors.rules.lexicon.deeds import DEEDS, LIGHT
from actors.extractors.rules.lexicon.garments import PARTS
from actors.extractors.rules.lexicon.homonyms import Sense
from actors.extractors.rules.lexicon.looks import SEASONS, TIMES, WEATHERS
from actors.extractors.rules.lexicon.pieces import APART, BITS, LEFT, MARKS, PIECES
from actors.extractors.rules.lexicon.structures import STRUCTURES
from actors.extractors.rules.loss import lacking, unlit
from actors.extractors.rules.phrases import NounPhrase

_NO_THING = frozenset(
    {"like", "as", "than", "about", "without", "for", "during", "until", "since", "except"}
)
SOUGHT = frozenset({"look", "search", "hunt", "ask", "wait", "long", "wish", "call", "beg"})
"""Verbs that are `for` what is not there yet."""
_ASIDE = frozenset(
    {
        *(
            "beside",
            "behind",
            "under",
            "over",
            "past",
            "near",
            "by",
            "against",
            "on",
            "from",
            "off",
        ),
        *("below", "beneath", "above", "across", "along", "up", "down", "round", "around", "with"),
        *("off", "before", "onto", "between", "underneath", "outside", "beyond", "front", "upon"),
    }
)
_REACHING = frozenset(
    {"reach", "grope", "grab", "dive", "jump", "stretch", "lunge", "make", "head", "run", "rummage"}
    | {"dash", "race", "fumble", "aim", "snatch", "feel", "scrabble", "leap"}
)
"""Verbs that are `for` what is there: `reached for the string`."""
_EQUAL = frozenset({"be", "become", "seem"})
_GONE = frozenset({"lose", "lack", "miss", "need", "forget", "cost", "mean"})


def things(clause: Clause) -> Iterator[str]:
    """Yields the things that a clause shows."""
    if _is_sound(clause):
        return
    unreal = clause.verb in verbs.UNREAL_OBJECTS and not _is_worked_on(clause)
    if not unreal and clause.verb not in _GONE and not _is_said_of_another(clause):
        for phrase in clause.objects:
            if not (
                _is_epithet(clause, phrase) or (clause.verb in LIGHT and phrase.head.lemma in DEEDS)
            ):
                yield from _thing(phrase)
            elif phrase.of is not None and is_thing(phrase.of):
                yield phrase.of.base
    yield from _placed(clause, unreal=unreal)
    yield from _garments_apart(clause)
    gone = lacking(clause)
    for phrase in clause.subject:
        if phrase not in gone:
            yield from _thing(phrase)


def _placed(clause: Clause, *, unreal: bool) -> Iterator[str]:
    """Yields the things after prepositions, `unreal` where the clause only thinks of them."""
    told = False
    for place, (word, phrase) in enumerate(clause.places):
        if place and clause.places[place - 1][0] in {"like", "as"} and word in {"on", "in", "with"}:
            # `Like a king on his throne`.
            continue
        near = place > 0 and clause.places[place - 1][1].end == phrase.begin - 1
        goes_on = told and near  # `Dreamt of a hall with chandeliers`.
        told = unreal and (word in {"of", "for", "about", "to", "from"} or goes_on)
        told = told and not (word == "from" and clause.verb in verbs.SAYING and phrase.owner)
        if word == "with" and _is_part(clause, phrase):
            continue
        if word == "from" and any(
            one.negated and one.end == phrase.begin - 1 for one in clause.objects
        ):
            continue  # `No twig from a tree`.
        if clause.passive and word in {"in", "of", "with"} and _is_matter(phrase):
            continue  # `It was bound in iron`.
        if clause.verb == "turn" and word in {"to", "into"}:
            continue  # `His knees turned to jelly`.
        reached = word == "for" and (clause.verb in _REACHING or _is_second_part(clause, place))
        if word and (reached or word not in _NO_THING) and not told:
            yield from _thing(phrase, aside=word in _ASIDE)


_CHANGING = frozenset(
    {"turn", "grow", "bloom", "blossom", "flower", "open", "ripen", "fall", "burst", "spread"}
)


def things_changed(clause: Clause) -> Iterator[str]:
    """Yields the things that are there after what has happened: `the maples had turned red`."""
    if not clause.perfect or clause.governor is not None:
        return
    if clause.verb in _BEHIND | _HANDLED:
        for phrase in clause.objects:
            known = phrase.determiner in _DEFINITE or bool(phrase.owner)
            if clause.verb in _HANDLED or not known:
                yield from _thing(phrase)
        for word, phrase in clause.places:
            if word in {"on", "under"}:
                yield from _thing(phrase)
    if clause.verb in _CHANGING:
        for phrase in clause.subject:
            yield from _thing(phrase)
    elif clause.marker:
        return
    elif clause.verb not in _GOING and not clause.passive:
        for phrase in clause.subject:
            if (phrase.determiner in _DEFINITE or phrase.owner) and phrase not in lacking(clause):
                yield from _thing(phrase)
    if clause.verb in _COVERING:
        for phrase in (*clause.objects, *(one for word, one in clause.places if word != "with")):
            yield from _thing(phrase)


_BEHIND = frozenset({"leave", "bring", "put", "lay", "hang", "set", "pin", "write", "build"})
"""Verbs whose object is there after them: `had left a note and a bear`."""
_HANDLED = frozenset(
    {"open", "close", "shut", "light", "fold", "unfold", "spread", "unroll", "turn", "decorate"}
)
"""Verbs that leave a thing there in another state: `had turned the map round`."""
_COVERING = frozenset({"reach", "cover", "settle", "land", "perch", "climb", "fill", "overgrow"})
"""Verbs that end in a state that is seen after them: `a robin had settled on the spade`."""
_GOING = frozenset(
    {
        *("go", "leave", "come", "vanish", "disappear", "melt", "run", "sail", "fly", "depart"),
        *("sink", "burn", "blow", "drift", "roll", "be", "drive", "pass", "die", "happen", "begin"),
    }
)
"""Verbs after which their subject may be anywhere."""


def things_in_spite(clause: Clause) -> Iterator[str]:
    """Yields the things that are there though a clause denies something: `didn't open the door`."""
    if clause.verb in verbs.UNREAL_OBJECTS | verbs.SEEING | _GONE | _EQUAL:
        objects = []
    else:
        objects = clause.objects
    placed = [one for word, one in clause.places if word in _ASIDE]
    inside = [one for word, one in clause.places if word in {"in", "at", "into"}]
    there = clause.verb == "be" and not (clause.complements or clause.objects or clause.places)
    subject = [] if there or unlit(clause) else clause.subject
    for phrase in (*objects, *placed, *subject, *inside):
        if phrase.determiner in _DEFINITE or phrase.owner:
            yield from _thing(phrase, aside=phrase not in inside)


def _garments_apart(clause: Clause) -> Iterator[str]:
    """Yields garments that nobody wears: `there was a hat on the nail`, `found the hat`."""
    there = bool(clause.subject) and clause.subject[0].head.tag == "EX" and clause.verb == "be"
    blown = any(one.head.lemma in _WINDS for one in clause.subject) and clause.verb in _BLOWING
    done = blown or (clause.verb in APART and not (clause.verb == "pick" and not clause.particle))
    phrases = [*clause.objects] if there or done else []
    if clause.verb in LEFT:
        phrases += clause.subject
    for phrase in phrases:
        lies = phrase.head.sense is not Sense.NOTHING and not phrase.negated
        if phrase.head.lemma in nouns.GARMENTS and lies:
            yield phrase.base


def _is_matter(phrase: NounPhrase) -> bool:
    """Returns whether a phrase only tells what something is made of."""
    return len(phrase.tokens) == 1 and phrase.of is None and phrase.head.lemma in _MATTER


_MATTER = frozenset(
    {
        *("iron", "gold", "silver", "brass", "copper", "tin", "steel", "wood", "stone", "leather"),
        *("wool", "silk", "velvet", "cotton", "glass", "paper", "wax", "bone", "ivory", "marble"),
    }
)
_WINDS = frozenset({"wind", "gust", "breeze", "wave", "current", "river", "stream", "storm"})
_BLOWING = frozenset({"take", "blow", "whip", "lift", "tear", "whisk", "pull", "sweep", "tug"})


def _is_worked_on(clause: Clause) -> bool:
    """Returns whether paint goes onto a thing rather than shows it: `painted the fence`."""
    definite = any(one.determiner in _DEFINITE or one.owner for one in clause.objects)
    return clause.verb == "paint" and definite


def _is_sound(clause: Clause) -> bool:
    """Returns whether a clause is only a word for a sound or a stir: `Thwack!`"""
    said = [*clause.subject, *clause.objects]
    bare = not (clause.verb or clause.places or clause.complements)
    single = all(len(one.tokens) == 1 and not one.plural for one in said)
    return bare and single and (len(said) == 1 or len({one.head.lower for one in said}) < len(said))


def _is_epithet(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether a phrase is a part of a name: `said Big Hank the crane`."""
    if phrase.determiner != "the":
        return False
    named = [*clause.subject, *clause.phrases]
    return any(one.head.character is not None and one.end == phrase.begin for one in named)


def _is_second_part(clause: Clause, place: int) -> bool:
    """Returns whether a thing stands for a part of a body: `a carrot for a nose`."""
    around = clause.places[place - 1 : place] + clause.places[place + 1 : place + 2]
    parts = [word == "for" and one.head.lemma in nouns.BODY for word, one in around]
    return clause.verb in {"have", "give"} and parts == [True, True]


def _is_part(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether a phrase means a part or mark of what is before it: `with a red handle`."""
    if phrase.head.lemma in MARKS:
        return True
    named = (*clause.subject, *clause.objects, *(one for _, one in clause.places))
    return phrase.head.lemma in PIECES and any(one.end == phrase.begin - 1 for one in named)


def _is_said_of_another(clause: Clause) -> bool:
    """Returns whether the objects only say what the subject is: `her heart was a drum`."""
    if clause.verb not in _EQUAL or not clause.subject:
        return False
    return clause.subject[0].head.is_noun


def _is_made_of_something(phrase: NounPhrase) -> bool:
    """Returns whether a sound's or a look's name is that of a thing: `a silver whistle`."""
    said = phrase.tokens[:-1]
    coloured = any(is_colour(one.lower) or one.is_noun for one in said)
    return phrase.head.lemma in _ALSO_THINGS and coloured


_ALSO_THINGS = frozenset({"whistle", "bark", "slate", "rattle", "thread"})
_LINES = frozenset({"washing-line", "clothes-line", "fishing-line", "railway-line"})
"""Lines that are things."""
_FIGURES = frozenset({"snowman", "scarecrow", "doll", "puppet", "statue", "gingerbread-man"})
"""Things in the shape of somebody."""
_LOOSE = frozenset({"bone", "feather", "horn", "tusk"})
"""Parts of bodies that lie about by themselves."""
_RESPECTS = frozenset({"colour", "color", "shade", "size", "shape", "height", "length", "weight"})
"""In what something is like another: `the size of an egg`."""
_BOXES = frozenset({"chest", "trunk"})
"""Parts of bodies that are also boxes."""
_DEFINITE = frozenset({"the", "this", "that", "these", "those"})


def _thing(phrase: NounPhrase, *, aside: bool = True) -> Iterator[str]:
    if phrase.head.lemma in _RESPECTS:
        return  # `The colour of limes`.
    if phrase.of is not None and phrase.head.lemma in BITS and is_thing(phrase.of):
        yield phrase.of.base
        return
    if is_thing(phrase) or (aside and _is_structure(phrase)):
        yield phrase.base
    if phrase.of is not None and is_thing(phrase.of) and not phrase.negated:
        yield phrase.of.base


def _is_structure(phrase: NounPhrase) -> bool:
    return phrase.head.is_noun and not phrase.negated and phrase.head.lemma in STRUCTURES


def compound(phrase: NounPhrase) -> str:
    """Returns the noun of a phrase with the one before it: `frying-pan` of `a frying pan`."""
    before = [one.lower for one in phrase.tokens[:-1] if one.is_noun]
    return "-".join([*before[-1:], phrase.head.lemma])


def is_thing(phrase: NounPhrase) -> bool:
    """Returns whether a phrase names a thing that can be drawn, and neither body nor garment."""
    head = phrase.head
    noun = head.lemma
    if not head.is_noun or phrase.negated or head.character is not None or head.tag == "NNP":
        return False
    if head.sense is not None:
        return head.sense is Sense.THING
    toy = any(one.lower in nouns.TOYS for one in phrase.tokens[:-1])
    if noun in _FIGURES or (noun in _LOOSE and not phrase.owner):
        return True
    if noun in nouns.BEINGS:
        return toy or noun in SMALL_FRY or is_cuddly(phrase)
    if noun in _BOXES and phrase.determiner in {"a", "an"} and phrase.of is None:
        return True
    if noun in MARKS or (phrase.owner and noun in PARTS | {"scale", "fin"}):
        return False
    if head.lower == "braces" or noun in nouns.BODY | nouns.GARMENTS:
        return False
    if len(phrase.tokens) == 1 and not phrase.plural and not kinds_of(head.lower):
        return False  # `Plip` is a sound.
    if noun == "door" and any(one.lower == "next" for one in phrase.tokens[:-1]):
        return False  # `Old Mrs. Crumb from next door`.
    if compound(phrase) in _LINES or _is_made_of_something(phrase):
        return True
    if noun in nouns.PLACES - nouns.FLUID_PLACES:
        return False
    return not (is_abstract(noun) or noun in TIMES or noun in SEASONS or noun in WEATHERS)
