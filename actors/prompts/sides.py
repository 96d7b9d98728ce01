"""The phrases of a text that name a side: `on the left`, `to her right`, `(left)`."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from actors.prompts.naming import JOINS, MARKS, OWNERS, STOPS, NamedText
from actors.prompts.reading import SILENT


class Side(IntEnum):
    """A part of a picture, numbered from left to right."""

    LEFT = -1
    MIDDLE = 0
    RIGHT = 1


_SIDES = {
    "left": Side.LEFT,
    "leftmost": Side.LEFT,
    "right": Side.RIGHT,
    "rightmost": Side.RIGHT,
    "middle": Side.MIDDLE,
    "centre": Side.MIDDLE,
    "center": Side.MIDDLE,
}
_OUTERMOST = frozenset({"leftmost", "rightmost"})
_FIGURES = frozenset({"child", "kid", "one", "person", "figure", "character", "friend", "animal"})
_LEADING = frozenset({"the", "far", "very", "top", "bottom", "upper", "lower", "extreme"})
_PLACED = frozenset({"on", "at", "in", "to"})
_ENDS = STOPS | JOINS | MARKS | {""}
_GROUND = frozenset(
    {
        *("side", "edge", "half", "corner", "end", "part", "third", "area"),
        *("foreground", "background"),
    }
)
"""The words that may follow a side: they are parts of a picture."""
_WORN = frozenset(
    {
        *("foot", "feet", "hand", "arm", "leg", "knee", "eye", "ear", "cheek", "shoulder", "thumb"),
        *("finger", "toe", "heel", "hip", "elbow", "ankle", "wrist", "palm", "paw", "wing", "hoof"),
        *("claw", "horn", "hair", "face", "fist", "shoe", "boot", "sock", "sleeve", "glove"),
        *("mitten", "sandal", "slipper", "pocket", "earring", "braid", "pigtail"),
    }
)
"""Parts of bodies and garments: `on the left foot` places nobody."""
ARE = frozenset({"is", "was", "are", "were"})
STANDING = frozenset(
    {
        *("stand", "stands", "standing", "stood", "sit", "sits", "sitting", "sat"),
        *("wait", "waits", "waiting", "waited", "stay", "stays", "staying", "stayed"),
        *("kneel", "kneels", "kneeling", "knelt", "sleep", "sleeps", "sleeping", "slept"),
        *("lie", "lies", "lying", "lay", "smile", "smiles", "smiling", "smiled"),
        *("wave", "waves", "waving", "waved"),
    }
)
_TURNING = (
    *("turn", "look", "point", "run", "walk", "go", "move", "lean", "step", "jump", "fly", "glanc"),
    *("gaz", "star", "pull", "push", "swing", "face", "ran", "went", "came", "come", "bend"),
)
"""The beginnings of verbs after which `to the left` is a direction."""
_REST = frozenset({"nothing", "all", "what", "little", "much"})
"""The words after which `left of` is what remains: `what is left of the cake`."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase that names a side, and the positions of its words.

    `owner` is the position of the word in it for a character whose side it names; a phrase
    that ends in `of` names the side of what follows.
    """

    side: Side
    start: int
    end: int
    owner: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A phrase that names a direction to read in: `from right to left`."""

    start: int
    end: int
    backwards: bool


def find_phrases(text: NamedText) -> Iterator[Phrase]:
    """Yields the phrases that may place somebody, from the first to the last.

    Directions (`turns to the left`), parts of bodies (`on the left foot`), rests (`what is
    left of it`), verbs and adverbs (`Tom left`, `right behind`) are none.
    """
    for at, word in enumerate(text.words):
        if word in _SIDES:
            phrase = _outermost(text, at) if word in _OUTERMOST else _phrase(text, at)
            if phrase is not None:
                yield phrase


def find_rows(text: NamedText) -> Iterator[Row]:
    """Yields the phrases such as `from left to right`, where they open a sentence or a list."""
    plain = [(at, word) for at, word in enumerate(text.words) if word != "the"]
    for (first, side), (_, to), (last, other) in zip(plain, plain[1:], plain[2:], strict=False):
        if to != "to" or {side, other} != {"left", "right"}:
            continue
        start = next((at for at in (first - 1, first - 2) if text.word(at) == "from"), first)
        if text.word(start - 1) in STOPS | {""} or text.word(last + 1) == ":":
            yield Row(start, last + 1, backwards=side == "right")


def _phrase(text: NamedText, at: int) -> Phrase | None:
    side, start, end = _SIDES[text.word(at)], at, _end(text, at)
    while text.word(start - 1) in _LEADING:
        start -= 1
    before = text.word(start - 1)
    if text.word(end) == "of" and (end == at + 1 or before in _PLACED):
        if (text.word(start - 2) if before in ARE else before) in _REST:
            return None
        return Phrase(side, start - (before in _PLACED), end + 1)
    owned = text.named(start - 1) is not None or before in OWNERS
    if owned and text.word(start - 2) in {"on", "at", "to"}:
        return Phrase(side, start - 2, end, owner=start - 1) if _ends(text, end) else None
    if text.owns(start - 1) and text.word(start - 3) in _PLACED and _ends(text, end):
        return Phrase(side, start - 3, end)
    if before in _PLACED and (start < at or before in {"on", "at"}):
        return _placed(text, Phrase(side, start - 1, end))
    return Phrase(side, start, end) if _bare(text, start, at) else None


def _end(text: NamedText, at: int) -> int:
    """Returns the end of a side's words: `right hand side`, `left part`, `left`."""
    follower = at + 1 + (text.word(at + 1) == "hand")
    return follower + 1 if text.word(follower) in _GROUND else at + 1


def _placed(text: NamedText, phrase: Phrase) -> Phrase | None:
    """Returns a phrase after a preposition, with its noun: `sits on the left bank`."""
    verb = text.word(phrase.start - 1)
    if text.word(phrase.start) == "to" and verb.startswith(_TURNING):
        return None
    if _ends(text, phrase.end):
        return phrase
    stands = verb in STANDING | ARE or text.named(phrase.start - 1) is not None
    if not stands or _worn(text.word(phrase.end)):
        return None
    return Phrase(phrase.side, phrase.start, phrase.end + 1)


def _bare(text: NamedText, start: int, at: int) -> bool:
    """Returns whether a side without a preposition places somebody.

    It does in `stands right`, `Mia is far right`, `Mia (right)` and `Right: Mia`.
    """
    before = text.word(start - 1)
    if text.word(at + 1) not in _ENDS:
        return False
    far = text.word(at - 1) == "far"
    if far and (before in ARE or text.named(start - 1) is not None):
        return True
    if before in STOPS | {""}:
        return text.word(at + 1) == ":"
    if before in {"(", ",", ":"}:
        return text.named(start - 2) is not None
    return before in STANDING


def _outermost(text: NamedText, at: int) -> Phrase | None:
    """Returns the phrase `the leftmost child`, but not `the leftmost tree`."""
    start = at - (text.word(at - 1) == "the")
    if text.word(at + 1) in _FIGURES:
        return Phrase(_SIDES[text.word(at)], start, at + 2)
    return Phrase(_SIDES[text.word(at)], start, at + 1) if _ends(text, at + 1) else None


def _ends(text: NamedText, at: int) -> bool:
    """Returns whether a side's phrase ends before a position: not `on the left foot`."""
    word = text.word(at)
    if _worn(word):
        return False
    return word in _ENDS | SILENT | STANDING or text.named(at) is not None


def _worn(word: str) -> bool:
    return word in _WORN or word.removesuffix("s") in _WORN
