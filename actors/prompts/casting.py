"""The cast of a picture: who is drawn on it, and who is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from actors.prompts.acting import actions
from actors.prompts.looks import name_of
from actors.prompts.reading import SILENT, words_of
from actors.prompts.told import SHOWN, Told
from actors.storybook.animals import COATS
from actors.storybook.attributes import Character
from actors.storybook.table import Match
from actors.storybook.vocabulary.looks import FURS, VAGUE
from actors.storybook.vocabulary.people import EVERYBODY
from server.domain.characters import Description
from server.domain.ids import CharacterId
from server.domain.scenes import Figure, LossKind, Scene
from server.domain.spec import RenderSpec

SLOTS = 2
"""The most figures of a picture: where three were asked for, the checkpoint drew two, 12 of 12."""
_NO_CHARACTER = CharacterId(UUID(int=0))
_ARTICLES = frozenset({"a", "an", "the"})
_NUMBERS = frozenset({"two", "three", "four", "five", "many", "several", "some", "few", "all"})


@dataclass(frozen=True, slots=True)
class Cast:
    """The figures of a picture with their descriptions, from left to right.

    `extra` is the one that is drawn as its only figure, if any; `told` is what the scene says of
    those who are not drawn.
    """

    figures: tuple[Figure, ...]
    descriptions: tuple[Description, ...]
    told: tuple[Told, ...]
    extra: str = ""

    @property
    def names(self) -> list[str]:
        """The names of the figures."""
        return [one.name for one in self.descriptions]


def cast_of(spec: RenderSpec, scene: Scene) -> Cast:
    """Returns the first figures of a scene, else its first extra that can be drawn."""
    if not spec.characters:
        return _without_figures(scene)
    acting = {figure.character: figure for figure in scene.figures}
    ids = [CharacterId(one.id) for one in spec.characters]
    figures = [acting.get(one, Figure(one)) for one in ids]
    descriptions = [one.description for one in spec.characters]
    left = zip(figures[SLOTS:], descriptions[SLOTS:], strict=True)
    return Cast(
        tuple(figures[:SLOTS]),
        tuple(descriptions[:SLOTS]),
        tuple(told for figure, one in left for told in _left_out(figure, one)),
    )


def extras_of(scene: Scene, cast: Cast, drawn: Sequence[Character]) -> list[Told]:
    """Returns what is told of the extras of a scene, one of whom may be drawn."""
    told = []
    for extra in dict.fromkeys(scene.extras):
        if extra != cast.extra:
            told.append(Told(extra, LossKind.EXTRA))
            continue
        became = name_of(drawn[0]) if _is_bent(extra) else ""
        told.append(Told(extra, LossKind.EXTRA, SHOWN, became))
    return told


def _without_figures(scene: Scene) -> Cast:
    for extra in scene.extras:
        found = _somebody(extra)
        if found is None:
            continue
        animal = found.meaning in COATS
        said = " ".join(word for word in words_of(extra) if word not in _ARTICLES)
        features = () if animal else (found.meaning,)
        one = Description(name="", species=said if animal else "", features=features)
        return Cast((Figure(_NO_CHARACTER),), (one,), (), extra)
    return _nobody()


def _nobody() -> Cast:
    """Returns whom a picture of nobody shows: the checkpoint draws no empty places."""
    told = Told("nobody", LossKind.CHARACTER, SHOWN, "a girl")
    return Cast((Figure(_NO_CHARACTER),), (Description(name=""),), (told,))


def _left_out(figure: Figure, description: Description) -> list[Told]:
    """Returns what is told of a character for whom there is no room."""
    worn = [Told(one, LossKind.CLOTHING) for one in figure.wearing]
    return [Told(description.name, LossKind.CHARACTER), *actions(figure), *worn]


def _somebody(extra: str) -> Match | None:
    """Returns the last one that the words name."""
    return next(iter(reversed(list(EVERYBODY.matches(words_of(extra))))), None)


def _is_bent(extra: str) -> bool:
    """Returns whether an extra is drawn as something else, or is more than one."""
    said, found = words_of(extra), _somebody(extra)
    if found is None or found.bent:
        return True
    last = said[found.end - 1]
    many = last.endswith("s") and not last.endswith(("ss", "mrs"))
    furs = {word for phrase in FURS.phrases for word in phrase}
    plain = SILENT | VAGUE | (furs if found.meaning in COATS else frozenset())
    others = [*said[: found.start], *said[found.end :]]
    return many or not _NUMBERS.isdisjoint(others) or not plain.issuperset(others)
