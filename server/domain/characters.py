"""Characters and the frozen descriptions that travel with a job."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from server.domain.etags import etag
from server.domain.ids import CharacterId, ImageId


class Gender(StrEnum):
    """The gender that a character is drawn with."""

    UNSPECIFIED = "unspecified"
    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True, slots=True)
class Description:
    """What a character looks like: all that a prompt may say of it, and nothing else."""

    name: str
    age: int | None = None
    gender: Gender = Gender.UNSPECIFIED
    species: str = ""
    hair: str = ""
    eyes: str = ""
    skin: str = ""
    clothing: str = ""
    features: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Character:
    """A character of a user.

    `description_version` counts changes of what it looks like, `revision` all changes.
    """

    id: CharacterId
    description: Description
    description_version: int
    revision: int
    reference_image_id: ImageId | None
    reference_stale: bool
    created_at: datetime
    updated_at: datetime

    @property
    def etag(self) -> str:
        """The version that callers see."""
        return etag(self.id, self.revision)


@dataclass(frozen=True, slots=True)
class FrozenCharacter:
    """A character as it was when a job was admitted."""

    id: UUID
    version: int
    description: Description
