"""Colours that stand alone: which words are one, and where those that stand together end."""

from collections.abc import Sequence

from actors.extractors.rules.clauses import Clause
from actors.extractors.rules.hue import is_colour, modifies, plain
from actors.extractors.rules.lexicon import colouring, hues
from actors.extractors.rules.phrases import NounPhrase
from actors.extractors.rules.tokens import Token


class Lone:
    """The colours of a clause that do not stand before their noun."""

    def __init__(
        self, tokens: Sequence[Token], clause: Clause, beside: Sequence[NounPhrase]
    ) -> None:
        """Takes the phrases of the whole sentence."""
        self._tokens = tokens
        self._clause = clause
        self._beside = beside
        self._denied = {one.at for one in clause.complements if one.negated}

    def stands(self, at: int) -> bool:
        """Returns whether a colour is said of something, not a word before its own noun."""
        token, clause = self._tokens[at], self._clause
        if not is_colour(plain(token)) or at in self._denied or token.tag == "NNP":
            return False
        for phrase in self._beside:
            head = phrase.start + len(phrase.tokens) - 1
            if phrase.start <= at < head:
                return False
            if at == head and (phrase.negated or phrase.head.character is not None):
                return False
            if at == head and len(phrase.tokens) > 1 and is_one_of_several(phrase):
                return False
        if self._is_likeness(at):
            return False
        following = [one.lower for one in self._tokens[at + 1 : at + 3]]
        led = len(following) > 1 and following[0] in {"in", "with"} and is_colour(following[1])
        if led and token.lower in hues.PATTERNS and not self._leads_noun(at + 2):
            return False
        if token.is_verb and token.tag not in {"VBN", "VBD"}:
            return False
        near = {one.lower for one in self._tokens[max(0, at - 4) : at]}
        if "been" in near and near & {"had", "once"}:
            return False  # `Which had once been blue`.
        if at and self._tokens[at - 1].lower == "from" and clause.verb in colouring.TURNING:
            return False  # `Turned from blue to green`.
        if at and token.lower in hues.GROWN and self._tokens[at - 1].lemma in colouring.SHINING:
            return True  # `His fur shone copper.`
        if token.is_noun or token.lower in hues.GROWN:
            joined = self._tokens[at - 1].lower in {"and", "but"} if at else False
            if joined and clause.verb == "be" and self._has_hue():
                return True  # `Was brown above and cream below`.
            # `Ate an orange`, `picked a rose`; but `the bark was silver`, `a box, bright gold`.
            if token.lower in hues.HAIR_ONLY and clause.verb == "be" and clause.subject:
                return True  # `The cat was ginger`.
            if clause.verb in colouring.BEING | colouring.DYEING | {"wear"}:
                whole = at > 0 and self._tokens[at - 1].lower == "all"  # `Was all apricot`.
                return whole or token.lower not in hues.GROWN or token.tag.startswith("JJ")
            start = self.run(at)[0]
            first = back(self._tokens, start)
            led = start < at and self._tokens[start - 1].lower == "of"
            if led and not token.is_noun:
                return True  # `A coat of palest lilac`.
            before = self._tokens[first - 1].tag if first else "."
            return before in {",", "\u2014"} or before.startswith("NN")
        return True

    def _is_likeness(self, at: int) -> bool:
        """Returns whether a colour is a stuff that something is likened to: `cool as cream`."""
        if at < 2 or self._tokens[at - 1].lower != "as" or not self._tokens[at].is_noun:
            return False
        following = self._tokens[at + 1].lower if at + 1 < len(self._tokens) else "."
        return following != "as" and self._tokens[at - 2].tag.startswith("JJ")

    def _has_hue(self) -> bool:
        return any(is_colour(one.token.lower) for one in self._clause.complements)

    def run(self, at: int) -> tuple[int, int]:
        """Returns where colours that stand together begin and end: `red, yellow and orange`."""
        start, end = at, at + 1
        while start > self._clause.start and self._is_hue(start - 1):
            start -= 1
        while end < len(self._tokens):
            joined = end
            while joined < len(self._tokens) and self._tokens[joined].lower in {",", "and", "or"}:
                joined += 1
            if joined >= len(self._tokens) or joined - end > 2 or joined in self._denied:
                break
            if not self._is_hue(joined) or self._leads_noun(joined):
                break
            end = joined + 1
        return start, end

    def _belongs(self, at: int) -> bool:
        """Returns whether a word is the shade of the colour after it."""
        return modifies(self._tokens[: at + 2], at)

    def _is_hue(self, at: int) -> bool:
        return is_colour(plain(self._tokens[at])) or self._belongs(at)

    def _leads_noun(self, at: int) -> bool:
        """Returns whether a colour belongs to a noun after it: `was red, yellow flags flew`."""
        return any(one.start <= at < one.start + len(one.tokens) - 1 for one in self._beside)


def back(tokens: Sequence[Token], at: int) -> int:
    """Returns the place before the adjectives and small words that lead up to a colour."""
    while at > 0 and (
        tokens[at - 1].lower in colouring.BEFORE_COLOURS or tokens[at - 1].tag.startswith("JJ")
    ):
        at -= 1
    return at


def is_one_of_several(phrase: NounPhrase) -> bool:
    """Returns whether a colour is that of one of several: `three cats, one grey, one white`."""
    return phrase.tokens[0].lower in {"one", "two", "three", "some", "another", "others"}
