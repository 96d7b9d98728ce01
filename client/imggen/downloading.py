"""Receives the bytes of an asset, checks them, and writes files that are complete or absent."""

import asyncio
import errno
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4

from imggen.absence import Absence
from imggen.connection import Connection
from imggen.errors import DataLoss, ImggenError, Unavailable
from imggen.status import was_cut
from imggen.v1.image_pb2 import AssetHeader, DownloadImageRequest, DownloadImageResponse


class Downloads:
    """Receives assets within a deadline; one that is cut off on its way begins again.

    `timeout` and `patience` are in seconds: the first for all of it, the second for how long no try
    gets to its end.
    """

    def __init__(self, connection: Connection, timeout: float, patience: float) -> None:
        self._connection = connection
        self._timeout = timeout
        self._patience = patience

    async def receive(self, request: DownloadImageRequest, into: IO[bytes]) -> AssetHeader:
        """Writes an asset to a file and returns its header.

        Raises:
            DataLoss: The size or the SHA-256 of the bytes is not that of the header.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + self._timeout
        absence = Absence(self._connection, min(self._patience, self._timeout))
        left = self._timeout
        while True:
            method = self._connection.images.DownloadImage
            try:
                async with aclosing(self._connection.stream(method, request, left)) as chunks:
                    return await _receive(chunks, into)
            except ImggenError as error:
                if not (was_cut(error) or isinstance(error, Unavailable)):
                    raise
                cut = error
            await absence.pause(cut)
            left = until - clock()
            if left <= 0:
                raise cut
            into.seek(0)
            into.truncate()


async def _receive(chunks: AsyncIterator[DownloadImageResponse], into: IO[bytes]) -> AssetHeader:
    """Writes the chunks of one try."""
    header = AssetHeader()
    digest = hashlib.sha256()
    size = 0
    async for chunk in chunks:
        if chunk.HasField("header"):
            header = chunk.header
        into.write(chunk.data)
        digest.update(chunk.data)
        size += len(chunk.data)
    if size != header.size_bytes:
        raise DataLoss(
            f"{size} bytes were received instead of {header.size_bytes}; download it again"
        )
    if digest.hexdigest() != header.sha256:
        raise DataLoss(
            f"the received bytes have the SHA-256 {digest.hexdigest()} instead of {header.sha256}; "
            "download it again"
        )
    return header


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Opens a temporary file that moves to `path` only if the block ends without an error.

    Raises OSError for what is there and is no file, as `/dev/null` or a folder.
    """
    if path.exists() and not path.is_file():
        raise FileExistsError(errno.EEXIST, "is there, and is no file", str(path))
    # Not named after `path`, whose name may be as long as the file system takes.
    part = path.with_name(f".imggen-{uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            yield file
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
