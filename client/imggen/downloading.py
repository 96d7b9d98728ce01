"""Receives the bytes of an asset, checks them, and writes files that are complete or absent."""

import errno
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol
from uuid import uuid4

from imggen.errors import DataLoss
from imggen.v1.image_pb2 import AssetHeader, DownloadImageResponse


class Sink(Protocol):
    """A destination of bytes in order."""

    def write(self, data: bytes, /) -> object:
        """Appends the next bytes."""


async def receive(chunks: AsyncIterator[DownloadImageResponse], into: Sink) -> AssetHeader:
    """Writes the chunks to the sink and returns the header of the asset.

    Raises:
        DataLoss: The size or the SHA-256 of the bytes is not that of the header.
    """
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
