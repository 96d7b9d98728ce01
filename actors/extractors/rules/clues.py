"""Places that only several things and acts together give away: soap, a sponge and a towel."""

from collections.abc import Iterator, Sequence

from actors.extractors.rules.clauses import Clause, all_phrases
from actors.extractors.rules.lexicon import hints, nouns
from actors.extractors.rules.lexicon.clues import OUTSIDE, ROOMS
from actors.extractors.rules.showing import is_past, is_unreal

_ALONE = 2
"""How many clues tell a place where none is known."""
_AGAINST = 4
"""How many tell one though the page before was elsewhere."""
_AHEAD = 2
"""How many more than any other place has."""


def gathered(clauses: Sequence[Clause], before: str) -> str:
    """Returns the place that the clues of a page give away, or nothing.

    `before` is the place of the page before, with which it may agree.
    """
    said = set(_said(clauses))
    found = sorted(
        ((len(words & said), place) for place, words in {**ROOMS, **OUTSIDE}.items()), reverse=True
    )
    (most, place), (other, _) = found[0], found[1]
    known = {before, *before.split()[-1:]}
    wider = place in ROOMS and bool(
        known & {"house", "home", "cottage", "flat", "school", "castle"}
    )
    needed = _ALONE if not before or wider else _AGAINST
    if most < needed or most - other < (1 if not before else _AHEAD):
        return ""
    if before and place in OUTSIDE and known & hints.OUTDOORS:
        return ""
    return place


def _said(clauses: Sequence[Clause]) -> Iterator[str]:
    """Yields the things and acts of a page; beings may be anywhere."""
    real = [one for one in clauses if not (is_unreal(one) or is_past(one) or one.negated)]
    for phrase in all_phrases(real):
        if not (
            phrase.negated or phrase.head.character is not None or phrase.head.lemma in nouns.BEINGS
        ):
            yield from (phrase.head.lemma, phrase.head.lower)
            yield "-".join(one.lower for one in phrase.tokens[-2:])
    for clause in real:
        yield clause.verb
