"""Names of files that Linux, macOS and Windows take, and that none of them mixes up."""

import os
import unicodedata

from imggen.rules.cleaning import clean
from imggen.rules.graphemes import first_octets

_MOST_BYTES = 120
"""Below the 143 of eCryptfs, the least of the file systems in use; most have 255."""
_ID = 8
_SERIAL = ("com", "lpt")
_RESERVED = frozenset(
    ("con", "prn", "aux", "nul", *(f"{name}{place}" for name in _SERIAL for place in range(10)))
)
"""Names that Windows has for devices, whatever comes after their first dot."""


class FileNames:
    """Makes the names of files in one folder, each for one thing alone.

    Two that differ in their case or in the form of their accents are one file on some systems.
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, text: str, id: str, suffix: str) -> str:
        """Returns the name of a thing: by its text, and by its id where that is used or empty."""
        stem = file_stem(text, len(suffix)) or id
        if _folded(stem + suffix) in self._taken:
            stem = with_id(stem, id, suffix)
        if _folded(stem + suffix) in self._taken:
            stem = id
        self._taken.add(_folded(stem + suffix))
        return stem + suffix


def file_stem(text: str, reserve: int = 0) -> str:
    """Returns a text as a file's name without its suffix: `The Map!` becomes `the-map`.

    `reserve` are the bytes that come after it. Where the locale has no such characters, as C has
    none but ASCII's, the nearest ones of ASCII stand for them. The result is empty for a text
    without letters and digits.
    """
    words = "".join(_pieces(clean(text).lower()))
    if not _encodable(words):
        plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode("ascii")
        words = "".join(_pieces(plain))
    stem = _cut("-".join(filter(None, words.split("-"))), _MOST_BYTES - reserve)
    # Windows reads the digits of superscripts there as digits.
    return f"{stem}_" if unicodedata.normalize("NFKC", stem) in _RESERVED else stem


def with_id(stem: str, id: str, suffix: str) -> str:
    """Returns a name without its suffix that has the start of an id at its end."""
    tail = f"-{id[:_ID]}"
    return _cut(stem, _MOST_BYTES - len(suffix) - len(tail)) + tail


def _pieces(text: str) -> list[str]:
    """Returns letters, digits and the marks on them; a dash for each other character."""
    pieces: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(character)
        if kind[0] in "LN" or (kind[0] == "M" and pieces and pieces[-1] != "-"):
            pieces.append(character)
        elif kind != "Cf":  # joiners show nothing, and part no words
            pieces.append("-")
    return pieces


def _encodable(name: str) -> bool:
    """Returns whether this process can give a file such a name; its locale may not have it."""
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True


def _cut(text: str, most: int) -> str:
    """Returns the first characters of a text that have so many bytes in UTF-8 at most."""
    return first_octets(text, most).rstrip("-")


def _folded(name: str) -> str:
    """Returns what is equal for names that a file system may take for the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
