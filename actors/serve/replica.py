"""The calls that a diffuser deployment answers, whichever renderer it holds."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from actors.engine.render import (
    Embedding,
    ModelDiffers,
    ReferenceRenderer,
    RenderEvent,
    RenderRequest,
)
from actors.finishing.upscaling import Upscaler


class DiffuserReplica:
    """The base class of diffuser deployments; `actors.serve.handles` calls its methods by name."""

    def __init__(self, renderer: ReferenceRenderer, upscaler: Upscaler, model: str) -> None:
        """Takes the renderer, the upscaler and the name of their model."""
        self._renderer = renderer
        self._upscaler = upscaler
        self._model = model

    async def render(self, request: RenderRequest, model: str) -> AsyncGenerator[RenderEvent]:
        """Renders; yields each step as it is done, then the result.

        Raises ModelDiffers for a request to another model.
        """
        if model != self._model:
            raise ModelDiffers(f'model: this diffuser holds "{self._model}", not "{model}"')
        async with aclosing(self._renderer.stream(request)) as events:
            async for event in events:
                yield event

    async def show_previews(self, render: str) -> None:
        """Turns on the previews of the render with that id, if it is on this replica."""
        await self._renderer.show_previews(render)

    async def encoder(self) -> str:
        """Returns the checksum of the encoder of references; empty without an adapter."""
        return await self._renderer.encoder()

    async def encode(self, png: bytes) -> Embedding:
        """Returns the embedding of a reference."""
        return await self._renderer.encode(png)

    async def upscale(self, png: bytes) -> bytes:
        """Returns a PNG enlarged by the upscaler."""
        return await self._upscaler.upscale(png)

    async def model(self) -> str:
        """Returns the name of the model."""
        return self._model
