"""Forecasts of when batches end, from the times of the latest images."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from imggen.v1 import errors_pb2
from server.domain.batches import Batch, Pace
from server.domain.ids import UserId
from server.domain.states import BatchStatus, ImageType, Lane
from server.errors import Unavailable
from server.forecast.batches import BatchForecast, time_left
from tests.builders import batch as _batch


def _pace(overlap: float = 1.0, ahead: tuple[int, ...] = (), **seconds: float) -> Pace:
    takes = {ImageType(kind): timedelta(seconds=each) for kind, each in seconds.items()}
    return Pace(takes, overlap, ahead)


@pytest.mark.parametrize(
    ("batch", "pace", "seconds"),
    [
        # one after the other
        (_batch(2, 10), _pace(portrait=4, scene=6), 2 * 4 + 10 * 6),
        # two at once
        (_batch(2, 10), _pace(2.0, portrait=4, scene=6), 4 + 5 * 6),
        # many at once: the batch has room for five
        (_batch(2, 10), _pace(64.0, portrait=4, scene=6), 4 + 2 * 6),
        # the last half of an image takes half of its time
        (_batch(0, 0.5), _pace(5.0, scene=6), 3),
        # nothing was measured
        (_batch(1, 0), _pace(), 30),
        # one kind stands in for another
        (_batch(1, 1), _pace(scene=6), 12),
        (_batch(1, 1), _pace(portrait=4), 8),
        (_batch(0, 1), _pace(cover=5), 5),
        # meanwhile another user's jobs take as many turns, and no more
        (_batch(0, 10), _pace(ahead=(100,), scene=6), 120),
        (_batch(0, 10), _pace(ahead=(3, 2), scene=6), 90),
        # there is room for all
        (_batch(0, 10), _pace(64.0, ahead=(10, 10), scene=6), 12),
        (_batch(0, 0), _pace(ahead=(10,), scene=6), 0),
        # a model that sleeps starts first
        (_batch(0, 1), replace(_pace(scene=6), cold_start=timedelta(seconds=40)), 46),
    ],
)
def test_the_rest_of_a_batch_takes_the_time_of_its_images(
    batch: Batch, pace: Pace, seconds: float
) -> None:
    assert time_left(batch, pace).total_seconds() == pytest.approx(seconds)


async def test_an_ended_batch_has_no_forecast_and_others_query_once() -> None:
    asked = 0

    async def look(_user: UserId, _lanes: frozenset[Lane]) -> Pace:
        nonlocal asked
        asked += 1
        return _pace(scene=6)

    forecast = BatchForecast(look)
    ended = _batch(0, 0, status=BatchStatus.COMPLETED, completed_at=datetime.now(UTC))
    assert await forecast.completion(ended) is None
    batch = _batch(0, 2)
    for _ in range(3):
        at = await forecast.completion(batch)
        assert at is not None
        assert (at - datetime.now(UTC)).total_seconds() == pytest.approx(12, abs=2)
    assert asked == 1


async def test_concurrent_watchers_of_one_user_share_one_query() -> None:
    asked = 0
    go_on = asyncio.Event()

    async def look(_user: UserId, _lanes: frozenset[Lane]) -> Pace:
        nonlocal asked
        asked += 1
        await go_on.wait()
        return _pace(scene=6)

    forecast, batch = BatchForecast(look), _batch(0, 2)
    watchers = [asyncio.create_task(forecast.completion(batch)) for _ in range(5)]
    await asyncio.sleep(0)
    go_on.set()
    for at in await asyncio.gather(*watchers):
        assert at is not None
        assert (at - datetime.now(UTC)).total_seconds() == pytest.approx(12, abs=2)
    assert asked == 1


async def test_a_database_that_is_away_costs_only_the_forecast() -> None:
    async def look(_user: UserId, _lanes: frozenset[Lane]) -> Pace:
        raise Unavailable("away", errors_pb2.ERROR_REASON_DATABASE_UNAVAILABLE)

    assert await BatchForecast(look).completion(_batch(0, 1)) is None


async def test_no_end_is_forecast_while_nobody_can_draw() -> None:
    async def look(_user: UserId, _lanes: frozenset[Lane]) -> Pace:
        return replace(_pace(scene=6), spec_version=0)

    assert await BatchForecast(look).completion(_batch(0, 1)) is None


@pytest.mark.parametrize(("version", "known"), [(3, True), (4, False)])
async def test_no_end_is_forecast_while_the_workers_are_too_old(version: int, known: bool) -> None:
    async def look(_user: UserId, _lanes: frozenset[Lane]) -> Pace:
        return replace(_pace(scene=6), spec_version=3)

    batch = _batch(0, 1, spec_version=version)
    assert (await BatchForecast(look).completion(batch) is not None) == known
