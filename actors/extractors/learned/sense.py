"""The sense of a page: where it happens, and which of its words its picture must show.

Words that are counted one by one (`places.py`) know neither order nor sense. Here a small
transformer that has read much English, and then the stories of the recipe, reads the page and the
end of the pages before it. `weights/card.md` tells where it comes from.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import BertWordPieceTokenizer

from actors.extractors.learned.encoder import Arrays, Encoder, Linear
from actors.extractors.learned.words import Floats

SENSE = Path(__file__).parent / "weights" / "sense.safetensors"
BEFORE_PIECES = 32
"""How many pieces of the pages before are read, the last ones."""
PAGE_PIECES = 128
"""How many of the page, the first ones."""
PAGES_BEFORE = 2
"""Of how many pages before, the last ones."""
_WORD = re.compile(r"[^\W\d_]+")
_START, _END = "[CLS]", "[SEP]"


@dataclass(frozen=True, slots=True)
class Sense:
    """What a page as a whole tells, before any rule.

    `kinds` is how likely each kind of place is, in nats. `seen` is how likely it is of each word of
    the page, in lower case, that it names what the picture must show. `length` is the number of the
    page's words.
    """

    kinds: Floats
    seen: Mapping[str, float]
    length: int


class PageSense:
    """Reads the sense of pages."""

    def __init__(self, data: Arrays) -> None:
        """`data` has the encoder's arrays, its `vocabulary`, and heads for kinds and for words."""
        self._pieces = Pieces(data["vocabulary"].tobytes().decode().split("\n"))
        self._encoder = Encoder(data)
        self._head = Linear.of_arrays(data, "head")
        self._of_words = Linear.of_arrays(data, "words")
        # A story's pages are read again for each page after them.
        self._read = lru_cache(maxsize=1000)(self._read_anew)

    @classmethod
    @cache
    def shipped(cls) -> "PageSense":
        """Returns the one that ships, loaded once."""
        return cls(load_file(SENSE))

    def read(self, page: str, before: Sequence[str]) -> Sense:
        """Returns the sense of a page; `before` are the pages before it, the first one first."""
        return self._read(page, tuple(before[-PAGES_BEFORE:]))

    def _read_anew(self, page: str, before: tuple[str, ...]) -> Sense:
        cut = self._pieces.of_page(page, before)
        states = self._encoder.read(cut.pieces)
        own = states[cut.start :]
        logits = self._head(np.concatenate([states[0], own.mean(0)])[None])[0]
        logits -= logits.max()
        kinds = np.asarray(logits - np.log(np.exp(logits).sum()), np.float32)
        shares = 1 / (1 + np.exp(-self._of_words(own)[:, 0]))
        seen = {word: float(shares[places].max()) for word, places in cut.words}
        return Sense(kinds, seen, len(page.split()))


@dataclass(frozen=True, slots=True)
class Cut:
    """A page in pieces, after some of the pages before, the first of its own at `start`.

    `words` are its words in lower case, each with its first pieces, counted from `start`.
    """

    pieces: list[int]
    start: int
    words: list[tuple[str, list[int]]]


class Pieces:
    """Cuts texts into the pieces of words that an encoder knows."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        at = {piece: number for number, piece in enumerate(vocabulary)}
        self._start, self._end = at[_START], at[_END]
        self._cutter = BertWordPieceTokenizer(at, lowercase=True)

    def of_page(self, page: str, before: Sequence[str]) -> Cut:
        """Returns a page in pieces, after some of before."""
        earlier = self.of_text(" ".join(before))[-BEFORE_PIECES:]
        encoded = self._cutter.encode(page, add_special_tokens=False)
        own = encoded.ids[:PAGE_PIECES]
        words: dict[str, list[int]] = {}
        for at, (begin, _) in enumerate(encoded.offsets[:PAGE_PIECES]):
            found = _WORD.match(page, begin)
            if found and not (begin and _WORD.match(page, begin - 1)):
                words.setdefault(found[0].lower(), []).append(at)
        pieces = [self._start, *earlier, self._end, *own, self._end]
        return Cut(pieces, len(earlier) + 2, list(words.items()))

    def of_text(self, text: str) -> list[int]:
        """Returns the numbers of a text's pieces."""
        numbers: list[int] = self._cutter.encode(text, add_special_tokens=False).ids
        return numbers
