"""Descriptions without what they deny: `a coat, no hat` becomes `a coat`."""

import re
from collections.abc import Sequence

from imggen.rules.unicode import EXTEND

_LETTER = rf"[^\W_][{EXTEND}]*"  # with its marks and joiners
_TOKEN = re.compile(rf"(?:{_LETTER})+(?:['\u2019\-](?:{_LETTER})+)*|[,;.!?]")
_DENYING = frozenset(
    {"no", "not", "without", "never", "neither", "nor", "nothing", "lacks", "lacking"}
)
_ENDS = frozenset({";", ".", "!", "?", "but", "with", "though", "yet", "instead", "and"})
_LESS = re.compile(
    r"\b(?:hat|beard|shoe|coat|glove|sock|scarf|tail|freckle|spectacle|button|whisker)less\b"
    r"|\bclean[- ]shaven\b",
    re.IGNORECASE,
)
_NAUGHT = frozenset({"", "none", "nothing", "naked", "n/a", "-"})


def affirmed(text: str) -> str:
    """Returns a description without the phrases that say what is not so."""
    words = _TOKEN.findall(_LESS.sub(",", text))
    kept: list[str] = []
    at = 0
    while at < len(words):
        if not _denies(words, at):
            kept.append(words[at])
            at += 1
            continue
        at = _end(words, at + 1)
        kept.append(",")
    return " ".join(kept)


def is_none(text: str) -> bool:
    """Returns whether a description says that there is nothing of its kind."""
    said = text.strip(" .").lower()
    return said != "" and (said in _NAUGHT or re.fullmatch(r"(no|without) \w+", said) is not None)


def _denies(words: Sequence[str], at: int) -> bool:
    word = words[at].lower()
    if word == "not" and words[at + 1 : at + 2] == ["only"]:
        return False
    return word in _DENYING or word.endswith(("n't", "n\u2019t"))


def _end(words: Sequence[str], at: int) -> int:
    """Returns the place after a denied phrase; lists that `or` ends are denied whole."""
    while at < len(words) and words[at].lower() not in _ENDS:
        if words[at] == "," and not _lists(words, at + 1):
            break
        at += 1
    return at


def _lists(words: Sequence[str], at: int) -> bool:
    for word in words[at : at + 4]:
        if word in {"or", "nor"}:
            return True
        if word in _ENDS:
            return False
    return False
