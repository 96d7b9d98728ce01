"""A server with the wire protocol of Stability's REST API v2beta, strict about what it is sent."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO

from aiohttp import BodyPartReader, web
from aiohttp.test_utils import TestServer
from PIL import Image

KEY = "sk-canary-5tab1l1ty"
REQUEST_ID = "b4a9c5f0-request"
_RATIOS = ("1:1", "16:9", "9:16", "3:2", "2:3", "5:4", "4:5", "21:9", "9:21")
_FIELDS = frozenset(
    {"prompt", "negative_prompt", "aspect_ratio", "seed", "style_preset", "output_format"}
)
_PIXELS = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that the server gives as it stands; `cut` is what its body lacks at the end."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Received:
    """A picture that was asked for, and the connection that it was asked for on."""

    fields: Mapping[str, str]
    headers: Mapping[str, str]
    peer: object


@dataclass(slots=True)
class StabilityServer:
    """Draws pictures of one colour. `answers` go first, one a call; `silent` gives none at all.

    `left` is set once a caller closed its connection before it was answered.
    """

    answers: list[Answer] = field(default_factory=list)
    credits: object = 1000.0
    silent: bool = False
    received: list[Received] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def generate(self, request: web.Request) -> web.StreamResponse:
        """Draws a picture, or refuses a request that the API would refuse."""
        self.calls.append(request.path)
        if wrong := _wrong_key(request):
            return _refused(401, "unauthorized", *wrong)
        problems = _wrong_headers(request)
        fields: dict[str, str] = {}
        if request.content_type == "multipart/form-data":
            async for part in await request.multipart():
                if not isinstance(part, BodyPartReader) or part.name is None or part.filename:
                    problems.append("a part is no field")
                elif part.name in fields:
                    problems.append(f"{part.name}: twice")
                else:
                    fields[part.name] = await part.text()
        problems += _wrong_fields(fields)
        if problems:
            return _refused(400, "bad_request", *problems)
        assert request.transport is not None
        peer = request.transport.get_extra_info("peername")
        self.received.append(Received(fields, request.headers, peer))
        return await self._answer(request) or _picture(fields)

    async def balance(self, request: web.Request) -> web.StreamResponse:
        """Tells the account's credits."""
        self.calls.append(request.path)
        if wrong := _wrong_key(request):
            return _refused(401, "unauthorized", *wrong)
        return await self._answer(request) or web.json_response({"credits": self.credits})

    async def _answer(self, request: web.Request) -> web.StreamResponse | None:
        self.asked.set()
        if self.silent:
            try:
                await asyncio.Event().wait()
            finally:
                self.left.set()
        if not self.answers:
            return None
        answer = self.answers.pop(0)
        headers = {"x-request-id": REQUEST_ID, **answer.headers}
        if not answer.cut:
            return web.Response(status=answer.status, body=answer.body, headers=headers)
        response = web.StreamResponse(status=answer.status, headers=headers)
        response.content_length = len(answer.body)
        await response.prepare(request)
        await response.write(answer.body[: -answer.cut])
        assert request.transport is not None
        request.transport.close()
        return response


@asynccontextmanager
async def serve_stability() -> AsyncIterator[tuple[StabilityServer, str]]:
    """Yields a server, and its URL."""
    wire = StabilityServer()
    app = web.Application()
    app.router.add_post("/v2beta/stable-image/generate/{endpoint:core|ultra}", wire.generate)
    app.router.add_get("/v1/user/balance", wire.balance)
    # It cancels the handler of a caller that has gone.
    async with TestServer(app) as server:
        yield wire, str(server.make_url("/")).rstrip("/")


def error_body(name: str, *errors: str) -> bytes:
    """Returns the body of an error."""
    return json.dumps({"id": "e" * 32, "name": name, "errors": list(errors)}).encode()


def picture(width: int, height: int, form: str = "PNG") -> bytes:
    """Returns a picture of one colour."""
    buffer = BytesIO()
    Image.new("RGB", (width, height), "teal").save(buffer, form)
    return buffer.getvalue()


def _picture(fields: Mapping[str, str]) -> web.Response:
    width, height = (int(side) for side in fields.get("aspect_ratio", "1:1").split(":"))
    across = round(math.sqrt(_PIXELS * width / height) / 64) * 64
    png = picture(across, round(_PIXELS / across / 64) * 64)
    headers = {"seed": fields.get("seed", "0"), "finish-reason": "SUCCESS"}
    return web.Response(
        body=png, content_type="image/png", headers={"x-request-id": REQUEST_ID, **headers}
    )


def _refused(status: int, name: str, *errors: str) -> web.Response:
    return web.Response(
        status=status, body=error_body(name, *errors), content_type="application/json"
    )


def _wrong_key(request: web.Request) -> list[str]:
    sent = request.headers.get("Authorization")
    return [] if sent == f"Bearer {KEY}" else ["authorization: invalid or missing header value"]


def _wrong_headers(request: web.Request) -> list[str]:
    problems = []
    if request.content_type != "multipart/form-data":
        problems.append("content-type: must be multipart/form-data")
    if request.headers.get("Accept") not in ("image/*", "application/json"):
        problems.append("accept: must be image/* or application/json")
    return problems


def _wrong_fields(fields: Mapping[str, str]) -> list[str]:
    problems = [f"{name}: unknown" for name in fields if name not in _FIELDS]
    if not 1 <= len(fields.get("prompt", "")) <= 10_000:
        problems.append("prompt: must have 1 to 10000 characters")
    if len(fields.get("negative_prompt", "")) > 10_000:
        problems.append("negative_prompt: must have 10000 characters at most")
    if fields.get("aspect_ratio", "1:1") not in _RATIOS:
        problems.append(f"aspect_ratio: must be one of {', '.join(_RATIOS)}")
    if fields.get("output_format", "png") not in ("png", "jpeg", "webp"):
        problems.append("output_format: must be one of png, jpeg, webp")
    seed = fields.get("seed", "0")
    if not seed.isdecimal() or int(seed) > 4_294_967_294:
        problems.append("seed: must be between 0 and 4294967294")
    return problems
