"""Things that a text has named, and which of them `it`, `they` or `a red one` means."""

from collections.abc import Sequence

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.cues import RELATIVE
from actors.extractors.rules.lexicon import nouns, places, verbs
from actors.extractors.rules.lexicon.hues import UNCOLOURED
from actors.extractors.rules.lexicon.looks import SEASONS, TIMES
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.showing import is_unreal

_SINGLE = frozenset({"it", "this", "that", "one"})
_SEVERAL = frozenset({"they", "them", "these", "those", "all", "both", "ones"})
_KINDS = frozenset({"one", "ones"})
_SHARED = frozenset(
    {
        *("two", "three", "four", "five", "six", "other", "others", "rest", "some", "each"),
        *("another", "half", "most", "many", "several"),
    }
)
"""What means some of several: `two were black and one was red`."""
_POSSESSIVE = frozenset({"mine", "hers", "theirs", "ours", "yours"})
_KEPT = 24


class Things:
    """The things that were named before, the last ones first; people are none."""

    def __init__(self) -> None:
        self._named: list[NounPhrase] = []
        self._unreal: set[int] = set()
        self._kind: NounPhrase | None = None

    def of(self, phrase: NounPhrase, within: Sequence[NounPhrase] = ()) -> NounPhrase | None:
        """Returns what a phrase means: itself, or what its pronoun stands for.

        `within` are the phrases that its own clause names before it.
        """
        head = phrase.head.lower
        if phrase.of is not None and (head in _SINGLE | _SEVERAL or not phrase.of.head.is_noun):
            return self.of(phrase.of, within)  # `One of his boots`, `thousands of them`.
        if head in _SHARED and len(phrase.tokens) <= 2:
            return self._shared(within)
        if head not in _SINGLE | _SEVERAL | _POSSESSIVE:
            return phrase if phrase.head.is_noun else None
        if head == "one" and len(phrase.tokens) == 1 and (several := self._shared(within)):
            return several
        if head in _POSSESSIVE:
            near = [*(one for one in reversed(within) if _is_thing(one)), *self._named]
            garments = [one for one in near if one.head.lemma in nouns.GARMENTS]
            return next(iter((*garments, *near)), None)
        kind = head in _KINDS
        if kind and self._kind is not None:
            return self._kind
        for one in (*reversed([each for each in within if _is_thing(each)]), *self._named):
            counted = one.tokens[0].lower == "one"  # `One brown ear and one white one`.
            if one is phrase or (kind and one.head.lemma in nouns.BODY and not counted):
                continue
            if head == "one" or (one.plural is (head in _SEVERAL) and (kind or not one.negated)):
                return one
        return None

    def garment(self) -> NounPhrase | None:
        """Returns the garment that was named last."""
        return next((one for one in self._named if one.head.lemma in nouns.GARMENTS), None)

    def _shared(self, within: Sequence[NounPhrase]) -> NounPhrase | None:
        """Returns the several things that were named last, if they were named lately."""
        near = [*reversed([each for each in within if _is_thing(each)]), *self._named[:6]]
        return next((one for one in near if one.plural and not one.negated), None)

    def is_unreal(self, phrase: NounPhrase) -> bool:
        """Returns whether a phrase was named as thought, wished or dreamt of only."""
        return id(phrase) in self._unreal

    def name(self, clause: Clause) -> None:
        """Takes in what a clause names: its subject before its objects, these before its places."""
        named = [*clause.subject, *clause.objects, *(one for _, one in clause.places)]
        kinds = [one for one in named if one.head.lower in _KINDS and one.of is None]
        self._kind = self.of(kinds[0], named[: named.index(kinds[0])]) if kinds else None
        things = [one for one in named if _is_thing(one) and not _is_measured(clause, one)]
        things += [one.of for one in things if one.of is not None and _is_thing(one.of)]
        told = any(one.head.lemma in places.MEDIA for _, one in clause.places)
        unreal = is_unreal(clause) or told
        was = any(one.lower == "used_to" for one in clause.adverbs)
        there = clause.subject if clause.marker in RELATIVE or was else []
        for one in things:
            if any(one is each for each in there):
                continue  # `The roof, which should have been red`.
            if unreal or (clause.verb in verbs.UNREAL_OBJECTS and one not in clause.subject):
                self._unreal.add(id(one))
        self._named = (things + self._named)[:_KEPT]


def _is_measured(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether a phrase says how small `it` was: `in summer it was only a ditch`."""
    it = clause.verb == "be" and any(one.head.lower in _SINGLE | _SEVERAL for one in clause.subject)
    small = any(one.lower in {"only", "just", "once", "merely"} for one in clause.adverbs)
    return it and small and any(one is phrase for one in clause.objects)


def _is_thing(phrase: NounPhrase) -> bool:
    head = phrase.head
    if head.lower in _POSSESSIVE:
        return False
    if not head.is_noun or head.character is not None or head.lower in _SINGLE | _SEVERAL:
        return False
    timely = head.lemma in UNCOLOURED or head.lemma in TIMES or head.lemma in SEASONS
    return head.lemma not in nouns.PEOPLE and not timely
