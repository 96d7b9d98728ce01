"""The narrator: who of the cast tells the story as `I`."""

from collections.abc import Sequence

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.kin import SAME, is_human
from actors.extractors.rules.names import Names
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.referents import Referents
from actors.extractors.rules.showing import is_denied, is_unreal
from actors.extractors.rules.tokens import Sentence


class Narrator:
    """Who tells a story, as far as its pages have said."""

    def __init__(self, referents: Referents) -> None:
        self._referents = referents
        self._known = False
        self._sentences: list[Sentence] = []
        self._clauses: list[Clause] = []

    def hear(self, sentences: Sequence[Sentence], clauses: Sequence[Clause]) -> None:
        """Takes in the next page, and lets `I` mean its teller."""
        self._sentences += sentences
        self._clauses += clauses
        names = self._referents.names
        found = introduced(clauses, names)
        if found is not None:
            self._referents.narrator, self._known = found, True
        elif not self._known:
            self._referents.narrator = left_over(self._sentences, self._clauses, names)


def hush_letters(clauses: Sequence[Clause], teller: int | None) -> None:
    """Marks what a letter says as told where `I` is nobody else: `I am well, it said`."""
    named = {one.head.lemma for clause in clauses for one in (*clause.subject, *clause.phrases)}
    known = any(one.head.character is not None for each in clauses for one in each.subject)
    if teller is not None or not known or not named & _LETTERS:
        return
    for clause in clauses:
        for one in clause.subject:
            mine = bool(one.owner) and one.owner[-1].lower in {"my", "your"}
            clause.told = clause.told or mine or one.head.lower in {"i", "you"}


_LETTERS = frozenset({"letter", "note", "postcard", "card", "telegram", "message"})


def introduced(clauses: Sequence[Clause], names: Names) -> int | None:
    """Returns who tells the story, where the text says so: `I am Mia`, `my name is Mia`."""
    for clause in clauses:
        if not clause.subject:
            continue
        subject = clause.subject[0]
        # `I, Mia, was queen`, but `Tom and I` names another one.
        apposed = clause.subject[1] if len(clause.subject) == 2 else subject
        if subject.head.lower == "i" and apposed.start == 2:
            return apposed.head.character
        if clause.verb != "be":
            continue
        mine = bool(subject.owner) and subject.owner[-1].lower == "my"
        if subject.head.lower == "i" or (mine and subject.head.lower == "name"):
            named = [one.head.character for one in clause.objects]
            if named and named[0] is not None:
                return named[0]
    return _of_a_kind(clauses, names)


def left_over(sentences: Sequence[Sentence], clauses: Sequence[Clause], names: Names) -> int | None:
    """Returns the only one of a cast of whom a text that is told by `I` never tells otherwise."""
    if not any(one.head.lower == "i" for clause in clauses for one in clause.subject):
        return None
    told: set[int] = set()
    for token in (token for sentence in sentences for token in sentence.tokens):
        if token.character is not None:
            told.add(token.character)
        elif token.is_noun:
            able = names.called(SAME.get(token.lemma, token.lemma))
            told.update(able if len(able) == 1 else ())  # `The boy` may be any of two.
    human = any(map(is_human, names.cast))
    left = [
        one
        for one, each in enumerate(names.cast)
        if one not in told and (is_human(each) or not human)
    ]
    if len(left) == 1:
        return left[0]
    # A cast begins with whom its story is about.
    return 0 if left[:1] == [0] and _tells(clauses) else None


def _tells(clauses: Sequence[Clause]) -> bool:
    """Returns whether `I` does something in a tale: not only `I would have, too`."""
    done = [
        one
        for one in clauses
        if [each.head.lower for each in one.subject] == ["i"]
        and one.verb
        and not (one.speech or is_unreal(one))
    ]
    return len(done) > _ASIDES


_ASIDES = 2
"""How often one who is nobody of the story may speak up in it."""


def _of_a_kind(clauses: Sequence[Clause], names: Names) -> int | None:
    """Returns who tells the story where only one can be what `I` is: `I am a bat`."""
    for clause in clauses:
        first = [one.head.lower for one in clause.subject]
        if first != ["i"] or clause.verb != "be" or is_denied(clause) or is_unreal(clause):
            continue
        if clause.marker or clause.helpers:
            continue
        for phrase in clause.objects:
            able = names.called(phrase.head.lemma) if _is_plain(phrase) else []
            if len(able) == 1:
                return able[0]
    return None


def _is_plain(phrase: NounPhrase) -> bool:
    return phrase.determiner in {"a", "an", "the"} and not phrase.negated
