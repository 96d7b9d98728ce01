"""Coming and going: the clauses that say that their subject is somewhere else."""

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.lexicon import nouns
from actors.extractors.rules.lexicon.abstract import is_abstract
from actors.extractors.rules.lexicon.presence import ARRIVING, AWAY, LEAVING, LIVING, MOVING
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.showing import is_denied

_THERE = frozenset({"there", "here", "around", "about"})
_AT = frozenset({"in", "at", "on", "with", "near", "under", "behind", "beside", "among", "inside"})
_ELSEWHERE = frozenset({"hospital", "prison", "work", "war", "heaven", "town"})
"""Where those are who are not with the others: `Mum was in hospital`."""
_OUT = frozenset({"away", "off", "out"})
_INDOORS = frozenset({"bed", "window", "door", "bedroom", "table", "sleep", "garden"})


def is_away(clause: Clause) -> bool:
    """Returns whether a clause says that its subject is not there."""
    said = {one.token.lower for one in clause.complements if not one.negated}
    said |= {one.lower for one in clause.adverbs} | {clause.particle}
    here = {one.head.lower for one in clause.objects} | said
    if clause.verb == "be" and not is_denied(clause):
        away = [one for word, one in clause.places if word in {"in", "at"} and not one.owner]
        if any(one.head.lemma in _ELSEWHERE and len(one.tokens) == 1 for one in away):
            return True
    others = any(one.head.lemma in {"other", "rest"} for one in clause.subject)
    if clause.verb == "be" and "asleep" in said and others:
        return True  # `All the others were asleep`.
    if clause.verb == "be" and is_denied(clause):
        if clause.complements:
            return False
        return (
            bool(here & _THERE)
            or "nowhere" in said
            or any(word in _AT and _is_place(one) for word, one in clause.places)
        )
    if clause.verb in {"come", "arrive", "visit"} and "be" in clause.helpers and _is_due(clause):
        return True
    if is_denied(clause):
        return clause.verb in ARRIVING and not _comes_out(clause)
    if clause.verb in {"be", "lie"} | LIVING:
        return bool(said & AWAY)
    passive = "be" in clause.helpers
    return passive and (
        (clause.verb == "go" and clause.tag in {"VBN", "VBD"})
        or (clause.verb == "miss" and not clause.objects)
    )


def has_left(clause: Clause) -> bool:
    """Returns whether a clause says that its subject went away before: `had gone to town`."""
    if not clause.perfect or is_denied(clause) or clause.governor is not None:
        return False
    if clause.verb in LEAVING:
        return all(one.head.lemma in nouns.PLACES for one in clause.objects)
    if clause.verb not in MOVING or clause.complements:
        return False
    if clause.particle in _OUT:
        return True
    to = [one for word, one in clause.places if word in {"to", "into", "for"}]
    home = "home" in {one.lower for one in clause.adverbs} | {
        one.head.lower for one in clause.objects
    }
    return clause.verb == "go" and (home or any(map(_is_far, to)))


def _is_due(clause: Clause) -> bool:
    """Returns whether a clause names a day that is yet to come: `were coming on Sunday`."""
    named = {one.head.lower for _, one in clause.places} | {one.lower for one in clause.adverbs}
    return bool(named & _DAYS)


_DAYS = frozenset(
    {
        *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
        *("tomorrow", "soon", "christmas", "weekend"),
    }
)


def _is_place(phrase: NounPhrase) -> bool:
    noun = phrase.head.lemma
    return noun in nouns.PLACES or noun == "home" or not is_abstract(noun)


def _is_far(phrase: NounPhrase) -> bool:
    return phrase.head.lemma in nouns.PLACES and phrase.head.lemma not in _INDOORS


def _comes_out(clause: Clause) -> bool:
    """Returns whether only a way of coming is denied: `would not come out of the basket`."""
    if clause.verb in {"turn", "show"}:
        return clause.particle != "up"
    if clause.verb in {"answer", "reply"}:
        return True
    out = clause.particle not in {"", "back"}
    return out or any(word not in {"to", "with", "for"} for word, _ in clause.places)
