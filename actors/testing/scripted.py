"""A renderer without a model, for tests and load tests: it draws to a script."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw

from actors.engine.render import RenderEvent, RenderRequest, RenderResult, StepEvent

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

    Renders take turns, as a diffuser's do; `renders` holds all of them, in order.
    """

    def __init__(self, step_s: float = 0.0, script: Script = _go_on) -> None:
        self.renders: list[Render] = []
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
