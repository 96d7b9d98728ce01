"""Meeting: what a clause tells of whether those whom it names are there to be seen."""

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.kin import SAME
from actors.extractors.rules.lexicon import nouns
from actors.extractors.rules.lexicon.presence import (
    BODILY,
    FETCHING,
    LETTERS,
    MINDING,
    MOVING,
    PICTURED,
    PICTURES,
    RESULTS,
    SEEKING,
    SENDING,
    TAKING,
    TELLING,
    UNSEEN_BY,
)
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.showing import is_denied, is_past


def is_thought_by(clause: Clause) -> bool:
    """Returns whether who thinks comes after the verb: `If only it were true, thought Mia`."""
    named = [one for one in clause.objects if one.head.character is not None]
    return clause.verb in {"think", "wonder"} and len(named) == len(clause.objects) == 1


def is_there_though(clause: Clause) -> bool:
    """Returns whether the subject of what does not happen is there: `would not get up`."""
    if clause.marker == "before" and clause.modal in {"could", "can"}:
        return True
    if clause.marker in {"until", "till"} and not (clause.modal or clause.negated):
        return True
    governor = clause.governor
    if governor is not None and governor.verb == "pretend":
        return True
    return clause.negated and clause.modal in {"would", "will"}


def was_done(clause: Clause) -> bool:
    """Returns whether a clause tells of what was before and cannot be seen any more."""
    return is_past(clause) and not (clause.perfect and clause.verb in RESULTS and not clause.marker)


def is_general(clause: Clause) -> bool:
    """Returns whether a clause tells of all of a kind: `for foxes have never learnt to knit`."""
    present = clause.tag in {"VBP", "VB"} or clause.helpers[:1] in {("have",), ("do",)}
    bare = any(is_bare(one) for one in clause.subject)
    if bare and clause.passive and clause.verb in {"expect", "suppose", "allow", "forbid", "mean"}:
        return True  # `Where girls were expected to sew`.
    if bare and (clause.modal == "can" or (clause.verb == "do" and clause.tag == "VBP")):
        return True  # `People cannot hear bats`.
    if bare and clause.negated and clause.tag == "VB" and clause.helpers == ("do",):
        return True  # `Pirates don't hug`.
    return clause.marker in {"for", "because", "as", "since"} and present and bare


def is_bare(phrase: NounPhrase) -> bool:
    """Returns whether a phrase means a kind as a whole: `foxes`."""
    return phrase.plural and len(phrase.tokens) == 1


def tells_apart(clause: Clause) -> bool:
    """Returns whether a clause only tells who or what somebody is: `Em, who was a farmer`."""
    relative = clause.marker in {"who", "which", "that", "whose"} and clause.verb == "be"
    named = clause.verb in {"call", "name"} and clause.passive
    return relative or named


