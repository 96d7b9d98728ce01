"""The gate that texts pass before anything is drawn or paid from them."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from server.safety.folding import load_folding
from server.safety.lists import load_lists
from server.safety.people import People
from server.safety.reading import Reader
from server.safety.rules import Category, Rule, finds_by_language
from server.safety.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a text is refused; it has neither the text nor the word."""

    field: str
    """The name of the field in which the refused words begin."""
    rule: str
    category: Category


class TextGate:
    """Checks texts by lists of words and by rules over them, in every language at once."""

    def __init__(self, reader: Reader, vocabulary: Vocabulary, rules: Sequence[Rule]) -> None:
        """The gravest rule comes first."""
        self._reader = reader
        self._vocabulary = vocabulary
        self._rules = rules

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules, the gravest first."""
        return tuple(rule.name for rule in self._rules)

    def check(
        self, fields: Mapping[str, str], without: AbstractSet[str] = frozenset()
    ) -> Refusal | None:
        """Returns why the texts of a request, by their fields' names, are refused, if they are.

        The rules in `without` are not applied.
        """
        reading = self._reader.read(fields)
        by_language = finds_by_language(reading, self._vocabulary).values()
        people = People(self._reader, fields) if by_language else None
        every = (people.among(finds, reading) for finds in by_language if people)
        found = [(finds, {find.group for find in finds}) for finds in every]
        for rule in self._rules:
            if rule.name in without:
                continue
            for finds, groups in found:
                place = rule.broken_at(finds, reading) if rule.needs <= groups else None
                if place is not None:
                    return Refusal(reading.field_at(place), rule.name, rule.category)
        return None


def load_gate() -> TextGate:
    """Returns the gate by the lists of this package and of those that it reads.

    It takes a tenth of a second and is done once in a process; a gate may be shared by threads.
    """
    folding = load_folding()
    lists = load_lists(folding)
    vocabulary = Vocabulary(lists.phrases, lists.refused, lists.spared)
    return TextGate(Reader(folding, vocabulary, lists.parted), vocabulary, lists.rules)
