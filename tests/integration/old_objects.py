"""Objects that were stored long ago, and a database that was in use then."""

import os
import secrets
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from server.storage import object_key
from server.storage.folder import FolderStorage
from server.store import Store

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def in_use(store: Store, moment: datetime, *, until: datetime | None = None) -> None:
    """Puts into the record that the database was in use then, for an hour before and after."""
    began, ended = (moment - HOUR, moment + HOUR) if until is None else (moment, until)
    await store.database.execute(
        "INSERT INTO database_use (id, began_at, seen_at) VALUES (gen_random_uuid(), $1, $2)",
        began,
        ended,
    )


async def lost_object(storage: FolderStorage, moment: datetime = LONG_AGO) -> str:
    """Stores an object of an attempt that no database knows, at that time; returns its key."""
    data = secrets.token_bytes(16)
    key = object_key(uuid4(), uuid4(), 1, data, "image/png")
    await storage.put(key, data, "image/png")
    age(storage, key, moment)
    return key


def age(storage: FolderStorage, key: str, moment: datetime = LONG_AGO) -> None:
    """Makes an object as old as one that was stored then."""
    os.utime(storage.path(key), (moment.timestamp(), moment.timestamp()))


async def all_keys(storage: FolderStorage) -> list[str]:
    """Returns the keys of all objects."""
    soon = datetime.now(UTC) + timedelta(minutes=1)
    return sorted([found.key async for found in storage.list("", soon)])
