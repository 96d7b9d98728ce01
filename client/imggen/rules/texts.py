"""What a job keeps of long texts."""

from collections.abc import Sequence
from itertools import accumulate

MOST_OCTETS = 1024
"""What a job keeps of an error message, and of its unknown words, in UTF-8."""


def shortened(message: str) -> str:
    """Returns a message cut to 1 KiB, at a whole character."""
    octets = message.encode()
    if len(octets) <= MOST_OCTETS:
        return message
    return octets[: MOST_OCTETS - len("…".encode())].decode(errors="ignore") + "…"


def first_words(words: Sequence[str]) -> tuple[str, ...]:
    """Returns the first words that take 1 KiB together, with a comma and a space for each."""
    ends = accumulate(len(word.encode()) + 2 for word in words)
    return tuple(word for word, end in zip(words, ends, strict=True) if end <= MOST_OCTETS)
