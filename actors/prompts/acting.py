"""The acting of the figures of a scene: their expression, view and pose."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from actors.prompts.reading import SILENT, Reading, words_of
from actors.prompts.told import SHOWN, Told
from actors.storybook.attributes import Expression, Pose, View
from actors.storybook.table import Match, Table
from actors.storybook.vocabulary import acting as words
from server.domain.scenes import Figure, LossKind

_SENTENCE_ENDS = frozenset({".", "!", "?", ";"})
_JOINS = frozenset({"and", ","})
_OWNERS = frozenset({"her", "his", "its", "their", "the", "a", "an", "both", "my", "your"})
_CLOSE = frozenset({Pose.STANDING, View.FRONT, View.THREE_QUARTER, View.SIDE})
"""The poses and views of a close-up; the others would be outside it, or hide the face."""
_PARTS = ((words.EXPRESSIONS, "expression"), (words.TURNS, "view"), (words.ARMS, "pose"))


@dataclass(frozen=True, slots=True)
class Acting:
    """One figure's acting; an expression of None is left to the character's traits."""

    expression: Expression | None = None
    view: View = View.FRONT
    pose: Pose = Pose.STANDING
    told: tuple[Told, ...] = ()


def read_acting(
    figures: Sequence[Figure], names: Sequence[str], told: Reading, around: str, *, whole: bool
) -> list[Acting]:
    """Returns the acting of each named figure.

    Views and poses that the figures do not say come from the text that is `told`: words after a
    name in its sentence apply to that figure, words after `Mia and Tom` to both, words after no
    name to all. Arms and backs are shown only of `whole` figures. `around` are the words of all
    else in the scene, which an action may name.
    """
    who = [frozenset(words_of(name)) - SILENT - _JOINS for name in names]
    poses = _shared(told, told.find(words.POSES), who)
    views = _shared(told, told.find(words.VIEWS), who)
    known = {*words_of(around), *frozenset().union(*who)} | SILENT | words.GREETINGS
    return [
        _acted(figure, view, pose, known, whole=whole)
        for figure, view, pose in zip(figures, views, poses, strict=True)
    ]


def actions(figure: Figure) -> Iterator[Told]:
    """Yields the acting of a figure that is not in the picture."""
    for action in figure.doing:
        yield Told(action, LossKind.ACTION)
    if figure.mood is not None:
        yield Told(str(figure.mood), LossKind.MOOD)


def _acted(
    figure: Figure, view: str | None, pose: str | None, known: Collection[str], *, whole: bool
) -> Acting:
    """Returns a figure's acting; its mood is first, then its first action for each part."""
    found: dict[str, str | None] = {"view": view, "pose": pose}
    told: list[Told] = []
    if figure.mood is not None:
        shown, bent = words.MOODS[figure.mood]
        found["expression"] = shown
        became = str(shown) if bent else ""
        told.append(Told(str(figure.mood), LossKind.MOOD, "expression", became))
    for part, said in (("view", view), ("pose", pose)):
        if said is not None and not whole and said not in _CLOSE:
            told.append(Told(said, LossKind.ACTION))
            found[part] = None
    for action in figure.doing:
        told += _told(action, figure, found, known, whole=whole)
    expression = found.get("expression")
    return Acting(
        Expression(expression) if expression else None,
        View(found["view"] or View.FRONT),
        Pose(found["pose"] or Pose.STANDING),
        tuple(told),
    )


def _told(
    action: str,
    figure: Figure,
    found: dict[str, str | None],
    known: Collection[str],
    *,
    whole: bool,
) -> Iterator[Told]:
    """Yields what an action tells, and adds the value that shows it if none was found before."""
    said = [word for word in words_of(action) if word not in _OWNERS]
    if _is_of(words.HOLDING, said, figure.holding):
        return  # what is held is told of the thing
    if _is_of(words.DRESSING, said, (*figure.wearing, *figure.without)):
        yield Told(action, LossKind.ACTION, SHOWN)
        return
    part, match = _shown(said)
    if match is None or (not whole and match.meaning not in (*_CLOSE, *Expression)):
        yield Told(action, LossKind.ACTION)
        return
    became = "" if set(said[match.end :]) <= set(known) and not match.bent else match.meaning
    if match.meaning == Pose.STANDING:
        # Everybody stands, also who waves.
        yield Told(action, LossKind.ACTION, SHOWN, became)
        return
    found[part] = found.get(part) or match.meaning
    if found[part] == match.meaning:
        yield Told(action, LossKind.ACTION, part, became)
    else:
        yield Told(action, LossKind.ACTION)


def _shown(said: Sequence[str]) -> tuple[str, Match | None]:
    """Returns the part of a figure that shows an action, by the words that the action begins."""
    for table, part in _PARTS:
        match = next(iter(table.matches(said)), None)
        if match is not None and match.start == 0:
            return part, match
    return "", None


def _is_of(verbs: Table, said: Sequence[str], things: Sequence[str]) -> bool:
    """Returns whether an action does to some things what one of the verbs says, and no more."""
    match = next(iter(verbs.matches(said)), None)
    if match is None or match.start > 0 or not things:
        return False
    known = {word.rstrip("s") for thing in things for word in words_of(thing)}
    rest = {word.rstrip("s") for word in said[match.end :] if word not in SILENT | words.HANDS}
    return bool(rest) and rest <= known


def _shared(
    scene: Reading, matches: Sequence[Match], who: Sequence[Collection[str]]
) -> list[str | None]:
    """Returns each figure's most frequent meaning, else the most frequent one said of all.

    Matches that end up with no figure stay unread.
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
    """Returns the last figure named before a match, and those joined to it."""
    owners: set[int] = set()
    for word in reversed(text[: match.start]):
        if word in _SENTENCE_ENDS:
            break
        named = {index for index, name in enumerate(who) if word in name}
        if owners and not named and word not in _JOINS:
            break
        owners |= named
    return owners
