"""Cleaning: what of a text is stored. What is seen stays, and what shapes it; the rest goes."""

import re
import unicodedata
from functools import cache

from imggen.rules import unicode

_BREAKS = re.compile("\r\n?|[\u2028\u2029]")
# After runs of spaces have become one, so that none is read again and again.
_LINE_ENDS = re.compile(r" ?\n[ \n]*")
_SPACES = re.compile(r"[^\S\n]+")
# Invisible, though letters (Hangul fillers) or a symbol (Braille blank) to Unicode.
_BLANKS = dict.fromkeys(map(ord, "\u115f\u1160\u3164\uffa0\u2800"), " ")

_JOINERS = "\u200c\u200d"
_DIRECTIONS = "\u200e\u200f\u061c"
_TAGS = "\U000e0000-\U000e007f"
_HIEROGLYPHS = "\U00013000-\U00013455\U00013460-\U000143fa"
# A flag of a part of a country: a black flag, its code in tags, and the tag that ends it.
_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
_SKINS = "\U0001f3fb-\U0001f3ff"


def clean(text: str) -> str:
    """Returns a text as it is stored: Unicode NFC, single spaces, at most one empty line in a row.

    Of the characters that nobody sees those stay that shape what is seen: joiners of scripts and
    emoji, and marks of direction in a text that is written from the right. Overrides and
    embeddings of directions go, and tags that belong to no flag.
    """
    if not text.isascii():
        # Composed last: an invisible character may keep apart what belongs together.
        text = unicodedata.normalize("NFC", _stacked(_seen(text.translate(_BLANKS))))
    text = _SPACES.sub(" ", _BREAKS.sub("\n", text)).strip()
    return _LINE_ENDS.sub(_line_end, text)


def one_line(text: str) -> str:
    """Returns a cleaned text with spaces for its line breaks."""
    return text.replace("\n\n", "\n").replace("\n", " ")


def _line_end(found: re.Match[str]) -> str:
    return "\n\n" if found[0].count("\n") > 1 else "\n"


def _stacked(text: str) -> str:
    """Returns a text with 30 marks at most on a character; to compose more takes their square.

    It is the bound of the Stream-Safe Text Format (UAX 15); no language has a third of it.
    """
    return _patterns().stacks.sub(r"\1", text)


def _seen(text: str) -> str:
    """Returns a text without the characters that show nothing and shape nothing."""
    patterns = _patterns()
    if not patterns.unseen.search(text):
        return text
    text = patterns.never.sub("", text)
    text = patterns.tags.sub(lambda found: found[1] or "", text)
    if not patterns.from_the_right.search(text):
        text = patterns.directions.sub("", text)
    return patterns.idle.sub("", text)


class _Patterns:
    """The patterns of what is not seen."""

    def __init__(self) -> None:
        kept = _JOINERS + _DIRECTIONS + "\u200b\u180e\U00013430-\U0001343f" + _TAGS + unicode.SEEN
        self.stacks = re.compile(f"([{unicode.EXTEND_ONLY}]{{30}})[{unicode.EXTEND_ONLY}]+")
        self.unseen = re.compile(f"[{unicode.FORMAT}{unicode.VARIANT}]")
        self.never = re.compile(f"(?![{kept}])[{unicode.FORMAT}]")
        self.tags = re.compile(f"({_FLAG})|[{_TAGS}]")
        self.from_the_right = re.compile(f"[{unicode.RIGHT_TO_LEFT}]")
        self.directions = re.compile(f"[{_DIRECTIONS}]")
        emoji = f"[{unicode.PICTURE}{_SKINS}\ufe0f]"
        joined = f"(?<=[{unicode.JOINING}])|(?<={emoji})(?=.[{unicode.PICTURE}])"
        between = r"(?<=[^\W\d_])(?=.[^\W\d_])"
        self.idle = re.compile(
            # A joiner that joins nothing and keeps nothing apart.
            f"(?!{joined}|{between})[{_JOINERS}]"
            # A variation of nothing, or a second one.
            rf"|(?<![^\s{unicode.VARIANT}{_JOINERS}])[{unicode.VARIANT}]"
            # A chance to break a line, but in scripts that have no spaces.
            f"|(?!(?<=[{unicode.UNSPACED}]).[{unicode.UNSPACED}])\u200b"
            # What belongs to one script, elsewhere.
            "|(?<![\u1820-\u18aa])\u180e"
            f"|(?<![{_HIEROGLYPHS}\U00013430-\U0001343f])[\U00013430-\U0001343f]",
            re.DOTALL,
        )


@cache
def _patterns() -> _Patterns:
    """Returns the patterns; they are large, and most texts never need them."""
    return _Patterns()
