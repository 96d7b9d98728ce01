"""A proxy in front of a real S3 server that knows, or allows, less than the server does."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO

import aiohttp
from aiohttp import web
from yarl import URL

from server.edge.http import serve_http

Refusal = tuple[int, str]
"""A status, and the code of S3."""
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass
class StrictS3:
    """A running proxy: what it refuses, and what it was asked.

    `refuses` returns how a request is refused, None for one that goes through; `tells` are headers
    that are added to answers.
    """

    url: str
    refuses: Callable[[web.Request], Refusal | None] = lambda _: None
    tells: dict[str, str] = field(default_factory=dict)
    drops: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)


@asynccontextmanager
async def strict_s3(server_url: str) -> AsyncIterator[StrictS3]:
    """Runs a proxy to a server; requests go through as they were signed."""
    strict = StrictS3("")

    async def serve(request: web.Request) -> web.StreamResponse:
        strict.asked.append(request.method)
        refusal = strict.refuses(request)
        if refusal is not None:
            status, code = refusal
            await request.read()
            why = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
            headers = {"Content-Type": "application/xml"}
            return web.Response(status=status, text=why, headers=headers)
        kept = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in _HOP | strict.drops
        }
        body = await request.read()
        async with http.request(
            request.method,
            URL(server_url + request.raw_path, encoded=True),
            headers=kept,
            data=BytesIO(body) if body else None,
        ) as answer:
            told = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP}
            if request.method == "HEAD" and "Content-Length" in answer.headers:
                told["Content-Length"] = answer.headers["Content-Length"]
            found = await answer.read()
            return web.Response(status=answer.status, body=found, headers=told | strict.tells)

    app = web.Application(client_max_size=1 << 28)
    app.router.add_route("*", "/{path:.*}", serve)
    async with (
        aiohttp.ClientSession(
            auto_decompress=False,
            skip_auto_headers=["User-Agent", "Accept", "Accept-Encoding", "Content-Type"],
        ) as http,
        serve_http(app, "127.0.0.1", 0) as port,
    ):
        strict.url = f"http://127.0.0.1:{port}"
        yield strict


def with_checksums(request: web.Request) -> Refusal | None:
    """Refuses what boto3 adds since 1.36, as several servers do."""
    names = " ".join(request.headers).lower()
    return (501, "NotImplemented") if "x-amz-checksum-" in names else None


def with_conditions(request: web.Request) -> Refusal | None:
    """Refuses `If-None-Match` of a write, as several servers do."""
    return (501, "NotImplemented") if "If-None-Match" in request.headers else None


def with_either(request: web.Request) -> Refusal | None:
    """Refuses both, the one in the words of a server that calls it invalid."""
    if with_checksums(request):
        return 400, "InvalidArgument"
    return with_conditions(request)


def of_a_mebibyte(request: web.Request) -> Refusal | None:
    """Refuses larger bodies, as nginx does unless it is told otherwise."""
    size = request.content_length or 0
    return (413, "EntityTooLarge") if size > 1 << 20 else None
