"""Doubts: which parts of a page were read without being sure, and why."""

from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum

from actors.extractors.learned.places import Belief
from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.doing import doings
from actors.extractors.rules.evidence import moves
from actors.extractors.rules.found import Found, Way
from actors.extractors.rules.lexicon.places import LANDMARKS
from actors.extractors.rules.lexicon.structures import STRUCTURES
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.presence import Presence
from actors.extractors.rules.showing import is_shown
from actors.extractors.rules.spots import is_place
from server.domain.scenes import Figure, LossKind, Unsure

_TOLD = 0.7
"""How likely a place must be that the page tells, not to be doubted."""
_KEPT = 0.3
"""The same of the place of the page before, where nobody moves."""
_KEPT_MOVING = 0.5
"""The same where somebody does."""
_RENEWED = 0.7
"""How likely the doubted place of the page before must be, not to be doubted any more."""


class Why(StrEnum):
    """Why a part is unsure, in words for the reader of a plan."""

    NOWHERE = "the page does not say where it is"
    GUESSED = "guessed from the words of the page"
    HINTED = "only things on the page hint at it"
    KEPT = "kept from an earlier page, and this one may be elsewhere"
    SPOKEN = "only somebody's words tell it"
    PASSING = "only named in passing"
    THEY = "'they' may be others"


def doubt_of_place(
    belief: Belief, found: Found, before: Belief | None, clauses: Sequence[Clause]
) -> str:
    """Returns why the place of a page is unsure; empty where it is not.

    `found` is what the rules have found, `before` the belief after the page before it.
    """
    share = belief.share
    if not belief.name:
        return Why.NOWHERE
    if belief.name != found.name:
        return Why.GUESSED if share < _TOLD else ""
    if found.way is Way.SPOKEN:
        return Why.SPOKEN
    if found.way is Way.KEPT:
        if before is not None and before.doubt:
            return before.doubt if share < _RENEWED else ""
        return Why.KEPT if share < (_KEPT_MOVING if moves(clauses) else _KEPT) else ""
    if share >= _TOLD:
        return ""
    return Why.PASSING if found.way is Way.NAMED else Why.HINTED


def doubts(
    belief: Belief,
    clauses: Sequence[Clause],
    presence: Presence,
    figures: Sequence[Figure],
    props: Sequence[str],
    faint: Collection[str],
) -> tuple[Unsure, ...]:
    """Returns the parts of a page that are unsure: its place, who does what, and things.

    `faint` are the things that the sense of the page is not sure of.
    """
    place = [Unsure(belief.name, LossKind.PLACE, belief.doubt)] if belief.doubt else []
    done = {said for one in figures for said in one.doing}
    held = {thing for one in figures for thing in one.holding}
    actions = [one for one in _actions(clauses, presence) if one.phrase in done]
    passing = [
        Unsure(one, LossKind.PROP, Why.PASSING)
        for one in props
        if one not in held and (one in faint or _is_passed(one, clauses))
    ]
    return tuple(dict.fromkeys((*place, *actions, *passing)))


def _actions(clauses: Sequence[Clause], presence: Presence) -> Iterator[Unsure]:
    """Yields what is done by somebody whom a pronoun leaves open."""
    for clause in clauses:
        whys = [why for one in clause.subject if (why := _why(clause, one, presence))]
        if whys and is_shown(clause):
            leads = [one for one in clauses if one.governor is clause]
            for said in doings(clause, leads):
                yield Unsure(said, LossKind.ACTION, whys[0])


def _why(clause: Clause, phrase: NounPhrase, presence: Presence) -> str:
    place = clause.sentence, phrase.start
    if rivals := presence.open.rivals.get(place):
        return f"'{phrase.head.lower}' may be {' or '.join(rivals)}"
    return Why.THEY if place in presence.open.loose else ""


def _is_passed(thing: str, clauses: Sequence[Clause]) -> bool:
    """Returns whether a page names a thing once, and only to say where something is: `on a wall`.

    A picture may do without the bank, the roof or the wall that something is on.
    """
    noun = thing.split()[-1]
    acted = [one for each in clauses for one in (*each.subject, *each.objects)]
    placed = [one for each in clauses for _, one in each.places]
    named = [one for one in placed if _is_named(noun, one)]
    where = [one for one in named if is_place(one) or one.head.lemma in STRUCTURES | LANDMARKS]
    return len(named) == len(where) == 1 and not any(_is_named(noun, one) for one in acted)


def _is_named(noun: str, phrase: NounPhrase) -> bool:
    return noun in {phrase.head.lemma, phrase.head.lower}
