"""Requests to the wire server, over the SDK and over plain HTTP."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from openai import OpenAI
from PIL import Image

from tests.wire.server import WireServer

MODEL = "gpt-image-2.5-flare"
LEAST = {"model": MODEL, "prompt": "A hill"}
SMALL: dict[str, Any] = {**LEAST, "size": "1024x640", "quality": "low"}


@dataclass(frozen=True)
class Answer:
    """A whole answer to a request over plain HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json["error"]
        return found


@dataclass(frozen=True)
class File:
    """A file of a form."""

    name: str = "image[]"
    file_name: str | None = "mia.png"
    media_type: str | None = "image/png"
    data: bytes = b""


def sdk(wire: WireServer) -> OpenAI:
    return OpenAI(api_key=wire.api_key, base_url=wire.base_url, max_retries=0, timeout=30)


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def encoded(format: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (64, 64)) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, 90).save(file, format)
    return file.getvalue()


PNG = encoded()
MIA = File(data=PNG)
STREAMED = {**SMALL, "stream": True, "partial_images": 2}
PARTIAL = "image_generation.partial_image"
COMPLETED = "image_generation.completed"


async def generate(
    wire: WireServer, fields: object, *, headers: Mapping[str, str] | None = None
) -> Answer:
    """Sends a generation with exactly these fields."""
    return await post(wire, "/v1/images/generations", fields, headers=headers)


async def post(
    wire: WireServer, path: str, fields: object, *, headers: Mapping[str, str] | None = None
) -> Answer:
    """Sends exactly these fields to an address."""
    sent = {"authorization": f"Bearer {wire.api_key}", **(headers or {})}
    async with (
        aiohttp.ClientSession(wire.origin, headers=sent) as http,
        http.post(path, json=fields) as response,
    ):
        return Answer(response.status, response.headers, await response.read())


async def edit(
    wire: WireServer, fields: Sequence[tuple[str, str]], files: Sequence[File] = (MIA,)
) -> Answer:
    """Sends an edit with exactly these fields and files."""
    sent = {"authorization": f"Bearer {wire.api_key}"}
    form = aiohttp.MultipartWriter("form-data")
    for name, value in fields:
        form.append(value).set_content_disposition("form-data", name=name)
    for file in files:
        part = form.append(file.data)
        part.headers.popall("content-type", None)
        if file.media_type:
            part.headers["content-type"] = file.media_type
        names = {"filename": file.file_name} if file.file_name else {}
        part.set_content_disposition("form-data", quote_fields=False, name=file.name, **names)
    async with (
        aiohttp.ClientSession(wire.origin, headers=sent) as http,
        http.post("/v1/images/edits", data=form) as response,
    ):
        return Answer(response.status, response.headers, await response.read())


async def get(wire: WireServer, path: str, key: str | None = None) -> Answer:
    sent = {"authorization": f"Bearer {key or wire.api_key}"}
    async with aiohttp.ClientSession(wire.origin, headers=sent) as http, http.get(path) as response:
        return Answer(response.status, response.headers, await response.read())


def events(answer: Answer) -> list[dict[str, Any]]:
    """Reads the events of a stream."""
    assert answer.headers["content-type"] == "text/event-stream"
    lines = answer.body.decode().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
