"""Texts as words, with what hides a word undone."""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from server.safety.folding import Folding
from server.safety.vocabulary import Vocabulary

_VOWEL_SIGNS = "\u0902\u0903\u093e-\u094f\u0962\u0963"
_LETTERS = re.compile(rf"(?:[^\W_]|[{_VOWEL_SIGNS}])+")
_LETTERS_AND_SIGNS = re.compile(rf"(?:[^\W_]|[{_VOWEL_SIGNS}@$!|+€*#])+")
_SINGLE = re.compile(rf"[^\W_][{_VOWEL_SIGNS}]*")
_BEFORE = "\"'(«“‘„[{¿¡-–—"
_AFTER = "\"'),.;:!?…।؟،؛»”’]}-–—*"
_STOPS = frozenset(".!?…।؟")
_LEET = tuple(str.maketrans("0134578@$!|+€", f"o{one}eastbas{one}{one}te") for one in "il")
# The least letters of a word that is put together, and the most pieces of one.
_LETTERS_AT_LEAST = 4
_PIECES = 32


@dataclass(frozen=True, slots=True)
class Reading:
    """The words of a request's texts in a row, the listed ones spelled as the lists do."""

    words: list[str] = field(default_factory=list)
    sentences: list[int] = field(default_factory=list)
    """The number of each word's sentence; no sentence goes on in another field."""
    fields: list[tuple[int, str]] = field(default_factory=list)
    """The first sentence of each field, and its name."""

    def field_at(self, place: int) -> str:
        """Returns the name of the field in which a word stands."""
        firsts = [first for first, _ in self.fields]
        return self.fields[bisect_right(firsts, self.sentences[place]) - 1][1]


class Reader:
    """Reads texts as words of the lists."""

    def __init__(
        self, folding: Folding, vocabulary: Vocabulary, parted: Sequence[frozenset[str]]
    ) -> None:
        """Between two words of one of the sets in `parted`, a space is a space."""
        self._folding = folding
        self._vocabulary = vocabulary
        self._parted = parted

    def read(self, fields: Mapping[str, str]) -> Reading:
        """Returns the words of all fields in a row."""
        taken = Reading()
        sentence = 0
        read: dict[str, list[str]] = {}
        for name, text in fields.items():
            taken.fields.append((sentence, name))
            for chunk in self._folding.fold(text).split():
                if chunk.isalpha():
                    taken.words.append(chunk)
                    taken.sentences.append(sentence)
                    continue
                parts = read.get(chunk)
                if parts is None:
                    parts = read[chunk] = self._parts(chunk)
                taken.words.extend(parts)
                taken.sentences.extend([sentence] * len(parts))
                if _ends_sentence(chunk):
                    sentence += 1
            sentence += 1
        self._spell(taken.words)
        return self._joined(taken)

    def _parts(self, chunk: str) -> list[str]:
        """Returns the words of what stands between two spaces."""
        inner = chunk.lstrip(_BEFORE).rstrip(_AFTER).removesuffix("'s").removesuffix("\u2019s")
        if inner.isalpha() or (_LETTERS.fullmatch(inner) and not _has_digit(inner)):
            return [inner]
        parts: list[str] = []
        for part in _LETTERS_AND_SIGNS.findall(inner):
            word = self._unmasked(part.rstrip("!|*#"))
            parts += [word] if word else _LETTERS.findall(part)
        return parts

    def _unmasked(self, part: str) -> str | None:
        """Returns the listed word of which figures, signs or stars replace letters."""
        if part.isalpha() or not any(map(str.isalpha, part)):
            return None
        if stars := part.count("*") + part.count("#"):
            enough = len(part) >= max(_LETTERS_AT_LEAST, stars * 2)
            return self._vocabulary.masked(part) if enough else None
        for letters in _LEET:
            word = self._vocabulary.spelling(part.translate(letters))
            if self._vocabulary.knows(word):
                return word
        return None

    def _spell(self, words: list[str]) -> None:
        spellings = {word: self._vocabulary.spelling(word) for word in set(words)}
        if any(word != spelling for word, spelling in spellings.items()):
            words[:] = map(spellings.__getitem__, words)

    def _joined(self, taken: Reading) -> Reading:
        """Returns the reading with the words put together that were taken apart."""
        words = taken.words
        letters = list(map(_letter, words)) if any(map(str.isdigit, set(words))) else words
        opens = self._vocabulary.opens
        starts = [
            place
            for place, (word, following) in enumerate(pairwise(letters))
            if opens(word + following) or word == following
        ]
        ends = {}
        done = 0
        for start in starts:
            if start >= done and not (start and letters[start - 1] == letters[start]):
                pieces, word = self._put_together(taken, letters, start)
                if pieces > 1:
                    done = start + pieces
                    ends[start] = done, word
        return _with(taken, ends) if ends else taken

    def _put_together(self, taken: Reading, letters: Sequence[str], start: int) -> tuple[int, str]:
        """Returns how many words from a place are one listed word, and that word."""
        joined = letters[start]
        found = (1, joined)
        are_single = _is_single(joined)
        for end in range(start + 1, min(start + _PIECES, len(letters))):
            piece = letters[end]
            are_single = are_single and _is_single(piece)
            if are_single and piece == joined[-1] and not self._vocabulary.opens(joined + piece):
                continue  # a letter repeated
            joined += piece
            if not self._vocabulary.opens(joined):
                break
            if self._is_taken_apart(taken, start, end + 1, joined, are_single):
                found = (end + 1 - start, joined)
        return found

    def _is_taken_apart(
        self, taken: Reading, start: int, end: int, joined: str, are_single: bool
    ) -> bool:
        if are_single:
            enough = len(joined) >= _LETTERS_AT_LEAST and self._vocabulary.knows(joined)
            return enough or (len(joined) == 3 and self._vocabulary.refuses(joined))
        if len(joined) < _LETTERS_AT_LEAST or not self._vocabulary.refuses(joined):
            return False
        pieces = set(taken.words[start:end])
        if any(pieces <= ordinary for ordinary in self._parted):
            return False
        # Two words of which one ends a sentence are two, unless a field ends there.
        first, second = taken.sentences[start : start + 2]
        is_cut = first != second and all(second != begins for begins, _ in taken.fields)
        return end - start > 2 or not is_cut


def _with(taken: Reading, ends: Mapping[int, tuple[int, str]]) -> Reading:
    joined = Reading(fields=taken.fields)
    place = 0
    while place < len(taken.words):
        end, word = ends.get(place, (place + 1, taken.words[place]))
        joined.words.append(word)
        joined.sentences.append(taken.sentences[place])
        place = end
    return joined


def _ends_sentence(chunk: str) -> bool:
    """Returns whether a sentence ends with what stands between two spaces: `end.`, `end."`."""
    return chunk[-1] in _STOPS or (chunk[-2:-1] in _STOPS and not chunk[-1].isalnum())


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _letter(text: str) -> str:
    return text.translate(_LEET[0]) if len(text) == 1 else text


def _is_single(text: str) -> bool:
    return len(text) == 1 or (not text.isascii() and _SINGLE.fullmatch(text) is not None)
