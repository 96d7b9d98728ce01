"""A server of the images API that records what is sent and answers as it is told.

It checks nothing: the wire server does. It breaks in ways that need the socket itself.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image

USAGE = {
    "input_tokens": 1020,
    "input_tokens_details": {"text_tokens": 20, "image_tokens": 1000},
    "output_tokens": 1756,
    "output_tokens_details": {"image_tokens": 1756, "text_tokens": 0},
    "total_tokens": 2776,
}

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it came: its fields, and its files as name, media type and bytes."""

    path: str
    headers: dict[str, str]
    fields: dict[str, Any]
    files: list[tuple[str, str, str, bytes]]


@dataclass
class ImagesServer:
    """Answers every request with `answer`."""

    answer: Answering
    requests: list[Sent] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(await _read(request))
        return await self.answer(request)


@asynccontextmanager
async def serving(answer: Answering) -> AsyncIterator[ImagesServer]:
    server = ImagesServer(answer)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", server.handle)
    # A handler is cancelled when its caller closes the connection.
    async with TestServer(app, handler_cancellation=True) as started:
        server.url = str(started.make_url("/v1"))
        yield server


def picture(
    size: tuple[int, int] = (1024, 1024), image_format: str = "PNG", mode: str = "RGB"
) -> bytes:
    """Returns a picture of one colour."""
    buffer = BytesIO()
    Image.new(mode, size, "navy").save(buffer, image_format)
    return buffer.getvalue()


def encoded(data: bytes) -> str:
    """Returns base64."""
    return base64.b64encode(data).decode()


def drawn(usage: object = USAGE, data: bytes | None = None, **fields: Any) -> dict[str, Any]:
    """Returns the JSON of a picture."""
    told = {} if usage is None else {"usage": usage}
    item = {"b64_json": encoded(picture() if data is None else data)}
    return {"created": 1_700_000_000, "data": [item], **told, **fields}


def answering(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Answering:
    """Returns an answer of JSON; a text or bytes go out as they are."""
    known = {"x-request-id": "req_1", **(headers or {})}

    async def answer(_: web.Request) -> web.StreamResponse:
        if isinstance(body, bytes):
            return web.Response(body=body, status=status, headers=known)
        if isinstance(body, str):
            return web.Response(text=body, status=status, headers=known, content_type="text/html")
        return web.json_response(body, status=status, headers=known)

    return answer


def refusing(status: int, headers: dict[str, str] | None = None, **error: Any) -> Answering:
    """Returns an answer with an error."""
    told = {"message": "no", "type": "invalid_request_error", "param": None, "code": None, **error}
    return answering({"error": told}, status, headers)


def event(name: str, **fields: Any) -> bytes:
    """Returns one event of a stream."""
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()


def streaming(*parts: bytes, cut: bool = False) -> Answering:
    """Returns an answer in parts; `cut` closes the connection after the last one."""

    async def answer(request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream; charset=utf-8", "x-request-id": "req_2"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        for part in parts:
            await response.write(part)
        if cut:
            _abort(request)
        return response

    return answer


def cutting(before: bytes) -> Answering:
    """Returns an answer that promises more bytes than it sends."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100000"})
        response.content_type = "application/json"
        await response.prepare(request)
        await response.write(before)
        _abort(request)
        return response

    return answer


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Closes the connection without an answer."""
    _abort(request)
    return web.Response()


def stalling(left: asyncio.Event) -> Answering:
    """Returns an answer that never comes; `left` is set once its caller has gone."""

    async def answer(_: web.Request) -> web.StreamResponse:
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        return web.Response()

    return answer


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _read(request: web.Request) -> Sent:
    headers = dict(request.headers)
    if request.content_type != "multipart/form-data":
        body = await request.read()
        return Sent(request.path, headers, json.loads(body) if body else {}, [])
    fields: dict[str, Any] = {}
    files = []
    for name, value in _pairs(await request.post()):
        if isinstance(value, web.FileField):
            files.append((name, value.filename, value.content_type, value.file.read()))
        else:
            fields[name] = value
    return Sent(request.path, headers, fields, files)


def _pairs(form: Any) -> Iterable[tuple[str, Any]]:
    return form.items()  # type: ignore[no-any-return]
