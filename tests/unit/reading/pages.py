"""Pages that tests have read: a small cast, and how a page's text is read with it."""

from collections.abc import Sequence
from uuid import UUID

from actors.extractors.rules.reader import RuleReader
from server.domain.characters import Description, FrozenCharacter, Gender
from server.domain.scenes import Figure, Scene

CAST = (
    Description("Mia", species="human", gender=Gender.FEMALE, age=6),
    Description("Tom", species="human", gender=Gender.MALE, age=7),
    Description("Grandma", species="human", gender=Gender.FEMALE, age=70),
    Description("Bruno", species="bear", gender=Gender.MALE),
)


def read(text: str, before: Sequence[str] = (), cast: Sequence[Description] = CAST) -> Scene:
    """Returns the scene of a page."""
    frozen = [FrozenCharacter(UUID(int=place), 1, one) for place, one in enumerate(cast, 1)]
    return RuleReader().read(text, frozen, before)


def figure(scene: Scene, name: str, cast: Sequence[Description] = CAST) -> Figure:
    """Returns the figure of a character; raises StopIteration where it is not on the picture."""
    wanted = next(UUID(int=place) for place, one in enumerate(cast, 1) if one.name == name)
    return next(one for one in scene.figures if one.character == wanted)
