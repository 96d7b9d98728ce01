"""Readings: the pages of a story one after the other, each with what may tell its place."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from actors.extractors.rules.asides import mark_asides
from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.evidence import PageClues, clues_of
from actors.extractors.rules.found import Found, Way
from actors.extractors.rules.names import Names
from actors.extractors.rules.narrator import Narrator
from actors.extractors.rules.parser import read_clauses
from actors.extractors.rules.referents import Referents
from actors.extractors.rules.spots import is_place
from actors.extractors.rules.tokens import Sentence, read_sentences
from actors.extractors.rules.where import find_place
from actors.extractors.rules.who import read_presence
from server.domain.characters import FrozenCharacter


@dataclass(frozen=True, slots=True)
class Reading:
    """What may tell where a page happens: its words, and the rules' place after the one before."""

    clues: PageClues
    found: Found
    before: str


def readings(texts: Iterable[str], cast: Sequence[FrozenCharacter]) -> Iterator[Reading]:
    """Yields what the rules alone read of each page of a story."""
    names = Names([one.description for one in cast])
    referents, before = Referents(names), ""
    narrator = Narrator(referents)
    for text in texts:
        sentences = list(read_sentences(text, names))
        clauses = clauses_of(sentences)
        narrator.hear(sentences, clauses)
        read_presence(sentences, clauses, referents)
        found = found_place(sentences, clauses, before, names)
        yield Reading(clues_of(text, sentences, clauses, names, found.elsewhere), found, before)
        before = found.name


def found_place(
    sentences: Sequence[Sentence], clauses: Sequence[Clause], before: str, names: Names
) -> Found:
    """Returns where a page happens; where nothing else tells it, what is said there."""
    found = find_place(clauses, before)
    spoken = " ".join(said for one in sentences for said in one.spoken)
    if found.name or not spoken:
        return found
    asserted = [one for one in read_sentences(spoken, names) if not one.text.endswith("?")]
    said = find_place([one for one in clauses_of(asserted) if _means_here(one)], "")
    return Found(said.name, said.worth, Way.SPOKEN) if said.name else found


_SPEAKERS = frozenset({"i", "we"})


def _means_here(clause: Clause) -> bool:
    """Returns whether a speech tells where it is said: `We are at the zoo`, `in this cave`."""
    if clause.marker or clause.modal or clause.tag not in {"VBZ", "VBP", "VB", ""}:
        return False
    led = {one.head.lower for one in clause.subject}
    if any(one.lower == "here" for one in clause.adverbs) and (
        clause.verb == "be" or led & _SPEAKERS
    ):
        return True
    stays = clause.verb == "be" and bool(led & {*_SPEAKERS, "this"})
    return stays or any(
        one.determiner == "this" and is_place(one) for one in (*clause.subject, *clause.phrases)
    )


def clauses_of(sentences: Sequence[Sentence]) -> list[Clause]:
    """Returns the clauses of sentences, those told aside marked."""
    clauses = [
        clause
        for index, sentence in enumerate(sentences)
        for clause in read_clauses(sentence, index)
    ]
    mark_asides(sentences, clauses)
    return clauses
