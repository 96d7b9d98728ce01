"""The interface of the object storage."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

from imggen.v1 import errors_pb2
from server.errors import Internal, NotFound, Unavailable

CHUNK_SIZE = 256 * 1024


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as a listing has it; `size` is in bytes, `modified` has a time zone."""

    key: str
    size: int
    modified: datetime


class ObjectMissing(NotFound):
    """Raised when the storage has no object under the key."""

    def __init__(self, key: str) -> None:
        super().__init__(
            "image: its bytes are gone from the storage; generate it again",
            errors_pb2.ERROR_REASON_IMAGE_NOT_FOUND,
        )
        self.key = key


class KeyTaken(Internal):
    """Raised when other bytes are stored under the key, which is never overwritten."""

    def __init__(self, key: str) -> None:
        super().__init__(
            "storage: other bytes are stored under the picture's key; a key is written once",
            errors_pb2.ERROR_REASON_STORE_FAILED,
        )
        self.key = key


class StorageUnavailable(Unavailable):
    """Raised when the storage failed to do what it was asked; the cause has the details."""

    advice = "try again"

    def __init__(self, action: str, problem: str) -> None:
        super().__init__(
            f"storage: could not {_without_key(action)} ({problem}); {self.advice}",
            errors_pb2.ERROR_REASON_STORAGE_UNAVAILABLE,
            retry_after=timedelta(seconds=1),
        )
        self.action = action
        self.problem = problem

    def during(self, action: str) -> Self:
        """Returns this failure as that of the action that it was a step of."""
        return type(self)(action, f"{self.action.partition(' ')[0]}: {self.problem}")


class StorageRefused(StorageUnavailable):
    """Raised when the storage will answer the same until somebody mends it.

    No other try helps: a wrong secret, a missing bucket, a folder that is read-only.
    """

    advice = "mend it, since another try gets the same answer"


class StorageFull(StorageRefused):
    """Raised when the storage has no room, which no changed setting gives it."""

    advice = "make room"


def _without_key(action: str) -> str:
    """Returns an action without the key that it was for: callers read it, and users are in keys."""
    verb, _, what = action.partition(" ")
    return f"{verb} a picture" if "/" in what else action


class Storage(Protocol):
    """Keeps bytes under keys that are written once, and hands out URLs for them.

    Every method that takes a key raises ValueError for one that `keys.check_key` refuses,
    and every method that awaits raises StorageUnavailable when the storage is away.
    """

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        """Stores the bytes, whole or not at all; raises KeyTaken if others are stored there.

        Raises ValueError if `content_type` is not the one of the key's ending.
        """
        ...

    async def get(self, key: str) -> bytes:
        """Returns the bytes; raises ObjectMissing."""
        ...

    def stream(self, key: str, chunk_size: int = CHUNK_SIZE) -> AsyncGenerator[bytes, None]:
        """Yields the bytes in chunks of at most `chunk_size`; raises ObjectMissing.

        Close it if you do not read to the end: `async with aclosing(...)`.
        """
        ...

    async def delete(self, key: str) -> None:
        """Removes the object; does nothing if it does not exist."""
        ...

    def list(self, prefix: str, older_than: datetime) -> AsyncGenerator[StoredObject, None]:
        """Yields the objects under a prefix that were written before `older_than`, unordered.

        `prefix` is empty, or whole parts that end with a slash.
        """
        ...

    def sign(self, key: str, expires_at: datetime) -> str:
        """Returns a URL that reads the object until `expires_at` and needs no token.

        It is computed without I/O, whether or not the object exists. Raises ValueError when
        `expires_at` has passed.
        """
        ...

    def sign_cdn(self, key: str, expires_at: datetime) -> str:
        """Returns a URL as `sign` does, through the CDN if there is one."""
        ...

    def lasting(self, expires_at: datetime) -> datetime:
        """Returns until when URLs work that are signed now for `expires_at`.

        That is earlier where the credentials that sign them end. Raises StorageUnavailable when
        they have ended.
        """
        ...

    async def check(self) -> None:
        """Returns when the storage can be used in every way that it will be, by using it once.

        Raises StorageRefused when only a person can mend what is wrong.
        """
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
