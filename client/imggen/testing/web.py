"""The fake's web server, which serves the URLs of its images."""

import asyncio

from imggen.fields import short_names
from imggen.testing.assets import Asset, asset_of
from imggen.testing.memory import Memory
from imggen.v1.image_pb2 import IMAGE_STATUS_COMPLETED, AssetKind

_KINDS = short_names(AssetKind)


class Web:
    """Answers `GET /<image id>/<asset kind>` on a free port of this machine."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._server: asyncio.Server | None = None
        self._port = 0

    async def start(self) -> None:
        """Starts to listen, always on the same port."""
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        self._memory.web = f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Stops to listen."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
            asset = self._asset(lines[0].split()[1])
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, IndexError):
            asset = None
        status = "200 OK" if asset else "404 Not Found"
        asset = asset or Asset(b"no such image\n", "text/plain")
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: {asset.content_type}\r\n"
            f"Content-Length: {len(asset.data)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + asset.data)
        writer.close()
        await writer.wait_closed()

    def _asset(self, path: str) -> Asset | None:
        image_id, _, name = path.removeprefix("/").partition("/")
        image = self._memory.images.get(image_id)
        if image is None or image.status != IMAGE_STATUS_COMPLETED or name not in _KINDS:
            return None
        drawing = self._memory.drawings[image_id]
        return asset_of(image, _KINDS[name], drawing, self._memory.prints.get(image_id))
