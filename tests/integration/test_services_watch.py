"""WatchJob: always the newest snapshot, never a backlog, until the job has ended."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc.aio

from imggen.v1 import job_pb2
from server.domain.ids import BatchId
from server.domain.jobs import Progress
from server.domain.states import Stage
from server.store.database import Executor, Record
from server.store.jobs import Jobs
from server.store.signals import CHANGED
from server.store.watches import Watches
from server.watching.batches import BatchWatches
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, open_gateway_fixture

QUEUED, PROCESSING = job_pb2.JOB_STATUS_QUEUED, job_pb2.JOB_STATUS_PROCESSING
COMPLETED, CANCELLED = job_pb2.JOB_STATUS_COMPLETED, job_pb2.JOB_STATUS_CANCELLED
LIMIT_S = 60


class _ReportedAfter:
    """Runs statements, and has a worker report between the first one that reads and the next."""

    def __init__(self, database: Executor, report: Callable[[], Awaitable[None]]) -> None:
        self._database = database
        self._report: Callable[[], Awaitable[None]] | None = report

    async def fetch(self, query: str, *args: Any) -> list[Record]:
        """Runs a statement; the report is made after the first one."""
        rows = await self._database.fetch(query, *args)
        report, self._report = self._report, None
        if report is not None:
            await report()
        return rows

    async def fetchrow(self, query: str, *args: Any) -> Record | None:
        """Runs a statement."""
        return await self._database.fetchrow(query, *args)

    async def execute(self, query: str, *args: Any) -> str:
        """Runs a statement."""
        return await self._database.execute(query, *args)


async def test_a_watch_follows_a_job_to_its_image(gateway: GatewayFixture, mia: Caller) -> None:
    job = await mia.portrait()
    call = mia.watch(job.job_id)
    async with asyncio.timeout(LIMIT_S):
        seen = [await call.read()]
        claim = await gateway.claim()
        seen.append(await call.read())
        for step in (1, 2, 3):
            await gateway.report(claim, step, step / 10)
            seen.append(await call.read())
        await gateway.complete(claim)
        seen.append(await call.read())
        assert await call.read() is grpc.aio.EOF

    assert [shot.job.status for shot in seen] == [QUEUED] + [PROCESSING] * 4 + [COMPLETED]
    assert [shot.job.step for shot in seen] == [0, 0, 1, 2, 3, 0]
    assert [shot.job.fraction for shot in seen] == [0, 0, 0.1, 0.2, 0.3, 1]
    assert [shot.HasField("image") for shot in seen] == [False] * 5 + [True]
    assert seen[-1].image.id == job.image_id
    assert seen[-1].image.url
    assert not any(shot.preview for shot in seen)


async def test_a_watch_on_a_job_that_has_ended_shows_it_and_ends(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await gateway.draw(await mia.portrait())
    async with asyncio.timeout(LIMIT_S):
        [shot] = await _all(mia.watch(job.job_id))
    assert shot.job == await mia.get_job(job.job_id)
    assert shot.image.id == job.image_id


async def test_a_watch_ends_with_a_cancel(mia: Caller) -> None:
    job = await mia.portrait()
    call = mia.watch(job.job_id)
    async with asyncio.timeout(LIMIT_S):
        await call.read()
        await mia.cancel(job.job_id)
        last = (await _all(call))[-1]
    assert last.job.status == CANCELLED
    assert not last.HasField("image")


async def test_two_watchers_see_the_same_end(gateway: GatewayFixture, mia: Caller) -> None:
    job = await mia.portrait()
    calls = [mia.watch(job.job_id), mia.watch(job.job_id)]
    async with asyncio.timeout(LIMIT_S):
        for call in calls:
            await call.read()
        await gateway.draw(job)
        ends = [(await _all(call))[-1] for call in calls]
    assert ends[0] == _with_urls_of(ends[0], ends[1])
    assert ends[0].job.status == COMPLETED


async def test_a_failed_attempt_starts_again_and_the_watch_goes_on(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await mia.portrait()
    call = mia.watch(job.job_id)
    async with asyncio.timeout(LIMIT_S):
        claim = await gateway.claim()
        await gateway.report(claim, 9, 0.9)
        await _until(call, lambda shot: shot.job.fraction == 0.9)
        await gateway.fail(claim, retryable=True)
        await _until(call, lambda shot: shot.job.status == QUEUED)
        await gateway.complete(await gateway.claim())
        last = (await _all(call))[-1]
    assert (last.job.status, last.job.attempt) == (COMPLETED, 2)


async def test_watches_never_go_back(gateway: GatewayFixture, mia: Caller) -> None:
    job = await mia.portrait()
    claim = await gateway.claim()
    calls = [mia.watch(job.job_id) for _ in range(3)]
    seen = [asyncio.create_task(_all(call)) for call in calls]
    for step in range(1, 41):
        await gateway.report(claim, step, step / 50)
        gateway.signals.say(CHANGED, job.job_id)
    await gateway.complete(claim)
    async with asyncio.timeout(LIMIT_S):
        for watched in seen:
            shots = await watched
            fractions = [shot.job.fraction for shot in shots]
            assert fractions == sorted(fractions)
            assert fractions[-1] == 1


async def test_a_slow_watcher_skips_states(gateway: GatewayFixture, mia: Caller) -> None:
    job = await mia.portrait()
    claim = await gateway.claim()
    slow = mia.watch(job.job_id, previews=True)
    async with asyncio.timeout(LIMIT_S):
        await slow.read()
        quick = mia.watch(job.job_id, previews=True)
        # Far more than a connection buffers for a client that does not read.
        for step in range(1, 61):
            await gateway.report(claim, step, step / 100, bytes(200_000))
            await _until(quick, lambda shot, step=step: shot.job.step == step)
        await gateway.complete(claim)
        seen = await _all(slow)
    assert len(seen) < 40
    assert seen[-1].job.status == COMPLETED


async def test_new_previews_come_when_requested(gateway: GatewayFixture, mia: Caller) -> None:
    job = await mia.portrait()
    claim = await gateway.claim()
    with_previews, without = mia.watch(job.job_id, previews=True), mia.watch(job.job_id)
    async with asyncio.timeout(LIMIT_S):
        await with_previews.read()
        assert (
            await gateway.store.leases.report(claim, Progress(1, Stage.RENDERING, 1, 20, 0.1))
        ).watched  # type: ignore[union-attr]
        await gateway.report(claim, 2, 0.2, b"first")
        shot = await _until(with_previews, lambda shot: shot.job.step == 2)
        assert shot.preview == b"first"
        await gateway.report(claim, 3, 0.3)
        shot = await _until(with_previews, lambda shot: shot.job.step == 3)
        assert shot.preview == b""
        await gateway.complete(claim)
        assert not any(shot.preview for shot in await _all(without))
        assert not (await _all(with_previews))[-1].preview


async def test_a_step_is_shown_with_its_preview_when_it_is_reported_amid_a_read(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await mia.portrait()
    claim = await gateway.claim()
    call = mia.watch(job.job_id, previews=True)
    async with asyncio.timeout(LIMIT_S):
        await call.read()
        reported = _ReportedAfter(
            gateway.store.database, lambda: gateway.report(claim, 2, 0.2, b"first")
        )
        gateway.store.jobs, gateway.store.watches = Jobs(reported), Watches(reported)
        gateway.signals.say(CHANGED, job.job_id)
        shot = await _until(call, lambda shot: shot.job.step == 2)
    assert shot.preview == b"first"


async def test_a_later_watcher_sees_the_newest_preview_at_once(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await mia.portrait()
    claim = await gateway.claim()
    first = mia.watch(job.job_id, previews=True)
    async with asyncio.timeout(LIMIT_S):
        await gateway.report(claim, 1, 0.1, b"a preview")
        await _until(first, lambda shot: shot.preview == b"a preview")
        assert (await mia.watch(job.job_id, previews=True).read()).preview == b"a preview"


async def test_a_preview_of_an_attempt_that_failed_is_not_shown(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await mia.portrait()
    claim = await gateway.claim()
    await gateway.report(claim, 1, 0.1, b"of the first attempt")
    await gateway.fail(claim, retryable=True)
    again = await gateway.claim()
    async with asyncio.timeout(LIMIT_S):
        assert (await mia.watch(job.job_id, previews=True).read()).preview == b""
    assert await gateway.count("job_previews") == 0
    await gateway.report(again, 1, 0.1, b"of the second")
    async with asyncio.timeout(LIMIT_S):
        shot = await mia.watch(job.job_id, previews=True).read()
    assert shot.preview == b"of the second"


async def test_a_lost_signal_delays_a_watch_and_no_more(database: str, tmp_path: Path) -> None:
    async with open_gateway_fixture(database, tmp_path / "pixels", listen=False) as gateway:
        mia = gateway.caller("mia")
        job = await mia.portrait()
        call = mia.watch(job.job_id)
        async with asyncio.timeout(LIMIT_S):
            assert (await call.read()).job.status == QUEUED
            await gateway.draw(job)
            assert (await _all(call))[-1].job.status == COMPLETED


async def test_a_watch_survives_the_loss_of_the_listening_connection(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await mia.portrait()
    call = mia.watch(job.job_id)
    async with asyncio.timeout(LIMIT_S):
        await call.read()
        await gateway.store.database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND (query LIKE 'LISTEN%' OR query LIKE '%pg_listening_channels()')"
        )
        await gateway.draw(job)
        assert (await _all(call))[-1].job.status == COMPLETED


async def test_a_watcher_that_leaves_is_forgotten(gateway: GatewayFixture, mia: Caller) -> None:
    job = await mia.portrait()
    call = mia.watch(job.job_id)
    async with asyncio.timeout(LIMIT_S):
        await call.read()
        assert len(gateway.watching.jobs) == 1
        call.cancel()
        while len(gateway.watching.jobs):
            await asyncio.sleep(0.01)


async def test_a_read_that_ends_after_the_last_watcher_of_its_batch_keeps_nothing(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story = await mia.create_story("Mia runs.")
    batch = BatchId(UUID((await mia.generate_story(story.id)).batch_id))
    watches = BatchWatches(gateway.store)
    async with watches.watch(batch):
        await watches._read([batch])
        assert set(watches._batch_of.values()) == {batch}
    assert watches._batch_of == {}
    await watches._read([batch])
    assert watches._batch_of == {}


async def _all(call: Any) -> list[Any]:
    shots = []
    while (shot := await call.read()) is not grpc.aio.EOF:
        shots.append(shot)
    return shots


async def _until(call: Any, fits: Any) -> Any:
    while not fits(shot := await call.read()):
        assert shot is not grpc.aio.EOF
    return shot


def _with_urls_of(one: Any, other: Any) -> Any:
    """Returns the other snapshot with the URLs of the first, as each read signs new ones."""
    copy = job_pb2.WatchJobResponse()
    copy.CopyFrom(other)
    for name in ("url", "cdn_url", "thumbnail_url", "print_url"):
        setattr(copy.image, name, getattr(one.image, name))
    copy.image.urls_expire_at.CopyFrom(one.image.urls_expire_at)
    return copy
