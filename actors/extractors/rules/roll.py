"""The roll of a page: who is there, who is not, and who may be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.referents import Referents


@dataclass(slots=True)
class Roll:
    """Who is there and who is not, as far as the clauses of a page have told.

    Those who do something are there; those who only were, who live or who are somewhere (`weak`)
    are so if nothing else is said of them. `minded` are those of whom somebody thinks or tells.
    """

    referents: Referents
    there: list[int] = field(default_factory=list)
    weak: list[int] = field(default_factory=list)
    homes: list[int] = field(default_factory=list)
    still: set[int] = field(default_factory=set)
    minded: set[int] = field(default_factory=set)
    unmet: list[NounPhrase] = field(default_factory=list)
    absent: set[int] = field(default_factory=set)
    alone: set[int] = field(default_factory=set)
    extras: list[str] = field(default_factory=list)
    home_extras: list[str] = field(default_factory=list)
    likened: set[str] = field(default_factory=set)
    """Nouns of what was only painted or compared: `like a ghost`, and `the ghost` after it."""

    def show(self, extras: Iterable[str], phrase: NounPhrase) -> None:
        """Adds others who are there, but none who were only painted or compared before."""
        definite = phrase.determiner == "the"
        self.extras += [one for one in extras if not (definite and one in self.likened)]

    def here(self, who: Sequence[int]) -> None:
        """Adds those who are there."""
        self.there += who
        self.absent -= set(who)
        self.minded -= set(who)
        self.referents.seen(who)

    def away(self, who: Sequence[int]) -> None:
        """Adds those who are not there, if nothing has shown them before."""
        self.absent |= set(who) - set(self.there)

    def gone(self, who: Sequence[int]) -> None:
        """Takes back those who are not there after all: `everyone except Tom`."""
        self.there = [one for one in self.there if one not in who]
        self.absent |= set(who)

    def call(self) -> list[int]:
        """Returns who is there after the last clause."""
        there = list(dict.fromkeys(self.there))
        if self.alone:
            there = [one for one in there if one not in self.still - self.alone]
        weak = [one for one in self.weak if one not in self.minded]
        if not there:
            weak += self.homes
            self.extras += self.home_extras
        there += [one for one in dict.fromkeys(weak) if one not in there]
        there = [one for one in there if one not in self.absent]
        self.referents.seen(there)
        self.referents.lose(self.absent)
        return there
