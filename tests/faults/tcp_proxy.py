"""A TCP proxy that injects network faults; it also stands in for a load balancer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_CHUNK = 65536


class TcpProxy:
    """A proxy of connections to a local port.

    New connections go to `target`, which may change. While `answers_lost`, answers are dropped;
    while `refusing`, connections are aborted. Each piece of data is delayed by `pause_s`. Once
    `breaks_after` more bytes have gone to the target, that connection breaks, once.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.answers_lost = False
        self.refusing = False
        self.pause_s = 0.0
        self.breaks_after: int | None = None
        self.broken = 0
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Breaks every connection."""
        self.broken += len(self._writers) // 2
        for writer in self._writers:
            writer.transport.abort()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carries one connection until either side ends it."""
        if self.refusing:
            self.broken += 1
            writer.transport.abort()
            return
        try:
            upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        sides = {writer, upstream}
        self._writers |= sides
        try:
            pumps = [
                asyncio.create_task(self._ask(reader, upstream)),
                asyncio.create_task(self._answer(upstream_reader, writer)),
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for side in sides:
                side.transport.abort()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._writers -= sides

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while some := await reader.read(_CHUNK):
                await asyncio.sleep(self.pause_s)
                if self.breaks_after is not None:
                    self.breaks_after -= len(some)
                    if self.breaks_after <= 0:
                        self.breaks_after = None
                        self.broken += 1
                        # Half of this piece arrives, so that the write is cut in its middle.
                        writer.write(some[: len(some) // 2])
                        await writer.drain()
                        return
                writer.write(some)
                await writer.drain()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while some := await reader.read(_CHUNK):
                if not self.answers_lost:
                    writer.write(some)
                    await writer.drain()


@asynccontextmanager
async def tcp_proxy_to(target: int) -> AsyncIterator[tuple[TcpProxy, int]]:
    """Yields a proxy to a port, and the port on which it listens."""
    proxy = TcpProxy(target)
    server = await asyncio.start_server(proxy.carry, "127.0.0.1", 0)
    try:
        yield proxy, server.sockets[0].getsockname()[1]
    finally:
        proxy.cut()
        server.close()
        await server.wait_closed()
