"""The acting of the characters in a scene: their expression, view and pose."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from actors.prompts.reading import SILENT, Reading, words_of
from actors.storybook import vocabulary as words
from actors.storybook.attributes import Expression, Pose, View
from actors.storybook.table import Match

_SENTENCE_ENDS = frozenset({".", "!", "?", ";"})
_JOINS = frozenset({"and", ","})
_PRONOUNS = frozenset({"he", "she", "it", "they", "who", "both"})
_CLOSE = frozenset({Pose.STANDING, View.FRONT, View.THREE_QUARTER, View.SIDE})
"""The poses and views of a close-up; the others would be outside it, or hide the face."""


@dataclass(frozen=True, slots=True)
class Acting:
    """One character's acting; an expression of None is left to the character's traits."""

    expression: Expression | None = None
    view: View = View.FRONT
    pose: Pose = Pose.STANDING


def read_acting(
    scene: Reading, names: Sequence[str], *, whole: bool
) -> tuple[list[Acting], tuple[str, ...]]:
    """Returns the acting of each named character in a scene, and the words that cannot be shown.

    Words after a name in its sentence apply to that character, words after `Mia and Tom` to
    both, words after no name to all. Arms and backs are shown only of `whole` figures.
    """
    who = [frozenset(words_of(name)) - SILENT - _JOINS for name in names]
    # Arms first, so that `Mia waves` is not read as the sea.
    arms = [*scene.take_after(words.WAVES, _somebody(who)), *scene.find(words.POSES)]
    views = scene.find(words.VIEWS)
    unseen: list[Match] = []
    if not whole:
        unseen = [match for match in (*arms, *views) if match.meaning not in _CLOSE]
        scene.mark(unseen)
    poses = _shared(scene, [match for match in arms if match not in unseen], who)
    sides = _shared(scene, [match for match in views if match not in unseen], who)
    moods = _shared(scene, scene.find(words.EXPRESSIONS), who)
    return [
        Acting(
            Expression(mood) if mood else None,
            View(side) if side else View.FRONT,
            Pose(pose) if pose else Pose.STANDING,
        )
        for mood, side, pose in zip(moods, sides, poses, strict=True)
    ], tuple(scene.said(match) for match in unseen)


def _somebody(who: Sequence[Collection[str]]) -> set[str]:
    """Returns the words that may name someone who waves."""
    nouns = {word for phrase in words.EVERYBODY.phrases for word in phrase}
    return {*_PRONOUNS, *nouns, *frozenset().union(*who)}


def _shared(
    scene: Reading, matches: Sequence[Match], who: Sequence[Collection[str]]
) -> list[str | None]:
    """Returns each character's most frequent meaning, else the most frequent one said of all.

    Matches that end up with no character stay unread.
    """
    often = Counter(match.meaning for match in matches)
    own: list[str | None] = [None] * len(who)
    common: str | None = None
    for match in sorted(matches, key=lambda match: (-often[match.meaning], match.start)):
        owners = _owners(scene.words, match, who)
        if not owners:
            common = common or match.meaning
        for owner in owners:
            own[owner] = own[owner] or match.meaning
    done = [meaning or common for meaning in own]
    scene.mark(match for match in matches if match.meaning in done)
    return done


def _owners(text: Sequence[str], match: Match, who: Sequence[Collection[str]]) -> set[int]:
    """Returns the last character named before a match, and those joined to it."""
    owners: set[int] = set()
    for word in reversed(text[: match.start]):
        if word in _SENTENCE_ENDS:
            break
        named = {index for index, name in enumerate(who) if word in name}
        if owners and not named and word not in _JOINS:
            break
        owners |= named
    return owners
