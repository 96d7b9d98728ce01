"""Work of one process at a time: its lock ends with it, however it ends."""

import asyncio
from contextlib import suppress

from server.store import Store, open_store

_LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 5017"


async def _alone(store: Store) -> None:
    async with store.alone("sweep"):
        pass


async def test_no_lock_stays_in_the_pool_when_its_statement_is_cancelled(database: str) -> None:
    async with (
        asyncio.timeout(60),
        open_store(database, max_connections=1) as store,
        open_store(database, max_connections=1) as other,
    ):
        for turns in range(60):
            task = asyncio.create_task(_alone(store))
            # Each time a little later: before, in, between and after its statements.
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            # Where the connection was closed, the server frees the lock in a moment.
            while (await other.database.fetch(_LOCKS))[0][0]:
                await store.styles.list()
                await asyncio.sleep(0.01)
