"""Asides: clauses that tell of what is elsewhere, dreams, and who strangers turn out to be."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.lexicon import nouns
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.showing import is_denied, is_unreal
from actors.extractors.rules.tokens import Sentence, Token

_INSTITUTIONS = frozenset(
    {
        *("hospital", "office", "work", "prison", "war", "clinic", "factory", "shop", "shops"),
        *("army", "navy", "sea", "dentist", "bank", "university", "college", "conference"),
        *("meeting", "airport"),
    }
)
"""Where those are who are not with the others."""
_AWAY_AT = frozenset({"at", "in"})
_GOING_ON = frozenset({"everybody", "everyone", "they", "it", "all", "there"})
_WAKING = frozenset({"wake", "awake", "waken", "rouse"})
_STRANGER = frozenset({"a", "an", "one", "another"})
_NAMED_WITHIN = 2  # Sentences between a stranger and the name.


def mark_asides(sentences: Sequence[Sentence], clauses: Sequence[Clause]) -> None:
    """Marks what is only told of, and lets strangers be those whose names follow."""
    for place, clause in enumerate(clauses):
        if _is_elsewhere(clause) and not _goes_on(clause, clauses[place + 1 :]):
            clause.told = True
        if clause.verb == "dream" and not (is_denied(clause) or is_unreal(clause)):
            for one in _dreamt(clause, clauses[place + 1 :], sentences):
                one.told = True
        named = _named(clause)
        if named is not None:
            _name_stranger(clauses[:place], clause, named)


def _is_elsewhere(clause: Clause) -> bool:
    """Returns whether a clause only says where somebody is: `Mama is at the hospital`."""
    if clause.verb != "be" or clause.helpers or clause.marker or is_denied(clause):
        return False
    if len(clause.subject) != 1 or clause.objects or clause.complements or clause.adverbs:
        return False
    somebody = clause.subject[0].head
    known = somebody.character is not None or somebody.lemma in nouns.PEOPLE
    return known and [
        word in _AWAY_AT and one.head.lemma in _INSTITUTIONS and not one.adjectives
        for word, one in clause.places
    ] == [True]


def _goes_on(clause: Clause, later: Sequence[Clause]) -> bool:
    """Returns whether the next clauses stay with somebody: `She lay in a white bed`."""
    own = clause.subject[0].head
    following = [one for one in later if one.subject][:1]
    if not following:
        return True
    heads = [one.head for one in following[0].subject]
    if any(one.lower in {"she", "he", "they", "we"} for one in heads):
        return True
    if not any(one.character is not None or one.tag == "PRP" for one in heads):
        return True
    return any(_is_same(one, own) for each in later for one in (p.head for p in each.subject))


def _is_same(one: Token, own: Token) -> bool:
    if own.character is not None:
        return one.character == own.character
    return one.lemma == own.lemma


def _dreamt(
    dream: Clause, later: Sequence[Clause], sentences: Sequence[Sentence]
) -> Iterator[Clause]:
    """Yields the clauses of the next sentences that go on with a dream.

    They are about what is dreamt of, and none wakes: `The dragon was there, and they danced`.
    """
    dreamt = {one.head.lemma for one in dream.phrases}
    at = dream.sentence + 1
    while mine := [one for one in later if one.sentence == at]:
        words = sentences[at].tokens
        woken = any(one.lemma in _WAKING for one in words) or words[0].lower == "but"
        if woken or not all(_is_dreamt(one, dreamt) for one in mine):
            return
        dreamt |= {one.head.lemma for each in mine for one in (*each.subject, *each.phrases)}
        yield from mine
        at += 1


def _is_dreamt(clause: Clause, dreamt: set[str]) -> bool:
    for one in clause.subject:
        fresh = one.plural or one.determiner in _STRANGER
        being = one.head.lemma in nouns.BEINGS and not one.owner
        known = being or one.head.lemma in dreamt or one.head.lower in _GOING_ON
        if one.head.character is not None or not (fresh or known):
            return False
    return bool(clause.subject)


def _named(clause: Clause) -> Token | None:
    """Returns the name that a clause gives somebody: `Her name is Ella`, `She was called Ella`."""
    if len(clause.subject) != 1 or is_denied(clause) or is_unreal(clause) or not clause.objects:
        return None
    subject, said = clause.subject[0], clause.objects[0].head
    theirs = bool(subject.owner) and subject.owner[-1].lower in {"her", "his", "its"}
    name = theirs and subject.head.lemma == "name" and clause.verb == "be"
    called = clause.verb in {"call", "name"} and clause.passive and subject.head.tag == "PRP"
    return said if (name or called) and said.character is not None else None


def _name_stranger(before: Sequence[Clause], clause: Clause, name: Token) -> None:
    """Puts a name in the place of the stranger who was told of last."""
    near = [one for one in before if clause.sentence - one.sentence <= _NAMED_WITHIN]
    if any(one.head.character == name.character for each in near for one in _all(each)):
        return
    last = next((one for each in reversed(near) for one in _all(each) if _is_stranger(one)), None)
    if last is None:
        return
    for each in near:
        each.subject = [_as(one, last, name) for one in each.subject]
        each.objects = [_as(one, last, name) for one in each.objects]
        each.places = [(word, _as(one, last, name)) for word, one in each.places]


def _all(clause: Clause) -> Iterator[NounPhrase]:
    yield from clause.subject
    yield from clause.phrases


def _is_stranger(phrase: NounPhrase) -> bool:
    somebody = phrase.head.lemma in nouns.BEINGS and phrase.head.character is None
    return somebody and phrase.determiner in _STRANGER and not phrase.negated


def _as(phrase: NounPhrase, stranger: NounPhrase, name: Token) -> NounPhrase:
    """Returns a phrase with a name for its noun if it is the stranger's, else as it is."""
    if phrase.tokens is not stranger.tokens:
        return phrase
    head = replace(phrase.head, character=name.character, text=name.text)
    return replace(phrase, tokens=(*phrase.tokens[:-1], head))
