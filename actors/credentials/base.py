"""The interfaces of content credentials: a key signs bytes, a signer signs files of pictures."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from imggen.v1.errors_pb2 import ErrorReason
from server.domain.ids import ImageId
from server.errors import Internal


class SignerAway(Exception):
    """Raised while nothing can be signed; says why, without secrets. Another try may succeed."""


class NotSigned(Internal):
    """Raised for a file that cannot hold a manifest."""

    def __init__(self, content_type: str, why: str) -> None:
        super().__init__(
            f"content credentials: this {content_type} can hold none ({why})",
            ErrorReason.ERROR_REASON_RENDER_FAILED,
        )


@dataclass(frozen=True, slots=True)
class Given:
    """A model's picture as its provider gave it, which may have a manifest of the provider's."""

    data: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Made:
    """What a manifest tells of a picture: nothing of its content, and nobody's name.

    `parent` is the image that it is a regeneration of, `given` what its forms are made from, whose
    own manifest is kept inside; None where that says nothing.
    """

    image: ImageId
    model: str
    at: datetime
    parent: ImageId | None = None
    given: Given | None = None


class Key(Protocol):
    """Signs with a private key, which may be kept elsewhere."""

    def sign(self, data: bytes) -> bytes:
        """Returns the signature of some bytes, that of an elliptic curve as DER; blocks.

        Raises SignerAway while the key cannot be used.
        """
        ...


class PictureSigner(Protocol):
    """Puts content credentials into the files of pictures."""

    def sign(self, file: bytes, content_type: str, made: Made) -> bytes:
        """Returns the file with a signed manifest, and the same pixels; blocks.

        Each call gives other bytes. Raises SignerAway, and NotSigned.
        """
        ...

    @property
    def until(self) -> datetime:
        """When its certificate expires, after which it signs nothing."""
        ...

    def check(self) -> None:
        """Returns when files can be signed, by signing one; blocks. Raises SignerAway."""
        ...
