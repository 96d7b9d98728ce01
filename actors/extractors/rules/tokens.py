"""Sentences and words: a text as the rules of reading see it, each word with its part of speech."""

from collections.abc import Iterator
from dataclasses import dataclass

from actors.extractors.rules.english import kinds_of, lemma_of, tags_of
from actors.extractors.rules.lexicon.homonyms import Sense
from actors.extractors.rules.names import Names
from actors.extractors.rules.senses import sense_of
from actors.extractors.rules.speech import paragraphs, plain, put_aside
from actors.extractors.rules.tagging import mended
from actors.extractors.rules.words import SPEECH, composed, words_of

_ENDS = (".", "!", "?", "\u2026")
_TITLES = frozenset({"mr.", "mrs.", "ms.", "dr.", "st."})


@dataclass(frozen=True, slots=True)
class Token:
    """A word or mark: as it is written, in lower case, its Penn Treebank tag, and its lemma.

    `character` is the place in the cast of the one that it names, if it names one; `sense` which
    of its meanings a homonym has.
    """

    text: str
    lower: str
    tag: str
    lemma: str
    character: int | None = None
    sense: Sense | None = None

    @property
    def is_noun(self) -> bool:
        """Whether it is a noun or a name."""
        return self.tag.startswith("NN")

    @property
    def is_verb(self) -> bool:
        """Whether it is a verb, but no modal one."""
        return self.tag.startswith("VB")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence without its speeches, for each of which a `SPEECH` stands."""

    text: str
    tokens: tuple[Token, ...]
    spoken: tuple[str, ...] = ()


def read_sentences(text: str, names: Names) -> Iterator[Sentence]:
    """Yields the sentences of a text, their words tagged."""
    for sentence, spoken in _split(text, names):
        tokens = _tokens(sentence, names)
        if tokens:
            yield Sentence(sentence.replace(SPEECH, "\u2026"), tokens, spoken)


def _tokens(sentence: str, names: Names) -> tuple[Token, ...]:
    words = words_of(sentence)
    shouted = sentence.isupper() and len(words) > 2
    merged: list[tuple[str, int | None]] = []
    at = 0
    while at < len(words):
        found = names.at(words, at, shouted=shouted) if words[at][0].isalnum() else None
        end, who = found or (at + 1, None)
        merged.append((" ".join(words[at:end]), who))
        at = end
    # A name that the tagger knows stands for each: `Will` and `Rose` are no verbs then.
    plain = [
        "Alice" if who is not None else _quiet(word, first=place == 0, shouted=shouted)
        for place, (word, who) in enumerate(merged)
    ]
    tags = mended([word.lower() for word in plain], tags_of(plain))
    merged = [
        ("is", None) if word == "'s" and tag == "VBZ" else (word, who)
        for (word, who), tag in zip(merged, tags, strict=True)
    ]
    lower = [word.lower() for word, _ in merged]
    lemmas = [lemma_of(word, tag) for word, tag in zip(lower, tags, strict=True)]
    return tuple(
        Token(word, lower[at], tags[at], lemmas[at], who, sense_of(lower, tags, lemmas, at))
        for at, (word, who) in enumerate(merged)
    )


def _quiet(word: str, *, first: bool, shouted: bool) -> str:
    """Returns a word without capitals that mean nothing."""
    if shouted or first or (word.isupper() and len(word) > 1):
        return word if word == "I" else word.lower()
    return word


def _split(text: str, names: Names) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields the sentences of a text, each with its speeches."""
    for paragraph in paragraphs(plain(composed(flowing(text, names)))):
        quiet, spoken = put_aside(paragraph)
        waiting = iter(spoken)
        for sentence in _sentences(quiet):
            yield sentence, tuple(next(waiting) for _ in range(sentence.count(SPEECH)))


def flowing(text: str, names: Names) -> str:
    """Returns a text, as a poem, without capitals at the start of lines that go on a sentence."""
    lines = text.split("\n")
    for at in range(1, len(lines)):
        before, line = lines[at - 1].strip(), lines[at].strip()
        first = line.split(" ", 1)[0]
        word = first.strip(",;:")
        goes_on = bool(before) and (before[-1].isalnum() or before[-1] in ",;")
        if not goes_on or not word.istitle() or word == "I" or not kinds_of(word.lower()):
            continue
        if names.at(words_of(line), 0, shouted=False) is None:
            lines[at] = lines[at].replace(first, first.lower(), 1)
    return "\n".join(lines)


def _sentences(text: str) -> Iterator[str]:
    words = text.split()
    start = 0
    for at, word in enumerate(words):
        ends = word.rstrip("'\")").endswith(_ENDS) and word.lower() not in _TITLES
        following = words[at + 1][:1] if at + 1 < len(words) else ""
        if ends and not following.islower():
            yield " ".join(words[start : at + 1])
            start = at + 1
    if start < len(words):
        yield " ".join(words[start:])
