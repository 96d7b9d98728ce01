"""A proxy to Postgres on which notifications are lost, or answers with their connections."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit

_NOTIFICATION = b"A"  # NotificationResponse of the protocol's version 3
_HEADER = 5  # a letter, and the length of the rest with itself, 4 bytes


class LossyPostgresProxy:
    """Carries connections to a Postgres.

    While it is `deaf` it drops notifications and counts them; `cut_answers` says how many of the
    next answers are lost, each with its connection, after the statement has had its effect.
    """

    def __init__(self, socket: str) -> None:
        self.lost = 0
        self.deaf = False
        self.cut_answers = 0
        self.cut = 0
        self._socket = socket

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carries one connection until either side ends it."""
        back, forth = await asyncio.open_unix_connection(self._socket)
        pumps = [
            asyncio.create_task(_pump(reader, forth)),
            asyncio.create_task(self._filter(back, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in (writer, forth):
                end.transport.abort()
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
                if self.deaf and header[:1] == _NOTIFICATION:
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
    """Gives such a proxy to a server, and what turns the URL of a database into one through it."""
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
