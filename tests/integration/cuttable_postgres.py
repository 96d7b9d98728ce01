"""A proxy to Postgres that a test can cut, and mend again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit


class CuttablePostgres:
    """Carries connections to a Postgres; while it is cut, it breaks and takes none."""

    def __init__(self, socket: str) -> None:
        self.refused = 0
        self._socket = socket
        self._cut = False
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Breaks every connection, and each new one at once."""
        self._cut = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        """Takes connections again."""
        self._cut = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carries one connection until either side ends it."""
        if self._cut:
            self.refused += 1
            writer.transport.abort()
            return
        back, forth = await asyncio.open_unix_connection(self._socket)
        ends = {writer, forth}
        self._writers |= ends
        try:
            pumps = [
                asyncio.create_task(_pump(reader, forth)),
                asyncio.create_task(_pump(back, writer)),
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.transport.abort()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._writers -= ends


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()


@asynccontextmanager
async def cuttable_postgres(database_url: str) -> AsyncIterator[tuple[CuttablePostgres, str]]:
    """Gives a proxy to the server of a database, and the database's URL through it."""
    parts = urlsplit(database_url)
    [folder] = parse_qs(parts.query)["host"]
    proxy = CuttablePostgres(f"{folder}/.s.PGSQL.5432")
    server = await asyncio.start_server(proxy.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    credentials = parts.netloc.rpartition("@")[0]
    try:
        yield proxy, f"postgresql://{credentials}@127.0.0.1:{port}{parts.path}?sslmode=disable"
    finally:
        proxy.cut()
        server.close()
        await server.wait_closed()
