"""A renderer without a model, for tests and load tests: it draws to a script."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw
from safetensors.numpy import save

from actors.engine.embedding import ENCODER, TENSOR, encoder_of
from actors.engine.render import (
    Embedding,
    EncoderChanged,
    PictureUnreadable,
    RenderEvent,
    RenderRequest,
    RenderResult,
    StepEvent,
)

_PNG = b"\x89PNG\r\n\x1a\n"

Script = Callable[[RenderRequest, int], Awaitable[None]]
"""Awaited before each step, which is counted from 1: it may stall there, or fail."""


async def _go_on(_request: RenderRequest, _step: int) -> None:
    pass


@dataclass(slots=True, eq=False)
class Render:
    """A render that has begun: its request, its steps so far, and whether it ended."""

    request: RenderRequest
    step: int = 0
    done: bool = False
    stopped: bool = False


class ScriptedRenderer:
    """Takes `step_s` seconds a step and draws a disc in a colour from the seed.

    Renders take turns, so that a test knows their order; `renders` holds all of them, in order,
    and `encoded` the pictures that were encoded. Without an `encoder` it has no adapter.
    """

    def __init__(self, step_s: float = 0.0, script: Script = _go_on, encoder: str = "") -> None:
        self.renders: list[Render] = []
        self.encoded: list[bytes] = []
        self._encoder = encoder
        self._step_s = step_s
        self._script = script
        self._turn = asyncio.Lock()
        self._watched: set[str] = set()

    async def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Renders; yields each step as it is done, then the result."""
        async with self._turn:
            render = Render(request)
            self.renders.append(render)
            try:
                self._check(request)
                for step in range(1, request.steps + 1):
                    await self._script(request, step)
                    await asyncio.sleep(self._step_s)
                    render.step = step
                    watched = request.previews or request.id in self._watched
                    preview = _draw(request, "JPEG") if watched else None
                    yield StepEvent(step, request.steps, preview)
                render.done = True
                yield RenderResult(
                    _draw(request, "PNG"),
                    request.width,
                    request.height,
                    scheduler="Script",
                )
            finally:
                render.stopped = not render.done

    async def show_previews(self, render: str) -> None:
        """Turns on the previews of the render with that id."""
        self._watched.add(render)

    async def encoder(self) -> str:
        """Returns the name of the encoder; empty for no adapter."""
        return self._encoder

    async def encode(self, png: bytes) -> Embedding:
        """Returns the picture's checksum as one; raises PictureUnreadable if it is no PNG."""
        if not self._encoder:
            raise EncoderChanged("the scripted model has no adapter")
        if not png.startswith(_PNG):
            raise PictureUnreadable(f"{len(png)} bytes are no PNG")
        self.encoded.append(png)
        seen = np.frombuffer(hashlib.sha256(png).digest(), np.uint8).astype(np.float16)
        data = save({TENSOR: seen[None]}, {ENCODER: self._encoder})
        return Embedding(self._encoder, data)

    def _check(self, request: RenderRequest) -> None:
        for reference in request.references:
            if not self._encoder or encoder_of(reference.embedding) != self._encoder:
                raise EncoderChanged("the reference is by another encoder than the script's")


def _draw(request: RenderRequest, image_format: str) -> bytes:
    picture = Image.new("RGB", (request.width, request.height), "white")
    colour = tuple(request.seed.to_bytes(8, "big")[-3:])
    brush = ImageDraw.Draw(picture)
    # A ground of two colours, so that no disc makes a picture of one.
    brush.rectangle((0, 0, request.width // 2, request.height), fill="black")
    brush.ellipse((0, 0, request.width, request.height), fill=colour)
    buffer = BytesIO()
    picture.save(buffer, image_format)
    return buffer.getvalue()
