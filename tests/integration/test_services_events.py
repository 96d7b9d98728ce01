"""WatchEvents: every change at least once, in order, and never another caller's."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import grpc.aio
import pytest

from imggen.v1 import event_pb2
from imggen.v1.batch_pb2 import BATCH_STATUS_CANCELLED, BATCH_STATUS_PROCESSING
from imggen.v1.event_pb2 import EVENT_KIND_BATCH, EVENT_KIND_IMAGE, EVENT_KIND_JOB, Event
from imggen.v1.image_pb2 import IMAGE_STATUS_COMPLETED, IMAGE_STATUS_GENERATING
from imggen.v1.job_pb2 import (
    JOB_STATUS_CANCELLED,
    JOB_STATUS_COMPLETED,
    JOB_STATUS_PROCESSING,
    JOB_STATUS_QUEUED,
)
from server.domain.changes import Scope
from server.domain.ids import JobId
from server.identity.caller import Role
from server.upkeep.sweep import Sweeper
from server.watching import Watching
from server.watching.feed import Feed
from tests.endpoint import failure
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, open_gateway_fixture

LIMIT_S = 60


async def test_a_stream_starts_with_a_checkpoint_and_follows_changes(
    gateway: GatewayFixture, mia: Caller
) -> None:
    await mia.portrait()  # before
    call = mia.follow()
    first = (await call.read()).event
    assert first.HasField("checkpoint")
    job = await mia.portrait()
    assert _summary(await _next(call)) == (job.job_id, JOB_STATUS_QUEUED)


async def test_a_job_and_its_image_are_followed_to_the_end(
    gateway: GatewayFixture, mia: Caller
) -> None:
    call = mia.follow()
    await call.read()
    job = await gateway.draw(await mia.portrait())
    await mia.delete_image(job.image_id)
    event = [await _next(call) for _ in range(6)]
    assert [_summary(one) for one in event if one.HasField("job")] == [
        (job.job_id, JOB_STATUS_QUEUED),
        (job.job_id, JOB_STATUS_PROCESSING),
        (job.job_id, JOB_STATUS_COMPLETED),
    ]
    assert [_summary(one) for one in event if one.HasField("image")] == [
        (job.image_id, IMAGE_STATUS_GENERATING),
        (job.image_id, IMAGE_STATUS_COMPLETED),
        (job.image_id, 0),
    ]
    assert [one.image.deleted for one in event] == [False] * 5 + [True]
    assert {one.user_id for one in event} == {str(mia.user_id)}
    assert {one.job.image_id for one in event if one.HasField("job")} == {job.image_id}
    assert len({one.cursor for one in event}) == len(event)
    assert all(one.HasField("time") for one in event)


async def test_each_cursor_resumes_after_its_event(gateway: GatewayFixture, mia: Caller) -> None:
    for _ in range(2):
        await gateway.draw(await mia.portrait())
    call = mia.follow("oldest")
    start = (await call.read()).event
    event = [await _next(call) for _ in range(10)]
    for place, one in enumerate([start, *event[:-1]]):
        again = mia.follow(one.cursor)
        checkpoint = (await again.read()).event
        assert (checkpoint.cursor, checkpoint.HasField("checkpoint")) == (one.cursor, True)
        assert [await _next(again) for _ in event[place:]] == event[place:]
        again.cancel()


async def test_only_requested_kinds_are_streamed(gateway: GatewayFixture, mia: Caller) -> None:
    images, jobs = mia.follow("oldest", EVENT_KIND_IMAGE), mia.follow("oldest", EVENT_KIND_JOB)
    both = mia.follow("oldest", EVENT_KIND_IMAGE, EVENT_KIND_JOB, EVENT_KIND_BATCH)
    await gateway.draw(await mia.portrait())
    assert all([(await _next(images)).HasField("image") for _ in range(2)])
    assert all([(await _next(jobs)).HasField("job") for _ in range(3)])
    assert len({(await _next(both)).WhichOneof("change") for _ in range(5)}) == 2


async def test_a_batch_has_events_and_its_jobs_name_it(mia: Caller) -> None:
    call = mia.follow("oldest", EVENT_KIND_BATCH)
    story = await mia.create_story("Mia runs.")
    batch = await mia.generate_story(story.id, include_character_portraits=False)
    await mia.cancel_batch(batch.batch_id)
    event = [(await _next(call)).batch for _ in range(2)]
    assert [(one.batch_id, one.status) for one in event] == [
        (batch.batch_id, BATCH_STATUS_PROCESSING),
        (batch.batch_id, BATCH_STATUS_CANCELLED),
    ]
    assert (await _next(mia.follow("oldest", EVENT_KIND_JOB))).job.batch_id == batch.batch_id


async def test_only_reviewers_and_admins_see_changes_of_others(
    gateway: GatewayFixture, mia: Caller, tom: Caller
) -> None:
    calls = {
        role: gateway.caller(f"a {role}", role).follow() for role in (Role.REVIEWER, Role.ADMIN)
    }
    hers = mia.follow()
    for call in (*calls.values(), hers):
        await call.read()
    his_job = await gateway.draw(await tom.portrait())
    her_job = await mia.portrait()
    # Her next event is her own, although his came first.
    assert _summary(await _next(hers)) == (her_job.job_id, JOB_STATUS_QUEUED)
    for call in calls.values():
        event = [await _next(call) for _ in range(6)]
        assert {one.job.job_id for one in event if one.HasField("job")} == {
            *(his_job.job_id, her_job.job_id)
        }
        assert {one.user_id for one in event} == {str(tom.user_id), str(mia.user_id)}


async def test_a_checkpoint_moves_the_cursor_past_changes_of_others(
    gateway: GatewayFixture, mia: Caller, tom: Caller
) -> None:
    gateway.watching.feed._checkpoint_s = 0.05
    call = mia.follow()
    first = (await call.read()).event
    await gateway.draw(await tom.portrait())
    while (later := (await call.read()).event).cursor == first.cursor:
        pass
    assert later.HasField("checkpoint")
    job = await mia.portrait()
    assert _summary(await _next(mia.follow(later.cursor))) == (job.job_id, JOB_STATUS_QUEUED)


async def test_a_cursor_that_is_too_old_is_refused_with_what_to_do(
    database: str, tmp_path: Path
) -> None:
    async with open_gateway_fixture(database, tmp_path / "pixels") as gateway:
        mia = gateway.caller("mia")
        old = (await mia.follow().read()).event.cursor
        await mia.portrait()
        await gateway.store.database.execute("UPDATE outbox SET at = now() - interval '8 days'")
        swept = await Sweeper(gateway.store, gateway.storage).sweep()
        assert swept is not None
        assert swept.events == 1
    async with open_gateway_fixture(database, tmp_path / "pixels") as gateway:
        mia = gateway.caller("mia")
        request = event_pb2.WatchEventsRequest(after_cursor=old)
        async with asyncio.timeout(LIMIT_S):
            refused = await mia.refused(mia.events.WatchEvents, request)
        assert (refused.code, refused.reason) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "CURSOR_EXPIRED",
        )
        assert "list what there is" in refused.message
        # The oldest cursor that is kept is never too old.
        job = await mia.portrait()
        assert _summary(await _next(mia.follow("oldest"))) == (job.job_id, JOB_STATUS_QUEUED)


@pytest.mark.parametrize("cursor", ["newest", "7", "MS4y=", "LTEuMg", "ä", "MS4yLjM"])
async def test_a_malformed_cursor_is_refused(mia: Caller, cursor: str) -> None:
    request = event_pb2.WatchEventsRequest(after_cursor=cursor, kinds=[EVENT_KIND_JOB])
    refused = await mia.refused(mia.events.WatchEvents, request)
    assert (refused.code, refused.reason, refused.fields) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "CURSOR_INVALID",
        ["after_cursor"],
    )


async def test_an_unknown_kind_is_refused_with_the_bad_cursor(mia: Caller) -> None:
    request = event_pb2.WatchEventsRequest(after_cursor="x", kinds=[EVENT_KIND_JOB, 0, 9])  # type: ignore[list-item]
    refused = await mia.refused(mia.events.WatchEvents, request)
    assert refused.fields == ["kinds[1]", "kinds[2]", "after_cursor"]


async def test_a_lost_signal_delays_events_and_no_more(database: str, tmp_path: Path) -> None:
    async with open_gateway_fixture(database, tmp_path / "pixels", listen=False) as gateway:
        mia = gateway.caller("mia")
        call = mia.follow()
        await call.read()
        job = await mia.portrait()
        assert _summary(await _next(call)) == (job.job_id, JOB_STATUS_QUEUED)
        await gateway.store.jobs.cancel(mia.user_id, JobId(UUID(job.job_id)))
        assert _summary(await _next(call)) == (job.job_id, JOB_STATUS_CANCELLED)


async def test_new_jobs_reach_the_feed_by_their_signals_alone(
    gateway: GatewayFixture, mia: Caller, database: str
) -> None:
    watching = Watching(gateway.store, database)
    watching.feed._loop._poll_s = 3600
    async with asyncio.timeout(20), watching.running():
        followed = watching.feed.follow(await gateway.store.outbox.newest(), Scope())
        assert not (await anext(followed)).changes
        # The first may be read as the follower starts; the others wait for their signals.
        for _ in range(3):
            job = await mia.portrait()
            seen = set[UUID]()
            while UUID(job.job_id) not in seen:
                seen |= {change.object_id for change in (await anext(followed)).changes}
        await followed.aclose()


async def test_nothing_is_lost_across_gateways(database: str, tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []
    made: list[str] = []
    cursor = "oldest"
    for _ in range(3):
        async with open_gateway_fixture(database, tmp_path / "pixels") as gateway:
            mia = gateway.caller("mia")
            call = mia.follow(cursor)
            await call.read()
            made += [(await gateway.draw(await mia.portrait())).job_id for _ in range(3)]
            # Not all events: the rest comes from the next gateway.
            for _ in range(7):
                event = await _next(call)
                cursor = event.cursor
                seen.append(_summary(event))
            drain = asyncio.create_task(gateway.endpoint.drain())
            while (message := await _read(call)) is not None:
                cursor = message.event.cursor
                seen.append(_summary(message.event))
            failed = await failure(call)
            assert (failed.code, failed.reason) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
            await drain
    async with open_gateway_fixture(database, tmp_path / "pixels") as gateway:
        call = gateway.caller("mia").follow(cursor)
        while (made[-1], JOB_STATUS_COMPLETED) not in seen:
            seen.append(_summary(await _next(call)))
    steps = (JOB_STATUS_QUEUED, JOB_STATUS_PROCESSING, JOB_STATUS_COMPLETED)
    for job_id in made:
        assert tuple(status for id_, status in seen if id_ == job_id) == steps


async def test_a_slow_follower_is_served_from_the_database_and_misses_nothing(
    gateway: GatewayFixture, mia: Caller
) -> None:
    feed = Feed(gateway.store, kept=5, page=3)
    async with feed.running():
        slow = feed.follow(await gateway.store.outbox.newest(), Scope())
        assert not (await anext(slow)).changes
        quick = feed.follow(await gateway.store.outbox.newest(), Scope())
        assert not (await anext(quick)).changes
        received = list[UUID]()
        for made in range(1, 9):
            await gateway.draw(await mia.portrait())
            feed.wake()
            while len(received) < 5 * made:
                received += [change.object_id for change in (await anext(quick)).changes]
        before = feed.catch_ups
        assert len(feed._changes) <= 10
        late = list[UUID]()
        while len(late) < len(received):
            late += [change.object_id for change in (await anext(slow)).changes]
        assert late == received
        assert feed.catch_ups > before
        await slow.aclose()
        await quick.aclose()


async def test_many_followers_share_the_reads(gateway: GatewayFixture, mia: Caller) -> None:
    feed = gateway.watching.feed
    calls = [mia.follow() for _ in range(20)]
    for call in calls:
        await call.read()
    await mia.portrait()
    for call in calls:
        await _next(call)
    reads = feed.catch_ups
    for _ in range(5):
        job = await mia.portrait()
        for call in calls:
            assert _summary(await _next(call)) == (job.job_id, JOB_STATUS_QUEUED)
    assert feed.catch_ups == reads


async def test_a_follower_that_leaves_is_forgotten(gateway: GatewayFixture, mia: Caller) -> None:
    call = mia.follow()
    await call.read()
    assert len(gateway.watching.feed) == 1
    call.cancel()
    while len(gateway.watching.feed):
        await asyncio.sleep(0.01)


async def _next(call: Any) -> Event:
    """Returns the next event that is not a checkpoint."""
    async with asyncio.timeout(LIMIT_S):
        while (event := (await call.read()).event).HasField("checkpoint"):
            pass
    return event  # type: ignore[no-any-return]


async def _read(call: Any) -> Any:
    """Returns the next message, or None after the end of the stream."""
    try:
        return await call.read()
    except grpc.aio.AioRpcError:
        return None


def _summary(event: Event) -> tuple[str, int]:
    if event.HasField("job"):
        return event.job.job_id, event.job.status
    return event.image.image_id, event.image.status
