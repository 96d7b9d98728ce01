"""Forecasts of when batches end, from the times of the latest images and their overlap."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from math import ceil

from server.clock import SYSTEM_CLOCK, Clock
from server.domain.batches import Batch, Pace
from server.domain.ids import UserId
from server.domain.states import ImageType, JobStatus, Lane
from server.forecast.fresh import Fresh

# Used before any image was measured: the specification's limit.
_UNMEASURED = timedelta(seconds=30)
_FRESH_S = 2.0
_MAX_USERS = 1_000


class BatchForecast:
    """Forecasts of batches; a user's pace is kept for 2 seconds, so that watches need no query.

    `look` loads a pace. Without the database an older one is used, since a batch that is
    committed must be answered.
    """

    def __init__(
        self,
        look: Callable[[UserId, frozenset[Lane]], Awaitable[Pace]],
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._clock = clock

        async def load(key: tuple[UserId, frozenset[Lane]]) -> Pace:
            return await look(*key)

        self._paces = Fresh(
            load, Pace({}, 1.0, (), spec_version=0), fresh_s=_FRESH_S, most=_MAX_USERS
        )

    async def completion(self, batch: Batch) -> datetime | None:
        """Returns when a batch should end; None when it has ended, or while nobody can draw it."""
        if batch.status.ended:
            return None
        pace = await self._pace(batch)
        drawn = pace.served and batch.spec_version <= pace.spec_version
        if drawn and not await self.paused(batch):
            return self._clock.now() + time_left(batch, pace)
        return None

    async def paused(self, batch: Batch) -> bool:
        """Returns whether jobs of a batch wait, and all lanes are paused that may take them."""
        if batch.status.ended or not batch.counts[JobStatus.QUEUED]:
            return False
        return (await self._pace(batch)).paused

    async def _pace(self, batch: Batch) -> Pace:
        return await self._paces.get((batch.user_id, batch.lanes))


def time_left(batch: Batch, pace: Pace) -> timedelta:
    """Returns how long the rest of a batch takes.

    Portraits come first and pages after them, as many at once as the latest images were, or as
    the batch allows. Users take turns, so meanwhile each other user has as many images drawn
    as this batch has left, or all that they have. A model that is not warm starts first.
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
    return pace.cold_start + timedelta(seconds=max(alone, shared))


def _phase(images: float, seconds: float, at_once: float) -> float:
    """Returns the seconds that images take, `at_once` at a time; a single one is not split."""
    return seconds * max(min(1.0, images), images / at_once)


def _seconds(pace: Pace) -> dict[ImageType, float]:
    """Returns the times of a portrait and a page; one that was not measured takes the other's."""
    known = {kind: taken.total_seconds() for kind, taken in pace.takes.items()}
    pages = known.get(ImageType.SCENE, known.get(ImageType.COVER))
    portraits = known.get(ImageType.PORTRAIT, pages)
    unknown = _UNMEASURED.total_seconds()
    portraits = unknown if portraits is None else portraits
    return {
        ImageType.PORTRAIT: portraits,
        ImageType.SCENE: portraits if pages is None else pages,
    }
