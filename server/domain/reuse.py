"""Reuse: a stored picture that answers a request, instead of one that is drawn."""

from dataclasses import dataclass

from server.domain.ids import ImageId


@dataclass(frozen=True, slots=True)
class Reuse:
    """Which stored pictures of the same content may answer a request.

    `seed` is the only one that will do; with None any will, but of a regeneration none that its
    lineage has. `place` counts the equal requests of a batch, each of which gets another picture.
    """

    seed: int | None = None
    place: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored image that answers a request, and the seed of its picture.

    `drawn` is the image that was drawn, which is another one where it was reused itself.
    """

    image_id: ImageId
    drawn: ImageId
    seed: int
