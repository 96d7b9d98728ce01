"""Casts and pages to read in tests."""

from collections.abc import Sequence
from uuid import UUID

from actors.extractors.rules.reader import RuleReader
from server.domain.characters import Description, FrozenCharacter, Gender
from server.domain.scenes import Scene

F, M = Gender.FEMALE, Gender.MALE

MIA = Description("Mia", age=6, gender=F, species="human")
TOM = Description("Tom", age=8, gender=M, species="human")
JOE = Description("Grandpa Joe", age=70, gender=M, species="human")
BELL = Description("Mrs. Bell", age=44, gender=F, species="human")
BISCUIT = Description("Biscuit", gender=M, species="dog")
FAMILY = (MIA, TOM, JOE, BELL, BISCUIT)

ROWAN = Description("Rowan", gender=F, species="fox")
BRAM = Description("Old Bram", gender=M, species="badger")
PIP = Description("Pip", gender=M, species="mouse")
ANIMALS = (ROWAN, BRAM, PIP)


def read(pages: str, cast: Sequence[Description]) -> Scene:
    """Returns the scene of the last of the pages, which a `||` separates."""
    *before, page = (one.strip() for one in pages.split("||"))
    return RuleReader().read(page, _frozen(cast), before)


def who_is_on(pages: str, cast: Sequence[Description]) -> list[str]:
    """Returns the names of those on the last of the pages, in the order of the alphabet."""
    names = {one.id: one.description.name for one in _frozen(cast)}
    return sorted(names[one.character] for one in read(pages, cast).figures)


def needed(labels: Sequence[str]) -> list[str]:
    """Returns the labels without those that may be left out, which end in a question mark."""
    return sorted(one for one in labels if not one.endswith("?"))


def without_optional(found: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Returns what was found without what may be left out."""
    return sorted(one for one in found if f"{one}?" not in labels)


def _frozen(cast: Sequence[Description]) -> list[FrozenCharacter]:
    return [FrozenCharacter(UUID(int=at), 1, one) for at, one in enumerate(cast, 1)]
