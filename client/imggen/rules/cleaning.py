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
_MONGOLIAN = "\u1800-\u18aa"
_HEBREW = "\u0591-\u05f2"
_KEPT_APART = "\u034f"
_POINTS = "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
# The bases of StandardizedVariants.txt (Unicode 17) that take the first variant or the second, but
# for ideographs and hieroglyphs: zero, quotation marks, punctuation of East Asia, symbols of
# mathematics, Myanmar, Phags-pa, Manichaean.
_STANDARD = (
    "0\u2018\u2019\u201c\u201d\u3001\u3002\uff01\uff0c\uff0e\uff1a\uff1b\uff1f"
    "\u2205\u2229\u222a\u2268-\u2273\u228a-\u229c\u22da\u22db\u2a3c\u2a3d\u2a9d-\u2aad\u2acb\u2acc"
    "\u210b\u2110\u2112\u211b\u212c\u2130\u2131\U0001d49c-\U0001d4b5"
    "\u1000-\u1031\u1075-\u1080\uaa60-\uaa7a\ua856-\ua868\U00010ac5-\U00010ae1"
)
# A flag of a part of a country: a black flag, its code in tags, and the tag that ends it.
_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
_SKINS = "\U0001f3fb-\U0001f3ff"


def clean(text: str) -> str:
    """Returns a text as it is stored: Unicode NFC, single spaces, at most one empty line in a row.

    Of the characters that nobody sees those stay that shape what is seen: joiners of scripts that
    use them and of emoji, variants of what has some, and marks of direction in a text that is
    written from the right. All others go, since they can hide a text in another: overrides and
    embeddings of directions, tags that belong to no flag, joiners between Latin letters.
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
    # Variants before joiners, which may follow one.
    return patterns.idle.sub("", patterns.variants.sub("", text))


class _Patterns:
    """The patterns of what is not seen."""

    def __init__(self) -> None:
        kept = _JOINERS + _DIRECTIONS + _KEPT_APART + "\u200b\u180e\U00013430-\U0001343f" + _TAGS
        kept += unicode.SEEN + unicode.VARIANT
        self.stacks = re.compile(f"([{unicode.EXTEND_ONLY}]{{30}})[{unicode.EXTEND_ONLY}]+")
        self.unseen = re.compile(f"[{unicode.INVISIBLE}]")
        self.never = re.compile(f"(?![{kept}])[{unicode.INVISIBLE}]")
        self.tags = re.compile(f"({_FLAG})|[{_TAGS}]")
        self.from_the_right = re.compile(f"[{unicode.RIGHT_TO_LEFT}]")
        self.directions = re.compile(f"[{_DIRECTIONS}]")
        self.variants = _idle_variants()
        self.idle = _idle()


def _idle_variants() -> re.Pattern[str]:
    """Returns the pattern of variation selectors after what has no such variant."""
    taken = (
        f"(?<=[{unicode.PICTURE}])[\ufe0e\ufe0f]",  # as text, and as an emoji
        "(?<=[0-9#*])[\ufe0e\ufe0f](?=\u20e3)",  # a key of a telephone
        f"(?<=[{unicode.IDEOGRAPH}])[\ufe00-\ufe02\U000e0100-\U000e01ef]",
        f"(?<=[{_HIEROGLYPHS}])[\ufe00-\ufe06]",
        f"(?<=[{_STANDARD}])[\ufe00\ufe01]",
        f"(?<=[{_MONGOLIAN}])[\u180b-\u180d\u180f]",
    )
    return re.compile(f"(?!{'|'.join(taken)})[{unicode.VARIANT}]")


def _idle() -> re.Pattern[str]:
    """Returns the pattern of what joins, separates or arranges nothing where it stands."""
    emoji = f"[{unicode.PICTURE}{_SKINS}\ufe0f]"
    joined = f"(?<=[{unicode.JOINING}{_HEBREW}])|(?<={emoji})(?=.[{unicode.PICTURE}])"
    return re.compile(
        f"(?!{joined})[{_JOINERS}]"
        # It keeps the points of Hebrew in their order.
        f"|(?!(?<=[{_POINTS}]).[{_POINTS}]){_KEPT_APART}"
        # A chance to break a line, but in scripts that have no spaces.
        f"|(?!(?<=[{unicode.UNSPACED}]).[{unicode.UNSPACED}])\u200b"
        # What belongs to one script, elsewhere.
        f"|(?<![{_MONGOLIAN}\u180b-\u180d\u180f])\u180e"
        f"|(?<![{_HIEROGLYPHS}\U00013430-\U0001343f])[\U00013430-\U0001343f]",
        re.DOTALL,
    )


@cache
def _patterns() -> _Patterns:
    """Returns the patterns; they are large, and most texts never need them."""
    return _Patterns()
