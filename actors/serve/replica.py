"""The calls that a diffuser deployment answers, whichever renderer it holds."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import Protocol

from actors.classifiers.base import PictureClassifier
from actors.engine.render import (
    Embedding,
    ModelDiffers,
    ReferenceRenderer,
    RenderEvent,
    RenderRequest,
    StepEvent,
)
from actors.finishing.upscaling import Upscaler
from actors.serve.border import crossing
from actors.serve.finishing import FinishingReplica, TileMetrics, no_check
from server.domain.joined import Joined


class RenderMetrics(Protocol):
    """Takes what a diffuser measures."""

    def step(self, model: str, seconds: float) -> None:
        """Adds a step of a render."""
        ...

    def look(self) -> None:
        """Reads the memory of the device."""
        ...


class DiffuserReplica(FinishingReplica):
    """The base class of diffuser deployments, which may hold the models of finishing, too.

    `actors.serve.handles` calls its methods by name.
    """

    def __init__(
        self,
        renderer: ReferenceRenderer,
        upscaler: Upscaler,
        model: str,
        pictures: PictureClassifier | None = None,
        *,
        loaded_in: timedelta = timedelta(0),
        metrics: RenderMetrics | None = None,
        tiles: TileMetrics | None = None,
        check: Callable[[], None] = no_check,
    ) -> None:
        """Takes the renderer, the upscaler, the name of their model, and what looks at pictures.

        The rest is as FinishingReplica takes it.
        """
        super().__init__(upscaler, pictures, loaded_in=loaded_in, tiles=tiles, check=check)
        self._renderer = renderer
        self._model = model
        self._metrics = metrics
        if metrics is not None:
            self._measures.take(metrics.look)

    async def render(self, request: RenderRequest, model: str) -> AsyncGenerator[RenderEvent]:
        """Renders; yields each step as it is done, then the result.

        Raises ModelDiffers for a request to another model.
        """
        if model != self._model:
            raise ModelDiffers(f'model: this diffuser holds "{self._model}", not "{model}"')
        async with crossing(), aclosing(self._renderer.stream(request)) as events:
            stepped: float | None = None
            async for event in events:
                stepped = self._measure(event, stepped)
                yield event

    def _measure(self, event: RenderEvent, before: float | None) -> float | None:
        """Measures a step, from the end of the one before; returns its own."""
        now = perf_counter()
        if self._metrics is None:
            return None
        if not isinstance(event, StepEvent):
            self._measures.take(self._metrics.look)
        elif before is not None:
            self._measures.take(partial(self._metrics.step, self._model, now - before))
        return now

    async def show_previews(self, render: str) -> None:
        """Turns on the previews of the render with that id, if it is on this replica."""
        async with crossing():
            await self._renderer.show_previews(render)

    async def joined(self) -> Joined:
        """Returns how many pictures it draws at once, and how much faster that is."""
        async with crossing():
            return await self._renderer.joined()

    async def encoder(self) -> str:
        """Returns the checksum of the encoder of references; empty without an adapter."""
        async with crossing():
            return await self._renderer.encoder()

    async def encode(self, png: bytes) -> Embedding:
        """Returns the embedding of a reference."""
        async with crossing():
            return await self._renderer.encode(png)

    async def model(self) -> str:
        """Returns the name of the model."""
        return self._model
