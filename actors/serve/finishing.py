"""The calls that a deployment answers which holds models for finished pictures."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import Protocol

from actors.classifiers.base import ClassifierAway, PictureClassifier
from actors.finishing.upscaling import Enlarged, NoUpscaler, Tiles, Upscaler
from actors.serve.border import crossing
from actors.serve.measures import Measures
from server.domain.models import Size


class TileMetrics(Protocol):
    """Takes what an upscaler measures."""

    def tile(self, seconds: float) -> None:
        """Adds a tile of a picture."""
        ...


def another_classifier(held: str, wanted: str) -> str:
    """Returns why a verdict of another classifier than the one that is wanted is none."""
    return f'the replica holds the classifier "{held}", not "{wanted}"; see IMGGEN_IMAGE_CLASSIFIER'


def no_check() -> None:
    """Raises nothing, since there is no device that breaks."""


class FinishingReplica:
    """The base class of deployments with an upscaler and a classifier of pictures.

    `actors.serve.handles` calls its methods by name.
    """

    def __init__(
        self,
        upscaler: Upscaler,
        pictures: PictureClassifier | None = None,
        *,
        loaded_in: timedelta = timedelta(0),
        tiles: TileMetrics | None = None,
        check: Callable[[], None] = no_check,
    ) -> None:
        """Takes the upscaler, what looks at pictures, and what measures tiles.

        `loaded_in` is how long all of it took to load; `check` raises for a device that can
        compute nothing more.
        """
        self._upscaler = upscaler
        self._pictures = pictures
        self._loaded_in = loaded_in
        self._tiles = tiles
        self._measures = Measures()
        self._check = check

    def check_health(self) -> None:
        """Raises for a replica that Serve must replace: its device is broken."""
        self._check()

    async def loaded_in(self) -> timedelta:
        """Returns how long the replica's models took to load and to warm."""
        return self._loaded_in

    async def upscales(self) -> bool:
        """Returns whether the replica holds an upscaler."""
        return not isinstance(self._upscaler, NoUpscaler)

    async def upscale(self, png: bytes, to: Size | None = None) -> AsyncGenerator[Tiles | Enlarged]:
        """Enlarges a picture; yields its tiles as they are done, then the picture as a PNG.

        Without an upscaler it yields nothing.
        """
        async with crossing(), aclosing(self._upscaler.stream(png, to)) as events:
            before: float | None = None
            async for event in events:
                before = self._measure_tile(event, before)
                yield event

    def _measure_tile(self, event: Tiles | Enlarged, before: float | None) -> float | None:
        """Measures a tile, from the end of the one before; returns its own."""
        now = perf_counter()
        if self._tiles is not None and before is not None and isinstance(event, Tiles):
            self._measures.take(partial(self._tiles.tile, now - before))
        return now

    async def picture_classifier(self) -> str:
        """Returns the name of the classifier of pictures; empty for none."""
        return self._pictures.name if self._pictures else ""

    async def refused_for(self, picture: bytes, classifier: str) -> tuple[str, ...]:
        """Returns the categories that a picture is refused for.

        Raises ClassifierAway for a call to another classifier than this replica holds.
        """
        if self._pictures is None:
            raise ClassifierAway("the replica holds no classifier; see IMGGEN_IMAGE_SAFETY")
        if self._pictures.name != classifier:
            raise ClassifierAway(another_classifier(self._pictures.name, classifier))
        async with crossing():
            return await self._pictures.refused_for(picture)
