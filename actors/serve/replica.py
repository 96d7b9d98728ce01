"""The calls that a diffuser deployment answers: the same ones, whatever draws in it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from actors.engine.render import Renderer, RenderEvent, RenderRequest
from actors.finishing.upscaling import Upscaler


class DiffuserReplica:
    """What every diffuser deployment is made of; `actors.serve.handles` calls it by these names."""

    def __init__(self, renderer: Renderer, upscaler: Upscaler, model: str) -> None:
        """Takes what draws, what makes larger, and the name of the model."""
        self._renderer = renderer
        self._upscaler = upscaler
        self._model = model

    async def render(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Renders; yields each step as it is done, then the result."""
        async with aclosing(self._renderer.stream(request)) as events:
            async for event in events:
                yield event

    async def show_previews(self, render: str) -> None:
        """Makes previews of the render of that id from now on, if it is here."""
        await self._renderer.show_previews(render)

    async def upscale(self, png: bytes) -> bytes:
        """Returns a picture, a PNG, as large as the upscaler makes it."""
        return await self._upscaler.upscale(png)

    async def model(self) -> str:
        """Returns the name of the model."""
        return self._model
