"""Mends of tags by the words right beside: `a bed that goes up`, `a Christmas tree`."""

from collections.abc import Sequence

from actors.extractors.rules.english import kinds_of, lemma_of
from actors.extractors.rules.lexicon.nouns import BEINGS
from actors.extractors.rules.mends_words import Mend

_ITSELF = frozenset({"himself", "herself", "itself", "themselves", "myself", "ourselves"})
_NUMBERS = frozenset({"one", "two", "three", "four", "five", "six", "seven", "eight", "nine"})
_FINITE = frozenset({"VBD", "VBZ", "VBP", "MD"})
_NOMINAL = frozenset({"NN", "NNS", "NNP"})
_GOING = frozenset(
    {"go", "walk", "drive", "cycle", "ride", "run", "hurry", "travel", "come", "get"}
)


def _told_of(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a verb after a relative that looks like a plural: `a bed that goes up`."""
    if tags[at] != "NNS" or at < 2 or words[at - 1] not in {"that", "which", "who"}:
        return None
    following = tags[at + 1] if at + 1 < len(tags) else "."
    known = "VERB" in kinds_of(words[at]) and lemma_of(words[at], "NNS") not in BEINGS
    return "VBZ" if known and tags[at - 2] in _NOMINAL and following not in _FINITE else None


def _emphatic(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends what only stresses its subject: `the king himself came`."""
    if words[at] not in _ITSELF or at == 0 or at + 1 == len(tags):
        return None
    stressed = tags[at - 1] in _NOMINAL and tags[at + 1] in _FINITE
    return "RB" if stressed else None


def _named_for(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a noun after an article and a name: `a Christmas tree`, `the Sunday roast`."""
    if at < 2 or tags[at - 2] != "DT" or words[at - 2] not in {"a", "an", "the"}:
        return None
    named = tags[at - 1] == "NNP" and words[at - 1] != "alice"
    bare = tags[at] in {"VB", "VBP"} and "NOUN" in kinds_of(words[at])
    return "NN" if named and bare else None


def _numbered(words: Sequence[str], tags: list[str], at: int) -> str | None:
    """Mends a noun with a number at the start: `Lift number two went up`."""
    if words[at] == "number" and words[at + 1 : at + 2] and words[at + 1] in _NUMBERS:
        return "RB" if at and "NOUN" in kinds_of(words[at - 1]) else None
    if at and words[at - 1] == "number" and tags[at - 1] == "RB" and words[at] in _NUMBERS:
        return "RB"
    if at == 0 and words[1:2] == ["number"] and words[2:3] and words[2] in _NUMBERS:
        return "NN" if "NOUN" in kinds_of(words[0]) else None
    return None


def _small(words: Sequence[str], tags: list[str], at: int) -> str | None:
    word = words[at]
    after = tags[at + 1] if at + 1 < len(tags) else "."
    if word == "shed" and at > 1 and tags[at - 1] == "NN" and after in {".", ",", "IN", "CC"}:
        return "NN" if tags[at - 2] in {"DT", "PRP$", "NN"} else None  # `The bicycle shed`.
    if word == "can" and at and words[at - 1] == "alone" and after.startswith("VB"):
        return "MD"  # `She alone can tell`.
    if (
        word == "work"
        and at > 1
        and words[at - 1] == "to"
        and after in {"IN", ".", ",", "RB", "CC"}
    ):
        # `Went to work at eight`.
        return "NN" if lemma_of(words[at - 2], "VBD") in _GOING else None
    if word == "to" and words[at + 1 : at + 2] == ["work"] and at:
        led = lemma_of(words[at - 1], "VBD") in _GOING and words[at + 2 : at + 3] != ["on"]
        return "IN" if led and tags[at + 2 : at + 3] and tags[at + 2] in {"IN", ".", ","} else None
    if word == "round" and at and tags[at - 1] in _NOMINAL and after in {".", ",", "CC"}:
        verb = any(one.startswith("VB") for one in tags[:at])
        return "RB" if verb else None  # `Turned the map round`.
    if word in {"lolly", "dolly", "brolly", "trolley", "belly", "jelly"}:
        return "NN"
    return None


MENDS: tuple[Mend, ...] = (_told_of, _emphatic, _named_for, _numbered, _small)
