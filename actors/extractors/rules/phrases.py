"""Phrases: the noun phrases, verb groups and marks that a sentence is made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from actors.extractors.rules.tokens import Token

NOBODY = frozenset({"nobody", "none", "nothing", "neither"})
_NEGATIVES = frozenset({"no", "neither", "nor", "without"})
_IN_PHRASE = frozenset({"DT", "PRP$", "CD", "JJ", "JJR", "JJS", "NN", "NNS", "NNP", "NNPS", "POS"})
_VERBAL = frozenset({"VB", "VBD", "VBZ", "VBP", "VBN", "VBG", "MD", "TO"})
_ALONE = frozenset({"PRP", "EX"})


class Kind(StrEnum):
    """What a part of a sentence is."""

    NOUN = "noun"
    VERB = "verb"
    PREPOSITION = "preposition"
    JOIN = "join"  # and, or, but, nor
    OPENS = "opens"  # that, when, who
    ADJECTIVE = "adjective"
    ADVERB = "adverb"
    MARK = "mark"
    SPEECH = "speech"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a sentence, from one token up to another."""

    kind: Kind
    start: int
    tokens: tuple[Token, ...]

    @property
    def end(self) -> int:
        """The place after its last token."""
        return self.start + len(self.tokens)

    @property
    def word(self) -> str:
        """Its last word in lower case."""
        return self.tokens[-1].lower


@dataclass(frozen=True, slots=True)
class NounPhrase:
    """A thing or somebody: `the old fox's red hat` has the head `hat` and the owner `fox`.

    `negated` is set by the phrase itself: `no hat`. `of` is the phrase after `of`.
    """

    tokens: tuple[Token, ...]
    start: int = 0
    owner: tuple[Token, ...] = ()
    negated: bool = False
    of: "NounPhrase | None" = None

    @property
    def head(self) -> Token:
        """The noun, name or pronoun that it is about."""
        return self.tokens[-1]

    @property
    def begin(self) -> int:
        """The place of its first token, its owner among them: `the` of `the fox's hat`."""
        apart = bool(self.owner) and self.owner[0] is not self.tokens[0]
        return self.start - len(self.owner) - 1 if apart else self.start

    @property
    def end(self) -> int:
        """The place after its last token, without what comes after `of`."""
        return self.start + len(self.tokens)

    @property
    def determiner(self) -> str:
        """Its article or the like, if it has one."""
        first = self.tokens[0]
        return first.lower if first.tag in {"DT", "PRP$", "CD"} else ""

    @property
    def adjectives(self) -> tuple[Token, ...]:
        """The words that describe its head."""
        return tuple(
            one for one in self.tokens[:-1] if one.tag.startswith("JJ") or one.tag in _PARTICIPLES
        )

    @property
    def nouns(self) -> tuple[Token, ...]:
        """Its nouns: `oak`, `tree`."""
        return tuple(one for one in self.tokens if one.is_noun)

    @property
    def plural(self) -> bool:
        """Whether it is about several."""
        return self.head.tag in {"NNS", "NNPS"} or self.head.lower in {"they", "them", "we", "us"}

    @property
    def words(self) -> str:
        """Its words without article and owner, in lower case: `red hat`."""
        said = [one for one in self.tokens if one.tag not in {"DT", "PRP$", "POS", "CD"}]
        return " ".join(one.lower for one in said)

    @property
    def base(self) -> str:
        """Its words with the head in its base form: `red hat` of `two red hats`."""
        said = [one for one in self.tokens[:-1] if one.tag not in {"DT", "PRP$", "POS", "CD"}]
        return " ".join([*(one.lower for one in said), self.head.lemma])


_PARTICIPLES = frozenset({"VBN", "VBG"})


def parts_of(tokens: Sequence[Token]) -> list[Part]:
    """Returns the parts of a sentence, from the first to the last."""
    return list(_parts(tokens))


def _parts(tokens: Sequence[Token]) -> Iterator[Part]:
    at = 0
    while at < len(tokens):
        kind, end = _part(tokens, at)
        yield Part(kind, at, tuple(tokens[at:end]))
        at = end


def _part(tokens: Sequence[Token], at: int) -> tuple[Kind, int]:
    token = tokens[at]
    if token.lower == "\u201d":
        return Kind.SPEECH, at + 1
    if not token.lower[0].isalnum() and token.tag != "POS":
        return Kind.MARK, at + 1
    if token.tag in _ALONE:
        return Kind.NOUN, at + 1
    if (end := _noun_end(tokens, at)) is not None:
        return Kind.NOUN, end
    if token.tag in _VERBAL and not _loose_to(tokens, at):
        return Kind.VERB, _verb_end(tokens, at)
    if token.tag == "RB" and token.lower in {"not", "never"} and _verb_follows(tokens, at + 1):
        return Kind.VERB, _verb_end(tokens, at)
    if token.tag == "CC":
        return Kind.JOIN, at + 1
    if token.lower == "because" and [one.lower for one in tokens[at + 1 : at + 2]] == ["of"]:
        return Kind.ADVERB, at + 1
    if token.tag in {"WP", "WDT", "WRB", "WP$"} or token.lower in _OPENERS:
        return Kind.OPENS, at + 1
    if token.tag in {"IN", "TO"}:
        return Kind.PREPOSITION, at + 1
    if token.tag.startswith("JJ") or token.tag == "DT":
        return Kind.ADJECTIVE, at + 1
    return Kind.ADVERB, at + 1


