"""Graphemes: the characters that a reader sees (UAX 29), which limits count and cuts keep whole."""

import re
from collections.abc import Iterator
from functools import cache

from imggen.rules import unicode

MOST_CODE_POINTS = 16
"""Of one character; emoji families have 11. What has more, such as stacked accents, is several."""


def length(text: str) -> int:
    """Returns the number of characters of a text, each of 16 code points at most."""
    if text.isascii():
        return len(text)
    return sum(map(_weight, split(text)))


def split(text: str) -> Iterator[str]:
    """Yields the extended grapheme clusters of a text."""
    return (found[0] for found in _cluster().finditer(text))


def first(text: str, most: int) -> str:
    """Returns the first characters of a text."""
    if len(text) <= most:
        return text
    count = end = 0
    for found in _cluster().finditer(text):
        count += _weight(found[0])
        if count > most:
            break
        end = found.end()
    return text[:end]


def first_octets(text: str, most: int) -> str:
    """Returns the first characters of a text that fit so many octets of UTF-8."""
    kept = text.encode()[:most].decode(errors="ignore")
    if len(kept) == len(text) or (text[: len(kept) + 1].isascii() and text[len(kept)] != "\n"):
        return kept
    # What follows decides whether the last one is whole; no emoji goes further than this.
    seen, end = text[: len(kept) + 2 * MOST_CODE_POINTS], 0
    for found in _cluster().finditer(seen):
        if found.end() > len(kept):
            break
        end = found.end()
    return kept[:end]


def _weight(cluster: str) -> int:
    return -(-len(cluster) // MOST_CODE_POINTS)


@cache
def _cluster() -> re.Pattern[str]:
    """Returns the pattern of table 1b; it is large, and most texts never need it."""
    # The first linker ends the first part, so that a run without a consonant is read once.
    before, linker = f"[{unicode.CONJUNCT_EXTEND}]*", f"[{unicode.CONJUNCT_LINKER}]"
    after = f"[{unicode.CONJUNCT_EXTEND}{unicode.CONJUNCT_LINKER}]*"
    syllables, consonant = "\uac00-\ud7a3", f"[{unicode.CONJUNCT}]"
    open_syllable = f"[{''.join(map(chr, range(0xAC00, 0xD7A4, 28)))}]"
    head, vowel, tail = (
        f"[{one}]" for one in (unicode.HANGUL_L, unicode.HANGUL_V, unicode.HANGUL_T)
    )
    core = (
        f"{head}*(?:{open_syllable}{vowel}*|{vowel}+|[{syllables}]){tail}*|{head}+|{tail}+",
        "[\U0001f1e6-\U0001f1ff]{2}",
        f"[{unicode.PICTURE}](?:[{unicode.EXTEND_ONLY}]*\u200d[{unicode.PICTURE}])*",
        f"{consonant}(?:{before}{linker}{after}{consonant})*",
        f"[^{unicode.CONTROL}]",
    )
    return re.compile(
        rf"\r\n|[{unicode.CONTROL}]"
        rf"|[{unicode.PREPEND}]*(?:{'|'.join(core)})[{unicode.EXTEND}]*",
    )
