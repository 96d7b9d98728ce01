"""Texts as words, with what hides a word undone."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from server.safety.folding import Folding
from server.safety.vocabulary import Vocabulary

_VOWEL_SIGNS = "\u0902\u0903\u093e-\u094f\u0962\u0963"
_LETTERS = re.compile(rf"(?:[^\W_]|[{_VOWEL_SIGNS}])+")
_LETTERS_AND_SIGNS = re.compile(rf"(?:[^\W_]|[{_VOWEL_SIGNS}@$!|+€*#])+")
_SINGLE = re.compile(rf"[^\W_][{_VOWEL_SIGNS}]*")
_STOP = re.compile(r"[.!?…।؟]\W*$")
_MASK = re.compile("[*#]")
_LEET = tuple(str.maketrans("0134578@$!|+€", f"o{one}eastbas{one}{one}te") for one in "il")
# The least letters of a word that is put together, and the most pieces of one.
_LETTERS_AT_LEAST = 4
_PIECES = 32


class Word(NamedTuple):
    """A word as the lists spell it, and where it stands."""

    text: str
    field: str
    sentence: int
    is_glued: bool
    """Whether a sign, rather than a space, parts it from the word before."""


class Reader:
    """Reads texts as words, the listed ones spelled as the lists do."""

    def __init__(
        self,
        folding: Folding,
        vocabulary: Vocabulary,
        parted: Sequence[frozenset[str]],
    ) -> None:
        """Between two words of one of the sets in `parted`, a space is a space."""
        self._folding = folding
        self._vocabulary = vocabulary
        self._parted = parted

    def read(self, fields: Mapping[str, str]) -> list[Word]:
        """Returns the words of all fields in a row."""
        words: list[Word] = []
        sentence = 0
        for name, text in fields.items():
            for chunk in self._folding.fold(text).split():
                if chunk.isalpha():
                    words.append(Word(chunk, name, sentence, False))
                    continue
                for number, part in enumerate(self._parts(chunk)):
                    words.append(Word(part, name, sentence, number > 0))
                if _STOP.search(chunk):
                    sentence += 1
            sentence += 1
        return self._joined(self._spelled(words))

    def _parts(self, chunk: str) -> list[str]:
        if chunk.isascii() and chunk[:-1].isalpha():
            return [chunk[:-1]]  # a word and a full stop, most often
        parts = []
        for part in _LETTERS_AND_SIGNS.findall(chunk):
            word = self._unmasked(part.rstrip("!|+*#"))
            parts += [word] if word else _LETTERS.findall(part)
        return parts

    def _unmasked(self, part: str) -> str | None:
        """Returns the listed word of which figures, signs or stars replace letters."""
        if part.isalpha() or not any(map(str.isalpha, part)):
            return None
        for letters in _LEET:
            word = self._vocabulary.spelling(part.translate(letters))
            if self._vocabulary.knows(word):
                return word
        masks = len(_MASK.findall(part))
        if not masks or masks * 2 > len(part) or len(part) < _LETTERS_AT_LEAST or part[0] in "*#":
            return None
        return self._vocabulary.masked("".join("." if c in "*#" else re.escape(c) for c in part))

    def _spelled(self, words: list[Word]) -> list[Word]:
        spellings = {word: self._vocabulary.spelling(word) for word in {word.text for word in words}}
        changed = {word for word, spelling in spellings.items() if word != spelling}
        if not changed:
            return words
        return [word._replace(text=spellings[word.text]) for word in words]

    def _joined(self, words: list[Word]) -> list[Word]:
        """Returns the words with those put together that were taken apart."""
        joined: list[Word] = []
        at = 0
        while at < len(words):
            pieces, text = self._put_together(words, at)
            joined.append(words[at]._replace(text=text) if pieces > 1 else words[at])
            at += pieces
        return joined

    def _put_together(self, words: Sequence[Word], at: int) -> tuple[int, str]:
        """Returns how many words from a place are one listed word, and that word."""
        letters = _letter(words[at].text)
        found = (1, letters)
        if not self._vocabulary.begins(letters):
            return found
        are_single = _is_single(letters)
        for end in range(at + 1, min(at + _PIECES, len(words))):
            piece = _letter(words[end].text)
            are_single = are_single and _is_single(piece)
            if are_single and piece == letters[-1] and not self._vocabulary.begins(letters + piece):
                continue  # a letter repeated
            letters += piece
            if self._is_taken_apart(words[at : end + 1], letters, are_single):
                found = (end + 1 - at, letters)
            if not self._vocabulary.begins(letters):
                break
        return found

    def _is_taken_apart(self, pieces: Sequence[Word], letters: str, are_single: bool) -> bool:
        if are_single:
            enough = len(letters) >= _LETTERS_AT_LEAST and self._vocabulary.knows(letters)
            return enough or (len(letters) == 3 and self._vocabulary.refuses(letters))
        if len(letters) < _LETTERS_AT_LEAST or not self._vocabulary.refuses(letters):
            return False
        texts = {piece.text for piece in pieces}
        if any(texts <= ordinary for ordinary in self._parted):
            return False
        first, second = pieces[:2]
        near = first.sentence == second.sentence or first.field != second.field
        return near or len(pieces) > 2


def _letter(text: str) -> str:
    return text.translate(_LEET[0]) if len(text) == 1 else text


def _is_single(text: str) -> bool:
    return len(text) == 1 or (not text.isascii() and _SINGLE.fullmatch(text) is not None)
