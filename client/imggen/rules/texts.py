"""What a job keeps of long texts."""

from collections.abc import Sequence
from itertools import accumulate

from imggen.rules.graphemes import first_octets

MOST_OCTETS = 1024
"""What a job keeps of an error message, and of what was not drawn, in UTF-8."""

_MOST_DOUBTS = 400
"""The same of what is unsure: 800 jobs of a batch fit one answer."""


def shortened(message: str) -> str:
    """Returns a message cut to 1 KiB, at a whole character."""
    return cut(message, MOST_OCTETS)


def cut(text: str, most: int) -> str:
    """Returns a text of at most so many octets of UTF-8, cut at a whole character."""
    if len(text) <= most and len(text.encode()) <= most:
        return text
    return first_octets(text, most - len("…".encode())) + "…"


def first_parts(parts: Sequence[tuple[str, str]]) -> int:
    """Returns how many of the parts that were not drawn a job keeps: those of the first 1 KiB."""
    return _first(parts, MOST_OCTETS)


def first_doubts(doubts: Sequence[tuple[str, str]]) -> int:
    """Returns how many of the parts that are unsure a job keeps: those of the first 400 bytes."""
    return _first(doubts, _MOST_DOUBTS)


def _first(parts: Sequence[tuple[str, str]], octets: int) -> int:
    ends = accumulate(len("".join(part).encode()) + 10 for part in parts)
    return sum(end <= octets for end in ends)
