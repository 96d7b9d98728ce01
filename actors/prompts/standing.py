"""Who stands where: the order of the characters of a picture, from left to right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from actors.prompts.naming import JOINS, OWNERS, STOPS, NamedText
from actors.prompts.reading import SILENT, Reading
from actors.prompts.sides import ARE, STANDING, Phrase, Side, find_phrases, find_rows
from server.domain.characters import Description

_DETERMINERS = frozenset({"the", "a", "an"})
_NEAR = frozenset({"with", "in", "wearing", "holding", "carrying", "and"})
"""The words that join a thing to a character: `Mia with a ball on the left`."""


def read_standing(readings: Sequence[Reading], cast: Sequence[Description]) -> tuple[int, ...]:
    """Returns the places of the characters in `cast`, from left to right.

    The readings come in order of authority: each counts only for the characters that the ones
    before it do not place. Characters stand where a text says so (`Tom on the left`, `to the
    right of Mia`, `from left to right: Tom, Mia`), else in the order of their first mention;
    those without a mention come last. Where a text gives two characters a side of the picture
    each, that counts for more than which of them is beside the other. A phrase that places a
    thing (`the house on the right`) places no character. Phrases that place characters are
    marked as understood.
    """
    if len(cast) < 2:
        return tuple(range(len(cast)))
    texts = [NamedText(reading, cast) for reading in readings]
    said = _Places()
    for text in texts:
        said.add(_read(text))
    order = sorted(range(len(cast)), key=lambda one: (_mention(texts, one), one))
    return tuple(_in_order(_by_side(order, said.sides), said.agreed()))


def tells_standing(readings: Sequence[Reading], cast: Sequence[Description]) -> bool:
    """Returns whether a text says of one of the characters where on the picture it stands."""
    found = [_read(NamedText(reading, cast)) for reading in readings]
    return any(one.sides or one.pairs for one in found)


def read_side(reading: Reading, one: Description) -> Side | None:
    """Returns the side of a picture on which a text places its only character by name."""
    return _read(NamedText(reading, [one])).sides.get(0)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two characters side by side, and the one of them that the text places so."""

    left: int
    right: int
    placed: int


@dataclass(slots=True)
class _Places:
    """What texts say of the places of characters."""

    sides: dict[int, Side] = field(default_factory=dict)
    pairs: list[_Pair] = field(default_factory=list)

    def add(self, later: "_Places") -> None:
        """Adds what a later text says of the characters that have no place yet."""
        known = {*self.sides, *(one for pair in self.pairs for one in (pair.left, pair.right))}
        self.sides |= {one: side for one, side in later.sides.items() if one not in known}
        self.pairs += [pair for pair in later.pairs if pair.placed not in known]

    def agreed(self) -> list[tuple[int, int]]:
        """Returns the pairs that the sides of both characters do not contradict."""
        return [
            (pair.left, pair.right)
            for pair in self.pairs
            if self.sides.get(pair.left, Side.LEFT) <= self.sides.get(pair.right, Side.RIGHT)
        ]


def _mention(texts: Sequence[NamedText], one: int) -> tuple[int, int]:
    """Returns the first text that mentions a character, and the position in it."""
    found = ((place, text.mentioned(one)) for place, text in enumerate(texts))
    return next(((place, at) for place, at in found if at is not None), (len(texts), 0))


def _read(text: NamedText) -> _Places:
    """Returns the places that one text says, the first one of each character."""
    said = _Places()
    for row in find_rows(text):
        listed = _joined(text, range(row.end, len(text.words)))
        if len(listed) > 1:
            listed = listed[::-1] if row.backwards else listed
            said.pairs += [_Pair(left, right, left) for left, right in pairwise(listed)]
            text.mark(row.start, row.end)
    for phrase in find_phrases(text):
        placed = _placed(text, phrase)
        beside = _beside(text, phrase, placed)
        if beside is not None:
            placed = [one for one in placed if one != beside]
            said.pairs += _pairs(phrase.side, placed, beside)
        elif _is_own(text, phrase):
            continue
        else:
            placed = [one for one in placed if one not in said.sides]
            said.sides |= dict.fromkeys(placed, phrase.side)
        if placed:
            text.mark(phrase.start, phrase.end)
    return said


def _pairs(side: Side, placed: Sequence[int], beside: int) -> Iterator[_Pair]:
    for one in placed:
        if side is Side.LEFT:
            yield _Pair(one, beside, one)
        if side is Side.RIGHT:
            yield _Pair(beside, one, one)


