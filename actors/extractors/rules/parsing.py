"""Parsing: the state of a sentence while it is read, and what can be asked of it."""

from collections.abc import Sequence

from actors.extractors.rules import cues, groups
from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.drafts import Drafts
from actors.extractors.rules.lexicon.nouns import GARMENTS
from actors.extractors.rules.phrases import Kind, NounPhrase, Part


class Parsing:
    """The parts of one sentence, how far they have been read, and the clauses so far."""

    def __init__(self, parts: Sequence[Part], sentence: int) -> None:
        self._parts = parts
        self._drafts = Drafts(sentence)
        self._at = 0
        self._negator = ""  # `without`, `neither`, `instead of`: until the next phrase
        self._but = False
        self._last: NounPhrase | None = None

    @property
    def _clause(self) -> Clause:
        return self._drafts.current

    def _next(self, subject: Sequence[NounPhrase] = ()) -> None:
        self._drafts.next(subject)
        self._but = False

    def _target(self) -> list[NounPhrase]:
        return self._clause.objects if self._clause.verb else self._clause.subject

    def _group(self, at: int) -> tuple[list[NounPhrase], int]:
        verbed = bool(self._clause.verb) or self._parts[at - 1].kind is Kind.PREPOSITION
        found = groups.read_group(self._parts, at, negated=bool(self._negator), verbed=verbed)
        self._negator = ""
        return found

    def _needs(self, at: int, end: int) -> bool:
        """Returns whether a time is what its verb is about: `morning came`, `it was a fine day`."""
        if groups.verb_follows(self._parts, end):
            return not self._clause.subject
        return self._clause.verb == "be" or (at > 0 and self._parts[at - 1].kind is Kind.SPEECH)

    def _completes(self, at: int, end: int) -> bool:
        """Returns whether a phrase before a verb belongs to the one before: `who ate it slept`."""
        direct = self._parts[at - 1].kind is Kind.VERB
        clause = self._clause
        if direct and (self._there_is() or cues.asks(clause)):
            return True
        if direct and self._drafts.waiting and clause.marker in cues.RELATIVE:
            return clause.verb not in cues.TELLING
        return direct and 0 < groups.finite_later(self._parts, end) <= len(self._drafts.waiting)

    def _there_is(self) -> bool:
        clause = self._clause
        there = bool(clause.subject) and clause.subject[0].head.tag == "EX"
        return there and clause.verb == "be" and not self._drafts.waiting

    def _particle(self, word: str, at: int) -> bool:
        """Returns whether a preposition belongs to its verb: `took off her coat`."""
        before = self._parts[at - 1] if at else None
        if before is None or before.kind is not Kind.VERB:
            return False
        pair = (self._clause.verb, word)
        if pair == ("have", "on"):
            return self._parts[at + 1].tokens[-1].lemma in GARMENTS  # `Had on one sock`.
        return pair in cues.PHRASAL

    def _comes_along(self, word: str, at: int) -> bool:
        """Returns whether the phrase after a particle is the subject: `along came a wolf`."""
        clause = self._clause
        indefinite = self._parts[at + 1].tokens[0].lower in {"a", "an", "two", "three", "some"}
        bare = not (clause.subject or clause.objects or clause.places or clause.marker)
        return bare and indefinite and clause.verb in cues.COMING and word in cues.PARTICLES

    def _ends_verb(self, at: int) -> bool:
        return at > 0 and self._parts[at - 1].kind is Kind.VERB and self._clause.verb == "be"

    def _takes_particle(self, following: Part | None) -> bool:
        clause = self._clause
        led = following is not None and following.kind is Kind.VERB
        if clause.verb:
            return not (led and groups.joined(self._parts, self._at))
        return led and not clause.subject

    def _leads(self, at: int) -> bool:
        return at < len(self._parts) and groups.clause_follows(self._parts, at)
