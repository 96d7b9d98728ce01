"""The references of characters, and what became of them on a picture."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from server.domain.ids import CharacterId, ImageId


class ReferenceUse(StrEnum):
    """What became of a character's reference on a picture; all but DRAWN leave it to words.

    MISSING: there is none in this style. STALE: it shows another version of the description than
    the job has. UNREADABLE: its file is missing, damaged or another one. LEFT_OUT: the model
    carries fewer references than the picture has characters. UNSUPPORTED: the model has no
    adapter. UNKNOWN: what only a newer worker knows.
    """

    UNKNOWN = ""

    DRAWN = "drawn"
    MISSING = "missing"
    STALE = "stale"
    UNREADABLE = "unreadable"
    LEFT_OUT = "left_out"
    UNSUPPORTED = "unsupported"

    @classmethod
    def _missing_(cls, value: object) -> "ReferenceUse":
        return cls.UNKNOWN


@dataclass(frozen=True, slots=True)
class UsedReference:
    """A character of a picture and its reference; `scale` is 0 unless it was drawn from it."""

    character_id: CharacterId
    use: ReferenceUse
    image_id: ImageId | None = None
    scale: float = 0.0


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference of a character in one style: a portrait of a version of its description.

    `key` and `sha256` are of the portrait as its model gave it. `embedding` is by the encoder that
    was asked for, as `actors.engine` writes it; None until one was computed.
    """

    id: UUID
    character_id: CharacterId
    image_id: ImageId
    description_version: int
    key: str
    sha256: str
    embedding: bytes | None = None
    unreadable: bool = False
