"""The calls that a diffuser deployment answers, whichever renderer it holds."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import timedelta
from time import perf_counter
from typing import Protocol

from actors.classifiers.base import ClassifierAway, PictureClassifier
from actors.engine.render import (
    Embedding,
    ModelDiffers,
    ReferenceRenderer,
    RenderEvent,
    RenderRequest,
    StepEvent,
)
from actors.finishing.upscaling import Enlarged, Tiles, Upscaler
from server.domain.models import Size


class RenderMetrics(Protocol):
    """Takes what a diffuser measures."""

    def step(self, model: str, seconds: float) -> None:
        """Adds a step of a render."""
        ...

    def look(self) -> None:
        """Reads the memory of the device."""
        ...


def another_classifier(held: str, wanted: str) -> str:
    """Returns why a verdict of another classifier than the one that is wanted is none."""
    return (
        f'the diffuser holds the classifier "{held}", not "{wanted}"; see IMGGEN_IMAGE_CLASSIFIER'
    )


def _nothing() -> None:
    pass


class DiffuserReplica:
    """The base class of diffuser deployments; `actors.serve.handles` calls its methods by name."""

    def __init__(
        self,
        renderer: ReferenceRenderer,
        upscaler: Upscaler,
        model: str,
        pictures: PictureClassifier | None = None,
        *,
        loaded_in: timedelta = timedelta(0),
        metrics: RenderMetrics | None = None,
        check: Callable[[], None] = _nothing,
    ) -> None:
        """Takes the renderer, the upscaler, the name of their model, and what looks at pictures.

        `loaded_in` is how long all of it took to load; `check` raises for a device that can
        compute nothing more.
        """
        self._renderer = renderer
        self._upscaler = upscaler
        self._model = model
        self._pictures = pictures
        self._loaded_in = loaded_in
        self._metrics = metrics
        self._check = check
        if metrics is not None:
            metrics.look()

    async def render(self, request: RenderRequest, model: str) -> AsyncGenerator[RenderEvent]:
        """Renders; yields each step as it is done, then the result.

        Raises ModelDiffers for a request to another model.
        """
        if model != self._model:
            raise ModelDiffers(f'model: this diffuser holds "{self._model}", not "{model}"')
        async with aclosing(self._renderer.stream(request)) as events:
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
            self._metrics.look()
        elif before is not None:
            self._metrics.step(self._model, now - before)
        return now

    def check_health(self) -> None:
        """Raises for a replica that Serve must replace: its device is broken."""
        self._check()

    async def show_previews(self, render: str) -> None:
        """Turns on the previews of the render with that id, if it is on this replica."""
        await self._renderer.show_previews(render)

    async def encoder(self) -> str:
        """Returns the checksum of the encoder of references; empty without an adapter."""
        return await self._renderer.encoder()

    async def encode(self, png: bytes) -> Embedding:
        """Returns the embedding of a reference."""
        return await self._renderer.encode(png)

    async def upscale(self, png: bytes, to: Size | None = None) -> AsyncGenerator[Tiles | Enlarged]:
        """Enlarges a picture; yields its tiles as they are done, then the picture as a PNG.

        Without an upscaler it yields nothing.
        """
        async with aclosing(self._upscaler.stream(png, to)) as events:
            async for event in events:
                yield event

    async def picture_classifier(self) -> str:
        """Returns the name of the classifier of pictures; empty for none."""
        return self._pictures.name if self._pictures else ""

    async def refused_for(self, picture: bytes, classifier: str) -> tuple[str, ...]:
        """Returns the categories that a picture is refused for.

        Raises ClassifierAway for a call to another classifier than this replica holds.
        """
        if self._pictures is None:
            raise ClassifierAway("the diffuser holds no classifier; see IMGGEN_IMAGE_SAFETY")
        if self._pictures.name != classifier:
            raise ClassifierAway(another_classifier(self._pictures.name, classifier))
        return await self._pictures.refused_for(picture)

    async def model(self) -> str:
        """Returns the name of the model."""
        return self._model

    async def loaded_in(self) -> timedelta:
        """Returns how long the replica's models took to load and to warm."""
        return self._loaded_in
