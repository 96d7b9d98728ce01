"""The seam between the house and its object storage."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

from imggen.v1 import errors_pb2
from server.errors import ImggenError, NotFound, Unavailable

CHUNK_SIZE = 256 * 1024


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Is what a listing says of one object; `size` is in bytes, `modified` is aware."""

    key: str
    size: int
    modified: datetime


class ObjectMissing(NotFound):
    """Says that the storage holds nothing under the key."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"image: its bytes are gone from the storage ({key}); generate it again",
            errors_pb2.ERROR_REASON_IMAGE_NOT_FOUND,
        )
        self.key = key


class KeyTaken(ImggenError):
    """Says that other bytes are stored under the key; what is stored is never overwritten."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"{key}: other bytes are stored under this key; a key is written once",
            errors_pb2.ERROR_REASON_STORE_FAILED,
        )
        self.key = key


class StorageUnavailable(Unavailable):
    """Says that the storage did not do what it was asked; its cause has the details."""

    def __init__(self, action: str, problem: str) -> None:
        super().__init__(
            f"storage: could not {action} ({problem}); try again",
            errors_pb2.ERROR_REASON_STORAGE_UNAVAILABLE,
            retry_after=timedelta(seconds=1),
        )


class Storage(Protocol):
    """Keeps bytes under keys that are written once, and hands out addresses for them.

    Every method that takes a key raises ValueError for one that `keys.check_key` refuses,
    and every method that awaits raises StorageUnavailable when the storage is away.
    """

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        """Stores the bytes, whole or not at all; raises KeyTaken for other bytes than are there.

        `content_type` must be the one that the key's ending says, else ValueError is raised.
        """
        ...

    async def get(self, key: str) -> bytes:
        """Returns the bytes; raises ObjectMissing."""
        ...

    def stream(self, key: str, chunk_size: int = CHUNK_SIZE) -> AsyncGenerator[bytes, None]:
        """Yields the bytes in chunks of at most `chunk_size`; raises ObjectMissing.

        Close what you do not read to its end: `async with aclosing(...)`.
        """
        ...

    async def delete(self, key: str) -> None:
        """Removes the object; one that is not there is removed already."""
        ...

    def list(self, prefix: str, older_than: datetime) -> AsyncGenerator[StoredObject, None]:
        """Yields the objects under a prefix of whole parts, in no certain order.

        `prefix` is empty or ends with a slash. Objects that were written at `older_than` or
        later are left out.
        """
        ...

    def sign(self, key: str, expires_at: datetime) -> str:
        """Returns an address that reads the object until `expires_at` and needs no token.

        It is computed here, without a call, whether or not the object exists. Raises
        ValueError when `expires_at` has passed.
        """
        ...

    def sign_cdn(self, key: str, expires_at: datetime) -> str:
        """Returns the same as `sign`, through the CDN where there is one."""
        ...

    async def check(self) -> None:
        """Returns when the storage can be read and written to."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
