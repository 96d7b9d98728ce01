"""Who stands where: the order of the characters of a picture, from left to right."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actors.prompts.reading import SILENT, Reading, words_of
from actors.storybook.table import Match
from server.domain.characters import Description, Gender

_LEFT, _MIDDLE, _RIGHT = -1, 0, 1
_SIDES = {"left": _LEFT, "right": _RIGHT, "middle": _MIDDLE, "centre": _MIDDLE, "center": _MIDDLE}
_ARTICLES = frozenset({"the", "far", "very"})
_PLACED = {"on", "at", "in", "to"}
_STOPS = frozenset({".", "!", "?", ";"})
_JOINS = frozenset({",", "and", "while", "but"})
_GROUND = frozenset({"side", "edge", "half", "corner", "end", "of"})
"""The words that may follow a side: `the left foot` places nobody."""
_STANDING = frozenset(
    f"{verb}{end}"
    for verb in ("stand", "sit", "wait", "kneel", "sleep", "smile", "wave", "lie")
    for end in ("", "s", "ing")
)
_TURNING = (
    *("turn", "look", "point", "run", "walk", "go", "move", "lean", "step", "jump", "fly", "glanc"),
    *("gaz", "star", "pull", "push", "swing", "face", "ran", "went", "came", "come", "bend"),
)
"""The beginnings of verbs after which `to the left` is a direction."""
_REST = frozenset({"nothing", "all", "what", "little", "much"})
"""The words after which `left of` is what remains: `what is left of the cake`."""
_ARE = frozenset({"is", "was", "were"})
_CHILDREN = {Gender.FEMALE: ("girl",), Gender.MALE: ("boy",), Gender.UNSPECIFIED: ("child",)}
_ADULTS = {Gender.FEMALE: ("woman",), Gender.MALE: ("man",), Gender.UNSPECIFIED: ("person",)}
_ADULT = 18


@dataclass(frozen=True, slots=True)
class _Side:
    """A phrase that names a side: the side, and the positions of its words."""

    side: int
    start: int
    end: int
    preposition: str


def read_standing(scene: Reading, cast: Sequence[Description]) -> tuple[int, ...]:
    """Returns the places of the characters in `cast`, from left to right.

    It is read from the text where that says so (`Tom on the left`, `to the right of Mia`), and
    is the order in which the text mentions them where it does not; those that it does not
    mention come last. Phrases that place somebody are marked as understood.
    """
    if len(cast) < 2:
        return tuple(range(len(cast)))
    text = _Text(scene.words, _names(cast))
    sides: dict[int, int] = {}
    pairs: list[tuple[int, int]] = []
    for phrase in text.phrases():
        beside = text.beside(phrase)
        placed = text.placed(phrase)
        if beside is not None:
            found = [one for one in placed if one != beside]
            pairs += [
                (one, beside) if phrase.side == _LEFT else (beside, one)
                for one in found
                if phrase.side != _MIDDLE
            ]
        else:
            found = [one for one in placed if one not in sides]
            sides.update(dict.fromkeys(found, phrase.side))
        if found:
            scene.mark([Match("", phrase.start, phrase.end)])
    order = sorted(range(len(cast)), key=lambda one: (text.mentioned(one), one))
    return tuple(_in_order(_by_side(order, sides), pairs))


class _Text:
    """A text whose words may name the characters of a cast."""

    def __init__(self, words: Sequence[str], names: Sequence[frozenset[str]]) -> None:
        self._words = words
        self._who = [
            next((one for one, name in enumerate(names) if word in name), None) for word in words
        ]

    def mentioned(self, one: int) -> int:
        """Returns the position of a character's first mention; the text's length for none."""
        return self._who.index(one) if one in self._who else len(self._words)

    def phrases(self) -> Iterator[_Side]:
        """Yields the phrases that place somebody, such as `on the left`."""
        for at, word in enumerate(self._words):
            if word not in _SIDES:
                continue
            start = at
            while start and self._words[start - 1] in _ARTICLES:
                start -= 1
            before = self._word(start - 1)
            follower = self._word(at + 1)
            if follower == "of":
                if (self._word(start - 2) if before in _ARE else before) in _REST:
                    continue
                start -= before in _PLACED
                yield _Side(_SIDES[word], start, at + 2, before)
            elif self._whose(start) is not None:
                yield _Side(_SIDES[word], start - 2, at + 1, self._word(start - 2))
            elif before in _PLACED and start < at and self._ends(at + 1):
                if before == "to" and self._word(start - 2).startswith(_TURNING):
                    continue
                yield _Side(_SIDES[word], start - 1, at + 1 + (follower in _GROUND), before)

    def beside(self, phrase: _Side) -> int | None:
        """Returns the character whose left or right a phrase names."""
        if self._word(phrase.end - 1) == "of":
            following = self._who[phrase.end : phrase.end + 4]
            return next((one for one in following if one is not None), None)
        named = self._who[phrase.start : phrase.end]
        return next((one for one in named if one is not None), None)

    def placed(self, phrase: _Side) -> list[int]:
        """Returns the characters that a phrase places: those before it, or those after it."""
        if self._leads(phrase):
            return self._joined(range(phrase.end, len(self._words)))
        return self._joined(range(phrase.start - 1, -1, -1))

    def _leads(self, phrase: _Side) -> bool:
        """Returns whether a phrase opens its clause: `on the left, Mia waves`."""
        before = self._word(phrase.start - 1)
        if not before or before in _STOPS:
            return True
        if before not in _JOINS:
            return False
        for at in range(phrase.end, min(phrase.end + 3, len(self._words))):
            if self._who[at] is not None:
                return True
            if self._words[at] in _STOPS | {","}:
                return False
        return False

    def _joined(self, places: range) -> list[int]:
        """Returns the first character met in its sentence, and those joined to it by `and`."""
        found: list[int] = []
        for at in places:
            word, one = self._words[at], self._who[at]
            if word in _STOPS or (found and one is None and word not in {"and", ","}):
                break
            if one is not None and one not in found:
                found.append(one)
        return found

    def _whose(self, start: int) -> int | None:
        """Returns the character before a side after a preposition: `on Mia's left`."""
        placed = start >= 2 and self._words[start - 2] in {"on", "at", "to"}
        return self._who[start - 1] if placed else None

    def _ends(self, at: int) -> bool:
        """Returns whether a side's phrase ends before a position: not `on the left foot`."""
        word = self._word(at)
        silent = word in SILENT or word in _STOPS or word in _JOINS
        known = at < len(self._who) and self._who[at] is not None
        return not word or silent or known or word in _GROUND or word in _STANDING

    def _word(self, at: int) -> str:
        return self._words[at] if 0 <= at < len(self._words) else ""


def _names(cast: Sequence[Description]) -> list[frozenset[str]]:
    """Returns the words that each character alone is called by."""
    named = [set(words_of(one.name)) - SILENT - _JOINS for one in cast]
    called = [{*words, *_nouns(one)} for words, one in zip(named, cast, strict=True)]
    often = Counter(word for words in called for word in words)
    return [frozenset(word for word in words if often[word] == 1) for words in called]


def _nouns(one: Description) -> Sequence[str]:
    species = words_of(one.species)
    if species and species[-1] not in {"human", "person"}:
        return species
    if one.age is None:
        return (*_CHILDREN[one.gender], *_ADULTS[one.gender])
    return (_CHILDREN if one.age < _ADULT else _ADULTS)[one.gender]


def _by_side(order: Sequence[int], sides: dict[int, int]) -> list[int]:
    """Returns an order with the left ones first, the right ones last, a middle one between."""
    left = [one for one in order if sides.get(one) == _LEFT]
    right = [one for one in order if sides.get(one) == _RIGHT]
    middle = [one for one in order if sides.get(one) == _MIDDLE]
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