def is_denied_object(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether a clause denies what its verb is done to: `saw no cat`."""
    if phrase.negated:
        return True
    # `Tom was not there, only Mia` denies Tom alone.
    whole = clause.verb == "be" and "there" in said_of(clause)
    affirmed = whole or phrase in clause.affirmed or phrase.head.tag == "EX"
    return is_denied(clause) and not affirmed


def is_call(clause: Clause, mark: str) -> bool:
    """Returns whether only names are called, without quotes: `MIA! TOM!`"""
    told = clause.verb or clause.places or clause.complements or clause.speech
    named = bool(clause.subject) and all(one.head.character is not None for one in clause.subject)
    return named and not told and mark in {"!", "?"}


def is_errand(clause: Clause) -> bool:
    """Returns whether a clause tells what somebody goes to do: `went to fetch Tom`."""
    governor = clause.governor
    return clause.verb in FETCHING and governor is not None and governor.verb in MOVING


def is_told(clause: Clause) -> bool:
    """Returns whether a verb's object is spoken to: `asked Tom`, but not `asked for Tom`."""
    return clause.verb in TELLING


def is_met(clause: Clause, word: str) -> bool:
    """Returns whether those after a preposition are there: `ran to Tom`, not `wrote to Tom`."""
    if any(one.head.lemma in {"telephone", "phone", "radio"} for _, one in clause.places):
        return False
    if word == "to":
        forward = any(one.lower == "forward" for one in clause.adverbs)
        return clause.verb not in SENDING and not forward
    if word == "of":
        if is_grip(clause):
            return True
        return clause.particle == "out" or bool({"full", "crowded"} & said_of(clause))
    if word == "" or word in UNSEEN_BY:
        return False
    if word == "from":
        sent = any(one.head.lemma in LETTERS for one in (*clause.objects, *clause.subject))
        return clause.verb in TAKING and not sent
    if word == "by" and clause.verb in MINDING | SEEKING:
        return False
    return not (word == "after" and clause.verb in {"name", "call", "christen"})


def is_pictured(clause: Clause) -> bool:
    """Returns whether a clause tells of a picture: `the lion on the flag`."""
    made = clause.passive and clause.verb in {"paint", "draw", "carve", "print", "embroider"}
    return made or any(
        (word == "on" and one.head.lemma in PICTURED)
        or (
            word == "in" and one.head.lemma in PICTURES | {"story", "tale", "poem", "dream", "book"}
        )
        for word, one in clause.places
    )


def is_afar(clause: Clause) -> bool:
    """Returns whether those whom a clause tells of are only heard: `somewhere a girl sang`."""
    if any(one.lower == "somewhere" for one in clause.adverbs):
        return not clause.objects or "be" in clause.helpers
    if clause.verb in _SOUNDING and _is_far_off(clause):
        return True  # `A dog barked in the distance`.
    for word, one in clause.places:
        inner = one.of.head.lemma if one.of is not None else ""
        first = bool(clause.subject) and one.start < clause.subject[0].start
        if first and word in {"on", "over", "at"} and {one.head.lemma, inner} & _LINES:
            return True
    return False


def _is_far_off(clause: Clause) -> bool:
    off = {one.lower for one in clause.adverbs} & {"far", "away", "off"}
    return len(off) > 1 or any(one.head.lemma == "distance" for _, one in clause.places)


_SOUNDING = frozenset(
    {
        "bark",
        "howl",
        "crow",
        "hoot",
        "call",
        "sing",
        "shout",
        "cry",
        "laugh",
        "roar",
        "moo",
        "bleat",
    }
)
_LINES = frozenset(
    {"phone", "telephone", "radio", "line", "loudspeaker", "television", "screen", "walkie-talkie"}
)


def there_is(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether a clause shows what it tells of: `there was a cat`, `it was the cat`."""
    if not clause.subject:
        return False
    first = clause.subject[0].head
    it = first.lower == "it" and phrase.determiner == "the"
    return first.tag == "EX" or it or first.lower in {"this", "that", "these", "those"}


def only_tells(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether a clause only tells who its subject is, or whom it has: `had a sister`."""
    told = clause.verb in {"be", "become", "seem"} and not there_is(clause, phrase)
    has = clause.verb == "have" and phrase.head.lemma in {"friend", *SAME}
    return (told and "there" not in said_of(clause)) or has


def is_body(phrase: NounPhrase) -> bool:
    """Returns whether a phrase means a part of a body, or what is on one."""
    head = phrase.head
    if head.lemma in {"voice", "footstep", "step"} or head.sense is not None:
        return False
    return head.lemma in nouns.BODY | BODILY or is_garment(phrase)


def is_picture(phrase: NounPhrase) -> bool:
    """Returns whether a phrase means what shows people who are elsewhere."""
    return phrase.head.lemma in PICTURES


def is_garment(phrase: NounPhrase) -> bool:
    """Returns whether a phrase means a garment."""
    if phrase.head.sense is not None:
        return False  # `The bow of a boat`.
    return phrase.head.lemma in nouns.GARMENTS or phrase.head.lower in nouns.GARMENTS


def said_of(clause: Clause) -> set[str]:
    """Returns the adjectives and adverbs of a clause."""
    return {one.token.lower for one in clause.complements} | {one.lower for one in clause.adverbs}


def is_grip(clause: Clause) -> bool:
    """Returns whether a clause tells of what somebody holds: `let go of`, `took hold of`."""
    if clause.verb == "hold" and clause.tag == "VB":
        return not clause.objects
    return clause.verb == "go" and clause.tag == "VB" and not clause.helpers
