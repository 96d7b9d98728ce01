"""Absence: what a page says is not there, not so, or not done."""

from collections.abc import Iterator, Sequence

from actors.extractors.rules.clauses import Clause, Complement
from actors.extractors.rules.english import lemma_of
from actors.extractors.rules.lexicon import nouns, verbs
from actors.extractors.rules.lexicon.abstract import is_abstract
from actors.extractors.rules.lexicon.denial import (
    CARRYING,
    EXISTING,
    INVISIBLE,
    SCRAPS,
    SILENT,
    UNSAID,
    VISIBLE,
)
from actors.extractors.rules.lexicon.looks import WEATHERS
from actors.extractors.rules.loss import is_of_subject, lacking, unlit
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.showing import is_denied, is_for_naught, is_imagined
from actors.extractors.rules.things import Things

_SUPPOSED = frozenset({"if", "unless", "whether", "as if", "before", "like"})
_SCARCELY = frozenset({"hardly", "barely", "scarcely", "rarely", "seldom"})
_NEW = frozenset({"a", "an", "no", "one", "any"})
_PARTLY = frozenset({"one", "some", "any", "all", "both", "none", "each", "half", "most"})
_DEGREES = frozenset({"so", "such", "more", "as", "too"})
_QUIET = SILENT | {""}
_ANYBODY = frozenset({"man", "woman", "person", "boy", "girl", "child"})


def read_absent(clauses: Sequence[Clause]) -> tuple[str, ...]:
    """Returns what is denied on a page, each in its base form."""
    found: list[str] = []
    things = Things()
    for at, clause in enumerate(clauses):
        if not _is_supposed(clause) and not _is_lifted(clauses[at:]):
            found += _absent(clause, things)
        things.name(clause)
    return tuple(dict.fromkeys(found))


def _absent(clause: Clause, things: Things) -> Iterator[str]:
    yield from _phrases(clause)
    yield from _words(clause)
    yield from _complements(clause)
    refused = clause.modal in {"would", "will"} and clause.negated and not clause.perfect
    governor = clause.governor
    if governor is not None and governor.verb in verbs.DENYING:
        refused = refused or not (is_imagined(governor) or governor.negated)
    if is_imagined(clause) and not refused:
        return
    if is_denied(clause):
        if not _is_led_only(clause):
            yield from _denied(clause)
        return
    for phrase in lacking(clause):
        thing = things.of(phrase)
        if thing is not None:
            yield from _noun(thing)


def _is_led_only(clause: Clause) -> bool:
    """Returns whether a clause is denied only by what leads to it: `not used to dance`."""
    governor = clause.governor
    own = clause.negated or any(one.negated for one in clause.subject)
    if own or governor is None or governor.verb in verbs.DENYING:
        return False
    return governor.verb not in {"begin", "start", "try", "manage", "dare", "come", "go", "have"}


def _is_supposed(clause: Clause) -> bool:
    """Returns whether a clause only supposes: `if there were no moon`."""
    return (
        clause.told
        or clause.marker in _SUPPOSED
        or bool(
            clause.governor is not None
            and clause.governor.verb in verbs.IRREALIS
            and clause.governor.verb not in verbs.DENYING | {"have"}
        )
    )


def _is_lifted(clauses: Sequence[Clause]) -> bool:
    """Returns whether a denial ends on the page: `did not smile until she saw him`."""
    if len(clauses) < 2 or clauses[1].sentence != clauses[0].sentence:
        return False
    return clauses[0].negated and clauses[1].marker in {"until", "till"}


def _phrases(clause: Clause) -> Iterator[str]:
    """Yields what its own phrase denies: `no hat`, `without a hat`, `nobody`."""
    said = bool(clause.complements) and clause.verb in {"be", "look", "seem"}
    for phrase in clause.subject:
        # `Not one roof was blue`: the roofs are there.
        if phrase.negated and not said and not _is_other_kind(clause, phrase):
            if phrase.of is not None and clause.verb in CARRYING and clause.objects:
                # `None of the boats had a sail`: the boats are there.
                yield from (noun for one in clause.objects for noun in _noun(one))
                continue
            yield from _nobody(clause, phrase) if _is_nobody(phrase) else _noun(phrase)
            if phrase.head.lower in {"none", "neither"} and clause.verb not in _QUIET:
                yield clause.verb
    for phrase in clause.objects:
        if not phrase.negated or phrase in clause.affirmed:
            continue
        if _is_nobody(phrase):
            yield from _nobody(clause, phrase)
        elif not (phrase.determiner and phrase.determiner not in _NEW and _is_even(clause)):
            yield from _noun(phrase)
    for word, phrase in clause.places:
        doubly = word == "without" and clause.negated
        doubly = doubly or (word != "without" and _is_even(clause))
        if phrase.negated and not doubly and word not in {"like", "as"}:
            yield from _noun(phrase)
        if phrase.of is not None and phrase.of.negated:
            yield from _noun(phrase.of)


