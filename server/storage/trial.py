"""A trial: a storage is used once as it will be used, before anything depends on it."""

import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import UUID, uuid4

from server.storage.base import (
    KeyTaken,
    ObjectMissing,
    Storage,
    StorageRefused,
    StorageUnavailable,
)
from server.storage.keys import object_key

PICTURE_BYTES = 4 * 1024 * 1024
"""About what the files of one picture take: what has no room for one, or a limit below, fails."""

NOBODY = UUID(int=0)
"""The user of objects that are written to try a storage."""

_TYPE = "image/png"


async def use(
    storage: Storage, size: int, read: Callable[[str], Awaitable[None]] | None = None
) -> bool:
    """Writes an object of `size` bytes, reads it, also as callers do by `read`, and removes it.

    Returns whether a second write of its key was refused. The key is that of an attempt of nobody,
    so that what a crash leaves is swept as what an attempt leaves.
    """
    data = os.urandom(size)
    key = object_key(NOBODY, uuid4(), 0, data, _TYPE)
    try:
        await storage.put(key, data, _TYPE)
        if await storage.get(key) != data:
            raise StorageRefused(f"read {key}", "it answers with other bytes than were written")
        if read is not None:
            await read(key)
        kept = await _keeps(storage, key)
        await storage.delete(key)
        with suppress(ObjectMissing):
            await storage.get(key)
            raise StorageRefused(f"delete {key}", "the object is still there")
    except BaseException:
        # Half a write may be there; one that was refused is not, and is no second problem.
        with suppress(StorageUnavailable):
            await storage.delete(key)
        raise
    return kept


async def _keeps(storage: Storage, key: str) -> bool:
    try:
        await storage.put(key, b"other bytes", _TYPE)
    except KeyTaken:
        return True
    return False
