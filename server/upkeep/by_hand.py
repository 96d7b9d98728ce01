"""A sweep by hand: what a restored database does not know is looked at, and removed if wanted."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from sys import maxsize

from server.databases import Address
from server.storage import StorageSettings, open_storage
from server.store import open_store
from server.upkeep.orphans import Findings, Search
from server.upkeep.sweep import Sweeper
from server.upkeep.usage import CLOCKS_DIFFER

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sweep by hand removes: nothing, orphans of any number, or also the unrecorded."""

    removes: bool
    unrecorded: bool = False


async def sweep_by_hand(
    where: str | Address, storage_settings: StorageSettings, wanted: Wanted
) -> list[str]:
    """Searches the whole storage, removes what is wanted, and returns what to tell of it.

    Raises Unavailable when the database or the storage is away, and RuntimeError while a gateway
    sweeps.
    """
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(where, max_connections=2))
        storage = await stack.enter_async_context(open_storage(storage_settings, store.clock))
        statements = await stack.enter_async_context(store.alone("sweep"))
        if statements is None:
            raise RuntimeError("a gateway is sweeping at this moment; repeat the command")
        found = await Search(storage, _AT_ONCE).go_on(statements, maxsize)
        assert found is not None, "all of the storage was searched"
        told = list(_told(found))
        if not wanted.removes:
            return [*told, "nothing was removed"]
        keys = [*found.orphans, *(found.unrecorded if wanted.unrecorded else ())]
        removed = await Sweeper(store, storage).remove(statements, keys)
        return [*told, f"{removed} objects were removed"]


def _told(found: Findings) -> Iterator[str]:
    if abs(found.ahead) >= CLOCKS_DIFFER:
        seconds = found.ahead.total_seconds()
        yield f"the storage's clock is {seconds:+,.0f} s from the database's: correct it"
    yield f"{found.listed} objects of imggen that are older than a day"
    yield f"{len(found.orphans)} of them the database does not know, though it was in use"
    yield (
        f"{len(found.unrecorded)} of them it does not know, from a time at which it was not in use"
        " by its own record: before a restore, or by another database"
    )
    if found.foreign:
        yield f"{found.foreign} other objects, which are left alone, such as {found.example}"
