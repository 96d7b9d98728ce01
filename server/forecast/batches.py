"""Forecasts when batches end, from what the latest images took and how they overlapped."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from math import ceil

from server.domain.batches import Batch, Pace
from server.domain.ids import UserId
from server.domain.states import ImageType, Lane
from server.forecast.fresh import Fresh

# What an image may take before one was measured; the specification's limit.
_UNMEASURED = timedelta(seconds=30)
_FRESH_S = 2.0
_MAX_USERS = 1_000


class BatchForecast:
    """Keeps the pace of a user's batches for a few seconds, so that watches need not ask.

    `look` asks for one; the store's does. A batch that is committed is answered, with an old
    forecast if need be.
    """

    def __init__(self, look: Callable[[UserId, frozenset[Lane]], Awaitable[Pace]]) -> None:
        async def load(key: tuple[UserId, frozenset[Lane]]) -> Pace:
            return await look(*key)

        self._paces = Fresh(load, Pace({}, 1.0, ()), fresh_s=_FRESH_S, most=_MAX_USERS)

    async def completion(self, batch: Batch) -> datetime | None:
        """Returns when a batch should end; None when it has ended."""
        if batch.status.ended:
            return None
        pace = await self._paces.get((batch.user_id, batch.lanes))
        return datetime.now(UTC) + time_left(batch, pace)


def time_left(batch: Batch, pace: Pace) -> timedelta:
    """Returns how long the rest of a batch takes.

    Portraits come first and pages after them, each as many at once as latest images were, or
    as the batch may have. Where others wait too, users take turns: each of them has as many
    images drawn meanwhile as this batch, if it has as many.
    """
    takes = _seconds(pace)
    at_once = min(max(pace.overlap, 1.0), batch.max_concurrent)
    alone = _phase(batch.portraits_left, takes[ImageType.PORTRAIT], at_once)
    alone += _phase(batch.pages_left, takes[ImageType.SCENE], at_once)
    images = batch.portraits_left + batch.pages_left
    work = batch.portraits_left * takes[ImageType.PORTRAIT]
    work += batch.pages_left * takes[ImageType.SCENE]
    others = sum(min(waiting, ceil(images)) for waiting in pace.ahead)
    shared = work * (1 + others / images) / max(pace.overlap, 1.0) if images else 0.0
    return timedelta(seconds=max(alone, shared))


def _phase(images: float, seconds: float, at_once: float) -> float:
    """Returns what images take that are drawn beside each other, the last one alone if need be."""
    return seconds * max(min(1.0, images), images / at_once)


def _seconds(pace: Pace) -> dict[ImageType, float]:
    """Returns what a portrait and what a page takes; the one stands in for the other."""
    known = {kind: taken.total_seconds() for kind, taken in pace.takes.items()}
    pages = known.get(ImageType.SCENE, known.get(ImageType.COVER))
    portraits = known.get(ImageType.PORTRAIT, pages)
    unknown = _UNMEASURED.total_seconds()
    portraits = unknown if portraits is None else portraits
    return {
        ImageType.PORTRAIT: portraits,
        ImageType.SCENE: portraits if pages is None else pages,
    }