_OPENERS = frozenset({"that", "because", "if", "unless", "while", "although", "though", "whether"})


def _loose_to(tokens: Sequence[Token], at: int) -> bool:
    """Returns whether `to` is a preposition."""
    if tokens[at].tag != "TO":
        return False
    following = tokens[at + 1].tag if at + 1 < len(tokens) else "."
    return following not in {"VB", "VBP", "RB"}


def _noun_end(tokens: Sequence[Token], at: int) -> int | None:
    """Returns the end of a noun phrase that starts at a place; None where none does."""
    end, last = at, None
    while end < len(tokens):
        tag, word = tokens[end].tag, tokens[end].lower
        participle = tag in _PARTICIPLES and _describes(tokens, end)
        joined = _joined_adjective(tokens, end, at)
        if tag == "DT" and end > at and word not in {"other", "same"}:
            break
        if not (
            tag in _IN_PHRASE
            or participle
            or joined
            or (tag == "RB" and end > at and _leads(tokens, end))
        ):
            break
        # A name or a pronoun's noun after a complete phrase begins another one.
        if last is not None and tag in {"JJ", "CD", "PRP$"} and tokens[end - 1].is_noun:
            break
        if tokens[end].is_noun:
            if tokens[end].character is not None and last is not None and last == end - 1:
                break
            last = end
        end += 1
    if last is None:
        return None
    # `At the dentist's`: what is his is not said, and he is not there.
    is_whose = last + 2 == end and tokens[last + 1].tag == "POS" and _ends(tokens, end)
    return end if is_whose else last + 1


def _ends(tokens: Sequence[Token], at: int) -> bool:
    """Returns whether no word of a phrase follows: its end, a mark, a preposition or a join."""
    return at == len(tokens) or tokens[at].tag in {".", ",", "IN", "TO", "CC", ":", "''"}


def _describes(tokens: Sequence[Token], at: int) -> bool:
    """Returns whether a participle stands before its noun: `a frozen pond`."""
    before = tokens[at - 1].tag if at else "."
    following = tokens[at + 1].tag if at + 1 < len(tokens) else "."
    if before == "IN" and tokens[at].tag == "VBN":
        return following in {"NN", "NNS"}
    return before in {"DT", "PRP$", "JJ", "CD", "POS", "RB"} and following in {"NN", "NNS", "JJ"}


def _leads(tokens: Sequence[Token], at: int) -> bool:
    """Returns whether an adverb belongs to the adjective after it: `a very old man`."""
    following = tokens[at + 1].tag if at + 1 < len(tokens) else "."
    return following.startswith("JJ") and tokens[at - 1].tag in {"DT", "PRP$", "RB", "JJ"}


def _joined_adjective(tokens: Sequence[Token], at: int, start: int) -> bool:
    """Returns whether `and` or a comma joins two adjectives: `red and white`, `big, bad`."""
    if tokens[at].lower not in {"and", ","} or at == start or at + 2 >= len(tokens):
        return False
    before, after = tokens[at - 1].tag, tokens[at + 1].tag
    return (
        before.startswith("JJ")
        and after.startswith("JJ")
        and tokens[at + 2].tag in {*("NN", "NNS", "JJ", "CC", ",", "VBN")}
    )


def _verb_end(tokens: Sequence[Token], at: int) -> int:
    """Returns the end of a verb group: `had not been able to see` ends before `able`."""
    end = at
    main = False
    while end < len(tokens):
        tag, word = tokens[end].tag, tokens[end].lower
        if tag == "RB":
            if not _verb_follows(tokens, end + 1) and word not in {"not", "never"}:
                break
        elif tag == "TO":
            if main or _loose_to(tokens, end):
                break
        elif tag not in _VERBAL or (main and not _helps(_before(tokens, end), tokens[end])):
            break
        if tag.startswith("VB"):
            main = True
        end += 1
    return max(end, at + 1)


def _before(tokens: Sequence[Token], at: int) -> Token:
    """Returns the token before a place and before its adverbs: `had` of `had not yet risen`."""
    at -= 1
    while at > 0 and tokens[at].tag == "RB":
        at -= 1
    return tokens[at]


def _verb_follows(tokens: Sequence[Token], at: int) -> bool:
    while at < len(tokens) and tokens[at].tag == "RB":
        at += 1
    return at < len(tokens) and (tokens[at].tag.startswith("VB") or tokens[at].tag == "MD")


def _helps(one: Token, following: Token) -> bool:
    """Returns whether a verb is the auxiliary of the one after it."""
    if one.lemma == "do":
        return following.tag in {"VB", "VBP"}
    if one.lemma in {"have", "had", "'d"}:
        return following.tag in {"VBN", "VBD"}
    if one.lemma == "be":
        return following.tag in {"VBG", "VBN", "VBD"}
    return one.tag == "MD"


def phrases_of(part: Part) -> NounPhrase:
    """Returns the noun phrase of a part, with its owner apart."""
    tokens = part.tokens
    owned = max((at for at, one in enumerate(tokens) if one.tag == "POS"), default=-1)
    first = tokens[0]
    owner = tokens[:owned] if owned > 0 else (first,) if first.tag == "PRP$" else ()
    own = tokens[owned + 1 :] or tokens[-1:]
    negated = first.lower in _NEGATIVES or own[-1].lower in NOBODY
    return NounPhrase(tuple(own), part.start + len(tokens) - len(own), tuple(owner), negated)
