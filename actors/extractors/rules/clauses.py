"""Clauses: who does what to what, and where, as far as the order of the words tells."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.tokens import Token


@dataclass(frozen=True, slots=True)
class Complement:
    """An adjective that is said of the subject, or denied of it: `not blue but green`."""

    token: Token
    negated: bool
    at: int = 0


@dataclass(slots=True)
class Clause:
    """A verb with what belongs to it.

    `marker` is the word that opens it (`if`, `who`), `governor` the clause whose verb it completes:
    in `wanted to run`, `want` governs `run`. `affirmed` are the objects that a negation does not
    reach: `not a dog but a cat`. A clause without a verb has an empty one: `On the hill
    a castle.` It reaches from the token at `start` to the one before `end`. `speech` is whether
    a speech belongs to it: `said Mia`; `told` whether it lists what another one only tells of.
    """

    sentence: int
    subject: list[NounPhrase] = field(default_factory=list)
    verb: str = ""
    tag: str = ""
    particle: str = ""
    helpers: tuple[str, ...] = ()
    negated: bool = False
    never: bool = False
    objects: list[NounPhrase] = field(default_factory=list)
    affirmed: list[NounPhrase] = field(default_factory=list)
    places: list[tuple[str, NounPhrase]] = field(default_factory=list)
    complements: list[Complement] = field(default_factory=list)
    adverbs: list[Token] = field(default_factory=list)
    marker: str = ""
    governor: "Clause | None" = None
    speech: bool = False
    told: bool = False
    start: int = 0
    end: int = 0

    @property
    def perfect(self) -> bool:
        """Whether it tells of something before: `had lost`."""
        got = self.verb == "get" and self.helpers == ("have",) and bool(self.objects)
        return "have" in self.helpers and self.verb != "have" and not got

    @property
    def passive(self) -> bool:
        """Whether its subject is what is done to: `was carried`, `a letter sealed with wax`."""
        if not self.helpers:
            return self.tag == "VBN"
        return "be" in self.helpers and self.tag in {"VBN", "VBD"}

    @property
    def modal(self) -> str:
        """Its modal verb, if it has one."""
        return next((one for one in self.helpers if one in _MODALS), "")

    @property
    def phrases(self) -> Iterator[NounPhrase]:
        """All its phrases but the subject."""
        yield from self.objects
        for _, phrase in self.places:
            yield phrase


_MODALS = frozenset(
    {
        "would",
        "could",
        "should",
        "might",
        "may",
        "will",
        "shall",
        "must",
        "can",
        "ought",
        "'ll",
        "had",
    }
)


def all_phrases(clauses: Sequence[Clause]) -> list[NounPhrase]:
    """Returns the phrases of clauses and those after `of` within them, in their order."""
    named = [phrase for clause in clauses for phrase in (*clause.subject, *clause.phrases)]
    return sorted(_with_inner(named), key=lambda one: one.start)


def _with_inner(phrases: Iterable[NounPhrase]) -> Iterator[NounPhrase]:
    """Yields phrases, and the ones after `of` within them."""
    for phrase in phrases:
        yield phrase
        if phrase.of is not None:
            yield from _with_inner([phrase.of])


def end_of(phrase: NounPhrase) -> int:
    """Returns the place after a phrase and what it is of."""
    return end_of(phrase.of) if phrase.of is not None else phrase.start + len(phrase.tokens)
