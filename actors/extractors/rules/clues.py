"""Places that only several things together give away: soap, a sponge and a towel."""

from collections.abc import Iterator, Sequence

from actors.extractors.rules.clauses import Clause, all_phrases
from actors.extractors.rules.lexicon import hints, verbs
from actors.extractors.rules.lexicon.clues import FETCHING, OUTSIDE, ROOMS, ROOMS_OF, Clues
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.showing import is_past, is_unreal

_TELLING = 2
"""What a thing counts that hardly stands elsewhere; any other counts one."""
_ALONE = 4
"""What tells a place where none is known: two things that tell, or one and two others."""
_AGAINST = 7
"""What tells one though the page before was elsewhere."""
_AHEAD = 3
"""How much more it must be than that of any other place."""
_LIKENESS = frozenset({"like", "as", "than", "about"})


def gathered(clauses: Sequence[Clause], before: str) -> str:
    """Returns the place that the clues of a page give away, or nothing.

    `before` is the place that is known already, with which it may agree.
    """
    real = [one for one in clauses if not (is_unreal(one) or is_past(one) or one.negated)]
    things, acts = dict(_things(real)), {one.verb for one in real}
    places = {**ROOMS, **OUTSIDE}
    sums = ((_sum(clues, things, acts), place) for place, clues in places.items())
    found = sorted(sums, reverse=True)
    (most, place), (other, _) = found[0], found[1]
    known = {before, *before.split()[-1:]}
    inner = any(place in ROOMS_OF.get(one, ()) for one in known)
    inner = inner or bool(known & places[place].telling)  # The ship of a mast.
    if most < (_ALONE if not before or inner else _AGAINST):
        return ""
    if most - other < (1 if not before else _AHEAD):
        return ""
    if before and place in OUTSIDE and known & hints.OUTDOORS:
        return ""
    return place


def _sum(clues: Clues, things: dict[str, frozenset[str]], acts: set[str]) -> int:
    """Returns what the clues of a place come to; nothing where none of them tells."""
    telling = sum(bool(names & clues.telling) for names in things.values())
    telling += len(acts & clues.acts)
    others = sum(bool(names & clues.others) for names in things.values())
    return _TELLING * telling + others if telling else 0


def _things(clauses: Sequence[Clause]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yields the things and beings of a page by their base forms, each with its names."""
    for clause in clauses:
        for phrase in all_phrases([clause]):
            if phrase.negated or phrase.head.character is not None or _is_fetched(clause, phrase):
                continue
            joined = "-".join(one.lower for one in phrase.tokens[-2:])
            yield phrase.head.lemma, frozenset({phrase.head.lemma, phrase.head.lower, joined})


def _is_fetched(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether a thing is only carried, drawn or told of, or what another is like."""
    if any(phrase is one for word, one in clause.places if word in _LIKENESS):
        return True
    told = clause.verb in FETCHING | verbs.UNREAL_OBJECTS - {"smell", "hear"}
    return told and phrase not in clause.subject
