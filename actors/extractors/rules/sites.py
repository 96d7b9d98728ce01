"""Sites: the places that a page names or gives away, each with what speaks for and against it.

The rules weigh them by hand; the learned reader of places by what it has learned of each trait.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.lexicon import nouns, places, verbs
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.showing import is_denied, is_past, is_unreal
from actors.extractors.rules.spots import is_ground, is_place, is_somewhere, name_of_place
from actors.extractors.rules.weighing import is_about_beings, is_far, is_heap, is_medium


@dataclass(frozen=True, slots=True)
class Site:
    """A place as one clause of a page tells it.

    `worth` is what the rules give it, `noun` its head in the base form, `sentence` and `order` the
    numbers of its sentence and clause, from 0.
    """

    name: str
    worth: float
    noun: str
    sentence: int
    order: int
    traits: frozenset[str]


def traits_of(clause: Clause, phrase: NounPhrase, preposition: str) -> Iterator[str]:
    """Yields what speaks for or against a place, of its clause and of its phrase."""
    yield f"word {preposition}" if preposition else f"as {_role(clause, phrase)}"
    yield from _of_clause(clause)
    yield from _of_phrase(phrase)
    if preposition and clause.subject:
        opens = phrase.begin <= clause.start + 4 and phrase.start < clause.subject[0].begin
        yield "opens" if opens else "follows"


def _role(clause: Clause, phrase: NounPhrase) -> str:
    if any(one is phrase for one in clause.subject):
        return "subject"
    return "object" if any(one is phrase for one in clause.objects) else "other"


_ADVERBS = frozenset(
    {
        *("now", "back", "away", "outside", "inside", "home", "there", "here", "down", "up", "far"),
        *("finally", "once", "always", "sometimes", "usually", "still", "soon", "later", "then"),
        *("never", "indoors", "outdoors", "upstairs", "downstairs", "together", "again"),
    }
)
_VERBS = (
    ("moving", places.MOVING),
    ("resting", places.RESTING),
    ("living", places.LIVING),
    ("arriving", places.ARRIVING),
    ("looking", places.LOOKING),
    ("passing", places.PASSING),
    ("strolling", places.STROLLING),
    ("saying", verbs.SAYING),
    ("unseen", verbs.UNSEEN),
    ("wishing", verbs.IRREALIS),
    ("thinking", verbs.UNREAL_OBJECTS),
    ("holding", verbs.HOLDING),
)
_NOUNS = (
    ("landmark", places.LANDMARKS),
    ("fluid", nouns.FLUID_PLACES),
    ("part", places.PARTS),
    ("fitting", places.FITTINGS),
    ("airy", places.AIRY),
    ("vehicle", places.VEHICLES),
    ("road", places.ROADS),
    ("scenic", places.SCENIC),
)
_FREQUENT = frozenset(
    {
        *("be", "have", "go", "come", "get", "take", "put", "run", "sit", "stand", "lie", "look"),
        *("see", "hear", "live", "work", "leave", "bring", "carry", "walk", "climb", "fly", "fall"),
        *("reach", "find", "wait", "stop", "open", "play", "lead", "hang", "turn", "make", "send"),
        *("want", "say", "tell", "call", "sleep", "swim", "ride", "drive", "pass", "hide", "push"),
    }
)


def _of_clause(clause: Clause) -> Iterator[str]:
    if is_past(clause):
        yield "past"
    if is_denied(clause):
        yield "denied"
    if is_unreal(clause):
        yield "unreal"
    if clause.marker:
        yield f"after {clause.marker}"
    if clause.modal:
        yield f"modal {clause.modal}"
    if clause.speech:
        yield "speech"
    if clause.told:
        yield "told"
    if clause.passive:
        yield "passive"
    yield f"tag {clause.tag}"
    yield f"verb {clause.verb}" if clause.verb in _FREQUENT else "verb other"
    for name, listed in _VERBS:
        if clause.verb in listed:
            yield f"verb of {name}"
    for one in clause.adverbs:
        if one.lower in _ADVERBS:
            yield f"adverb {one.lower}"
    yield "beings" if is_about_beings(clause) else "no beings"
    yield f"subject {_subject(clause)}"
    if clause.objects:
        yield "with object"
    if is_far(clause):
        yield "far"


def _subject(clause: Clause) -> str:
    if not clause.subject:
        return "none"
    head = clause.subject[0].head
    if head.tag in {"PRP", "EX"}:
        return head.lower
    if head.character is not None or head.tag == "NNP":
        return "name"
    return "being" if head.lemma in nouns.BEINGS else "thing"


def _of_phrase(phrase: NounPhrase) -> Iterator[str]:
    head = phrase.head
    determiner = phrase.determiner
    yield "owned" if phrase.owner else f"the {determiner}" if determiner in _ARTICLES else "bare"
    if phrase.plural:
        yield "plural"
    if phrase.negated:
        yield "none of it"
    if phrase.of is not None:
        yield "of a place" if is_place(phrase.of) else "of a thing"
    if is_place(phrase):
        yield "place"
    for name, listed in _NOUNS:
        if head.lemma in listed:
            yield name
    if head.tag.startswith("NNP"):
        yield "proper"
    if is_ground(phrase):
        yield "ground"
    if is_heap(phrase):
        yield "heap"
    if is_medium(phrase):
        yield "medium"


_ARTICLES = frozenset({"the", "a", "an", "this", "that", "every", "each", "another", "some", "any"})


@dataclass(frozen=True, slots=True)
class Weighed:
    """A place as the rules have weighed it; `given` is whether only a thing gives it away."""

    name: str
    worth: float
    preposition: str
    phrase: NounPhrase
    given: bool


def site_of(clause: Clause, order: int, one: Weighed) -> Site:
    """Returns a place that the rules have weighed, with its traits."""
    head = one.phrase.head
    traits = {*traits_of(clause, one.phrase, one.preposition), "given" if one.given else "named"}
    if not is_place(one.phrase) or name_of_place(one.phrase) != one.name:
        traits.add("by another word")
    noun = one.name if one.given else head.lemma
    return Site(one.name, one.worth, noun, clause.sentence, order, frozenset(traits))


def unweighed(
    clauses: Sequence[Clause], sites: Sequence[Site], elsewhere: set[int]
) -> Iterator[Site]:
    """Yields the places that the rules do not weigh, of clauses that tell of what is here."""
    known = {(one.order, one.name) for one in sites}
    for order, clause in enumerate(clauses):
        for word, phrase in _stated(clause) if order not in elsewhere else ():
            if (order, phrase.base) in known:
                continue
            traits = {*traits_of(clause, phrase, word), "unweighed"}
            lemma = phrase.head.lemma
            yield Site(phrase.base, 0.0, lemma, clause.sentence, order, frozenset(traits))


def _stated(clause: Clause) -> Iterator[tuple[str, NounPhrase]]:
    """Yields every phrase that may name a place, after its preposition."""
    for word, phrase in clause.places:
        if word and (is_place(phrase) or is_somewhere(phrase)):
            yield word, phrase
            if phrase.of is not None and is_place(phrase.of):
                yield f"{word} of", phrase.of
    for phrase in (*clause.objects, *clause.subject):
        if is_place(phrase):
            yield "", phrase
