"""One spelling for letters that look alike, and for accents, cases and invisible characters."""

import re
import unicodedata
from collections.abc import Mapping

from server.safety import kept

_SPELLINGS = {
    "_": "-",
    "ß": "ss",
    "ı": "i",
    "β": "b",
    # The tatweel and Hangul's fillers are letters, and invisible.
    **dict.fromkeys("\u0640\u115f\u1160\u3164\uffa0", ""),
    **dict(zip("أإآٱىیةؤکگ", "ااااييهوكك", strict=True)),
    "\u0901": "\u0902",
    **dict.fromkeys("णङञ", "न"),
}
_FORM_OF_LATIN = re.compile(
    "LATIN (?:SMALL |CAPITAL )?LETTER (?:SMALL CAPITAL )?([A-Z])(?: WITH .*)?"
)
_OWN_SCRIPTS = re.compile("[\u0600-\u06ff\u0900-\u097f]")
_VOWEL_SIGNS = re.compile("[\u0902\u0903\u093e-\u094f\u0962\u0963]")
_HALF_NASAL = re.compile("[नम]\u094d(?=[\u0915-\u092b\u092d\u092e])")


class Folding:
    """Folds texts and listed words in the same way, so that they can be compared.

    Letters that look like Latin ones are those of Unicode's confusables (UTS 39). Arabic and
    Devanagari letters stay what they are: two of the languages are written with them.
    """

    def __init__(self, lookalikes: Mapping[str, str]) -> None:
        self._table = _Table({**lookalikes, **_SPELLINGS})

    def fold(self, text: str) -> str:
        """Returns the text in small Latin letters without accents, or in its own script."""
        if text.isascii():
            return text.lower().replace("_", "-")
        return _HALF_NASAL.sub("\u0902", text.translate(self._table))


def load_folding() -> Folding:
    """Returns the folding by the confusables of the installed `confusable_homoglyphs`."""
    latin = {chr(0x1F1E6 + i): chr(ord("a") + i) for i in range(26)}  # regional indicators
    for start in (0x1F150, 0x1F170):  # white letters in black circles and squares
        latin |= {chr(start + i): chr(ord("a") + i) for i in range(26)}
    for letter, others in kept.confusables().items():
        seen = next(filter(None, map(_plain_latin, others)), None)
        if seen and len(letter) == 1 and not letter.isascii() and not _OWN_SCRIPTS.match(letter):
            latin[letter] = seen
    return Folding({**_named_latin(), **latin})


def _named_latin() -> dict[str, str]:
    """Returns the letters whose names say of which Latin one they are a form.

    The confusables leave many of them out, such as small capitals.
    """
    names = {chr(code): unicodedata.name(chr(code), "") for code in range(0x80, 0x2C80)}
    named = {letter: _FORM_OF_LATIN.fullmatch(name) for letter, name in names.items()}
    return {letter: form[1].lower() for letter, form in named.items() if form}


class _Table(dict[int, str]):
    """What each character becomes, worked out when it is first seen."""

    def __init__(self, spellings: Mapping[str, str]) -> None:
        super().__init__()
        self._spellings = spellings

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = "".join(map(self._folded, unicodedata.normalize("NFKC", character)))
        # What stays as it is, such as Chinese, would fill the memory.
        if code < 0x3000 or folded != character:
            self[code] = folded
        return folded

    def _folded(self, character: str) -> str:
        seen = self._spellings.get(character, character).casefold()
        # Once more: a small letter can look like another one than its capital does.
        seen = "".join(self._spellings.get(c, c) for c in seen)
        plain = unicodedata.normalize("NFKD", seen)
        return "".join(self._spellings.get(c, c) for c in plain if not _is_mark(c))


def _is_mark(character: str) -> bool:
    if _VOWEL_SIGNS.match(character):
        return False
    category = unicodedata.category(character)
    # Cf: zero-width joiners, soft hyphens, marks of direction, tags and the like.
    return category[0] == "M" or category == "Cf"


def _plain_latin(text: str) -> str | None:
    letters = "".join(c for c in unicodedata.normalize("NFKD", text) if not _is_mark(c)).lower()
    return letters if letters.isascii() and letters.isalpha() and len(letters) <= 2 else None
