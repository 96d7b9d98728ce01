"""The write probe: whether the database can be written to, on a connection of its own.

A pool may be busy, or full of connections that nobody answers; neither says that the database is
away. One that answers reads alone, as after a failover, cannot serve calls.
"""

import asyncio
import os
import socket
from types import TracebackType
from typing import Any, Self

import asyncpg

from server.databases import Address
from server.store.connections import learn_time
from server.store.database import Database, unavailable_when_away
from server.store.pooling import single_connection

_TIMEOUT_S = 5.0

_PROBE = """
INSERT INTO write_probes (gateway, at) VALUES ($1, now())
ON CONFLICT (gateway) DO UPDATE SET at = excluded.at
"""
_FORGET = "DELETE FROM write_probes WHERE at < now() - interval '1 day'"

# A row of its own, so that it waits for nobody, and of random bytes, which are not compressed.
_ROOM = """
INSERT INTO write_probes (gateway, at, room)
SELECT $1 || ' room', now(), string_agg(uuid_send(gen_random_uuid()), '')
FROM generate_series(1, 32768)
"""


class WriteProbe:
    """Asks whether the database of a pool can be written to, while it is entered."""

    def __init__(self, where: str | Address, pool: Database) -> None:
        """Takes the pool whose connections are given up when no answer comes here."""
        self._address = Address.of(where)
        self._pool = pool
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        self._connection: asyncpg.Connection[Any] | None = None
        self._refused = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._drop()

    async def ask(self) -> None:
        """Returns when the database takes a write, and sets the clock by it.

        Raises DatabaseAway while it takes none.
        """
        try:
            with unavailable_when_away():
                async with asyncio.timeout(_TIMEOUT_S):
                    await self._write()
        except BaseException as error:
            # After an error the next connection may lead to another server, or to more rights.
            self._drop()
            self._refused = True
            if isinstance(error.__cause__, TimeoutError):
                await self._pool.expire("no answer to the write probe")
            raise
        if self._refused:
            self._refused = False
            # Sessions keep what held for them when they began, such as that they only read.
            await self._pool.expire("it takes writes again")

    async def _write(self) -> None:
        if self._connection is None or self._connection.is_closed():
            self._connection = await single_connection(self._address, self._pool.pooler, _TIMEOUT_S)
            await self._connection.execute(_FORGET)
        await self._connection.execute(_PROBE, self._name)
        await learn_time(self._connection, self._pool.clock)
        if self._pool.lacks_room:
            await self._ask_for_room(self._connection)
            self._pool.lacks_room = False

    async def _ask_for_room(self, connection: "asyncpg.Connection[Any]") -> None:
        """Raises DiskFullError while half a megabyte cannot be stored, which one row may be."""
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(_ROOM, self._name)
        await transaction.rollback()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
