"""S3 over a bad connection: a partial read is an error, never a shorter object."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from server.storage import Storage, StorageUnavailable
from server.storage.s3 import S3Storage
from server.storage.s3_client import Bucket

KEY = "user/job/1/a.png"
LATER = datetime.now(UTC) + timedelta(days=1)
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nContent-Type: image/png\r\n\r\n" + bytes(500)
REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[Storage]:
    """Yields a storage on a server that sends every client one answer and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, at(server.sockets[0].getsockname()[1]) as storage:
        yield storage


def at(port: int) -> S3Storage:
    session = boto3.Session("key id", "secret", region_name="us-east-1")
    return S3Storage(session, Bucket("pictures", "", f"http://127.0.0.1:{port}"))


async def closed_port() -> int:
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as server:
        return int(server.sockets[0].getsockname()[1])


async def put(storage: Storage) -> None:
    await storage.put(KEY, b"picture", "image/png")


async def stream(storage: Storage) -> None:
    async for _ in storage.stream(KEY, chunk_size=100):
        pass


async def listing(storage: Storage) -> None:
    async for _ in storage.list("", LATER):
        pass


CALLS: list[Callable[[Storage], Coroutine[Any, Any, Any]]] = [
    put,
    stream,
    listing,
    lambda storage: storage.get(KEY),
    lambda storage: storage.delete(KEY),
    lambda storage: storage.check(),
]


async def test_objects_are_kept_for_30_days_by_browsers_and_the_cdn() -> None:
    heads = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, at(server.sockets[0].getsockname()[1]) as storage:
        await put(storage)
    assert b"cache-control: max-age=2592000, immutable\r\n" in heads[0].lower()


@pytest.mark.parametrize("call", [stream, lambda storage: storage.get(KEY)])
async def test_half_an_object_is_an_error(
    call: Callable[[Storage], Coroutine[Any, Any, Any]],
) -> None:
    async with answering(HALF) as storage:
        with pytest.raises(StorageUnavailable, match="could not read a picture"):
            await call(storage)


async def test_a_server_that_is_away_is_unavailable_and_may_be_tried_again() -> None:
    async with at(await closed_port()) as storage:
        outcomes = await asyncio.gather(*(call(storage) for call in CALLS), return_exceptions=True)
    for outcome in outcomes:
        assert isinstance(outcome, StorageUnavailable), outcome
        assert "EndpointConnectionError" in outcome.message
        assert outcome.retry_after is not None


@pytest.mark.parametrize(
    ("call", "lacking"),
    [
        (put, "the credentials lack s3:PutObject"),
        (stream, "the object is missing, or the credentials lack s3:GetObject; without s3:ListBu"),
        (listing, "the credentials lack s3:ListBucket"),
        (lambda storage: storage.get(KEY), "the object is missing, or the credentials lack s3:Get"),
        (lambda storage: storage.delete(KEY), "the credentials lack s3:DeleteObject"),
        (lambda storage: storage.check(), "the credentials lack s3:PutObject"),
    ],
)
@pytest.mark.parametrize("code", ["AccessDenied", ""])
async def test_a_refusal_says_which_permission_may_lack(
    call: Callable[[Storage], Coroutine[Any, Any, Any]], lacking: str, code: str
) -> None:
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode() if code else b""
    head = f"HTTP/1.1 403 Forbidden\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    async with answering(head.encode() + body) as storage:
        with pytest.raises(StorageUnavailable, match=f"(AccessDenied|403): {lacking}"):
            await call(storage)


async def test_a_server_that_refuses_is_unavailable() -> None:
    async with answering(REFUSED) as storage:
        for call in CALLS:
            with pytest.raises(StorageUnavailable, match="403"):
                await call(storage)
