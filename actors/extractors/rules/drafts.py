"""Drafts: the clause that is being read, and those that another one has interrupted."""

from collections.abc import Sequence
from itertools import pairwise

from actors.extractors.rules import cues
from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.phrases import NounPhrase


class Drafts:
    """The clauses of a sentence while it is read.

    A clause that another one interrupts, `the fox, who was hungry, ran`, waits for its verb.
    """

    def __init__(self, sentence: int) -> None:
        self._sentence = sentence
        self.current = Clause(sentence)
        self.waiting: list[Clause] = []
        self.done: list[Clause] = []
        self._asides: list[Clause] = []
        self.start = 0
        """The place of the token with which the next clause begins."""
        self.described: list[NounPhrase] = []
        """What a list of adjectives after a colon describes: `there lay the mud: brown, fat`."""
        self.telling = False
        """Whether what is read is a list of what was told or painted, after a colon."""
        self.whose: list[NounPhrase] = []
        """What the relative clause that is read belongs to: the boat of `that Will built`."""

    def interrupt(self, subject: Sequence[NounPhrase] = ()) -> None:
        """Lets a clause that has no verb yet wait, and begins another one."""
        self.waiting.append(self.current)
        self._begin(subject)

    def resume(self) -> None:
        """Goes on with the clause that waits."""
        self._close()
        self.current = self.waiting.pop()

    def next(self, subject: Sequence[NounPhrase] = ()) -> None:
        """Ends a clause, and begins another one."""
        self._close()
        self._begin(subject)

    def stop(self) -> None:
        """Ends all clauses, at a sentence's end or a semicolon."""
        self.next()
        while self.waiting:
            self.current = self.waiting.pop()
            self.next()

    def told(self, *, apart: bool) -> Clause:
        """Returns the clause that a joined verb goes on with; `apart` if a comma comes before it.

        `He sat there, his ears drooping, and barked`; `He ran as she came, and caught her`.
        """
        earlier = (self.current, *reversed(self.done))
        own = [one for one in earlier if one.subject and not cues.is_loose(one)]
        main = next((one for one in own if not one.marker), None) if apart else None
        return main or next(iter(own), self.current)

    def add(self, subject: Sequence[NounPhrase], verb: str, objects: Sequence[NounPhrase]) -> None:
        """Adds a clause between: what `Mia, the fox` says of Mia."""
        self.done.append(Clause(self._sentence, list(subject), verb, "VBD", objects=list(objects)))

    def place(
        self, subject: Sequence[NounPhrase], places: Sequence[tuple[str, NounPhrase]]
    ) -> None:
        """Adds a clause without a verb after the one that is read: `her hat on her head`."""
        self._asides.append(Clause(self._sentence, list(subject), places=list(places)))

    def _begin(self, subject: Sequence[NounPhrase]) -> None:
        self.current = Clause(self._sentence, subject=list(subject), start=self.start)

    def _close(self) -> None:
        clause = self.current
        if not (
            clause.verb or clause.subject or clause.places or clause.objects or clause.complements
        ):
            return
        turn(clause)
        if clause.complements and not (clause.subject or clause.helpers or clause.objects):
            clause.subject = list(self.described)
        self.described = []
        if self.whose and clause.verb:
            clause.objects = clause.objects or self.whose
            self.whose = []
        clause.told = self.telling and (not clause.verb or bool(clause.marker))
        self.done.append(clause)
        if clause.verb:
            self.done += self._asides
            self._asides = []


def turn(clause: Clause) -> None:
    """Finds the subject after the verb, where none is before it: `on the hill stood a castle`."""
    there = bool(clause.subject) and clause.subject[0].head.tag == "EX"
    if (clause.subject and not there) or not clause.objects or clause.marker:
        return
    if clause.tag in {"VBD", "VBZ", "VBP"} and not (there and clause.verb in {"be", "seem"}):
        clause.subject, clause.objects = clause.objects, []


def lend_subjects(clauses: Sequence[Clause]) -> None:
    """Gives a participle in front the subject that comes later: `looking up, Mia saw a star`."""
    for place, clause in enumerate(clauses):
        if clause.subject or clause.tag not in {"VBG", "VBN", "VB"}:
            continue
        for later in clauses[place + 1 :]:
            if later.subject:
                clause.subject = list(later.subject)
                break


def rejoin(clauses: Sequence[Clause]) -> None:
    """Gives a verb the denial that an aside parts from it: `he did not, as a rule, stop`."""
    for before, clause in pairwise(clauses):
        parted = before.verb == "do" and before.negated and not before.objects
        bare = clause.tag == "VB" and not clause.helpers and clause.governor is None
        if parted and bare and [*clause.subject] == [*before.subject]:
            clause.helpers, clause.negated, clause.marker = ("do",), True, before.marker
