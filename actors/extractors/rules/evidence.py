"""Evidence: the words of a page that may tell where it happens, each with its part in the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from actors.extractors.rules.clauses import Clause, all_phrases
from actors.extractors.rules.lexicon.nouns import BEINGS
from actors.extractors.rules.names import Names
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.showing import is_denied, is_past, is_unreal
from actors.extractors.rules.tokens import Sentence, read_sentences


class Part(IntEnum):
    """What a word is to its page; the learned reader weighs each apart."""

    SUBJECT = 0
    OBJECT = 1
    AT = 2
    VERB = 3
    QUALITY = 4
    SPOKEN = 5
    AFAR = 6
    """What is denied, wished, remembered or told of."""
    LIKENESS = 7
    """What something is only compared to."""


@dataclass(frozen=True, slots=True)
class Clue:
    """A word in its base form, as it is written, and its part in the page."""

    lemma: str
    lower: str
    part: Part = Part.SUBJECT


_LIKE = frozenset({"like", "as", "than"})
_TOLD = frozenset({"about", "of"})
_IDLE = frozenset({"be", "have", "do", "say", "go", "get", "come", "make", "know", "ask", "tell"})
_TRADES = frozenset(
    {
        *("nurse", "doctor", "baker", "cook", "chef", "teacher", "miller", "librarian", "dentist"),
        *("vet", "farmer", "gardener", "shopkeeper", "barber", "tailor", "potter", "blacksmith"),
    }
)
"""Titles of those who work in one kind of place; captains and kings come everywhere."""
_CONTENT = ("NN", "VB", "JJ")


def clues_of(
    sentences: Sequence[Sentence], clauses: Sequence[Clause], names: Names
) -> Iterator[Clue]:
    """Yields the words of a page that may tell its place; names of characters are none."""
    for clause in clauses:
        yield from _of_clause(clause)
    yield from _of_titles(clauses)
    spoken = " ".join(said for one in sentences for said in one.spoken)
    for sentence in read_sentences(spoken, names) if spoken else ():
        for token in sentence.tokens:
            told = token.tag.startswith(_CONTENT) and token.character is None
            if told and token.lemma not in _IDLE:
                yield Clue(token.lemma, token.lower, Part.SPOKEN)


def _of_titles(clauses: Sequence[Clause]) -> Iterator[Clue]:
    """Yields what the names of characters tell of their work, each once: `Nurse Ida`."""
    named = (one.head for one in all_phrases(clauses) if one.head.character is not None)
    words = (one.lower.split() for one in named)
    for title in dict.fromkeys(one[0] for one in words if len(one) > 1):
        if title in _TRADES:
            yield Clue(title, title, Part.SUBJECT)


def _of_clause(clause: Clause) -> Iterator[Clue]:
    far = is_denied(clause) or is_unreal(clause) or is_past(clause)
    if clause.verb and clause.verb not in _IDLE:
        yield Clue(clause.verb, clause.verb, Part.AFAR if far else Part.VERB)
    for one in clause.adverbs:
        if one.lower != "number":  # `Lift number two`.
            yield Clue(one.lemma, one.lower, Part.AFAR if far else Part.QUALITY)
    for complement in clause.complements:
        denied = far or complement.negated
        yield Clue(
            complement.token.lemma, complement.token.lower, Part.AFAR if denied else Part.QUALITY
        )
    for phrase in clause.subject:
        yield from _of_phrase(phrase, Part.AFAR if far else Part.SUBJECT)
    for phrase in clause.objects:
        likened = _is_likened(clause, phrase)
        yield from _of_phrase(
            phrase, Part.AFAR if far else Part.LIKENESS if likened else Part.OBJECT
        )
    lacked = bool(clause.objects) and all(one.negated for one in clause.objects)
    for word, phrase in clause.places:
        told = far or word in _TOLD or (lacked and word == "for")
        part = Part.LIKENESS if word in _LIKE else Part.AFAR if told else Part.AT
        yield from _of_phrase(phrase, part)


def _is_likened(clause: Clause, phrase: NounPhrase) -> bool:
    """Returns whether a phrase only tells what somebody is: `one was king and one was queen`."""
    subject = clause.subject[0].head if clause.subject else None
    shown = subject is None or subject.tag == "EX" or subject.lower in {"this", "that", "it"}
    return clause.verb == "be" and not shown and phrase.head.lemma in BEINGS


def _of_phrase(phrase: NounPhrase, part: Part) -> Iterator[Clue]:
    if phrase.negated:
        part = Part.AFAR
    for token in phrase.tokens:
        if token.character is not None or not token.tag.startswith((*_CONTENT, "VBG")):
            continue
        yield Clue(token.lemma, token.lower, part if token.is_noun else max(part, Part.QUALITY))
    if phrase.of is not None:
        yield from _of_phrase(phrase.of, part)
