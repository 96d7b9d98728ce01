"""Presence: who is on a page, as reading it found."""

from dataclasses import dataclass, field

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.memory import Who
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.pronouns import OpenPronouns


@dataclass(slots=True)
class Presence:
    """Who is there, whom each clause is about, and who is said not to be there."""

    there: list[int] = field(default_factory=list)
    absent: set[int] = field(default_factory=set)
    extras: list[str] = field(default_factory=list)
    subjects: list[Who] = field(default_factory=list)
    owners: dict[tuple[int, int], Who] = field(default_factory=dict)
    """Whose a phrase's thing is, by its sentence and place in it."""
    meant: dict[tuple[int, int], Who] = field(default_factory=dict)
    """Whom an object or place means, by its sentence and place in it."""
    open: OpenPronouns = field(default_factory=OpenPronouns)
    """The pronouns that can mean others."""

    def of(self, clause: Clause, phrase: NounPhrase) -> Who:
        """Returns whom an object or place of a clause means."""
        return self.meant.get((clause.sentence, phrase.start), ())

    def mounts(self, clause: Clause) -> Who:
        """Returns those on whom the subject of a clause is: `they rode home on Dapple`."""
        return tuple(
            one for word, phrase in clause.places if word == "on" for one in self.of(clause, phrase)
        )
