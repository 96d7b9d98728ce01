"""A proxy to Postgres that a test can cut, restore, and freeze."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit


class CuttablePostgres:
    """A proxy of connections to a Postgres; while it is cut, it aborts them and accepts none.

    What it froze stays open and carries nothing any more, as when a firewall forgets a connection;
    the next ones are carried.
    """

    def __init__(self, socket: str) -> None:
        self.refused = 0
        self._socket = socket
        self._cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._frozen: set[asyncio.StreamWriter] = set()

    def freeze(self) -> int:
        """Stops carrying what is connected; returns how many connections that are."""
        self._frozen |= self._writers
        return len(self._writers) // 2

    def cut(self) -> None:
        """Aborts every connection, and each new one at once."""
        self._cut = True
        for writer in self._writers:
            writer.transport.abort()

    def restore(self) -> None:
        """Accepts connections again."""
        self._cut = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carries one connection until either side ends it."""
        if self._cut:
            self.refused += 1
            writer.transport.abort()
            return
        upstream_reader, upstream = await asyncio.open_unix_connection(self._socket)
        sides = {writer, upstream}
        self._writers |= sides
        try:
            pumps = [
                asyncio.create_task(self._pump(reader, upstream)),
                asyncio.create_task(self._pump(upstream_reader, writer)),
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for side in sides:
                side.transport.abort()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._writers -= sides
            self._frozen -= sides

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while some := await reader.read(65536):
                if writer in self._frozen:
                    # Its end is lost as well.
                    await asyncio.Event().wait()
                writer.write(some)
                await writer.drain()


@asynccontextmanager
async def cuttable_postgres(database_url: str) -> AsyncIterator[tuple[CuttablePostgres, str]]:
    """Yields a proxy to a database's server, and the database's URL through it."""
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
