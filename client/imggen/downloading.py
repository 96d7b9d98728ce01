"""Receives an asset's bytes, checks them, and puts a file in place only when it is whole."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol
from uuid import uuid4

from imggen.errors import DataLoss
from imggen.v1.image_pb2 import AssetHeader, DownloadImageResponse


class Sink(Protocol):
    """Takes bytes in order."""

    def write(self, data: bytes, /) -> object:
        """Takes the next bytes."""


async def receive(chunks: AsyncIterator[DownloadImageResponse], into: Sink) -> AssetHeader:
    """Writes the chunks into the sink and returns the asset's header.

    Raises:
        DataLoss: The size or the SHA-256 of what came is not what the header says.
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
        raise DataLoss(f"{size} bytes came, {header.size_bytes} were announced; download it again")
    if digest.hexdigest() != header.sha256:
        raise DataLoss(
            f"the bytes have SHA-256 {digest.hexdigest()}, announced was {header.sha256}; "
            "download it again"
        )
    return header


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Opens a file that takes its place at `path` only if the block ends without an error."""
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            yield file
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
