"""Evidence: the words of a page that may tell where it happens, each with its part in the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from actors.extractors.rules.clauses import Clause
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
_CONTENT = ("NN", "VB", "JJ")


def clues_of(
    sentences: Sequence[Sentence], clauses: Sequence[Clause], names: Names
) -> Iterator[Clue]:
    """Yields the words of a page that may tell its place; names of characters are none."""
    for clause in clauses:
        yield from _of_clause(clause)
    spoken = " ".join(said for one in sentences for said in one.spoken)
    for sentence in read_sentences(spoken, names) if spoken else ():
        for token in sentence.tokens:
            told = token.tag.startswith(_CONTENT) and token.character is None
            if told and token.lemma not in _IDLE:
                yield Clue(token.lemma, token.lower, Part.SPOKEN)


def _of_clause(clause: Clause) -> Iterator[Clue]:
    far = is_denied(clause) or is_unreal(clause) or is_past(clause)
    if clause.verb and clause.verb not in _IDLE:
        yield Clue(clause.verb, clause.verb, Part.AFAR if far else Part.VERB)
    for one in clause.adverbs:
        yield Clue(one.lemma, one.lower, Part.AFAR if far else Part.QUALITY)
    for complement in clause.complements:
        denied = far or complement.negated
        yield Clue(
            complement.token.lemma, complement.token.lower, Part.AFAR if denied else Part.QUALITY
        )
    for phrase in clause.subject:
        yield from _of_phrase(phrase, Part.AFAR if far else Part.SUBJECT)
    for phrase in clause.objects:
        yield from _of_phrase(phrase, Part.AFAR if far else Part.OBJECT)
    for word, phrase in clause.places:
        part = Part.LIKENESS if word in _LIKE else Part.AFAR if far or word in _TOLD else Part.AT
        yield from _of_phrase(phrase, part)


def _of_phrase(phrase: NounPhrase, part: Part) -> Iterator[Clue]:
    if phrase.negated:
        part = Part.AFAR
    for token in phrase.tokens:
        if token.character is not None or not token.tag.startswith((*_CONTENT, "VBG")):
            continue
        yield Clue(token.lemma, token.lower, part if token.is_noun else max(part, Part.QUALITY))
    if phrase.of is not None:
        yield from _of_phrase(phrase.of, part)