def _beside(text: NamedText, phrase: Phrase, placed: Sequence[int]) -> int | None:
    """Returns the character whose left or right a phrase names."""
    if phrase.owner is not None:
        named = text.named(phrase.owner)
        return text.meant(phrase.owner, placed) if named is None else named
    if text.word(phrase.end - 1) != "of":
        return None
    if text.word(phrase.end) in {"whom", "which"}:
        return next((one for one in reversed(text.who[: phrase.start]) if one is not None), None)
    following = text.who[phrase.end : phrase.end + 4]
    return next((one for one in following if one is not None), None)


def _is_own(text: NamedText, phrase: Phrase) -> bool:
    """Returns whether a side is that of the placed one: `lies on her left side`.

    `Its` without an animal in the cast is a thing's: the side is one of the picture.
    """
    return phrase.owner is not None and text.word(phrase.owner) in OWNERS - {"its"}


def _placed(text: NamedText, phrase: Phrase) -> list[int]:
    """Returns the characters that a phrase places: those before it, or those after it."""
    if _leads(text, phrase):
        if _lists_thing(text, phrase.end):
            return []
        return _joined(text, range(phrase.end, len(text.words)))
    if _has_thing(text, phrase.start - 1):
        return []
    return _joined(text, range(phrase.start - 1, -1, -1))


def _leads(text: NamedText, phrase: Phrase) -> bool:
    """Returns whether a phrase opens its clause: `on the left, Mia waves`."""
    before = text.word(phrase.start - 1)
    if not before or before in STOPS:
        return True
    if before not in JOINS:
        return False
    for at in range(phrase.end, min(phrase.end + 3, len(text.words))):
        if text.subject(at) is not None:
            return True
        if text.word(at) in STOPS | {","}:
            return False
    return False


def _has_thing(text: NamedText, at: int) -> bool:
    """Returns whether a thing with an article ends at a position: `the red ball [is]`.

    A thing that is joined to a character does not count: `Mia with a ball`.
    """
    if text.word(at) in ARE | STANDING:
        at -= 1
    if text.word(at) in SILENT:
        return False
    for start in range(at, max(at - 4, -1), -1):
        word = text.word(start)
        if text.named(start) is not None or word in STOPS | JOINS | STANDING:
            return False
        if word in _DETERMINERS | OWNERS and start < at:
            joined = text.word(start - 1) in _NEAR
            stands = text.subject(start - 2) is not None or text.word(start - 2) in STANDING
            return not (joined and stands)
    return False


def _lists_thing(text: NamedText, at: int) -> bool:
    """Returns whether a thing alone follows a position: `[on the left] is a red house`."""
    while text.word(at) in ARE | STANDING | {","}:
        at += 1
    if text.word(at) not in _DETERMINERS | OWNERS:
        return False
    for end in range(at + 1, at + 5):
        if text.subject(end) is not None:
            return False
        if not text.word(end) or text.word(end) in STOPS | JOINS:
            return True
    return False


def _joined(text: NamedText, places: range) -> list[int]:
    """Returns the first character met in its sentence, and those joined to it by `and`."""
    found: list[int] = []
    for at in places:
        word, one = text.word(at), text.subject(at)
        if word in STOPS or (found and one is None and word not in {"and", ","} | _DETERMINERS):
            break
        if one is not None and one not in found:
            found.append(one)
    return found


def _by_side(order: Sequence[int], sides: dict[int, Side]) -> list[int]:
    """Returns an order with the left ones first, the right ones last, a middle one between."""
    left = [one for one in order if sides.get(one) is Side.LEFT]
    right = [one for one in order if sides.get(one) is Side.RIGHT]
    middle = [one for one in order if sides.get(one) is Side.MIDDLE]
    others = [one for one in order if one not in sides]
    half = max(0, min(len(others), (len(order) - len(middle) + 1) // 2 - len(left)))
    return [*left, *others[:half], *middle, *others[half:], *right]


def _in_order(order: list[int], pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Returns an order in which the first of each pair is left of the second, where possible."""
    waiting, done = list(order), []
    while waiting:
        free = (
            one
            for one in waiting
            if not any(right == one and left in waiting for left, right in pairs)
        )
        done.append(next(free, waiting[0]))  # pairs that contradict each other count for nothing
        waiting.remove(done[-1])
    return done
