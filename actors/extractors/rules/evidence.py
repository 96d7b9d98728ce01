"""Evidence: the words of a page that may tell where it happens, each with its part in the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from actors.extractors.rules.clauses import Clause, all_phrases
from actors.extractors.rules.lexicon.nouns import BEINGS
from actors.extractors.rules.lexicon.places import MOVING, ROADS
from actors.extractors.rules.names import Names
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.showing import is_denied, is_past, is_shown, is_unreal
from actors.extractors.rules.tokens import Sentence, read_sentences
from actors.extractors.rules.weighing import is_about_beings


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
    ELSEWHERE = 8
    """What is dreamt of, or seen from afar."""


@dataclass(frozen=True, slots=True)
class Clue:
    """A word in its base form, as it is written, and its part in the page.

    `joins` are the words that it is made of, where it is an expression: `washing-machine`.
    """

    lemma: str
    lower: str
    part: Part = Part.SUBJECT
    joins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageClues:
    """What tells where a page happens, besides the places that it names.

    `opening` are its first three words; `moves` is whether somebody goes anywhere, `speaks` whether
    it begins with a speech, `length` the number of its words.
    """

    words: tuple[Clue, ...]
    opening: tuple[str, ...] = ()
    moves: bool = False
    speaks: bool = False
    length: int = 1


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
_WAYS = ROADS | {"way"}
_CONTENT = ("NN", "VB", "JJ")


def clues_of(
    text: str,
    sentences: Sequence[Sentence],
    clauses: Sequence[Clause],
    names: Names,
    elsewhere: frozenset[int] = frozenset(),
) -> PageClues:
    """Returns what of a page may tell its place; names of characters do not.

    `elsewhere` are the numbers of the clauses that tell of nothing here.
    """
    said = text.split()
    return PageClues(
        tuple(_words(sentences, clauses, names, elsewhere)),
        tuple(one.strip(_MARKS).lower() for one in said[:3]),
        moves=moves(clauses),
        speaks=text.lstrip()[:1] in _QUOTES,
        length=max(1, len(said)),
    )


_MARKS = "\"\u201c\u201d\u2018\u2019'.,!?:;"
_QUOTES = {'"', "\u201c", "\u2018", "'"}


def moves(clauses: Sequence[Clause]) -> bool:
    """Returns whether somebody of the page goes anywhere."""
    return any(
        one.verb in MOVING and is_shown(one) and is_about_beings(one) and not one.told
        for one in clauses
    )


def _words(
    sentences: Sequence[Sentence],
    clauses: Sequence[Clause],
    names: Names,
    elsewhere: frozenset[int],
) -> Iterator[Clue]:
    for order, clause in enumerate(clauses):
        for one in _of_clause(clause):
            yield replace(one, part=Part.ELSEWHERE) if order in elsewhere else one
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
        part = Part.AFAR if far else Part.LIKENESS if likened else Part.OBJECT
        yield from _of_phrase(phrase, part)
        if clause.verb and clause.verb not in _IDLE and phrase.head.is_noun:
            done = Part.AFAR if phrase.negated else part
            yield _joined((clause.verb, phrase.head.lemma), done)
    lacked = bool(clause.objects) and all(one.negated for one in clause.objects)
    for word, phrase in clause.places:
        if word == "above" or _is_goal(clause, word, phrase):
            continue
        told = far or word in _TOLD or (lacked and word == "for")
        part = Part.LIKENESS if word in _LIKE else Part.AFAR if told else Part.AT
        yield from _of_phrase(phrase, part)
        if clause.verb and phrase.head.is_noun:
            yield _joined((clause.verb, phrase.head.lemma), part)


def _is_goal(clause: Clause, word: str, phrase: NounPhrase) -> bool:
    """Returns whether a phrase only tells where a way leads: `on the way to school`."""
    if word not in {"to", "towards", "from"}:
        return False
    named = [*clause.subject, *clause.objects, *(one for _, one in clause.places)]
    return any(one.head.lemma in _WAYS and one.end == phrase.begin - 1 for one in named)


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
    for count in (2, 3):
        for at in range(len(phrase.tokens) - count + 1):
            said = phrase.tokens[at : at + count]
            if all(one.tag.startswith((*_CONTENT, "VBG", "CD")) for one in said):
                yield _joined((*(one.lower for one in said[:-1]), said[-1].lemma), part)
    if phrase.of is not None:
        yield from _of_phrase(phrase.of, part)


def _joined(words: tuple[str, ...], part: Part) -> Clue:
    said = "-".join(words)
    return Clue(said, said, part, words)
