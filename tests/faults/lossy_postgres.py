"""A proxy to Postgres that drops notifications, or answers along with their connections."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit

_NOTIFICATION = b"A"  # NotificationResponse of the protocol's version 3
_HEADER = 5  # a type letter, and 4 bytes of length, which counts itself but not the letter


class LossyPostgresProxy:
    """A proxy of connections to a Postgres.

    While `drops_notifications` is set, notifications are dropped and counted in `lost`. The next
    `cut_answers` answers are lost with their connections, after their statements took effect.
    """

    def __init__(self, socket: str) -> None:
        self.lost = 0
        self.drops_notifications = False
        self.cut_answers = 0
        self.cut = 0
        self._socket = socket

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carries one connection until either side ends it."""
        upstream_reader, upstream = await asyncio.open_unix_connection(self._socket)
        pumps = [
            asyncio.create_task(_pump(reader, upstream)),
            asyncio.create_task(self._filter(upstream_reader, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for side in (writer, upstream):
                side.transport.abort()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _filter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                header = await reader.readexactly(_HEADER)
                body = await reader.readexactly(int.from_bytes(header[1:], "big") - 4)
                if self.cut_answers > 0:
                    self.cut_answers -= 1
                    self.cut += 1
                    return
                if self.drops_notifications and header[:1] == _NOTIFICATION:
                    self.lost += 1
                    continue
                writer.write(header + body)
                await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()


@asynccontextmanager
async def lossy_postgres_proxy(
    server: str,
) -> AsyncIterator[tuple[LossyPostgresProxy, Callable[[str], str]]]:
    """Yields a proxy to a server, and a function that routes a database's URL through it."""
    [folder] = parse_qs(urlsplit(server).query)["host"]
    proxy = LossyPostgresProxy(f"{folder}/.s.PGSQL.5432")
    listening = await asyncio.start_server(proxy.carry, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]

    def through(database: str) -> str:
        parts = urlsplit(database)
        credentials = parts.netloc.rpartition("@")[0]
        return f"postgresql://{credentials}@127.0.0.1:{port}{parts.path}?sslmode=disable"

    try:
        yield proxy, through
    finally:
        listening.close()
        await listening.wait_closed()
