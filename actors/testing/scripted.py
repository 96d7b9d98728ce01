"""A renderer without a model, for tests and load tests: it draws to a script."""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Self

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
from server.domain.joined import ALONE, Joined

_PNG = b"\x89PNG\r\n\x1a\n"

Script = Callable[[RenderRequest, int], Awaitable[None]]
"""Awaited before each step, which is counted from 1: it may stall there, or fail."""


async def _go_on(_request: RenderRequest, _step: int) -> None:
    pass


@dataclass(slots=True, eq=False)
class Render:
    """A render that has begun: its request, its steps so far, and whether it ended.

    It began at step 0, or at that of a record.
    """

    request: RenderRequest
    began_at: int = 0
    step: int = 0
    done: bool = False
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far a render has come; each step changes its `state`, which its picture shows."""

    of: str
    step: int
    state: str

    @classmethod
    def at_start(cls, request: RenderRequest) -> Self:
        """Returns that of a request's record, if it is of the same request; else none."""
        of = hashlib.sha256(f"{request.seed} {request.prompt}".encode()).hexdigest()
        begun = cls(of, 0, of)
        with suppress(ValueError, TypeError):
            left = cls(**json.loads(request.record))
            if left.of == begun.of and 0 < left.step < request.steps:
                return left
        return begun

    def advanced(self) -> "_Progress":
        """Returns that after another step."""
        state = hashlib.sha256(f"{self.state} {self.step}".encode()).hexdigest()
        return _Progress(self.of, self.step + 1, state)

    def record(self, request: RenderRequest, took_s: float) -> bytes | None:
        """Returns a record if one is due after its step."""
        pace = request.records
        if not pace.every or self.step % pace.every or took_s < pace.after_s:
            return None
        if self.step == request.steps:
            return None
        return json.dumps(asdict(self)).encode()


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
                progress = _Progress.at_start(request)
                render.began_at = progress.step
                began = asyncio.get_running_loop().time()
                for step in range(progress.step + 1, request.steps + 1):
                    await self._script(request, step)
                    await asyncio.sleep(self._step_s)
                    render.step = step
                    progress = progress.advanced()
                    watched = request.previews or request.id in self._watched
                    preview = _draw(request, "JPEG") if watched else None
                    took_s = asyncio.get_running_loop().time() - began
                    record = progress.record(request, took_s)
                    yield StepEvent(step, request.steps, preview, record)
                render.done = True
                yield RenderResult(
                    _draw(request, "PNG", progress.state),
                    request.width,
                    request.height,
                    scheduler="Script",
                )
            finally:
                render.stopped = not render.done

    async def show_previews(self, render: str) -> None:
        """Turns on the previews of the render with that id."""
        self._watched.add(render)

    async def joined(self) -> Joined:
        """Returns that renders take turns."""
        return ALONE

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


def _draw(request: RenderRequest, image_format: str, state: str = "") -> bytes:
    picture = Image.new("RGB", (request.width, request.height), "white")
    # Light for small seeds: a picture that is mostly black is refused as clipped.
    colour = tuple(255 - value for value in request.seed.to_bytes(8, "big")[-3:])
    brush = ImageDraw.Draw(picture)
    # A ground of colours across and down, so that no disc makes a picture of one, or a damaged one.
    brush.rectangle((0, 0, request.width // 2, request.height), fill=(96, 72, 48))
    brush.rectangle((0, request.height * 2 // 3, request.width, request.height), fill="olive")
    brush.ellipse((0, 0, request.width, request.height), fill=colour)
    picture.putpixel((0, 0), tuple(bytes.fromhex(state[:6] or "000000")))
    buffer = BytesIO()
    picture.save(buffer, image_format)
    return buffer.getvalue()