def _is_other_kind(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether a thing is there, but another one: `not a fat slug, but a slug`."""
    alike = any(
        not one.negated and one.head.lemma == phrase.head.lemma
        for one in (*clause.subject, *clause.objects)
    )
    return alike and phrase.head.is_noun


def _is_owned_by_none(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether nobody has a thing at all: `nobody had a ticket`."""
    empty = {"nobody", "none", "neither"}
    return phrase.determiner in {"a", "an", "any"} and any(
        one.head.lower in empty for one in clause.subject
    )


def _measures(phrase: NounPhrase) -> bool:
    """Returns whether a phrase counts: `not forty feet away`."""
    first = phrase.tokens[0]
    return phrase.negated and first.tag == "CD" and first.lower != "one"


def _is_even(clause: Clause) -> bool:
    """Returns whether a denial adds those who do not do it either: `not even the dog`."""
    return any(one.lower == "even" for one in clause.adverbs)


def _is_nobody(phrase: NounPhrase) -> bool:
    return phrase.head.lower == "nobody"


def _nobody(clause: Clause, phrase: NounPhrase) -> Iterator[str]:
    """Yields `nobody` where nobody is there, or what nobody does."""
    there = clause.subject and clause.subject[0].head.tag == "EX"
    placed = any(is_drawn(one.head.lemma) for _, one in clause.places)
    seen = clause.passive and clause.verb in {"see", "leave", "find"}
    if (seen or (clause.verb in EXISTING and (placed or there))) and not any(
        one.lower == "else" for one in clause.adverbs
    ):
        yield "nobody"
    elif phrase in clause.subject and clause.verb not in _QUIET | _long_ago(clause):
        yield clause.verb


def _complements(clause: Clause) -> Iterator[str]:
    """Yields the adjectives that are denied, but none that only measures: `not so big`."""
    only = all(one.negated for one in clause.complements)
    if only and any(one.lower in _DEGREES for one in clause.adverbs):
        return
    none = clause.verb == "be" and any(
        one.negated and not _is_nobody(one) for one in clause.subject
    )
    for complement in clause.complements:
        if (complement.negated or none) and _is_visible(complement):
            yield complement.token.lemma


def _is_visible(complement: Complement) -> bool:
    token = complement.token
    if token.tag == "RB":
        return token.lower.endswith(("ways", "wards", "side-up", "stairs"))
    return token.tag in {"JJ", "VBN"} and token.lemma not in UNSAID


def _denied(clause: Clause) -> Iterator[str]:
    if any(one.lower in _SCARCELY for one in clause.adverbs):
        return
    objects = [one for one in clause.objects if one not in clause.affirmed and not one.negated]
    subject_denied = any(one.negated for one in clause.subject)
    if any(one.token.tag == "JJR" for one in clause.complements):
        return  # `It could not have been simpler.`
    if subject_denied and all(_measures(one) for one in clause.subject):
        return
    if clause.verb == "be":
        yield from _not_being(clause, objects)
        return
    if is_for_naught(clause) or (clause.perfect and _is_of_old(clause)):
        return
    for phrase in unlit(clause):
        yield from _noun(phrase)
    for phrase in objects:
        anything = phrase.tokens[0].lower == "any"
        wanted = clause.verb in {"want", "fancy"} and phrase.determiner in {"a", "an"}
        owned = clause.verb in CARRYING and (
            not subject_denied or _is_owned_by_none(clause, phrase)
        )
        unseen = clause.verb == "see" and clause.modal in {"can", "could"}
        if owned or (not subject_denied and (anything or wanted or unseen)):
            yield from _noun(phrase)
    if clause.perfect and clause.verb in {"come", "rise", "arrive", "appear", "return", "bloom"}:
        yield from (noun for one in clause.subject for noun in _noun(one))
    elif clause.verb and not subject_denied and clause.verb not in SILENT:
        yield clause.verb


def _not_being(clause: Clause, objects: Sequence[NounPhrase]) -> Iterator[str]:
    """Yields what something is not, or what is not there."""
    if any(one.negated and one.head.tag == "NN" for one in clause.subject):
        objects = []  # `Not a balloon, an orange.`
    for phrase in objects:
        # `Not a big castle` is a castle still.
        said = [one.lemma for one in phrase.adjectives if one.lemma not in UNSAID]
        only = bool(phrase.adjectives) or (phrase.head.lemma in _ANYBODY and _is_told(phrase))
        if not phrase.negated and (said or only):
            yield from said[-1:]  # `Not a good worm` is a worm still.
        elif phrase.head.lower not in {"one", "ones"}:
            yield from _noun(phrase)
    states = {"asleep", "awake", "afraid", "alive", "angry"}
    told = [one.lower for one in clause.adverbs if one.lower in states]
    yield from told
    there = [one for one in objects if one.head.tag != "EX"]
    worn = [one for word, one in clause.places if word == "in" and _is_look(one)]
    # `The man in the grey cloak was not a merchant` wears it.
    worn = [one for one in worn if not is_of_subject(clause, one)]
    if worn:
        yield from (noun for one in worn for noun in _noun(one))
    elif not told and not clause.complements and not there:
        yield from (noun for one in clause.subject if not one.negated for noun in _noun(one))


def _is_told(phrase: NounPhrase) -> bool:
    """Returns whether a noun before its own tells of what sort it is: `a patient man`."""
    return any(one.is_noun for one in phrase.tokens[:-1])


def _is_look(phrase: NounPhrase) -> bool:
    return phrase.head.lemma in nouns.GARMENTS | {
        "tear",
        "rag",
        "bandage",
        "plait",
        "braid",
        "pigtail",
        "ponytail",
        "bun",
    }


def _is_of_old(clause: Clause) -> bool:
    """Returns whether a denial is about all the time before: `had never been`, `since spring`."""
    said = {one.lower for one in clause.adverbs}
    never = bool(said & {"never", "ever"}) or clause.never
    if never and not clause.objects and not clause.places and not said & {"before", "so", "such"}:
        return False  # `I have never flown` is a bat that does not fly.
    return never or any(word in {"since", "for", "in"} for word, _ in clause.places)


def _long_ago(clause: Clause) -> frozenset[str]:
    """Returns the verb of what nobody had done before the page: `nobody had dusted since May`."""
    return frozenset({clause.verb} if clause.perfect and _is_of_old(clause) else ())


def _words(clause: Clause) -> Iterator[str]:
    """Yields what single words deny: `hatless`, `barefoot`."""
    said = [one.token for one in clause.complements] + clause.adverbs
    for phrase in (*clause.subject, *clause.phrases):
        said += [one for one in phrase.tokens if one.tag.startswith("JJ")]
    for one in said:
        if one.lower in {"barefoot", "barefooted"}:
            yield "shoe"
        elif one.lower.endswith("less") and one.lower[:-4] in _LACKED:
            yield one.lower[:-4]


_LACKED = (
    nouns.GARMENTS
    | nouns.BODY
    | frozenset(WEATHERS)
    | {"star", "moon", "leaf", "window", "tree", "smoke", "flower"}
)


def _noun(phrase: NounPhrase) -> Iterator[str]:
    """Yields what a phrase names, if a picture could show it."""
    head = phrase.head
    if _measures(phrase):
        return
    if phrase.of is not None and head.lemma in SCRAPS:
        yield from _noun(phrase.of)
        return
    if head.lemma in {"sign", "trace"} and phrase.of is not None:
        return
    if head.lower.endswith("ing") and lemma_of(head.lower, "VBG") != head.lower:
        verb = lemma_of(head.lower, "VBG")
        yield from () if verb in SILENT else (verb,)
        return
    if phrase.of is not None and (head.lemma in _PARTLY or head.tag == "CD"):
        yield from _noun(phrase.of)
        return
    if head.is_noun and head.character is None and is_drawn(head.lemma):
        yield head.lower if head.lower in nouns.PAIRS else head.lemma


def is_drawn(noun: str) -> bool:
    """Returns whether a noun in its base form names what a picture could show."""
    if noun in INVISIBLE or len(noun) == 1:
        return False
    return noun in VISIBLE or noun in WEATHERS or not is_abstract(noun)
