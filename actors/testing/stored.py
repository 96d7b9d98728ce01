"""A renderer of stored pictures, returned after a set time: for load tests."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw

from actors.engine.render import (
    Embedding,
    EncoderChanged,
    RenderEvent,
    RenderRequest,
    RenderResult,
    StepEvent,
)
from server.domain.joined import Joined

_PREVIEW_SIDE = 64


class StoredRenderer:
    """Takes `render_s` seconds for every picture, step by step, and returns a stored one.

    `at_once` renders run at the same time, as on that many GPUs; the others wait.
    `done` counts the completed renders, `running` the running ones, `most` the most that ran
    at once; `last` is the end of the last one, by the loop's clock.
    """

    def __init__(self, pictures: Sequence[bytes], *, render_s: float, at_once: int) -> None:
        """Takes the pictures, PNG; a request's seed selects one."""
        self.done = 0
        self.running = 0
        self.most = 0
        self.last = 0.0
        self._pictures = [(png, *_look_at(png)) for png in pictures]
        self._render_s = render_s
        self._at_once = at_once
        self._room = asyncio.Semaphore(at_once)
        self._watched: set[str] = set()

    async def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Renders; yields each step as it is done, then the result."""
        try:
            async with self._room:
                self.running += 1
                self.most = max(self.most, self.running)
                try:
                    async for event in self._steps(request):
                        yield event
                    self.done += 1
                    self.last = asyncio.get_running_loop().time()
                finally:
                    self.running -= 1
        finally:
            self._watched.discard(request.id)
        png, size, _ = self._picture(request)
        yield RenderResult(png, *size, scheduler="Stored")

    async def show_previews(self, render: str) -> None:
        """Turns on the previews of the render with that id."""
        self._watched.add(render)

    async def joined(self) -> Joined:
        """Returns that as many are drawn at once as may be, each as fast as alone."""
        return Joined(self._at_once, float(self._at_once))

    async def encoder(self) -> str:
        """Returns an empty string: stored pictures have no adapter."""
        return ""

    async def encode(self, png: bytes) -> Embedding:
        """Raises EncoderChanged."""
        raise EncoderChanged("stored pictures have no adapter")

    async def _steps(self, request: RenderRequest) -> AsyncGenerator[StepEvent]:
        _, _, preview = self._picture(request)
        clock = asyncio.get_running_loop()
        began = clock.time()
        for step in range(1, request.steps + 1):
            # By the clock and not step by step, so that late steps do not add up.
            due = began + self._render_s * step / request.steps
            await asyncio.sleep(max(0.0, due - clock.time()))
            watched = request.previews or request.id in self._watched
            yield StepEvent(step, request.steps, preview if watched else None)

    def _picture(self, request: RenderRequest) -> tuple[bytes, tuple[int, int], bytes]:
        return self._pictures[request.seed % len(self._pictures)]


def draw_pictures(count: int, side: int) -> list[bytes]:
    """Draws square PNGs of discs on grainy grounds, which make them as large as a painting."""
    return [_draw(Random(number), side) for number in range(count)]


def _draw(random: Random, side: int) -> bytes:
    grain = (96 + byte // 4 for byte in random.randbytes(side * side * 3))
    picture = Image.frombytes("RGB", (side, side), bytes(grain))
    brush = ImageDraw.Draw(picture)
    for _ in range(8):
        x, y, radius = (random.randrange(side) for _ in range(3))
        colour = tuple(random.randbytes(3))
        brush.ellipse((x, y, x + radius // 2, y + radius // 2), fill=colour)
    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _look_at(png: bytes) -> tuple[tuple[int, int], bytes]:
    """Returns a picture's size, and a preview of it, JPEG."""
    with Image.open(BytesIO(png)) as picture:
        small = picture.resize((_PREVIEW_SIDE, _PREVIEW_SIDE))
        buffer = BytesIO()
        small.save(buffer, "JPEG")
        return picture.size, buffer.getvalue()
